"""The segmentation and the images of nobody, out of the window."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import MODEL, STUDY, Person, World, ramp
from tests.unit.io.builders import mr_slice, save

from unetscope.domain.export import Format
from unetscope.io.exports.writing import DiskExports
from unetscope.io.study import open_study

NAME, PATIENT_ID, FOLDER = "OCELOT^ZEBRA", "QX-4711-ID", "Okapi_Folder"
SLICES = 4


@pytest.fixture
def images(tmp_path: Path, visitor: Person, world: World, qtbot: QtBot) -> Path:
    """A study of DICOM files is shown, with its mask; gives their folder."""
    folder = tmp_path / FOLDER
    for index in range(SLICES):
        pixels = ramp()[index].astype(np.int16)
        dataset = mr_slice(
            2.0 * index,
            pixels,
            PatientName=NAME,
            PatientID=PATIENT_ID,
            FrameOfReferenceUID="1.2.9",
            BodyPartExamined="HEAD",
        )
        save(dataset, folder / f"ZEBRA{index}.dcm")
    world.files.studies[folder] = open_study(folder)  # type: ignore[assignment]
    visitor.open(MODEL, folder)
    visitor.wait()
    exporting = visitor.program.presenters.exports.exporting
    exporting._exports = DiskExports(aside=False)  # no process to wait for
    return folder


class Dialog:
    """A person before the dialog."""

    def __init__(self, person: Person, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.person = person
        self._monkeypatch = monkeypatch
        self._name = name
        self.proposed = ""

    @property
    def widget(self) -> QDialog | None:
        """The dialog while it is open."""
        open_ones = self.person.window.findChildren(QDialog, self._name)
        return open_ones[0] if open_ones else None

    def choose(self, form: Format) -> None:
        box = self.person.find(QComboBox, "export.format")
        box.setCurrentIndex(box.findData(form))

    def text(self, name: str) -> str:
        return self.person.find(QLabel, name).text()

    @property
    def button(self) -> QPushButton:
        return self.person.find(QPushButton, f"{self._name}.export")

    def write(self, path: Path) -> None:
        """Press Export and answer where to."""

        def where(_: object, __: str, proposed: str, ___: str) -> tuple[str, str]:
            self.proposed = proposed
            return str(path), ""

        self._monkeypatch.setattr(QFileDialog, "getSaveFileName", where)
        self.person.click(self.button)

    def written(self) -> str:
        """Wait until it has closed itself; what was told then."""
        self.person.qtbot.waitUntil(lambda: self.widget is None, timeout=10_000)
        return self.person.status()


@pytest.fixture
def dialog(visitor: Person, images: Path, monkeypatch: pytest.MonkeyPatch) -> Dialog:
    visitor.choose("file.export_segmentation")
    return Dialog(visitor, monkeypatch, "export")


def test_the_series_is_segmented_first_and_the_file_compared(
    dialog: Dialog, tmp_path: Path
) -> None:
    everything = dialog.person.find(QRadioButton, "export.all_slices")
    assert everything.text() == "All 4 slices, which are segmented first"
    dialog.write(tmp_path / "mask")
    told = dialog.written()
    assert told.startswith("Saved mask.dcm; read back, all 256 voxels compared equal.")
    assert "Its UIDs are new" in told
    assert told.endswith("Research use only.")
    assert dialog.proposed == "tiny-mask.dcm"
    content = (tmp_path / "mask.dcm").read_bytes()
    for word in (*NAME.split("^"), PATIENT_ID, FOLDER):
        assert word.encode() not in content
    seg = pydicom.dcmread(tmp_path / "mask.dcm")
    assert [segment.SegmentLabel for segment in seg.SegmentSequence] == ["CSF", "Brain"]


def test_codes_can_be_changed_and_are_remembered_for_the_model(
    dialog: Dialog, tmp_path: Path, visitor: Person
) -> None:
    code = visitor.find(QComboBox, "export.code.2")
    code.setEditText("no code at all (")
    assert not dialog.button.isEnabled()
    assert "is no code" in dialog.text("export.message")
    code.setEditText("liver")
    assert dialog.button.isEnabled()
    visitor.find(QCheckBox, "export.class.1").setChecked(False)
    dialog.write(tmp_path / "mask.dcm")
    dialog.written()
    seg = pydicom.dcmread(tmp_path / "mask.dcm")
    (segment,) = seg.SegmentSequence
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    visitor.choose("file.export_segmentation")
    assert visitor.find(QComboBox, "export.code.2").currentText() == "liver"
    assert visitor.find(QRadioButton, "export.all_slices").text() == "All 4 slices"
    visitor.find(QDialog, "export").reject()


def test_edits_in_force_are_said_and_the_trained_mask_can_be_had(
    visitor: Person, images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    visitor.pick_recipe("Sobel x")
    visitor.wait()
    visitor.choose("file.export_segmentation")
    dialog = Dialog(visitor, monkeypatch, "export")
    edited = visitor.find(QRadioButton, "export.edited")
    assert edited.text() == "As edited: 1 edit in force, the file says so"
    dialog.choose(Format.CSV)
    dialog.write(tmp_path / "edited.csv")
    dialog.written()
    assert "CHANGED BY HAND: 1 edit in force (sha256:" in (tmp_path / "edited.csv").read_text()
    visitor.choose("file.export_segmentation")
    visitor.find(QRadioButton, "export.trained").setChecked(True)
    dialog.write(tmp_path / "trained.csv")
    dialog.written()
    assert "as it was trained" in (tmp_path / "trained.csv").read_text()


def test_one_slice_is_written_as_it_is_on_the_screen(
    dialog: Dialog, world: World, tmp_path: Path
) -> None:
    asked = len(world.engine.segments)
    dialog.choose(Format.NIFTI)
    assert dialog.person.find(QLabel, "export.nobody").isVisible()
    dialog.person.find(QRadioButton, "export.one_slice").setChecked(True)
    dialog.write(tmp_path / "mask.nii.gz")
    dialog.written()
    mask = np.asarray(nib.load(tmp_path / "mask.nii.gz").dataobj)
    shown = dialog.person.session.slice_index
    assert np.array_equal(mask[:, :, shown].T, (ramp()[shown] % 3).astype(np.uint8))
    assert not np.delete(mask, shown, axis=2).any()
    assert len(world.engine.segments) == asked


def test_identity_is_kept_only_where_that_is_asked_for(dialog: Dialog, tmp_path: Path) -> None:
    person = dialog.person
    named, concerns = person.find(QLabel, "export.named"), person.find(QLabel, "export.concerns")
    person.qtbot.waitUntil(lambda: "show the face" in concerns.text())
    assert not named.isVisible()
    assert not concerns.isVisible()  # a mask shows no face
    person.find(QCheckBox, "export.images").setChecked(True)
    assert concerns.isVisible()
    person.find(QCheckBox, "export.deidentify").setChecked(False)
    assert named.isVisible()
    assert not concerns.isVisible()
    dialog.write(tmp_path / "mask.dcm")
    dialog.written()
    seg = pydicom.dcmread(tmp_path / "mask.dcm")
    assert (str(seg.PatientName), seg.PatientID) == (NAME, PATIENT_ID)
    assert "PatientIdentityRemoved" not in seg
    assert list(tmp_path.glob("mask*")) == [tmp_path / "mask.dcm"]


def test_progress_can_be_cancelled(dialog: Dialog, world: World, tmp_path: Path) -> None:
    world.engine.at_once = False
    dialog.write(tmp_path / "mask.dcm")
    dialog.person.qtbot.waitUntil(lambda: len(world.engine.segments) == 2)
    assert dialog.person.find(QProgressBar, "export.progress").isVisible()
    assert dialog.text("export.message") == "Segmenting the series: 0 of 4 slices"
    widget = dialog.widget
    assert widget is not None
    widget.reject()
    assert dialog.written().startswith("Stopped after 0 of 4 slices")
    assert not (tmp_path / "mask.dcm").exists()


def test_the_window_can_be_closed_in_the_midst_of_it(
    dialog: Dialog, world: World, tmp_path: Path
) -> None:
    world.engine.at_once = False
    dialog.write(tmp_path / "mask.dcm")
    dialog.person.qtbot.waitUntil(lambda: len(world.engine.segments) == 2)
    dialog.person.window.close()
    world.engine.answer_segments()
    dialog.person.qtbot.wait(50)
    dialog.person.program.stop()
    assert not (tmp_path / "mask.dcm").exists()


def test_what_cannot_be_is_said_before(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    person.choose("file.export_segmentation")
    dialog = Dialog(person, monkeypatch, "export")
    dialog.choose(Format.SEG)
    assert "does not come from any" in dialog.text("export.purpose")
    assert not dialog.button.isEnabled()
    dialog.choose(Format.CSV)
    assert dialog.button.isEnabled()
    dialog.write(tmp_path / "absent" / "mask.csv")
    person.qtbot.waitUntil(lambda: "could not be written" in dialog.text("export.message"))
    assert dialog.button.isEnabled()
    person.find(QDialog, "export").reject()
    person.choose("file.export_images")
    assert person.status().startswith("This series does not come from DICOM files.")


def test_slices_that_cannot_be_read_are_a_reason_to_write_nothing(
    visitor: Person, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (series,) = world.files.studies[STUDY].series
    series.broken = frozenset({3})
    visitor.open_both()
    visitor.choose("file.export_segmentation")
    dialog = Dialog(visitor, monkeypatch, "export")
    dialog.choose(Format.CSV)
    dialog.write(tmp_path / "mask.csv")
    visitor.qtbot.waitUntil(lambda: "1 slice has no mask" in dialog.text("export.message"))
    assert not (tmp_path / "mask.csv").exists()
    visitor.find(QDialog, "export").reject()


def test_the_images_of_nobody(
    visitor: Person, images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    visitor.choose("file.export_images")
    dialog = Dialog(visitor, monkeypatch, "images_export")
    visitor.qtbot.waitUntil(lambda: "show the face" in dialog.text("images_export.concerns"))
    dialog.write(images)
    visitor.qtbot.waitUntil(lambda: "already" in dialog.text("images_export.message"))
    dialog.write(tmp_path / "copies")
    told = dialog.written()
    assert told.startswith("Saved copies (4 files); read back, all 256 voxels compared equal.")
    assert dialog.proposed == "deidentified"
    for path in (tmp_path / "copies").iterdir():
        assert not any(word.encode() in path.read_bytes() for word in (*NAME.split("^"), FOLDER))
    (copied,) = open_study(tmp_path / "copies").series
    assert np.array_equal(copied.volume(), ramp()[:SLICES])


def test_with_identity_hidden_no_file_of_the_study_is_named(
    visitor: Person, images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    visitor.program.store.update(lambda s: s.toggle_identity() if not s.identity_hidden else s)
    visitor.choose("file.export_images")
    dialog = Dialog(visitor, monkeypatch, "images_export")
    (images / "ZEBRA2.dcm").write_bytes(b"another")
    dialog.write(tmp_path / "copies")
    visitor.qtbot.waitUntil(lambda: "changed" in dialog.text("images_export.message"))
    assert "ZEBRA" not in dialog.text("images_export.message")
    visitor.find(QDialog, "images_export").reject()
