"""Nothing that the program writes tells who the patient is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.gui.planted_names import BORN, FOLDER, NAME, PATIENT_ID
from tests.unit.io import builders

REPOSITORY = Path(__file__).resolve().parents[2]
IDENTITY = (*NAME.split("^"), PATIENT_ID, BORN, "KUDU^REFERRER", "KUDU")


def run(home: Path, study: Path, *, how: str, **environment: str) -> str:
    """What a run over a planted study says on its terminal; it writes below `home` only."""
    folders = {
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_STATE_HOME": home / ".state",
        "XDG_DATA_HOME": home / ".data",
        "XDG_CACHE_HOME": home / ".cache",
        "TMPDIR": home / "tmp",
        "HOME": home,
    }
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.planted_names", str(study), how],
        cwd=REPOSITORY,
        env={**os.environ, **{name: str(path) for name, path in folders.items()}, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert (done.returncode == 0) is (how == "ends"), done.stderr
    assert "title: " in done.stdout
    return done.stdout + done.stderr


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study whose header and folder name the patient, with a damaged file among its slices."""
    folder = tmp_path / FOLDER / "series"
    datasets = builders.mr_stack(
        5,
        PatientName=NAME,
        PatientID=PATIENT_ID,
        PatientBirthDate=BORN,
        ReferringPhysicianName="KUDU^REFERRER",
        FrameOfReferenceUID="1.2.9",
    )
    for index, dataset in enumerate(datasets):
        folder.mkdir(parents=True, exist_ok=True)
        builders.save(dataset, folder / f"{index}.dcm")
    whole = (folder / "0.dcm").read_bytes()
    (folder / "damaged.dcm").write_bytes(whole[: len(whole) // 3])
    return folder


def written(home: Path) -> dict[str, str]:
    """All files below a folder, by place, each with what it holds (and its own name)."""
    return {
        path.relative_to(home).as_posix(): f"{path.name}\n{path.read_bytes().decode('latin-1')}"
        for path in home.rglob("*")
        if path.is_file()
    }


def holding(files: dict[str, str], *words: str) -> set[str]:
    """The files that hold one of some words, however they are encoded."""
    return {
        place
        for place, text in files.items()
        for word in words
        for spelt in (word, word.encode("utf-16-le").decode("latin-1"))
        if spelt.casefold() in text.casefold()
    }


@pytest.mark.skipif(sys.platform == "win32", reason="settings are in the registry there")
def test_a_patient_is_in_nothing_that_a_run_leaves_behind(tmp_path: Path, study: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    said = run(home, study, how="ends")
    files = written(home)
    assert any(place.startswith(".state/unetscope/logs/") for place in files)
    assert "report.txt" in files
    assert len([place for place in files if place.startswith("exports-")]) == 15
    assert "ValueError: [hidden] of [hidden]" in files["report.txt"]
    assert holding(files, *IDENTITY) == set()
    assert holding({"terminal": said}, *IDENTITY, FOLDER) == set()
    # the list of recent files is the one place that must know where a study lies
    assert holding(files, FOLDER) == {".config/Unetscope/Unetscope.conf"}
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_patient_is_in_nothing_that_a_crash_leaves_behind(tmp_path: Path, study: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    run(home, study, how="crashes")
    files = written(home)
    (crash,) = (text for place, text in files.items() if place.endswith(".crash"))
    assert "Fatal Python error" in crash
    assert holding(files, *IDENTITY) == set()
    knowing = holding(files, FOLDER)
    private = {place for place in knowing if place.startswith((".state/unetscope/", "tmp/"))}
    assert knowing - private == {".config/Unetscope/Unetscope.conf"}
    for place in (".state/unetscope", *(path.name for path in (home / "tmp").iterdir())):
        folder = home / place if place.startswith(".") else home / "tmp" / place
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # the next one empties what the crash left, and then forgets
    said = run(home, study, how="ends", FORGET="1")
    assert list((home / "tmp").iterdir()) == []
    assert holding({"terminal": said}, *IDENTITY, FOLDER) == set()
    known = holding(written(home), FOLDER)
    assert all(place.startswith(".state/unetscope/journals/") for place in known)
