from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from unetscope.domain.editor import Cells, Hand
from unetscope.ui import theme
from unetscope.ui.widgets.cell_editor import CellEditor
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.kernel_numbers import (
    decimals_for,
    exact_text,
    number_text,
    parse_number,
)

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
Floats = NDArray[np.float32]


def kernel() -> Floats:
    return np.array([[-1, -0.5, 0], [0.25, 0.5, 0.75], [0, 0, 1]], np.float32)


@pytest.fixture
def grid(qtbot: Any) -> KernelGrid:
    widget = KernelGrid()
    qtbot.addWidget(widget)
    widget.resize(260, 190)
    widget.show_kernel(kernel(), 1.0)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    widget.setFocus()
    return widget


def record(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def middle(grid: KernelGrid, row: int, column: int) -> QPoint:
    return grid.cell_rect(row, column).center()


def editor(grid: KernelGrid) -> CellEditor:
    found = grid.findChild(CellEditor)
    assert isinstance(found, CellEditor)
    return found


def test_cells_have_the_colour_of_their_sign(grid: KernelGrid) -> None:
    picture = grid.grab().toImage()
    corner = QPoint(4, 4)
    blue = picture.pixelColor(grid.cell_rect(0, 0).topLeft() + corner)
    white = picture.pixelColor(grid.cell_rect(0, 2).topLeft() + corner)
    red = picture.pixelColor(grid.cell_rect(2, 2).topLeft() + corner)
    assert blue.blue() > blue.red() + 80
    assert red.red() > red.blue() + 80
    assert abs(white.red() - white.blue()) < 4


def test_every_point_of_a_cell_belongs_to_it(grid: KernelGrid) -> None:
    for row in range(3):
        for column in range(3):
            assert grid.cell_at(middle(grid, row, column)) == (row, column)
    assert grid.cell_at(QPoint(0, 0)) is None


def test_a_drag_up_raises_the_value_as_one_gesture(grid: KernelGrid, drag: Any) -> None:
    edits, ends = record(grid.value_edited), record(grid.gesture_finished)
    at = middle(grid, 1, 1)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 10), (at.x(), at.y() - 30)])
    assert [(row, column, same) for row, column, _, same in edits] == [
        (1, 1, False),
        (1, 1, True),
    ]
    assert [value for _, _, value, _ in edits] == [pytest.approx(0.6), pytest.approx(0.8)]
    assert len(ends) == 1


def test_a_drag_is_computed_from_its_start_and_not_from_what_is_shown(
    grid: KernelGrid, drag: Any
) -> None:
    edits = record(grid.value_edited)

    def answer(*_: object) -> None:  # a late answer of other values, as the engine may give
        grid.show_kernel(np.full((3, 3), 9.0, np.float32), 1.0)

    grid.value_edited.connect(answer)
    at = middle(grid, 1, 1)
    y = at.y()
    drag(grid, [(at.x(), y), (at.x(), y - 7), (at.x(), y - 23), (at.x(), y + 11), (at.x(), y)])
    assert edits[0][2] == pytest.approx(0.57)
    assert edits[1][2] == pytest.approx(0.73)
    assert edits[-1][2] == 0.5  # back at the start: the very value
    assert edits[-1][3] is True


def test_the_grid_never_changes_by_itself(grid: KernelGrid, drag: Any, wheel: Any) -> None:
    before = grid.grab().toImage()
    at = middle(grid, 2, 2)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 40)])
    wheel(grid, at, 3)
    grid.select_cell(0, 0)
    drag(grid, [(1, 1), (2, 2)])
    assert grid.grab().toImage() == before


def test_a_press_without_a_move_only_selects(grid: KernelGrid, qtbot: Any) -> None:
    edits, chosen = record(grid.value_edited), record(grid.cell_selected)
    ends = record(grid.gesture_finished)
    qtbot.mouseClick(grid, LEFT, pos=middle(grid, 2, 1))
    assert chosen == [(2, 1)]
    assert edits == []
    assert ends == []


def test_modifiers_make_a_drag_coarser_and_finer(grid: KernelGrid, drag: Any) -> None:
    edits = record(grid.value_edited)
    at = middle(grid, 1, 1)
    for modifiers, change in ((SHIFT, 1.0), (CTRL, 0.01)):
        drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 10)], LEFT, modifiers)
        assert edits[-1][2] == pytest.approx(0.5 + change)


