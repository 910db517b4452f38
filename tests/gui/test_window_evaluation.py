"""A reference in the window: opened, dropped, matched, seen on the slice, and measured against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt, QUrl
from PySide6.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QLabel, QPushButton
from tests.gui.conftest import MODEL, STUDY, Person, ramp
from tests.unit.fakes import FakeSeries
from tests.unit.reference_room import masks_of, reference_of

from unetscope.domain.evaluation import Measure
from unetscope.ui import dialogs
from unetscope.ui.kept_matchings import KeptMatchings
from unetscope.ui.layout import Arrangement
from unetscope.ui.matching_dialog import MatchingDialog
from unetscope.ui.widgets.score_table import ScoreTable
from unetscope.ui.widgets.slice_curve import SliceCurve

MASKS = Path("/masks/Doe_Jane_seg.dcm")
SHIFT = Qt.KeyboardModifier.ShiftModifier


def truth() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """What the fake network finds, without two rows of each slice."""
    labels = masks_of(FakeSeries(volume=ramp()))
    labels[:, :2] = 0
    return labels


@pytest.fixture
def reader(person: Person) -> Person:
    """A reference of the study lies somewhere; study and model are open."""
    person.world.files.references[MASKS] = reference_of(truth(), name=MASKS.name)
    person.window.places.reveal("evaluation")
    return person


def open_it(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogs, "ask_reference", lambda _: MASKS)
    person.choose("file.open_reference")
    person.qtbot.waitUntil(lambda: bool(view_of(person).reference))


def view_of(person: Person):  # type: ignore[no-untyped-def]
    return person.program.presenters.evaluation.panel.view


def table(person: Person) -> ScoreTable:
    return person.find(ScoreTable, "evaluation.table")


def cells(person: Person, row: int) -> list[str]:
    shown = table(person)
    items = [shown.item(row, column) for column in range(shown.columnCount())]
    return [item.text() for item in items if item is not None]


def test_a_reference_is_opened_seen_measured_and_put_away(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = reader.find(QLabel, "evaluation.empty")
    assert "DICOM SEG" in empty.text()
    open_it(reader, monkeypatch)
    overlay = reader.window.evaluation.overlay
    reader.qtbot.waitUntil(overlay.isVisible)
    assert [colour.name() for colour, _ in overlay.paths] == ["#e05a6d", "#3d8fd1"]
    index = reader.session.slice_index
    assert overlay.view.labels is not None
    assert np.array_equal(overlay.view.labels, truth()[index])
    assert cells(reader, 0)[0] == "Whole series: no masks yet"

    reader.press("evaluation.start")
    reader.qtbot.waitUntil(lambda: view_of(reader).missing == 0)
    reader.qtbot.waitUntil(lambda: not view_of(reader).running)
    assert cells(reader, 0)[0] == "Whole series · mm · mL"
    assert cells(reader, 1)[0] == "CSF"
    dice = (
        2
        * (truth() == 1).sum()
        / ((truth() == 1).sum() + (masks_of(FakeSeries(volume=ramp())) == 1).sum())
    )
    assert cells(reader, 1)[1].split("\n")[0] == f"{dice:.3f}"
    reader.press("evaluation.copy")
    assert "CSF\t" in QApplication.clipboard().text()

    reader.press("evaluation.close")
    assert not overlay.isVisible()
    assert not view_of(reader).reference


def test_the_outline_has_a_key_and_follows_slice_turn_and_eyes(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it(reader, monkeypatch)
    overlay = reader.window.evaluation.overlay
    reader.key(Qt.Key.Key_O, modifiers=SHIFT)
    assert not overlay.isVisible()
    reader.choose("view.reference")
    assert overlay.isVisible()
    reader.choose("slice.flip_vertically")
    labels = overlay.view.labels
    assert labels is not None
    assert np.array_equal(labels, truth()[reader.session.slice_index][::-1])
    reader.choose("go.next_slice")
    reader.qtbot.waitUntil(lambda: overlay.view.labels is not labels)
    following = overlay.view.labels
    assert following is not None
    assert np.array_equal(following, truth()[reader.session.slice_index][::-1])
    reader.program.presenters.slice_view.toggle_label(1)
    assert [colour.name() for colour, _ in overlay.paths] == ["#3d8fd1"]


def test_a_dropped_reference_opens_as_one_and_a_study_with_it_first(visitor: Person) -> None:
    visitor.world.files.references[MASKS] = reference_of(truth(), name=MASKS.name)
    visitor.drop(*(QUrl.fromLocalFile(str(path)) for path in (MASKS, STUDY, MODEL)))
    visitor.qtbot.waitUntil(lambda: bool(view_of(visitor).reference))
    assert len(visitor.program.desk.studies) == 1
    assert visitor.session.evaluating.reference is not None


def test_a_reference_alone_says_that_it_needs_its_study(visitor: Person) -> None:
    visitor.world.files.references[MASKS] = reference_of(truth())
    visitor.drop(QUrl.fromLocalFile(str(MASKS)))
    visitor.qtbot.waitUntil(lambda: "needs a series" in visitor.frame.status)
    assert visitor.frame.hint == "Open the study first."


def test_structures_that_are_not_alike_are_matched_in_a_dialog(
    reader: Person, monkeypatch: pytest.MonkeyPatch, settings: QSettings
) -> None:
    reference = reference_of(truth(), {1: "Alpha", 2: "Beta"})
    reader.world.files.references[MASKS] = reference
    monkeypatch.setattr(dialogs, "ask_reference", lambda _: MASKS)
    reader.choose("file.open_reference")
    reader.qtbot.waitUntil(lambda: reader.window.findChild(MatchingDialog) is not None)
    dialog = reader.window.findChild(MatchingDialog)
    assert isinstance(dialog, MatchingDialog)
    assert "matched" in view_of(reader).empty
    boxes = [reader.find(QComboBox, f"matching.{number}") for number in (1, 2)]
    assert [box.currentText() for box in boxes] == ["(not compared)"] * 2
    boxes[0].setCurrentText("Brain")
    ok = dialog.findChild(QDialogButtonBox)
    assert ok is not None
    reader.click(ok.button(QDialogButtonBox.StandardButton.Ok))
    assert reader.program.presenters.evaluation.panel.view.labels == ((2, "Brain"),)
    network = reader.session.network
    assert network is not None
    kept = KeptMatchings(settings)
    assert kept.recall(network.fingerprint, reference.segments) == ((2, (1,)),)
    assert kept.recall("sha256:other", reference.segments) is None
    assert "Alpha" not in str(settings.value("matchings"))


def test_the_curve_and_the_worst_slices_lead_to_slices(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it(reader, monkeypatch)
    reader.choose("compare.evaluate")
    reader.qtbot.waitUntil(lambda: view_of(reader).missing == 0)
    curve = reader.find(SliceCurve, "evaluation.curve")
    assert np.isfinite(curve.values).all()
    worst = reader.find(QLabel, "evaluation.worst")
    index = view_of(reader).worst[0][0]
    assert f'<a href="{index}">{index + 1}:' in worst.text()
    worst.linkActivated.emit(str(index))
    assert reader.session.slice_index == index
    reader.pick_in(reader.find(QComboBox, "evaluation.measure"), Measure.DIFFERENCE.value)
    assert view_of(reader).unit == "volume difference, mL"


def test_the_editor_tells_dice_against_the_reference(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = reader.window.kernel_panel.effect.table
    assert "Dice" not in effect.text()
    open_it(reader, monkeypatch)
    assert "CSF: Dice 0." in effect.text()
    reader.pick_recipe("Sobel x")
    engine, trained = reader.world.engine, truth()[reader.session.slice_index]
    edited = trained.copy()
    edited[trained == 1] = 0
    reader.qtbot.waitUntil(lambda: bool(reader.session.edits))
    engine.at_once = False
    reader.pick_recipe("Sobel y")
    engine.answer(mask=edited, trained_mask=trained)
    assert "Dice to ref." in effect.text()
    assert "1.000→0.000" in effect.text()


def test_the_layout_for_it_shows_the_panel_and_the_table_is_saved_as_csv(
    reader: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader.window.places.arrange(Arrangement.EVALUATE)
    assert reader.window.evaluation.panel.isVisible()
    assert reader.find(QPushButton, "evaluation.open").isVisible()
    open_it(reader, monkeypatch)
    saved: list[tuple[Path, bytes]] = []
    monkeypatch.setattr(
        reader.world.files, "write_bytes", lambda path, content: saved.append((path, content))
    )
    reader.program.presenters.evaluation.panel.save(tmp_path / "scores.csv")
    reader.qtbot.waitUntil(lambda: bool(saved))
    assert b"research use only" in saved[0][1]
    assert b"Doe" not in saved[0][1]
