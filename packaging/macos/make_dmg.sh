#!/usr/bin/env bash
# Sign, notarise and pack dist/Unetscope.app; run on a Mac after `packaging/dev.py package`.
#   SIGN_AS="Developer ID Application: ..."  NOTARY_PROFILE=name-in-keychain  packaging/macos/make_dmg.sh 0.1.0
# Without SIGN_AS the bundle gets an ad-hoc signature, and macOS asks before it opens it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1
app=dist/Unetscope.app
dmg=dist/unetscope-$version.dmg
identity=${SIGN_AS:--}
options=(--force --timestamp --options runtime --entitlements packaging/macos/entitlements.plist --sign "$identity")
[ "$identity" = - ] && options=(--force --sign -)

# From the inside out: a signature covers those of what lies in it.
find "$app" -type f \( -name '*.so' -o -name '*.dylib' \) -print0 | xargs -0 codesign "${options[@]}"
codesign "${options[@]}" "$app"
codesign --verify --deep --strict "$app"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$app" "$folder/"
ln -s /Applications "$folder/Applications"
rm -f "$dmg"
hdiutil create -volname "Unetscope $version" -srcfolder "$folder" -format ULFO "$dmg"
if [ -n "${NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$dmg" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$dmg"
fi
echo "$dmg"
