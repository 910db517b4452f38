"""The switchboard of skip connections and the recovery curve, over an engine that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QPushButton, QSpinBox
from tests.gui.conftest import MODEL, STUDY, Person, ramp
from tests.unit.fakes import layer, network_of
from tests.unit.reference_room import reference_of

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.recovery import Recovery, RecoveryMeasure, RecoveryQuestion
from unetscope.domain.explaining.switches import SkipEffects, SkipEffectsQuestion
from unetscope.domain.interventions import CutSkip, PatchSkip
from unetscope.presenters.skips import words
from unetscope.presenters.skips.view import SkipsView
from unetscope.state.network_input import network_input
from unetscope.ui import dialogs
from unetscope.ui.widgets.recovery_curve import RecoveryCurve
from unetscope.ui.widgets.switch_table import SwitchTable

SKIP = ("skip", "enc")
ON, ZERO, MEAN, SLICE = range(4)
LAYERS = ("image", "enc", "pool", "mid", "up", "skip", "dec", "mask")


@pytest.fixture
def looker(person: Person) -> Person:
    """A person before the switchboard."""
    person.choose("explain.skips")
    person.qtbot.waitUntil(lambda: person.window.explain.skips.isVisible())
    return person


def view_of(person: Person) -> SkipsView:
    return person.program.presenters.explain.skips.view


def table(person: Person) -> SwitchTable:
    return person.find(SwitchTable, "skips.table")


def text(person: Person, name: str) -> str:
    return person.find(QLabel, f"skips.{name}").text()


def turn(person: Person, position: int) -> None:
    spot = table(person).place_of(0, position).center()
    person.click(table(person).viewport(), spot)


def position(person: Person) -> int:
    return table(person).lines[0].position


def questions(person: Person, kind: type[Any]) -> list[Any]:
    asked = [each for each in person.world.engine.explained if type(each.request) is kind]
    return [each for each in asked if not each.cancelled]


def effects(question: SkipEffectsQuestion, mask: Any, changed: int = 4) -> SkipEffects:
    skips = (SKIP,) if question.skips is None else question.skips
    shape = (len(skips), len(question.how))
    dice = np.broadcast_to(np.array([1, 0.75, 0.5], np.float32), (*shape, 3)).copy()
    given = question.reference is not None
    return SkipEffects(
        skips=skips,
        how=question.how,
        mask=mask,
        changed_pixels=np.full(shape, changed, np.int64),
        dice=dice,
        dice_with_reference=dice - np.float32(0.25) if given else None,
        reference_before=np.array([1, 0.9, 0.8], np.float32) if given else None,
    )


def curve(question: RecoveryQuestion, upto: int = len(LAYERS) + 1) -> Recovery:
    labels = question.labels or (1, 2)
    shares = np.linspace(0, 1, len(LAYERS) + 1, dtype=np.float32)
    shares[upto:] = np.nan
    scores = 0.5 + 0.5 * np.repeat(shares[:, None], len(labels), 1)
    return Recovery(
        layers=LAYERS,
        skips=(SKIP,),
        labels=labels,
        bad=np.full(len(labels), 0.5, np.float32),
        good=np.ones(len(labels), np.float32),
        scores=scores.astype(np.float32),
        differing=np.where(np.isnan(shares), -1, 9),
        differing_before=9,
        measure=question.measure,
        with_skips=question.with_skips,
        donor=question.donor_name,
    )


# ----------------------------------------------------------------------- switches


def test_a_switch_is_an_edit_with_a_name_that_is_undone(looker: Person) -> None:
    assert table(looker).lines[0].name == "enc → skip"
    assert table(looker).lines[0].size == "8×8×4"
    assert text(looker, "summary") == "All skip connections are on."
    turn(looker, ZERO)
    assert looker.session.edits == (CutSkip(*SKIP),)
    assert position(looker) == ZERO
    turn(looker, MEAN)
    assert looker.session.edits == (CutSkip(*SKIP, "mean"),)
    assert looker.steps == ["cut enc → skip", "cut enc → skip to its means"]
    looker.choose("edit.undo")
    assert position(looker) == ZERO
    turn(looker, ON)
    assert not looker.session.edits
    turn(looker, ON)
    assert len(looker.steps) == 2, "a switch that stands there already is no step"


def test_keys_turn_the_switch_of_the_row(looker: Person) -> None:
    table(looker).selectRow(0)
    for key, expected in (
        (Qt.Key.Key_Left, ON),
        (Qt.Key.Key_Right, ZERO),
        (Qt.Key.Key_Right, MEAN),
    ):
        looker.key(key, table(looker))
        assert position(looker) == expected
    looker.key(Qt.Key.Key_Down, table(looker))
    assert looker.session.slice_index == 15, "the arrows are the table's"


def test_from_another_slice_through_the_same_steps_of_the_input(looker: Person) -> None:
    spin = looker.find(QSpinBox, "skips.donor")
    assert spin.value() == looker.session.slice_index + 2, "the slice after the one shown"
    spin.setValue(4)
    assert table(looker).lines[0].labels[SLICE] == "slice 4"
    turn(looker, SLICE)
    looker.qtbot.waitUntil(lambda: bool(looker.session.edits))
    (edit,) = looker.session.edits
    assert isinstance(edit, PatchSkip)
    assert looker.session.card is not None
    slices = [looker.series.slice(3)]
    steps = looker.session.card.preprocessing
    made = network_input(slices, looker.series, steps, looker.network, "")
    np.testing.assert_array_equal(edit.image, made.image)
    assert (position(looker), edit.name) == (SLICE, "slice 4")
    spin.setValue(9)
    assert table(looker).lines[0].labels[SLICE] == "slice 4", "it says what is in force"
    turn(looker, SLICE)
    looker.qtbot.waitUntil(lambda: looker.steps[-1].endswith("from slice 9"))
    assert len(looker.session.edits) == 1
    looker.press("skips.donor_shown")
    assert spin.value() == looker.session.slice_index + 1


def test_all_on_and_all_off_are_one_step_each(looker: Person) -> None:
    on, off = (looker.find(QPushButton, f"skips.all_{name}") for name in ("on", "off"))
    assert (on.isEnabled(), off.isEnabled()) == (False, True)
    looker.click(off)
    assert (on.isEnabled(), off.isEnabled()) == (True, False)
    looker.click(on)
    assert looker.steps == ["cut all skip connections", "switched on all skip connections"]
    assert position(looker) == ON


def test_what_the_switches_do_is_told_against_all_on(looker: Person) -> None:
    turn(looker, ZERO)
    looker.wait()
    assert "the same as with all" in text(looker, "summary")
    mask = looker.answer.look.mask
    assert mask is not None
    looker.program.store.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    looker.wait()
    assert "Comparing" in text(looker, "summary")
    (asked,) = questions(looker, SkipEffectsQuestion)
    assert asked.request.skips == ()
    before = mask.copy()
    before[0] = 1
    asked.done(effects(asked.request, before))
    changed = int((before != mask).sum())
    assert f"{changed} pixels change" in text(looker, "summary")
    assert "Dice CSF 0." in text(looker, "summary")


def test_a_question_that_fails_is_not_asked_for_ever(looker: Person) -> None:
    looker.program.store.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    turn(looker, ZERO)
    looker.wait()
    (asked,) = questions(looker, SkipEffectsQuestion)
    asked.failed(ModelError("The network needs more memory than there is.", "Smaller."))
    looker.program.presenters.explain.skips.watch(True)
    assert len(questions(looker, SkipEffectsQuestion)) == 1
    assert "more memory" in looker.status()


def test_nothing_is_made_anew_while_a_value_is_held_or_the_panel_is_hidden(looker: Person) -> None:
    presenters = looker.program.presenters
    presenter, kernel = presenters.explain.skips, presenters.kernel
    made: list[SkipsView] = []
    presenter.view_changed.connect(made.append)
    kernel.hold(True)
    looker.program.store.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    looker.wait()
    assert not made
    kernel.hold(False)
    assert made[-1].can_trained
    looker.choose("view.layout_inside")
    looker.qtbot.waitUntil(lambda: not looker.window.explain.skips.isVisible())
    made.clear()
    looker.choose("edit.undo")
    looker.wait()
    assert not made


def test_hidden_from_the_start_it_makes_nothing(person: Person) -> None:
    assert not view_of(person).rows
    person.choose("explain.skips")
    person.qtbot.waitUntil(lambda: bool(view_of(person).rows))


# ------------------------------------------------------------------- what each is worth


def test_each_is_measured_in_the_background_and_leaves_no_step(looker: Person) -> None:
    looker.press("skips.measure")
    (asked,) = questions(looker, SkipEffectsQuestion)
    assert asked.request.how == ("zero", "mean")
    assert looker.find(QPushButton, "skips.measure").text() == "Stop"
    mask = looker.answer.look.mask
    asked.progress(1, 3, effects(asked.request, mask, changed=-1))
    assert "Cutting each skip connection" in looker.frame.busy
    asked.done(effects(asked.request, mask))
    share, other = table(looker).lines[0].bars
    assert share.text == other.text
    assert [round(float(s), 2) for s, _ in share.shares] == [0.25, 0.5]
    assert [colour for _, colour in share.shares] == ["#e05a6d", "#3d8fd1"]
    assert "CSF: Dice 0.750 with the mask with all on" in share.tip
    assert not looker.steps
    looker.press("skips.measure")
    assert len(questions(looker, SkipEffectsQuestion)) == 1, "it is known already"

    looker.choose("go.next_slice")
    looker.wait()
    assert "measured on slice 16" in text(looker, "note")
    turn(looker, ZERO)
    looker.choose("go.previous_slice")
    looker.wait()
    assert "measured" not in text(looker, "note"), "switches do not count: all others were on"


def test_measuring_is_stopped(looker: Person) -> None:
    looker.press("skips.measure")
    (asked,) = questions(looker, SkipEffectsQuestion)
    looker.press("skips.measure")
    assert asked.cancelled
    assert "Stopped" in looker.status()
    assert looker.find(QPushButton, "skips.measure").text() == "Measure each"


def test_with_a_reference_it_is_measured_against_that_too(
    looker: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = Path("/masks/seg.dcm")
    labels = (np.floor(ramp()) % 3).astype(np.uint8)
    looker.world.files.references[path] = reference_of(labels, name=path.name)
    monkeypatch.setattr(dialogs, "ask_reference", lambda _: path)
    looker.choose("file.open_reference")
    looker.qtbot.waitUntil(lambda: looker.session.evaluating.reference is not None)
    looker.choose("explain.measure_skips")
    (asked,) = questions(looker, SkipEffectsQuestion)
    np.testing.assert_array_equal(asked.request.reference, labels[looker.session.slice_index])
    asked.done(effects(asked.request, looker.answer.look.mask))
    assert "0.500 with the reference, 0.900 with all on" in table(looker).lines[0].bars[0].tip
    written = tmp_path / "skips.csv"
    monkeypatch.setattr(dialogs, "ask_save_table", lambda *_: written)
    looker.press("skips.save")
    looker.qtbot.waitUntil(written.exists)
    assert "Dice CSF with the reference" in written.read_text(encoding="utf-8")


# ------------------------------------------------------------------------ the curve


def start_curve(person: Person) -> Any:
    before = len(questions(person, RecoveryQuestion))
    person.choose("explain.measure_recovery")
    person.qtbot.waitUntil(lambda: len(questions(person, RecoveryQuestion)) > before)
    return questions(person, RecoveryQuestion)[-1]


def shown(person: Person) -> RecoveryCurve:
    return person.find(RecoveryCurve, "skips.curve")


def test_the_curve_grows_is_pointed_at_and_chooses_a_layer(looker: Person) -> None:
    looker.find(QSpinBox, "skips.curve_donor").setValue(4)
    asked = start_curve(looker)
    request = asked.request
    assert (request.donor_name, request.labels, request.with_skips) == ("slice 4", (1, 2), False)
    np.testing.assert_array_equal(request.donor, looker.series.slice(3))
    asked.progress(2, 9, curve(request, 2))
    assert shown(looker).count == len(LAYERS) + 1
    assert "Taking each layer from slice 4: 2 of 9" in looker.frame.busy
    asked.done(curve(request))
    view = view_of(looker)
    assert view.curve.bands[0] == "Input"
    assert view.curve.bands[-1] == "Skip alone"
    assert view.curve.told[1].startswith("enc: 12 % of the way to slice 4")
    assert "enc → skip brings back most: 100 %" in text(looker, "found")
    assert not looker.steps

    spot = QPoint(round(shown(looker).x_of(3)), shown(looker).height() // 2)
    looker.click(shown(looker), spot)
    assert looker.session.layer == "mid"
    assert view_of(looker).curve.selected == 3
    looker.key(Qt.Key.Key_Right, shown(looker))
    assert looker.session.layer == "up"
    looker.window.explain.skips.copy_curve()
    assert "enc → skip\t1" in QApplication.clipboard().text()


def test_a_curve_says_when_it_is_of_something_else(looker: Person) -> None:
    asked = start_curve(looker)
    asked.done(curve(asked.request))
    assert "This curve" not in text(looker, "found")
    looker.find(QCheckBox, "skips.with_skips").click()
    assert "measured with other choices" in text(looker, "found")
    assert "a check, not a finding" in view_of(looker).caveat
    looker.find(QCheckBox, "skips.with_skips").click()
    looker.program.store.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    looker.wait()
    assert "measured before the latest edits" in text(looker, "found")
    looker.choose("edit.undo")
    looker.wait()
    assert "This curve" not in text(looker, "found")


def test_the_trained_network_mends_edits(looker: Person) -> None:
    looker.find(QComboBox, "skips.source").activated.emit(1)
    assert "Nothing is edited" in view_of(looker).trouble
    assert not looker.find(QPushButton, "skips.run").isEnabled()
    turn(looker, ZERO)
    looker.wait()
    asked = start_curve(looker)
    assert (asked.request.donor, asked.request.donor_name) == (None, "the trained network")
    assert asked.request.edits == (CutSkip(*SKIP),)
    assert "nothing of the edits is left" in view_of(looker).caveat
    assert not looker.find(QSpinBox, "skips.curve_donor").isVisible()


def test_other_measures_need_what_they_measure(looker: Person) -> None:
    by = looker.find(QComboBox, "skips.measure_by")
    measures = list(RecoveryMeasure)
    by.activated.emit(measures.index(RecoveryMeasure.REFERENCE))
    assert "no reference" in view_of(looker).trouble
    by.activated.emit(measures.index(RecoveryMeasure.TARGET))
    assert not view_of(looker).trouble
    asked = start_curve(looker)
    assert asked.request.target is not None
    assert asked.request.measure is RecoveryMeasure.TARGET
    looker.find(QSpinBox, "skips.curve_donor").setValue(looker.session.slice_index + 1)
    assert "the slice shown" in view_of(looker).trouble


def test_a_donor_without_any_class_leaves_nothing_to_recover(looker: Person) -> None:
    asked = start_curve(looker)
    found = curve(asked.request)
    none = np.zeros((len(LAYERS) + 1, 0), np.float32)
    asked.done(replace(found, labels=(), bad=none[0], good=none[0], scores=none))
    assert "nothing to recover" in text(looker, "found")
    asked = replace(found, bad=found.good)
    assert words.finding(asked, complete=True).startswith("Both score the same")


def test_what_a_curve_says_in_words(looker: Person) -> None:
    found = curve(start_curve(looker).request)

    def said(*shares: float) -> str:
        scores = (0.5 + 0.5 * np.array(shares, np.float32))[:, None].repeat(2, 1)
        return words.finding(replace(found, scores=scores), complete=True)

    ones = [1.0] * 9
    assert "Every layer brings all of it back." in said(*ones)
    through = said(1, 1, 0.1, 0.1, 0.2, 1, 1, 1, 0.6)
    assert "From skip on it is all there. Between, pool brings back least: 10 %" in through
    assert "first to bring" not in through
    edited = said(0, 1, 0.4, 0.4, 0.6, 1, 1, 1, 0)
    assert "enc is the first to bring it back. From skip on it is all there." in edited
    assert "Between, pool brings back least: 40 %; the rest goes around it" in edited
    assert "goes around it over skip connections" in through
    assert "enc → skip brings back most: 60 %" in through
    step = said(0, 0, 0, 0, 0, 1, 1, 1, 0)
    assert "From skip on it is all there. No layer before brings anything back." in step
    assert "No skip connection by itself" in step
    assert "Before, mid brings back most: 40 %." in said(0, 0, 0, 0.4, 0.3, 1, 1, 1, 0)
    worse = replace(found, good=np.full(2, 0.25, np.float32))
    assert "The donor is worse" in words.finding(worse, complete=True)


def test_the_curve_is_stopped_and_fails_in_a_sentence(looker: Person) -> None:
    asked = start_curve(looker)
    looker.press("skips.run")
    assert asked.cancelled
    asked = start_curve(looker)
    asked.failed(ModelError("The other slice makes an input of (9, 9, 1).", "Take another."))
    assert "The other slice" in looker.status()
    assert looker.find(QPushButton, "skips.run").text() == "Measure"


# ---------------------------------------------------------------------- empty states


def test_empty_states_say_what_to_do(visitor: Person) -> None:
    visitor.window.places.reveal("skips")
    assert "Open a model" in text(visitor, "empty")
    assert "Open a model" in text(visitor, "no_curve")
    visitor.open(MODEL)
    visitor.qtbot.waitUntil(lambda: visitor.session.network is not None)
    assert table(visitor).lines[0].name == "enc → skip"
    assert not visitor.find(QPushButton, "skips.measure").isEnabled()
    assert "Open a study" in text(visitor, "no_curve")


def test_a_network_without_skips_says_so(visitor: Person) -> None:
    flat = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("mask", inputs=["image"], output=(None, 8, 8, 3), kernel=(1, 1, 1, 3), bias=3,
              config={"activation": "softmax"}),
    )  # fmt: skip
    visitor.world.files.networks[MODEL] = flat
    visitor.window.places.reveal("skips")
    visitor.open(MODEL, STUDY)
    visitor.wait()
    assert "no skip connections" in text(visitor, "empty")
    assert not visitor.find(QPushButton, "skips.all_off").isEnabled()
    assert visitor.find(QPushButton, "skips.run").isEnabled(), "layers can be patched all the same"
