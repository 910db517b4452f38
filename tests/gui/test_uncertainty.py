"""Uncertainty in the window: its panel, the overlay, the curve over the series, and its keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDockWidget, QLabel, QPushButton, QToolButton
from tests.gui.conftest import Person
from tests.unit.presenters.test_uncertainty import uncertainty_of

from unetscope.domain.explaining.augmenting import Augmentation
from unetscope.domain.explaining.choice import Overlay
from unetscope.domain.explaining.uncertainty import (
    Spread,
    Uncertainty,
    UncertaintyKind,
    Zone,
    of_probabilities,
)
from unetscope.domain.explaining.uncertainty_numbers import all_numbers
from unetscope.ui.widgets.slice_curve import SliceCurve
from unetscope.ui.widgets.table_of_values import TableOfValues

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def unsure(person: Person) -> Person:
    """The panel is in front, and the entropy of the slice is known."""
    person.choose("explain.uncertainty")
    table = person.find(TableOfValues, "uncertainty.table")
    person.qtbot.waitUntil(table.isVisible)
    return person


def label(person: Person, name: str) -> str:
    return person.find(QLabel, f"uncertainty.{name}").text()


def take_kind(person: Person, kind: UncertaintyKind) -> None:
    person.pick_in(person.find(QComboBox, "uncertainty.kind"), kind.value)


def finish(person: Person) -> None:
    """Have the engine answer what it is asked."""
    waiting, person.world.engine.explained = person.world.engine.explained, []
    for one in waiting:
        found = uncertainty_of(one.request)
        judge = getattr(one.request, "judge", None)
        if not one.cancelled:
            one.done(found if judge is None else all_numbers(found, judge))


def test_the_panel_tells_numbers_and_that_they_are_not_calibrated(unsure: Person) -> None:
    assert unsure.find(QDockWidget, "uncertainty").isVisible()
    rows = unsure.find(TableOfValues, "uncertainty.table").text()
    assert "Brain: " in rows
    assert " px · " in rows
    assert f"{Zone.BORDER.value}: " in rows
    assert "0 bits: sure of one class" in label(unsure, "calibration")
    assert "does not mean right" in label(unsure, "calibration")
    assert unsure.session.explaining.overlay is Overlay.ENTROPY


def test_a_key_lays_the_entropy_over_the_slice_and_takes_it_away(person: Person) -> None:
    action = person.window.action_of("explain.entropy")
    assert not action.isChecked()
    person.key(Qt.Key.Key_U)
    assert action.isChecked()
    heats = person.program.presenters.explain.heats
    person.qtbot.waitUntil(lambda: heats.shown is not None)
    assert heats.shown is not None
    assert heats.shown.unit == "bits"
    person.key(Qt.Key.Key_U)
    assert heats.shown is None
    assert not action.isChecked()


def test_ticking_is_the_same_as_the_key(unsure: Person) -> None:
    box = unsure.find(QCheckBox, "uncertainty.laid")
    assert box.isChecked()
    box.click()
    assert unsure.session.explaining.overlay is None
    box.click()
    assert unsure.session.explaining.overlay is Overlay.ENTROPY


def test_only_what_matters_for_the_kind_is_offered(unsure: Person) -> None:
    offered = {
        UncertaintyKind.ENTROPY: (False, False, False),
        UncertaintyKind.AUGMENTATIONS: (True, True, True),
        UncertaintyKind.DROPOUT: (True, False, True),
    }
    for kind, seen in offered.items():
        take_kind(unsure, kind)
        widgets = (
            unsure.find(QPushButton, "uncertainty.run"),
            unsure.find(QToolButton, "uncertainty.augmentations"),
            unsure.find(QComboBox, "uncertainty.spread"),
        )
        assert tuple(widget.isVisible() for widget in widgets) == seen
    assert label(unsure, "empty").startswith("This network has no dropout.")
    assert not unsure.find(QPushButton, "uncertainty.run").isEnabled()


def test_runs_over_chosen_changes_are_told_with_their_spread(unsure: Person) -> None:
    take_kind(unsure, UncertaintyKind.AUGMENTATIONS)
    unsure.pick_in(unsure.find(QComboBox, "uncertainty.repeats"), "8 runs")
    menu = unsure.find(QToolButton, "uncertainty.augmentations").menu()
    (turn,) = (a for a in menu.actions() if a.text() == Augmentation.TURN.value)
    assert not turn.isChecked()
    assert "change sides" in turn.toolTip()
    turn.trigger()

    unsure.press("uncertainty.run")
    asked = unsure.world.engine.explained[-1]
    assert asked.request.repeats == 8
    assert Augmentation.TURN in asked.request.augmentations
    assert unsure.find(QPushButton, "uncertainty.run").text() == "Stop"
    asked.progress(2, 8, None)
    assert "2 of 8" in unsure.frame.busy
    finish(unsure)
    rows = unsure.find(TableOfValues, "uncertainty.table")
    unsure.qtbot.waitUntil(lambda: "±" in rows.text())
    assert unsure.find(QPushButton, "uncertainty.run").text() == "Run"
    unsure.pick_in(unsure.find(QComboBox, "uncertainty.spread"), Spread.VOTES.value)
    unsure.qtbot.waitUntil(lambda: "another label" in label(unsure, "calibration"))


def test_stop_stops(unsure: Person) -> None:
    take_kind(unsure, UncertaintyKind.AUGMENTATIONS)
    unsure.press("uncertainty.run")
    unsure.press("uncertainty.run")
    assert unsure.world.engine.explained[-1].cancelled
    assert "Stopped" in unsure.frame.status


def measured(person: Person) -> SliceCurve:
    """The curve, once all slices are measured."""
    person.press("uncertainty.measure")
    curve = person.find(SliceCurve, "uncertainty.curve")

    def complete() -> bool:
        finish(person)
        return len(curve.values) > 0 and bool(np.isfinite(curve.values).all())

    person.qtbot.waitUntil(complete)
    return curve


def test_the_series_has_a_curve_and_keys_lead_to_its_most_uncertain_slices(unsure: Person) -> None:
    curve = measured(unsure)
    order = np.argsort(-curve.values, kind="stable").tolist()
    for expected in order[:3]:
        unsure.key(Qt.Key.Key_U, modifiers=SHIFT)
        assert unsure.session.slice_index == expected
    listed = unsure.find(QLabel, "uncertainty.listed")
    assert listed.text().count("<a ") == 5
    listed.linkActivated.emit(str(order[4]))
    assert unsure.session.slice_index == order[4]
    unsure.press("uncertainty.most")
    assert unsure.session.slice_index == order[0]
    curve.chosen.emit(7)
    assert unsure.session.slice_index == 7
    assert not unsure.find(QPushButton, "uncertainty.measure").isVisible()


def test_the_series_is_stopped_from_the_panel(unsure: Person) -> None:
    unsure.press("uncertainty.measure")
    unsure.qtbot.waitUntil(lambda: bool(unsure.world.engine.explained))
    button = unsure.find(QPushButton, "uncertainty.measure")
    assert button.text() == "Stop"
    unsure.press("uncertainty.measure")
    assert button.text() == "Measure all slices"
    assert "Stopped after 0 of 30 slices" in unsure.frame.status


def test_before_anything_is_measured_the_key_says_what_to_do(person: Person) -> None:
    person.key(Qt.Key.Key_U, modifiers=SHIFT)
    assert "measured yet" in person.frame.status
    assert "Measure all slices" in person.frame.hint


def test_an_edit_is_followed_by_the_panel(unsure: Person) -> None:
    rows = unsure.find(TableOfValues, "uncertainty.table")
    unsure.world.engine.at_once = False
    unsure.pick_recipe("Sobel x")
    unsure.world.engine.answer(probabilities=np.full((8, 8, 3), 1 / 3, np.float32))
    unsure.qtbot.waitUntil(lambda: f"{Zone.WHOLE.value}: 1.585 bits" in rows.text())


def test_while_the_panel_is_hidden_nothing_is_computed(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Uncertainty] = []

    def noted(*given: Any) -> Uncertainty:
        made.append(of_probabilities(*given))
        return made[-1]

    monkeypatch.setattr("unetscope.state.uncertainty.of_probabilities", noted)
    person.pick_recipe("Sobel x")
    person.wait()
    person.qtbot.wait(50)
    assert not made
    person.choose("explain.entropy")
    person.qtbot.waitUntil(lambda: len(made) == 1)


def test_what_is_chosen_is_part_of_the_session(unsure: Person) -> None:
    take_kind(unsure, UncertaintyKind.AUGMENTATIONS)
    unsure.pick_in(unsure.find(QComboBox, "uncertainty.repeats"), "64 runs")
    choice = unsure.session.explaining.uncertainty
    assert choice == replace(choice, kind=UncertaintyKind.AUGMENTATIONS, repeats=64)
    assert not unsure.session.history.done
