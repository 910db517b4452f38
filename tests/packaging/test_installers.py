"""packaging/package.py: the frozen program does the main job, and packages lay all in its place.

The whole of it, installed in a clean Debian, is packaging/smoke_test.py.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).resolve().parents[2]
FREEZING = 900  # seconds on a slow machine
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="packages are made on Linux")


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The script as a module, which makes things in a folder of the test's own."""
    place = ROOT / "packaging" / "package.py"
    spec = importlib.util.spec_from_file_location("unetscope_package_script", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = tmp_path / "dist"
    made.mkdir()
    monkeypatch.setattr(module, "DIST", made)
    monkeypatch.setattr(module, "FOLDER", made / "unetscope")
    monkeypatch.setattr(module, "LIBRARY", made / "unetscope" / "lib")
    monkeypatch.setattr(module, "ART", tmp_path / "art")
    monkeypatch.setattr(module, "WORK", tmp_path / "work")
    yield module
    shutil.rmtree(made)  # a gigabyte


@pytest.mark.journey
@pytest.mark.timeout(FREEZING)
@linux_only
def test_the_frozen_program_opens_segments_and_edits_the_sample(
    package: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    package.main(["freeze", "trim", "notices", "check"])
    told = capfd.readouterr().out
    assert "mask, to trained" in told
    assert "wrote 2 masks" in told
    written = (package.FOLDER / package.NOTICES).read_text("utf-8").lower()
    for name in ("tensorflow", "pyside6_essentials", "numpy", "pydicom", "pyqtgraph", "h5py"):
        assert re.search(rf"^{name}(_cpu)? \d", written, re.MULTILINE), name
    bundled = {path.name for path in package.LIBRARY.iterdir()}
    assert not bundled & {"pytest", "skimage", "SimpleITK", "grpc", "yaml", "dcmqi"}
    assert not [path for path in bundled if path.startswith(("libX11", "libstdc++", "libEGL"))]


def stand_in(package: ModuleType) -> None:
    """Something small in the place of the frozen program."""
    package.LIBRARY.mkdir(parents=True)
    starter = package.FOLDER / "unetscope"
    starter.write_text("#!/bin/sh\necho stand-in\n", "utf-8")
    starter.chmod(0o700)
    (package.LIBRARY / "libdata.so").write_bytes(b"data")
    (package.LIBRARY / "libdata.so").chmod(0o640)


@linux_only
def test_everything_lies_where_a_debian_looks_for_it(
    qapp: QApplication,
    package: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    stand_in(package)
    root = tmp_path / "root"
    package.stage(root)
    assert (root / "usr/bin/unetscope").readlink() == Path("/opt/unetscope/unetscope")
    assert (root / "opt/unetscope/unetscope").stat().st_mode & 0o777 == 0o755
    assert (root / "opt/unetscope/lib/libdata.so").stat().st_mode & 0o777 == 0o644
    share = root / "usr" / "share"
    described = ElementTree.parse(share / "metainfo" / "org.unetscope.unetscope.metainfo.xml")
    release = described.find("releases/release")
    assert release is not None
    assert release.attrib == {"version": package.version(), "date": "2026-09-21"}
    documents = share / "doc" / "unetscope"
    assert "BSD 3-Clause" in (documents / "copyright").read_text("utf-8")
    entry = gzip.decompress((documents / "changelog.Debian.gz").read_bytes()).decode()
    assert entry.startswith(f"unetscope ({package.version()}-1) unstable; urgency=")
    assert entry.endswith("  Mon, 21 Sep 2026 14:13:20 +0000\n")
    manual = gzip.decompress((share / "man" / "man1" / "unetscope.1.gz").read_bytes())
    assert manual.startswith(b".TH UNETSCOPE 1")
    for sizes in (16, 512):
        folder = share / "icons" / "hicolor" / f"{sizes}x{sizes}" / "apps"
        assert (folder / "org.unetscope.unetscope.png").is_file()


@linux_only
@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb on this system")
def test_the_deb_needs_no_scripts_and_is_owned_by_root(
    qapp: QApplication, package: ModuleType
) -> None:
    stand_in(package)
    package.main(["deb"])
    (made,) = package.DIST.glob("*.deb")

    def asked(option: str) -> str:
        command = ["dpkg-deb", option, str(made)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    told = asked("--info")
    assert f"Version: {package.version()}-1\n" in told.replace("\n ", "\n")
    assert "libglib2.0-0 | libglib2.0-0t64" in told
    assert not {"preinst", "postinst", "prerm", "postrm"} & set(told.split())
    lines = asked("--contents").splitlines()
    assert all("root/root" in line or " 0/0 " in line for line in lines)
    assert any(line.endswith("./usr/bin/unetscope -> /opt/unetscope/unetscope") for line in lines)
    assert any("./usr/share/applications/org.unetscope.unetscope.desktop" in x for x in lines)


def test_a_package_without_the_text_of_its_licence_stops_the_build(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(package)
    monkeypatch.setattr(package, "LICENCES", {})
    monkeypatch.setattr(package, "_bundled", lambda: {"numpy", "flatbuffers"})
    with pytest.raises(SystemExit, match="licence of flatbuffers"):
        package.notices()


def test_icons_of_other_systems_are_drawn(qapp: QApplication, package: ModuleType) -> None:
    package.draw()
    with Image.open(package.ART / "unetscope.ico") as icon:
        assert icon.info["sizes"] >= {(16, 16), (48, 48), (256, 256)}
    with Image.open(package.ART / "unetscope-side.bmp") as side:
        assert side.size == (164, 314)
        assert len(side.getcolors(1 << 16) or ()) > 10  # the icon on its ground


@pytest.mark.skipif(not shutil.which("makensis"), reason="no makensis on this system")
def test_the_installer_for_windows_compiles(qapp: QApplication, package: ModuleType) -> None:
    package.draw()
    stand_in(package)
    made = package.DIST / "setup.exe"
    words = {
        "VERSION": package.version(),
        "FOLDER": package.FOLDER,
        "ART": package.ART,
        "LICENCE": ROOT / "LICENSE",
        "OUT": made,
    }
    defined = [f"-D{name}={value}" for name, value in words.items()]
    script = ROOT / "packaging" / "windows" / "unetscope.nsi"
    subprocess.run(["makensis", "-V2", *defined, script], check=True, capture_output=True)
    assert made.read_bytes().startswith(b"MZ")