def test_esc_takes_a_drag_back(grid: KernelGrid, qtbot: Any, drag: Any) -> None:
    edits, ends = record(grid.value_edited), record(grid.gesture_finished)
    at = middle(grid, 1, 1)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 33)], release=False)
    qtbot.keyClick(grid, Qt.Key.Key_Escape)
    assert edits[-1] == (1, 1, 0.5, True)
    assert len(ends) == 1
    qtbot.mouseRelease(grid, LEFT, pos=at)
    assert len(ends) == 1


def test_a_burst_of_the_wheel_is_one_gesture(grid: KernelGrid, qtbot: Any, wheel: Any) -> None:
    edits, ends = record(grid.value_edited), record(grid.gesture_finished)
    at = middle(grid, 1, 1)
    for _ in range(3):
        wheel(grid, at, 1)
    assert [edit[2] for edit in edits] == [
        pytest.approx(0.55),
        pytest.approx(0.60),
        pytest.approx(0.65),
    ]
    assert [edit[3] for edit in edits] == [False, True, True]
    assert ends == []
    qtbot.waitUntil(lambda: len(ends) == 1, timeout=3000)
    wheel(grid, at, -1)
    assert edits[-1] == (1, 1, pytest.approx(0.45), False)


def test_another_cell_begins_another_gesture(grid: KernelGrid, wheel: Any) -> None:
    edits, ends = record(grid.value_edited), record(grid.gesture_finished)
    wheel(grid, middle(grid, 1, 1), 1)
    wheel(grid, middle(grid, 0, 1), 1)
    assert [edit[3] for edit in edits] == [False, False]
    assert len(ends) == 1
    assert grid.cursor_cell == (0, 1)


def test_modifiers_and_the_step_of_the_wheel(grid: KernelGrid, wheel: Any) -> None:
    edits = record(grid.value_edited)
    wheel(grid, middle(grid, 0, 2), 1, SHIFT)
    wheel(grid, middle(grid, 2, 0), 1, CTRL)
    assert [edit[2] for edit in edits] == [pytest.approx(0.5), pytest.approx(0.005)]
    grid.step = 0.2
    wheel(grid, middle(grid, 2, 1), -1)
    assert edits[-1][2] == pytest.approx(-0.2)


def test_arrows_move_the_cursor_and_stop_at_the_edge(grid: KernelGrid, qtbot: Any) -> None:
    chosen = record(grid.cell_selected)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(grid, key)
    assert chosen == [(0, 1), (1, 1), (1, 0)]


def test_typing_a_number_enters_it(grid: KernelGrid, qtbot: Any) -> None:
    edits, ends = record(grid.value_edited), record(grid.gesture_finished)
    grid.select_cell(1, 2)
    qtbot.keyClicks(grid, "-")
    assert editor(grid).isVisible()
    qtbot.keyClicks(editor(grid), "1,5")
    qtbot.keyClick(editor(grid), Qt.Key.Key_Return)
    assert edits == [(1, 2, -1.5, False)]
    assert len(ends) == 1
    assert editor(grid).isHidden()
    assert grid.hasFocus()


def test_esc_leaves_the_value(grid: KernelGrid, qtbot: Any) -> None:
    edits = record(grid.value_edited)
    qtbot.keyClicks(grid, "7")
    qtbot.keyClick(editor(grid), Qt.Key.Key_Escape)
    assert editor(grid).isHidden()
    assert edits == []


def test_what_is_no_number_is_not_taken(grid: KernelGrid, qtbot: Any) -> None:
    edits = record(grid.value_edited)
    qtbot.keyClicks(grid, "1")
    qtbot.keyClicks(editor(grid), "e-x")
    qtbot.keyClick(editor(grid), Qt.Key.Key_Return)
    assert editor(grid).isVisible()
    assert editor(grid).property("role") == "error"
    assert edits == []


def test_a_double_click_opens_the_exact_value(grid: KernelGrid, qtbot: Any) -> None:
    edits = record(grid.value_edited)
    at = middle(grid, 1, 2)
    qtbot.mouseClick(grid, LEFT, pos=at)
    qtbot.mouseDClick(grid, LEFT, pos=at)
    assert editor(grid).text() == "0.75"
    qtbot.keyClick(editor(grid), Qt.Key.Key_Return)
    assert edits == []  # the same value is no edit


def test_delete_clears_a_cell(grid: KernelGrid, qtbot: Any) -> None:
    edits = record(grid.value_edited)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert edits == [(0, 0, 0.0, False)]


def test_a_click_elsewhere_commits(grid: KernelGrid, qtbot: Any) -> None:
    edits = record(grid.value_edited)
    qtbot.keyClicks(grid, "2")
    grid.setFocus()
    assert edits == [(0, 0, 2.0, False)]


