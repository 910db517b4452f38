"""A matrix of kernels that scrolls both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from unetscope.ui.colours import DIVERGING
from unetscope.ui.widgets.kernel_matrix import KernelMatrix
from unetscope.ui.widgets.matrix_set import Axis, MatrixSet, picture

LEFT = Qt.MouseButton.LeftButton
KEYS = Qt.Key
ROWS, COLUMNS = 60, 80


def ramp() -> NDArray[np.float32]:
    """Kernels of one value each: rows go from -1 to 1."""
    rows = np.linspace(-1, 1, ROWS, dtype=np.float32)
    return np.broadcast_to(rows[:, None, None, None], (ROWS, COLUMNS, 3, 3)).copy()


def tiles(**parts: Any) -> MatrixSet:
    given: dict[str, Any] = {
        "values": ramp(),
        "order": np.arange(ROWS),
        "limits": np.ones(ROWS),
        "row": 0,
        "column": 0,
    }
    return MatrixSet(**(given | parts))


@pytest.fixture
def matrix(qtbot: Any) -> KernelMatrix:
    widget = KernelMatrix()
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    widget.cell_size = 20
    widget.show_tiles(tiles())
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def record(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def colour_at(matrix: KernelMatrix, row: int, column: int) -> QColor:
    at = matrix.cell_rect(row, column).center()
    return matrix.viewport().grab().toImage().pixelColor(at)


def expected(value: float) -> QColor:
    return QColor(*DIVERGING[round((value + 1) / 2 * 255)].tolist())


def test_each_cell_is_where_it_says_and_has_its_colour(matrix: KernelMatrix) -> None:
    for row, column in ((3, 2), (5, 7)):
        assert colour_at(matrix, row, column) == expected(np.linspace(-1, 1, ROWS)[row])
        assert matrix.cell_at(matrix.cell_rect(row, column).center()) == (row, column)


def test_rows_stand_in_the_order_given_and_are_told_by_number(
    matrix: KernelMatrix, qtbot: Any
) -> None:
    matrix.show_tiles(tiles(order=np.arange(ROWS)[::-1], row=59))
    chosen = record(matrix.selected_changed)
    assert matrix.cell_rect(59, 0).top() < matrix.cell_rect(58, 0).top()
    qtbot.mouseClick(matrix.viewport(), LEFT, pos=matrix.cell_rect(57, 4).center())
    assert chosen == [(57, 4)]
    assert colour_at(matrix, 57, 4) == expected(np.linspace(-1, 1, ROWS)[57])


def test_the_picture_scrolled_is_the_whole_picture_cut_out() -> None:
    rng = np.random.default_rng(0)
    kernels = rng.standard_normal((9, 11, 2, 3)).astype(np.float32)
    all_of_it = MatrixSet(values=kernels, order=rng.permutation(9))
    down, across = Axis(9, 10, 3, 2), Axis(11, 15, 2, 3)
    whole = picture(all_of_it, down, across, (0, 0), (down.length, across.length), 0xFF112233)
    part = picture(all_of_it, down, across, (37, 51), (60, 70), 0xFF112233)
    assert np.array_equal(part, whole[37:97, 51:121])
    assert whole[down.cell, 0] == 0xFF112233  # a gap


def test_each_kernel_can_have_a_scale_of_its_own() -> None:
    kernels = np.array([[[[0.1]], [[-5.0]]]], np.float32)
    words = MatrixSet(values=kernels, order=np.arange(1)).words(range(1), range(2))
    ends = [DIVERGING[255], DIVERGING[0]]
    assert [(int(w) >> 16 & 255, int(w) >> 8 & 255, int(w) & 255) for w in words[0]] == [
        tuple(end.tolist()) for end in ends
    ]


def test_only_what_is_in_view_is_looked_at(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    block = MatrixSet.block

    def counted(self: MatrixSet, rows: range, columns: range) -> NDArray[np.float32]:
        found = block(self, rows, columns)
        seen.append(found.shape[0] * found.shape[1])
        return found

    monkeypatch.setattr(MatrixSet, "block", counted)
    widget = KernelMatrix()
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    values = np.broadcast_to(np.float32(1), (5000, 5000, 3, 3))
    widget.show_tiles(MatrixSet(values=values, order=np.arange(5000), row=4000, column=4500))
    widget.show()
    qtbot.waitUntil(lambda: bool(seen))
    assert max(seen) < 400
    assert 4000 in widget.visible_cells()[0]
    assert 4500 in widget.visible_cells()[1]


def test_keys_travel_in_both_directions_and_the_choice_stays_in_view(
    matrix: KernelMatrix, qtbot: Any
) -> None:
    matrix.selected_changed.connect(
        lambda row, column: matrix.show_tiles(tiles(row=row, column=column))
    )
    control = Qt.KeyboardModifier.ControlModifier
    for key, held, at in (
        (KEYS.Key_Right, None, (0, 1)),
        (KEYS.Key_Down, None, (1, 1)),
        (KEYS.Key_End, None, (1, 79)),
        (KEYS.Key_Up, None, (0, 79)),
        (KEYS.Key_Up, None, (0, 79)),
        (KEYS.Key_End, control, (59, 79)),
        (KEYS.Key_Left, None, (59, 78)),
        (KEYS.Key_Home, control, (0, 0)),
    ):
        qtbot.keyClick(matrix, key, held or Qt.KeyboardModifier.NoModifier)
        assert (matrix.tiles.row, matrix.tiles.column) == at
        assert matrix.viewport().rect().contains(matrix.cell_rect(*at))
    qtbot.keyClick(matrix, KEYS.Key_PageDown)
    assert 5 < (matrix.tiles.row or 0) < 20


def test_a_click_on_a_number_keeps_the_other_one(matrix: KernelMatrix, qtbot: Any) -> None:
    matrix.show_tiles(tiles(row=4, column=6))
    chosen = record(matrix.selected_changed)
    cell = matrix.cell_rect(2, 3)
    qtbot.mouseClick(matrix.viewport(), LEFT, pos=QPoint(5, cell.center().y()))
    qtbot.mouseClick(matrix.viewport(), LEFT, pos=QPoint(cell.center().x(), 3))
    assert chosen == [(2, 6), (4, 3)]


def wheel(matrix: KernelMatrix, at: QPoint, turn: int, held: Qt.KeyboardModifier) -> None:
    where = QPointF(at)
    event = QWheelEvent(
        where, matrix.viewport().mapToGlobal(where), QPoint(), QPoint(0, 120 * turn),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(matrix.viewport(), event)


def test_ctrl_and_the_wheel_resize_around_the_mouse_and_shift_scrolls_across(
    matrix: KernelMatrix,
) -> None:
    matrix.verticalScrollBar().setValue(400)
    matrix.horizontalScrollBar().setValue(500)
    at = QPoint(200, 150)
    before = matrix.cell_at(at)
    wheel(matrix, at, 2, Qt.KeyboardModifier.ControlModifier)
    assert matrix.cell_size > 20
    assert matrix.cell_at(at) == before
    across, down = matrix.horizontalScrollBar().value(), matrix.verticalScrollBar().value()
    wheel(matrix, at, -1, Qt.KeyboardModifier.ShiftModifier)
    assert matrix.horizontalScrollBar().value() > across
    assert matrix.verticalScrollBar().value() == down


def test_edited_kernels_are_framed(matrix: KernelMatrix) -> None:
    before = ramp()
    values = before.copy()
    values[4, 5, 1, 1] += 1
    given = tiles(values=values, before=before)
    assert np.argwhere(given.edited(range(10), range(10))).tolist() == [[4, 5]]
    matrix.show_tiles(tiles(values=values))
    plain = matrix.viewport().grab().toImage()
    matrix.show_tiles(given)
    framed = matrix.viewport().grab().toImage()
    edge = matrix.cell_rect(4, 5).topLeft() - QPoint(1, -5)
    assert framed.pixelColor(edge) != plain.pixelColor(edge)


def test_an_empty_matrix_is_painted_and_takes_keys(qtbot: Any) -> None:
    widget = KernelMatrix()
    qtbot.addWidget(widget)
    widget.show()
    widget.grab()
    qtbot.keyClick(widget, KEYS.Key_Down)
    assert widget.cell_at(QPoint(50, 50)) == (-1, -1)


def test_a_cell_is_dragged_as_text(
    matrix: KernelMatrix, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unetscope.ui.widgets import text_drag

    texts: list[str] = []

    class Drag:
        def __init__(self, _: object) -> None: ...

        def setMimeData(self, data: Any) -> None:  # noqa: N802
            texts.append(data.text())

        def setPixmap(self, picture: Any) -> None:  # noqa: N802
            assert not picture.isNull()

        def exec(self, _: object) -> None: ...

    monkeypatch.setattr(text_drag, "QDrag", Drag)
    matrix.drag.text = lambda at: "kernel of {} {}".format(*matrix.cell_at(at))
    start = matrix.cell_rect(2, 3).center()
    qtbot.mousePress(matrix.viewport(), LEFT, pos=start)
    qtbot.mouseMove(matrix.viewport(), start + QPoint(2, 0))
    assert texts == []
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    to = QPointF(start + QPoint(60, 10))
    move = QMouseEvent(
        QEvent.Type.MouseMove, to, matrix.viewport().mapToGlobal(to),
        Qt.MouseButton.NoButton, LEFT, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(matrix.viewport(), move)
    assert texts == ["kernel of 2 3"]
