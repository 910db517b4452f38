#!/usr/bin/env python3
"""Make what people install: the frozen program, its folder trimmed, a .deb and an .rpm.

    python3 packaging/dev.py package [-- STEP ...]

Steps, in this order: freeze, trim, notices, check, deb, rpm; all of them when none is named. What
is made lies in `dist/`. `packaging/README.md` says what each part of the folder weighs and why.
"""

from __future__ import annotations

import argparse
import email.utils
import gzip
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
FOLDER = DIST / "unetscope"
LIBRARY = FOLDER / "lib"
ART = ROOT / "build"
WORK = ART / "pyinstaller"
LINUX = ROOT / "packaging" / "linux"
NOTICES = "THIRD-PARTY-NOTICES.txt"
MAINTAINER = os.environ.get(
    "UNETSCOPE_MAINTAINER", "The Unetscope developers <unetscope@localhost>"
)

# Packages that come without the text of their licence, and what it is.
LICENCES = {
    "flatbuffers": ("Apache-2.0",),
    "pyside6-essentials": ("LGPL-3.0", "GPL-3.0"),  # the former is additions to the latter
    "shiboken6": ("LGPL-3.0", "GPL-3.0"),
    "pyjpegls": ("pyjpegls",),
}

# Only these may be stripped: of numpy and h5py the wheels' builder has moved sections about, and
# they are damaged by it.
STRIPPED = ("tensorflow/**/*.so*", "libpython*.so*")

# Parts of TensorFlow that the program never asks for, by what they are: no XLA is compiled here.
UNUSED = (
    "tensorflow/compiler/tf2xla/ops/_xla_ops.so",
    "tensorflow/compiler/mlir/stablehlo/stablehlo_extension.so",
    "tensorflow/include",
    "tensorflow/**/*.h",
    "tensorflow/**/*.proto",
    "tensorflow/lite/python/**/*.tflite",
)