def test_digits_reach_the_kernel_and_not_a_shortcut_of_the_window(qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    grid = KernelGrid()
    window.setCentralWidget(grid)
    preset = QAction("Preset", window)
    preset.setShortcut(QKeySequence("3"))
    window.addAction(preset)
    fired = record(preset.triggered)
    grid.show_kernel(kernel(), 1.0)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    grid.setFocus()
    qtbot.waitUntil(grid.hasFocus)
    qtbot.keyClicks(grid, "3")
    assert editor(grid).isVisible()
    assert fired == []
    editor(grid).cancel()
    grid.set_read_only(True)
    qtbot.keyClicks(grid, "3")
    assert len(fired) == 1


def test_a_right_click_selects_and_asks_for_a_menu(grid: KernelGrid, drag: Any) -> None:
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QApplication

    menus = record(grid.context_menu)
    at = middle(grid, 2, 0)
    drag(grid, [(at.x(), at.y())], Qt.MouseButton.RightButton)
    where = grid.mapToGlobal(at)
    QApplication.sendEvent(grid, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, where))
    assert menus == [(2, 0, where)]


def test_a_read_only_kernel_cannot_be_changed(
    grid: KernelGrid, qtbot: Any, drag: Any, wheel: Any
) -> None:
    grid.set_read_only(True)
    edits = record(grid.value_edited)
    at = middle(grid, 1, 1)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 40)])
    wheel(grid, at, 1)
    qtbot.keyClicks(grid, "5")
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    qtbot.mouseDClick(grid, LEFT, pos=at)
    assert edits == []
    assert editor(grid).isHidden()
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    assert grid.cursor_cell == (0, 1)


def test_a_dot_marks_what_is_not_trained(grid: KernelGrid) -> None:
    trained = kernel()
    trained[2, 0] = 0.1
    plain = grid.grab().toImage()
    grid.show_kernel(kernel(), 1.0, trained)
    marked = grid.grab().toImage()
    amber = theme.DARK.warning
    for row in range(3):
        for column in range(3):
            rect = grid.cell_rect(row, column)
            changed = plain.copy(rect) != marked.copy(rect)
            assert changed == ((row, column) == (2, 0))
    rect = grid.cell_rect(2, 0)
    colours = {
        marked.pixelColor(x, y).name()
        for x in range(rect.center().x(), rect.right())
        for y in range(rect.top(), rect.center().y())
    }
    assert amber in colours


def test_the_empty_grid_takes_no_input(grid: KernelGrid, qtbot: Any, wheel: Any) -> None:
    grid.show_message("Choose a filter.")
    edits = record(grid.value_edited)
    wheel(grid, QPoint(100, 100), 1)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_5):
        qtbot.keyClick(grid, key)
    qtbot.mouseDClick(grid, LEFT, pos=QPoint(100, 100))
    assert edits == []
    assert not grid.grab().isNull()


def test_another_size_ends_what_was_going_on(grid: KernelGrid, drag: Any) -> None:
    ends = record(grid.gesture_finished)
    at = middle(grid, 1, 1)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 33)], release=False)
    grid.show_kernel(np.zeros((5, 5), np.float32), 1.0)
    assert len(ends) == 1
    assert grid.cursor_cell == (0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (11, 11), (31, 31)])
def test_any_shape_fits(grid: KernelGrid, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).normal(0, 0.1, shape).astype(np.float32)
    values[0, 0] = np.nan
    grid.show_kernel(values, 0.3)
    last = grid.cell_rect(shape[0] - 1, shape[1] - 1)
    assert grid.rect().contains(grid.cell_rect(0, 0))
    assert grid.rect().contains(last)
    assert not grid.grab().isNull()


@pytest.mark.parametrize(
    ("limit", "decimals"), [(1.0, 2), (0.5, 2), (0.4, 3), (0.05, 3), (0.03, 4), (30.0, 1), (0.0, 2)]
)
def test_decimals_suit_the_limit(limit: float, decimals: int) -> None:
    assert decimals_for(limit) == decimals


def test_numbers_have_a_sign() -> None:
    assert number_text(0.666, 2) == "+0.67"
    assert number_text(-0.08, 2) == "-0.08"
    assert number_text(0.0, 2) == "+0.00"
    assert number_text(float("nan"), 2) == "nan"
    assert exact_text(0.6666667) == "0.6666667"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("-0,25", -0.25), ("\u22122", -2.0), (" 1e-3 ", 1e-3), ("+.5", 0.5)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "-", "1.2.3", "inf", "nan", "1e99", "two"])
