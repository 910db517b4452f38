"""The kernel editor: numbers, gestures, scopes, recipes, gain, bias, clipboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QRadioButton,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
)
from tests.gui.conftest import Person
from tests.unit.fakes import kinds_network

from unetscope.domain.recipes import RECIPES, Recipe
from unetscope.domain.scopes import Scope

KEYS = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def cell(person: Person, row: int, column: int) -> QPoint:
    return person.grid.cell_rect(row, column).center()


def editor(person: Person) -> QLineEdit:
    found = person.grid.findChild(QLineEdit, "cell_editor")
    assert isinstance(found, QLineEdit)
    return found


def type_value(person: Person, row: int, column: int, text: str) -> None:
    person.click(person.grid, cell(person, row, column))
    person.focus(person.grid)
    person.qtbot.keyClicks(person.grid, text[0])
    person.qtbot.waitUntil(editor(person).isVisible)
    person.qtbot.keyClicks(editor(person), text[1:])


def choose_scope(person: Person, scope: Scope) -> None:
    button = person.find(QRadioButton, f"kernel_editor.scope.{scope.name.lower()}")
    person.click(button, QPoint(8, button.height() // 2))
    assert button.isChecked()


def keep_norm(person: Person, keep: bool) -> None:
    box = person.find(QCheckBox, "kernel_editor.keep_norm")
    if box.isChecked() != keep:
        person.click(box, QPoint(8, box.height() // 2))
    assert box.isChecked() == keep


def button(person: Person, name: str) -> QToolButton:
    return person.find(QToolButton, f"kernel_editor.{name}")


def problem(person: Person) -> str:
    label = person.find(QLabel, "kernel_editor.problem")
    return label.text() if label.isVisible() else ""


# ------------------------------------------------------------------ a number


def test_without_a_model_the_editor_says_what_to_do_and_offers_nothing(visitor: Person) -> None:
    assert visitor.grid._message == "Open a model to edit its kernels."
    panel = visitor.window.kernel_panel
    offered = [
        w.objectName()
        for kind in (QToolButton, QRadioButton, QSlider, QCheckBox, QDoubleSpinBox)
        for w in panel.findChildren(kind)
        if w.objectName().startswith("kernel_editor.") and w.isEnabled()
    ]
    assert offered == []
    assert not panel.recipe.isEnabled()


def test_a_layer_without_kernels_offers_nothing_to_edit(person: Person) -> None:
    person.pick_layer("pool")
    assert "holds no kernels" in person.grid._message
    assert not person.window.kernel_panel.recipe.isEnabled()
    assert not person.window.kernel_panel.bias.isEnabled()
    assert not button(person, "negate").isEnabled()


def test_a_number_typed_on_a_cell_is_its_value(person: Person) -> None:
    before = person.values()
    type_value(person, 0, 2, "-1,25")
    assert np.array_equal(person.values(), before)
    person.qtbot.keyClick(editor(person), KEYS.Key_Return)
    before[0, 2] = -1.25
    assert np.array_equal(person.values(), before)
    assert person.steps == ["value (0, 2) on enc · filter 0 · input 0"]
    assert np.array_equal(person.session.weights()[0][:, :, 0, 0], before)


def test_esc_leaves_the_value_as_it_was(person: Person) -> None:
    before = person.values()
    person.choose("view.invert")
    type_value(person, 1, 1, "7")
    person.qtbot.keyClick(editor(person), KEYS.Key_Escape)
    assert not editor(person).isVisible()
    assert person.session.inverted  # Esc on the slice resets the view
    assert np.array_equal(person.values(), before)
    assert person.steps == []


@pytest.mark.parametrize("text", ["1e", "1e39", "--"])
def test_what_is_no_number_for_a_weight_is_not_taken(person: Person, text: str) -> None:
    before = person.values()
    type_value(person, 1, 1, text)
    person.qtbot.keyClick(editor(person), KEYS.Key_Return)
    assert editor(person).isVisible()
    assert editor(person).property("role") == "error"
    assert np.array_equal(person.values(), before)
    person.qtbot.keyClick(editor(person), KEYS.Key_Escape)


def test_digits_typed_on_the_kernel_are_no_shortcuts(person: Person) -> None:
    type_value(person, 0, 0, "1")
    person.qtbot.keyClick(editor(person), KEYS.Key_Return)
    assert person.session.window is None
    assert person.values()[0, 0] == 1


# ------------------------------------------------------------------ gestures


def test_turning_the_wheel_is_one_step(person: Person) -> None:
    before, limit = person.values(), person.kernel.limit
    for _ in range(4):
        person.wheel(person.grid, cell(person, 2, 1), 1)
    wanted = before[2, 1] + 4 * limit / 20
    assert person.values()[2, 1] == pytest.approx(wanted, rel=1e-5)
    assert len(person.steps) == 1
    person.choose("edit.undo")
    assert np.array_equal(person.values(), before)


def test_the_wheel_over_another_cell_is_another_step(person: Person) -> None:
    person.wheel(person.grid, cell(person, 0, 0), 1)
    person.wheel(person.grid, cell(person, 0, 1), -1)
    assert [step.split(" on ")[0] for step in person.steps] == ["value (0, 0)", "value (0, 1)"]


def test_a_drag_is_one_step_and_is_computed_from_its_start(person: Person) -> None:
    before, limit = person.values(), person.kernel.limit
    start = cell(person, 1, 1)
    path = [start, start - QPoint(0, 30), start - QPoint(0, 10), start - QPoint(0, 50)]
    person.drag(person.grid, path)
    wanted = before[1, 1] + 0.5 * limit
    assert person.values()[1, 1] == pytest.approx(wanted, rel=1e-5)
    assert len(person.steps) == 1
    person.choose("edit.undo")
    assert np.array_equal(person.values(), before)


def test_a_drag_back_to_its_start_brings_the_very_value_back(person: Person) -> None:
    before = person.values()
    start = cell(person, 1, 1)
    person.drag(person.grid, [start, start + QPoint(0, 70), start + QPoint(0, 13), start])
    assert np.array_equal(person.values(), before)
    assert not person.window.banner.isVisible()


def test_two_drags_are_two_steps(person: Person) -> None:
    start = cell(person, 1, 1)
    for _ in range(2):
        person.drag(person.grid, [start, start - QPoint(0, 20)])
    assert len(person.steps) == 2


def test_a_drag_follows_live_while_the_engine_is_slow(person: Person) -> None:
    person.world.engine.at_once = False
    before, limit = person.values(), person.kernel.limit
    start = cell(person, 0, 0)
    person.drag(person.grid, [start, *(start - QPoint(0, y) for y in range(10, 110, 10))])
    assert person.values()[0, 0] == pytest.approx(before[0, 0] + limit, rel=1e-5)
    assert len(person.steps) == 1
    assert person.world.engine.looks[-1].request.edits == person.session.edits
    person.world.engine.answer()
    assert not person.program.live.busy


# ------------------------------------------------------------------- scopes


@pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.name.lower())
def test_the_scope_says_how_far_a_typed_value_reaches(person: Person, scope: Scope) -> None:
    person.pick_layer("mid")
    person.pick_filter(2)
    before = person.session.weights()[0].copy()
    choose_scope(person, scope)
    type_value(person, 1, 1, "9")
    person.qtbot.keyClick(editor(person), KEYS.Key_Return)

    after = person.session.weights()[0]
    reached = np.zeros(before.shape, bool)
    index: dict[Scope, tuple[object, ...]] = {
        Scope.VALUE: (1, 1, 0, 2),
        Scope.KERNEL: (slice(None), slice(None), 0, 2),
        Scope.FILTER: (slice(None), slice(None), slice(None), 2),
        Scope.INPUT_CHANNEL: (slice(None), slice(None), 0),
        Scope.LAYER: (...,),
    }
    reached[index[scope]] = True  # type: ignore[index]
    assert np.array_equal(after != before, reached)
    assert after[1, 1, 0, 2] == 9
    shift = 9 - before[1, 1, 0, 2]
    assert np.allclose((after - before)[reached], shift, atol=1e-5)
    assert len(person.steps) == 1


# ------------------------------------------------------------------ recipes


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_each_recipe_of_the_menu_goes_into_the_kernel(person: Person, recipe: Recipe) -> None:
    before = person.values()
    keep_norm(person, False)
    person.pick_recipe(recipe.name)
    assert np.array_equal(person.values(), recipe.kernel((3, 3)))
    assert person.steps == [f"{recipe.name} on enc · filter 0 · input 0"]
    person.choose("edit.undo")
    assert np.array_equal(person.values(), before)


def test_keep_norm_keeps_norm_and_mean(person: Person) -> None:
    before = person.values()
    keep_norm(person, True)
    person.pick_recipe("Sobel x")
    after = person.values()
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=1e-5)
    assert after.mean() == pytest.approx(before.mean(), abs=1e-6)


def test_a_recipe_goes_into_every_kernel_of_the_scope(person: Person) -> None:
    person.pick_layer("mid")
    keep_norm(person, False)
    choose_scope(person, Scope.FILTER)
    before = person.session.weights()[0].copy()
    person.pick_recipe("Laplacian")
    after = person.session.weights()[0]
    made = next(r for r in RECIPES if r.id == "laplacian").kernel((3, 3))
    for channel in range(4):
        assert np.array_equal(after[:, :, channel, 0], made)
    assert np.array_equal(after[..., 1:], before[..., 1:])
    assert person.steps == ["Laplacian on mid · filter 0"]


def test_a_recipe_of_only_zeros_is_refused_with_a_sentence(person: Person) -> None:
    person.pick_layer("mask")
    before = person.values()
    person.pick_recipe("Sobel x")
    assert "Sobel x gives only zeros at 1×1." in problem(person)
    assert np.array_equal(person.values(), before)
    assert person.steps == []
    person.pick_layer("enc")
    assert problem(person) == ""


# ------------------------------------------------------------ gain and bias


def handle(slider: QSlider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    rect = slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    )
    return rect.center()


def test_the_gain_slider_multiplies_the_scope_springs_back_and_is_one_step(person: Person) -> None:
    gain = person.find(QSlider, "kernel_editor.gain")
    person.pick_layer("mid")
    choose_scope(person, Scope.KERNEL)
    before = person.values()
    start = handle(gain)
    path = [start, start + QPoint(20, 0), start + QPoint(9, 0), start + QPoint(30, 0)]
    person.drag(gain, path, release=False)
    shown = gain.value() / 100
    assert shown > 1
    assert np.allclose(person.values(), before * np.float32(shown), rtol=1e-5)
    person.drag(gain, [path[-1]])

    assert gain.value() == 100
    assert person.steps == [f"gain ×{shown:.2f} on mid · filter 0 · input 0"]
    person.choose("edit.undo")
    assert np.array_equal(person.values(), before)


def test_a_gain_on_the_filter_takes_its_bias_along(person: Person) -> None:
    gain = person.find(QSlider, "kernel_editor.gain")
    choose_scope(person, Scope.FILTER)
    kernel, bias = (array.copy() for array in person.session.weights())
    person.key(KEYS.Key_Right, gain)
    assert gain.value() == 100
    after, after_bias = person.session.weights()
    assert np.allclose(after[..., 0], kernel[..., 0] * 1.01, rtol=1e-5)
    assert after_bias[0] == pytest.approx(bias[0] * 1.01, rel=1e-5)
    assert np.array_equal(after[..., 1:], kernel[..., 1:])
    assert len(person.steps) == 1


def test_each_press_of_a_key_on_the_gain_is_a_step_of_its_own(person: Person) -> None:
    gain = person.find(QSlider, "kernel_editor.gain")
    person.key(KEYS.Key_Right, gain)
    person.key(KEYS.Key_Right, gain)
    assert len(person.steps) == 2


def bias_of(person: Person) -> float:
    return float(person.session.weights()[1][person.session.filter])


def test_a_bias_typed_is_one_step_of_that_filter(person: Person) -> None:
    person.pick_filter(2)
    spin = person.find(QDoubleSpinBox, "kernel_editor.bias")
    before = person.session.weights()[1].copy()
    assert spin.value() == pytest.approx(before[2], abs=1e-4)
    person.focus(spin)
    spin.selectAll()
    person.qtbot.keyClicks(spin, "0.75")
    assert np.array_equal(person.session.weights()[1], before)
    person.qtbot.keyClick(spin, KEYS.Key_Return)
    before[2] = 0.75
    assert np.array_equal(person.session.weights()[1], before)
    assert person.steps == ["bias on enc · filter 2 · input 0"]


def test_looking_at_a_bias_does_not_round_it(person: Person) -> None:
    spin = person.find(QDoubleSpinBox, "kernel_editor.bias")
    person.focus(spin)
    person.qtbot.keyClick(spin, KEYS.Key_Return)
    person.focus(person.canvas)
    assert person.steps == []


def test_steps_of_the_bias_in_a_row_are_one_step_to_undo(person: Person) -> None:
    spin = person.find(QDoubleSpinBox, "kernel_editor.bias")
    before = bias_of(person)
    for _ in range(3):
        person.key(KEYS.Key_Up, spin)
    assert bias_of(person) == pytest.approx(before + 0.03, abs=1e-4)
    assert len(person.steps) == 1
    person.choose("edit.undo")
    assert bias_of(person) == before


def test_a_bias_moved_after_another_edit_does_not_swallow_it(person: Person) -> None:
    spin = person.find(QDoubleSpinBox, "kernel_editor.bias")
    person.key(KEYS.Key_Up, spin)
    QGuiApplication.clipboard().setText("1\t2\t3\n4\t5\t6\n7\t8\t9")
    person.choose("edit.paste_kernel")  # by its key: the focus stays in the bias
    person.key(KEYS.Key_Up, spin)
    assert len(person.steps) == 3
    assert person.values().tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


# -------------------------------------------------------------------- turns


def turned(name: str, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return {
        "flip_x": kernel[:, ::-1],
        "flip_y": kernel[::-1],
        "turn": np.rot90(kernel, -1),
        "negate": -kernel,
    }[name]


@pytest.mark.parametrize("name", ["flip_x", "flip_y", "turn", "negate"])
def test_a_kernel_is_flipped_turned_or_negated_by_a_button(person: Person, name: str) -> None:
    before = person.values()
    person.click(button(person, name))
    assert np.array_equal(person.values(), turned(name, before))
    assert len(person.steps) == 1


class TestKindsOfKernels:
    @pytest.fixture(autouse=True)
    def kinds(self, visitor: Person) -> None:
        path = Path("/models/kinds.keras")
        visitor.world.files.networks[path] = kinds_network()
        visitor.open(path)
        visitor.qtbot.waitUntil(lambda: visitor.session.network is not None)

    def test_a_kernel_that_is_not_square_is_not_turned_and_it_is_said_why(
        self, visitor: Person
    ) -> None:
        before = visitor.values()
        assert before.shape == (3, 5)
        visitor.click(button(visitor, "turn"))
        assert "Only square kernels" in problem(visitor)
        assert np.array_equal(visitor.values(), before)
        assert visitor.steps == []

    @pytest.mark.parametrize("name", ["conv", "bare", "up", "depth"])
    @pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.name.lower())
    def test_every_kind_can_be_negated_in_every_scope(
        self, visitor: Person, name: str, scope: Scope
    ) -> None:
        visitor.pick_layer(name)
        before = visitor.values()
        choose_scope(visitor, scope)
        visitor.click(button(visitor, "negate"))
        assert np.array_equal(visitor.values(), -before)
        visitor.choose("edit.revert_layer")
        assert np.array_equal(visitor.values(), before)
        assert not visitor.session.edits

    def test_a_layer_without_bias_offers_none(self, visitor: Person) -> None:
        visitor.pick_layer("bare")
        assert not visitor.window.kernel_panel.bias.isEnabled()


# ---------------------------------------------------------------- clipboard


def test_a_kernel_is_copied_as_a_spreadsheet_takes_it(person: Person) -> None:
    person.click(button(person, "edit.copy_kernel"))
    text = QGuiApplication.clipboard().text()
    rows = [[float(part) for part in line.split("\t")] for line in text.split("\n")]
    assert np.array_equal(np.array(rows, np.float32), person.values())


def test_a_copied_kernel_is_pasted_bit_for_bit_by_keys(person: Person) -> None:
    copied = person.values()
    person.key(KEYS.Key_C, modifiers=CTRL | SHIFT)
    person.pick_filter(3)
    person.key(KEYS.Key_V, modifiers=CTRL | SHIFT)
    assert np.array_equal(person.values(), copied)
    assert person.steps == ["pasted kernel on enc · filter 3 · input 0"]


@pytest.mark.parametrize(
    "text",
    [
        "1\t0\t-1\n2\t0\t-2\n1.5\t0\t-1\n",
        "1,0,-1\r\n2,0,-2\r\n1.5,0,-1\r\n",
        "1;0;-1\n2;0;-2\n1,5;0;-1",
        "1\t0\t-1\n2\t0\t-2\n1,5\t0\t-1",
        " 1 0 -1\n 2 0 -2\n\n 1.5 0 -1 ",
        "1, 0, -1\n2, 0, -2\n1.5, 0, -1",
    ],
    ids=["tabs", "commas", "semicolons, decimal commas", "tabs, decimal commas", "spaces", "list"],
)
def test_a_table_of_numbers_is_pasted(person: Person, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    person.click(button(person, "edit.paste_kernel"))
    assert person.values().tolist() == [[1, 0, -1], [2, 0, -2], [1.5, 0, -1]]
    assert problem(person) == ""
    assert len(person.steps) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1\t2\n3\t4", "has shape (3, 3), but found (2, 2)"),
        ("1\t2\t3", "has shape (3, 3), but found (1, 3)"),
        ("1\t2\t3\n4\t5", "no table of numbers"),
        ("hello", "no table of numbers"),
        ("", "no table of numbers"),
        ("1 2 3\n4 5 x\n7 8 9", "no table of numbers"),
        ("1 2 3\n4 nan 6\n7 8 9", ""),
        ("1 2 3\n4 inf 6\n7 8 9", ""),
        ("1 2 3\n4 1e60 6\n7 8 9", ""),
    ],
)
def test_what_is_no_kernel_of_this_layer_is_refused_and_nothing_changes(
    person: Person, text: str, told: str
) -> None:
    before = person.values()
    QGuiApplication.clipboard().setText(text)
    person.click(button(person, "edit.paste_kernel"))
    assert told in problem(person)
    assert problem(person).endswith(".")
    assert np.array_equal(person.values(), before)
    assert person.steps == []
    person.pick_recipe("Box")
    assert problem(person) == ""


# ------------------------------------------------------------------- revert


def test_revert_brings_the_trained_kernel_back_and_leaves_others(person: Person) -> None:
    trained = person.values()
    person.pick_recipe("Box")
    person.pick_filter(1)
    person.pick_recipe("Sobel y")
    other = person.values()
    person.pick_filter(0)
    person.click(button(person, "edit.revert_kernel"))
    assert np.array_equal(person.values(), trained)
    person.pick_filter(1)
    assert np.array_equal(person.values(), other)
    assert person.steps[-1] == "Revert kernel of enc"


@pytest.mark.parametrize("scope", ["filter", "input_channel", "layer"])
def test_wider_scopes_are_reverted_from_the_menu(person: Person, scope: str) -> None:
    person.pick_layer("mid")
    choose_scope(person, Scope[scope.upper()])
    person.click(button(person, "negate"))
    assert person.session.edits
    person.choose(f"edit.revert_{scope}")
    assert np.array_equal(person.session.weights()[0], person.network.trained["mid"][0])
    assert not person.window.banner.isVisible()
    person.choose("edit.undo")
    assert person.window.banner.isVisible()


def test_revert_is_not_offered_for_a_layer_as_trained(person: Person) -> None:
    assert not button(person, "edit.revert_kernel").isEnabled()
    assert not person.window.action_of("edit.revert_kernel").isEnabled()


# ------------------------------------------------------------------- effect


def test_the_editor_says_what_the_edit_did(person: Person) -> None:
    effect = person.window.kernel_panel.effect
    assert "mask: as trained: no edits" in effect.table.text()
    person.pick_recipe("Sobel x")
    person.wait()
    lines = effect.table.text()
    assert "this feature map: RMS +" in lines
    assert "next, mid: RMS +25.0%" in lines
    assert "mask, to trained: 0 px" in lines
    assert "CSF: +0.00 mL · Dice 1.000" in lines
    assert "recomputed: 3 of 8" in lines
    assert "latency: 12 ms" in lines


def test_an_effect_too_small_to_see_comes_with_advice(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_recipe("Sobel x")
    look = person.world.engine.answer()
    assert look.maps is not None
    assert person.kernel.effect.advice == ""
    person.pick_recipe("Box")
    person.world.engine.answer(maps=replace(look.maps, next_change=0.001))
    assert "widen the scope" in person.kernel.effect.advice


def test_pictures_of_the_effect_come_with_the_answer(person: Person) -> None:
    panel = person.window.kernel_panel
    pictures = panel.effect._maps
    assert all(view.isVisible() for view in pictures.values())
    assert pictures["change"].content.message == "none"
    person.pick_recipe("Sobel x")
    person.wait()
    difference = pictures["change"].content.values
    assert difference is not None
    assert np.allclose(difference, 1)
    person.world.engine.at_once = False
    person.pick_layer("dec")
    assert not any(view.isVisible() for view in pictures.values())
    assert "waiting for the engine" in panel.effect.table.text()


def test_the_first_edit_leaves_the_value_under_the_mouse(person: Person) -> None:
    def place() -> tuple[QPoint, QSize]:
        return person.grid.mapTo(person.window, QPoint()), person.grid.size()

    person.window.resize(1280, 800)
    person.qtbot.waitUntil(lambda: person.window.width() == 1280)
    QApplication.processEvents()
    before = place()
    person.pick_recipe("Box")
    person.qtbot.waitUntil(lambda: "mask" in person.window.kernel_panel.effect.table.text())
    QApplication.processEvents()
    assert place() == before