def version() -> str:
    """The program's version, from pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        return str(tomllib.load(stream)["project"]["version"])


def megabytes(path: Path) -> float:
    """What a file or folder takes on disk, in MB."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.lstat().st_size for p in files if not p.is_symlink()) / 1e6


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command; SystemExit with its name where it fails."""
    done = subprocess.run([str(part) for part in command], check=False, env=env)
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} failed with {done.returncode}.")


# ------------------------------------------------------------------ the folder


def freeze() -> None:
    """Collect the program, Python and all packages into one folder."""
    if sys.platform in ("win32", "darwin"):
        draw()
    shutil.rmtree(FOLDER, ignore_errors=True)
    run(
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"),
        *("--distpath", DIST, "--workpath", WORK, ROOT / "packaging" / "unetscope.spec"),
    )


def trim() -> None:
    """Take out of the folder what is never asked for, and symbols of the largest parts."""
    before = megabytes(FOLDER)
    for pattern in UNUSED:
        for path in LIBRARY.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if sys.platform == "linux" and (strip := shutil.which("strip")):
        for pattern in STRIPPED:
            for path in LIBRARY.glob(pattern):
                if path.is_file() and not path.is_symlink():
                    run(strip, "--strip-unneeded", path)
    print(f"  {before:.0f} MB → {megabytes(FOLDER):.0f} MB")


def notices() -> None:
    """Write the licences of everything that is bundled into one file."""
    told = subprocess.run(
        [
            *(sys.executable, "-m", "piplicenses", "--format=json", "--with-license-file"),
            *("--with-notice-file", "--with-urls", "--no-license-path"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    bundled = _bundled()
    parts = [
        "Unetscope comes with the following software and data, each under its own licence.\n"
        "Python itself: PSF License Agreement, https://docs.python.org/3/license.html\n"
    ]
    texts = {p.stem: p.read_text("utf-8") for p in (ROOT / "packaging" / "licences").glob("*.txt")}
    without = []
    for one in sorted(json.loads(told.stdout), key=lambda one: one["Name"].lower()):
        if _key(one["Name"]) not in bundled:
            continue
        text = one["LicenseText"].strip()
        if text == "UNKNOWN":
            known = LICENCES.get(_key(one["Name"]), ())
            text = "\n\n".join(texts[name] for name in known)
        if not text:
            without.append(one["Name"])
        notice = "" if one["NoticeText"] == "UNKNOWN" else "\n\n" + one["NoticeText"].strip()
        title = f"{one['Name']} {one['Version']} · {one['License']}"
        parts.append(f"{'=' * 78}\n{title}\n{one['URL']}\n{'-' * 78}\n{text}{notice}\n")
    if without:
        raise SystemExit(f"There is no text of the licence of {', '.join(without)}: see LICENCES.")
    (FOLDER / NOTICES).write_text("\n".join(parts), encoding="utf-8")
    shutil.copyfile(ROOT / "LICENSE", FOLDER / "LICENSE.txt")
    print(f"  {len(parts) - 1} packages")


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _bundled() -> set[str]:
    """Names of the distributions that a file or module of the folder comes from."""
    from importlib.metadata import packages_distributions

    modules = set((WORK / "unetscope").glob("PYZ-*.toc"))
    inside = {p.name.split(".")[0] for p in LIBRARY.iterdir()}
    for table in modules:
        inside |= set(re.findall(r"^\s*\(?\[?\('(\w+)", table.read_text("utf-8"), re.MULTILINE))
    owners = packages_distributions()
    return {_key(owner) for module in inside for owner in owners.get(module, ())}


def check() -> None:
    """Start the frozen program on its sample, without a display, and have it do the main job."""
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": f"{home}/new Zoë", "PATH": os.defpath, "QT_QPA_PLATFORM": "offscreen"}
        picture = Path(home) / "window.png"
        start = time.monotonic()
        run(FOLDER / "unetscope", "--sample", "--report", "--screenshot", picture, env=environ)
        print(f"  opened, segmented and edited the sample in {time.monotonic() - start:.1f} s")
        if not picture.stat().st_size:
            raise SystemExit("There is no picture of the window.")
        given = ("sample", "--model", "sample", "--out")
        program, masks, page = FOLDER / "unetscope", Path(home) / "masks", Path(home) / "r.pdf"
        run(program, "segment", *given, masks, "--format", "seg,nifti", env=environ)
        run(program, "report", *given, page, "--reference", "sample", env=environ)
        print(f"  wrote {sum(1 for _ in masks.iterdir())} masks and {page.stat().st_size} bytes")


def sizes() -> None:
    """Say what the parts of the folder weigh."""
    parts = {p.name: megabytes(p) for p in LIBRARY.iterdir()}
    parts[FOLDER.name] = megabytes(FOLDER / "unetscope")
    largest = sorted(parts.items(), key=lambda part: -part[1])[:12]
    print(f"  {megabytes(FOLDER):.0f} MB: " + ", ".join(f"{name} {mb:.0f}" for name, mb in largest))


# ---------------------------------------------------------------- the packages


def stage(folder: Path) -> None:
    """Lay the files out as they will lie on the machine they are installed on."""
    from unetscope import desktop_entry

    opt = folder / "opt" / "unetscope"
    opt.parent.mkdir(parents=True)
    shutil.copytree(FOLDER, opt, symlinks=True)
    share = folder / "usr" / "share"
    desktop_entry.install(share, ["unetscope"])
    description = desktop_entry.places(share)["metainfo"]
    moment = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    day = time.strftime("%Y-%m-%d", time.gmtime(moment))
    releases = f'<releases><release version="{version()}" date="{day}"/></releases>'
    text = description.read_text("utf-8").replace("</component>", f"  {releases}\n</component>")
    description.write_text(text, "utf-8")
    (folder / "usr" / "bin").mkdir()
    (folder / "usr" / "bin" / "unetscope").symlink_to("/opt/unetscope/unetscope")
    about = share / "doc" / "unetscope"
    about.mkdir(parents=True)
    shutil.copyfile(ROOT / "LICENSE", about / "copyright")
    _compressed((ROOT / "CHANGELOG.md").read_bytes(), about / "changelog.gz")
    stamp = email.utils.formatdate(moment).replace("-0000", "+0000")
    entry = (
        f"unetscope ({version()}-1) unstable; urgency=medium\n\n"
        f"  * What is new in {version()} is said in changelog.gz.\n\n -- {MAINTAINER}  {stamp}\n"
    )
    _compressed(entry.encode(), about / "changelog.Debian.gz")
    _compressed((LINUX / "unetscope.1").read_bytes(), share / "man" / "man1" / "unetscope.1.gz")
    overrides = share / "lintian" / "overrides" / "unetscope"
    overrides.parent.mkdir(parents=True)
    shutil.copyfile(LINUX / "lintian-overrides", overrides)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or path == opt / "unetscope"
            path.chmod(0o755 if runs else 0o644)


def _compressed(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(path, "wb", mtime=0) as stream:
        stream.write(content)


def pack(kind: str) -> None:
    """Make the package of one kind, ``deb`` or ``rpm``."""
    with tempfile.TemporaryDirectory(dir=DIST) as place:
        stage(Path(place) / "root")
        machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
        staged = str(Path(place) / "root")
        words = {"ARCH": machine, "VERSION": version(), "STAGE": staged, "MAINTAINER": MAINTAINER}
        described = Path(place) / "nfpm.yaml"
        template = (LINUX / "nfpm.yaml").read_text("utf-8")
        described.write_text(Template(template).substitute(words), "utf-8")
        nfpm = shutil.which("nfpm", path=str(Path(sys.executable).parent)) or "nfpm"
        run(nfpm, "package", "--config", described, "--packager", kind, "--target", DIST)
    for made in DIST.glob(f"*.{kind}"):
        print(f"  {made.name}: {megabytes(made):.0f} MB")


def draw() -> None:
    """Draw the icon as Windows and macOS want it, and the side of the installer's pages."""
    from PIL import Image

    from unetscope import desktop_entry

    with tempfile.TemporaryDirectory() as place:
        desktop_entry.install(Path(place), ["unetscope"])
        drawn = desktop_entry.places(Path(place))
        largest = Image.open(drawn["512"]).convert("RGBA")
    ART.mkdir(exist_ok=True)
    sizes = [(n, n) for n in (16, 24, 32, 48, 64, 128, 256)]
    largest.save(ART / "unetscope.ico", sizes=sizes)
    largest.save(ART / "unetscope.icns")
    side = largest.convert("RGB").crop((256, 40, 257, 41)).resize((164, 314))  # its ground
    small = largest.resize((96, 96), Image.Resampling.LANCZOS)
    side.paste(small, (34, 34), small)
    side.save(ART / "unetscope-side.bmp")


STEPS: dict[str, Callable[[], None]] = {
    "freeze": freeze,
    "trim": trim,
    "notices": notices,
    "sizes": sizes,
    "check": check,
    "deb": lambda: pack("deb"),
    "rpm": lambda: pack("rpm"),
}


def main(arguments: Sequence[str]) -> int:
    """Take the steps asked for, in their order."""
    parser = argparse.ArgumentParser(prog="package.py")
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], metavar="STEP")
    asked = parser.parse_args(arguments).steps or [
        step for step in STEPS if sys.platform == "linux" or step not in ("deb", "rpm")
    ]
    DIST.mkdir(exist_ok=True)
    for name, step in STEPS.items():
        if name in asked:
            print(f"{name} ...", flush=True)
            start = time.monotonic()
            step()
            print(f"  done in {time.monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
