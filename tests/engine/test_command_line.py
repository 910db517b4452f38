"""The commands without a window: what they write, what they say, and how they end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

import unetscope as us
from unetscope import __main__, resources
from unetscope.command_line import segmenting
from unetscope.command_line.main import run
from unetscope.engine.local import LocalEngine
from unetscope.state.network_input import network_input, on_slice

SLICES = range(88, 94)
MODEL = str(resources.sample_model())
REFERENCE = resources.folder() / "sample" / "reference.nii.gz"

pytestmark = pytest.mark.engine
Command = Callable[..., int]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six slices of the sample."""
    folder = tmp_path_factory.mktemp("six")
    for path in sorted(resources.sample_study().iterdir())[SLICES.start : SLICES.stop]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in this process, the engine in it too."""
    monkeypatch.setattr(segmenting, "EngineProcess", lambda deliver: LocalEngine())
    return lambda *arguments: run([str(each) for each in arguments])


def masks(study: Path) -> np.ndarray[Any, Any]:
    """What the scripting API makes of the same slices."""
    series, model = us.open_study(study).series[0], us.open_model(MODEL)
    made = []
    for index in range(series.shape[0]):
        steps = model.preprocessing
        fed = network_input([series.slice(index)], series, steps, model.network, "")
        made.append(on_slice(model.run(fed.image).mask(), fed.placement))
    return np.stack(made)


def test_a_series_is_segmented_as_the_api_does_it(
    command: Command, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = command(
        *("segment", study, "--model", MODEL, "--out", out, "--format", "nifti,seg,csv,png,tiff"),
        "--json",
    )
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["model"]["fingerprint"] == us.open_model(MODEL).network.fingerprint
    (series,) = told["series"]
    assert series["slices_segmented"] == len(SLICES)
    assert [each["format"] for each in series["files"]] == ["nifti", "seg", "csv", "png", "tiff"]
    expected = masks(study)
    written = np.asarray(nibabel.load(out / "segmentation.nii.gz").dataobj)
    assert sorted(np.bincount(written.ravel())) == sorted(np.bincount(expected.ravel()))
    assert all(each["voxels_compared"] == expected.size for each in series["files"][:2])
    seg = pydicom.dcmread(out / "segmentation.dcm")
    assert seg.PatientIdentityRemoved == "YES"
    assert len(list((out / "segmentation-png").iterdir())) == len(SLICES)


def test_what_is_there_is_not_replaced_unasked(
    command: Command, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "segmentation.nii.gz").write_text("mine")
    arguments = ("segment", study, "--model", MODEL, "--out", tmp_path, "--format", "nifti")
    assert command(*arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "segmentation.nii.gz").read_text() == "mine"
    assert command(*arguments, "--overwrite") == 0
    assert (tmp_path / "segmentation.nii.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_several_studies_have_folders_of_their_own_and_edits_count(
    command: Command, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = us.open_model(MODEL)
    us.save_edits(
        model.apply(us.ScaleFilter("enc1_conv1", filter=3, gain=0.0)), tmp_path / "a.edits.json"
    )
    code = command(
        *("segment", study, study, "--model", MODEL, "--edits", tmp_path / "a.edits.json"),
        *("--out", tmp_path / "out", "--format", "csv", "--json"),
    )
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["model"]["edits"] == 1
    assert told["model"]["edits_in_force"] == "1 edit"
    assert told["model"]["edits_hash"].startswith("sha256:")
    assert (tmp_path / "out" / "study-2" / "volumes.csv").is_file()


def test_an_evaluation_names_the_worst_first(
    command: Command, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    code = command(
        *("evaluate", study, "--model", MODEL, "--reference", REFERENCE, "--out", table),
        *("--json",),
    )
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    (found,) = told["evaluations"]
    assert [each["name"] for each in found["classes"]] == ["CSF", "Grey matter", "White matter"]
    assert all(0.85 < each["dice"] < 0.97 for each in found["classes"])
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert len(rows) == 3 * (len(SLICES) + 1)
    assert float(rows[0]["dice"]) == pytest.approx(found["classes"][0]["dice"], abs=1e-6)


def test_classes_can_be_matched_by_hand(
    command: Command, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ("evaluate", study, "--model", MODEL, "--reference", REFERENCE)
    assert command(*start, "--match", "CSF=1", "--json") == 3  # two classes have nothing
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["evaluations"][0]["classes"]] == ["CSF"]
    assert any("Grey matter" in warning for warning in told["warnings"])
    assert command(*start, "--match", "Bone=1") == 1
    assert "CLASS=SEGMENT" in capsys.readouterr().err


def test_a_person_reads_a_table(
    command: Command, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("evaluate", study, "--model", MODEL, "--reference", REFERENCE) == 0
    said = capsys.readouterr().out
    assert "White matter" in said
    assert "Research use only." in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_report_is_written(command: Command, study: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    code = command(
        *("report", study, "--model", MODEL, "--reference", REFERENCE, "--out", page),
        *("--slice", "2"),
    )
    assert code == 0
    text = page.read_text(encoding="utf-8")
    assert "2 of 6" in text
    assert "Grey matter" in text
    assert str(study) not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "{study}", "--model", MODEL, "--out", "r.doc"), "end in .html or .pdf"),
        (("report", "{study}", "--model", MODEL, "--out", "r.html", "--slice", "7"), "1 to 6"),
        (("segment", "{study}", "--model", MODEL, "--out", "o", "--series", "2"), "It has: 1 (MR"),
        (("segment", "nowhere", "--model", MODEL, "--out", "o"), "nowhere"),
        (("segment", "{study}", "--model", "none.keras", "--out", "o"), "none.keras"),
        (
            ("segment", "{study}", "--model", MODEL, "--edits", "no.edits.json", "--out", "o"),
            "no.edits.json",
        ),
        (
            ("evaluate", "{study}", "--model", MODEL, "--reference", "r1", "--reference", "r2"),
            "2 references",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence_with_a_hint(
    command: Command,
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(*(each.format(study=study) for each in arguments)) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()[-1]) <= 300
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command_name", ["segment", "evaluate", "report"])
def test_each_command_says_how_it_is_used(
    command: Command, command_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        command(command_name, "--help")
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert "--model" in said
    assert "Exit codes" in said


def test_an_unknown_format_is_a_wrong_command(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        command("segment", "x", "--model", "y", "--out", "z", "--format", "bmp")
    assert left.value.code == 2
    assert "seg, seg-labelmap, nifti" in capsys.readouterr().err


def test_show_is_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run_window(options: Any) -> int:
        asked.append(options)
        return 0

    monkeypatch.setattr(__main__, "_run_window", run_window)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr("faulthandler.enable", lambda: None)
    assert __main__.main(["show", "a.dcm", "--slice", "61", "--layer", "enc1_conv1"]) == 0
    assert (asked[0].paths, asked[0].slice, asked[0].layer) == ([Path("a.dcm")], 61, "enc1_conv1")


def any_left(group: int) -> bool:
    """Whether a process of the group is there still."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_stopping_leaves_no_half_file_and_no_process(study: Path, tmp_path: Path) -> None:
    """The real thing, in a process of its own."""
    arguments = ("segment", str(study), "--model", MODEL, "--out", str(tmp_path / "o"))
    process = subprocess.Popen(
        [sys.executable, "-m", "unetscope", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(tmp_path)},
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Segmenting" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped." in said
    assert not (tmp_path / "o").exists()
    give_up = time.monotonic() + 10
    while any_left(process.pid):
        assert time.monotonic() < give_up, "a child is left"
        time.sleep(0.05)