def test_what_is_no_finite_number_is_none(text: str) -> None:
    assert parse_number(text) is None


# ------------------------------------------------------------- hands and tables


def test_a_brush_paints_the_cells_on_its_way_as_one_gesture(grid: KernelGrid, drag: Any) -> None:
    filled, ends = record(grid.cells_filled), record(grid.gesture_finished)
    grid.set_hand(Hand.PAINT, 0.3)
    places = [middle(grid, 0, 0), middle(grid, 0, 2), middle(grid, 2, 2)]
    drag(grid, [(at.x(), at.y()) for at in places])
    assert filled == [
        ([(0, 0)], 0.3, False),
        ([(0, 0), (0, 1), (0, 2)], 0.3, True),
        ([(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)], 0.3, True),
    ]
    assert len(ends) == 1


def test_a_right_click_with_the_brush_picks_a_value_up(grid: KernelGrid, qtbot: Any) -> None:
    picked, filled = record(grid.value_picked), record(grid.cells_filled)
    grid.set_hand(Hand.PAINT, 0.3)
    qtbot.mouseClick(grid, Qt.MouseButton.RightButton, pos=middle(grid, 1, 2))
    qtbot.mouseClick(grid, LEFT, Qt.KeyboardModifier.AltModifier, pos=middle(grid, 0, 1))
    assert picked == [(0.75,), (-0.5,)]
    assert filled == []


def test_a_drag_selects_cells_that_a_number_then_fills(
    grid: KernelGrid, drag: Any, qtbot: Any
) -> None:
    chosen, filled = record(grid.cells_selected), record(grid.cells_filled)
    grid.set_hand(Hand.SELECT, 0.0)
    places = [middle(grid, 2, 1), middle(grid, 1, 2)]
    drag(grid, [(at.x(), at.y()) for at in places])
    assert chosen[-1] == (Cells(1, 1, 2, 2),)
    qtbot.keyClicks(grid, "7")
    qtbot.keyClick(editor(grid), Qt.Key.Key_Return)
    assert filled == [([(1, 1), (1, 2), (2, 1), (2, 2)], 7.0, False)]


def test_shift_and_arrows_select_and_ctrl_a_selects_all(grid: KernelGrid, qtbot: Any) -> None:
    chosen = record(grid.cells_selected)
    qtbot.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    assert chosen == [(Cells(0, 1),)]  # unless whoever made the grid takes several
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    grid.several = True
    qtbot.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(grid, Qt.Key.Key_Down, SHIFT)
    assert chosen[-1] == (Cells(0, 0, 2, 2),)
    qtbot.keyClick(grid, Qt.Key.Key_A, CTRL)
    assert chosen[-1] == (Cells(0, 0, 3, 3),)
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    assert chosen[-1] == (Cells(2, 1),)


def test_a_drag_that_begins_in_selected_cells_keeps_them_and_a_click_does_not(
    grid: KernelGrid, drag: Any, qtbot: Any
) -> None:
    grid.select_cells(Cells(0, 0, 2, 2))
    edits, chosen = record(grid.value_edited), record(grid.cells_selected)
    at = middle(grid, 1, 1)
    drag(grid, [(at.x(), at.y()), (at.x(), at.y() - 20)])
    assert len(edits) == 1
    assert chosen == []
    qtbot.mouseClick(grid, LEFT, pos=at)
    assert chosen == [(Cells(1, 1),)]


def test_the_holes_of_a_dilated_kernel_belong_to_no_cell(grid: KernelGrid) -> None:
    grid.show_kernel(kernel(), 1.0, spread=(2, 2))
    for row in range(3):
        for column in range(3):
            assert grid.cell_at(middle(grid, row, column)) == (row, column)
    between = (middle(grid, 0, 0) + middle(grid, 0, 1)) / 2
    assert grid.cell_at(between) is None
    assert grid.cell_rect(0, 1).left() > grid.cell_rect(0, 0).right() + grid.cell_rect(0, 0).width()


def test_each_row_of_a_table_has_its_own_scale(grid: KernelGrid) -> None:
    table = np.array([[10.0, 5.0], [0.01, 0.005]], np.float32)
    names = (("gamma", "variance"), ("0", "1"))
    grid.show_kernel(table, 10.0, names=names, row_limits=(10.0, 0.01))
    picture = grid.grab().toImage()
    upper, lower = (
        picture.pixelColor(grid.cell_rect(row, 0).topLeft() + QPoint(3, 3)) for row in (0, 1)
    )
    assert upper == lower
    assert upper.red() > upper.blue() + 80
