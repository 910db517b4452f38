; The Windows installer: for one user, without administrator's rights, silent with /S.
; makensis -DVERSION=0.1.0 -DFOLDER=dist\unetscope -DOUT=dist\unetscope-0.1.0-setup.exe packaging\windows\unetscope.nsi

!ifdef TARGET ; Debian's makensis has amd64-unicode too, which Wine runs without its 32-bit half
  Target ${TARGET}
!else
  Unicode true
!endif
SetCompressor /SOLID lzma
!include "MUI2.nsh"
!include "FileFunc.nsh"

!ifndef VERSION
  !error "Say -DVERSION=..."
!endif
!ifndef FOLDER
  !error "Say -DFOLDER=the frozen program"
!endif
!ifndef OUT
  !define OUT "unetscope-${VERSION}-setup.exe"
!endif
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Unetscope"
!define CLASSES "Software\Classes"

Name "Unetscope ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Unetscope"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
RequestExecutionLevel user
ManifestDPIAware true
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Unetscope"
VIAddVersionKey "FileDescription" "Unetscope installer"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "BSD-3-Clause"

!ifdef ART ; folder of unetscope.ico and unetscope-side.bmp, drawn by packaging/package.py
  !define MUI_ICON "${ART}/unetscope.ico"
  !define MUI_UNICON "${ART}/unetscope.ico"
  !define MUI_WELCOMEFINISHPAGE_BITMAP "${ART}/unetscope-side.bmp"
!endif
!define MUI_WELCOMEPAGE_TEXT "See why a U-Net segmented a patient the way it did.$\r$\n$\r$\nIt is installed for you alone and needs no administrator. \
Research use only, not for diagnosis.$\r$\n$\r$\nClick Next to continue."
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\unetscope.exe"
!define MUI_FINISHPAGE_RUN_PARAMETERS "--sample"
!define MUI_FINISHPAGE_RUN_TEXT "Open the sample study"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; Windows offers the program in "Open with"; what opened the files before still does.
!macro Offer EXTENSION
  WriteRegStr HKCU "${CLASSES}\${EXTENSION}\OpenWithProgids" "Unetscope.File" ""
!macroend
!macro NoLongerOffer EXTENSION
  DeleteRegValue HKCU "${CLASSES}\${EXTENSION}\OpenWithProgids" "Unetscope.File"
!macroend

; A program that runs cannot be replaced, and half of a new version is none.
!macro Closed
  again:
  ClearErrors
  Delete "$INSTDIR\unetscope.exe"
  IfErrors 0 closed
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Unetscope is running. Close its windows, then try again." /SD IDCANCEL IDRETRY again
    SetErrorLevel 2
    Quit
  closed:
!macroend

Section "Unetscope"
  !insertmacro Closed
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\lib" ; of an older version: files that the new one lacks would be loaded
  File /r "${FOLDER}/*.*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateDirectory "$SMPROGRAMS\Unetscope"
  CreateShortcut "$SMPROGRAMS\Unetscope\Unetscope.lnk" "$INSTDIR\unetscope.exe"
  CreateShortcut "$SMPROGRAMS\Unetscope\Unetscope, sample study.lnk" "$INSTDIR\unetscope.exe" "--sample"
  WriteRegStr HKCU "${CLASSES}\Unetscope.File" "" "Unetscope"
  WriteRegStr HKCU "${CLASSES}\Unetscope.File\DefaultIcon" "" "$INSTDIR\unetscope.exe,0"
  WriteRegStr HKCU "${CLASSES}\Unetscope.File\shell\open\command" "" '"$INSTDIR\unetscope.exe" "%1"'
  !insertmacro Offer ".dcm"
  !insertmacro Offer ".keras"
  !insertmacro Offer ".h5"
  !insertmacro Offer ".nii"
  !insertmacro Offer ".unetscope"
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Unetscope" "" "Open in Unetscope"
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Unetscope" "Icon" "$INSTDIR\unetscope.exe"
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Unetscope\command" "" '"$INSTDIR\unetscope.exe" "%1"'
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegStr HKCU "${KEY}" "DisplayName" "Unetscope"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "Publisher" "The Unetscope developers"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\unetscope.exe"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" $0
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
SectionEnd

Section "Uninstall"
  !insertmacro Closed
  RMDir /r "$INSTDIR\lib"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\THIRD-PARTY-NOTICES.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR" ; only if nothing of the user's lies in it
  RMDir /r "$SMPROGRAMS\Unetscope"
  DeleteRegKey HKCU "${CLASSES}\Unetscope.File"
  DeleteRegKey HKCU "${CLASSES}\Directory\shell\Unetscope"
  !insertmacro NoLongerOffer ".dcm"
  !insertmacro NoLongerOffer ".keras"
  !insertmacro NoLongerOffer ".h5"
  !insertmacro NoLongerOffer ".nii"
  !insertmacro NoLongerOffer ".unetscope"
  DeleteRegKey HKCU "${KEY}"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
SectionEnd
