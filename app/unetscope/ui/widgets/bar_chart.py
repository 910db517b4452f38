"""A bar for each of many things in an order; bars are picked alone, or several together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded

EDGE = 4.0  # around the bars
WIDEST = 34.0  # pixels of a bar
STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
ENDS: dict[int, int] = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@guarded
class BarChart(QWidget):
    """Shows one number for each thing, in the order given; however many, all are in view.

    Bars below 0 hang from the line of 0, in another colour than those above it. Things are known
    by a number, which stands under the bar where there is room.
    """

    picked = Signal(int)  # the number of a thing
    toggled = Signal(int)  # with Ctrl
    extended = Signal(int)  # with Shift

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._numbers: tuple[int, ...] = ()
        self._values: NDArray[np.float64] = np.zeros(0)
        self._ends = ("", "")
        self._current: int | None = None
        self._also: frozenset[int] = frozenset()
        self._stale = False
        self._tip: Callable[[int], str] = str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The things on show, in their order."""
        return self._numbers

    @property
    def values(self) -> NDArray[np.float64]:
        """Their values."""
        return self._values

    def set_tip(self, tip: Callable[[int], str]) -> None:
        """Say what is told of a thing beside the mouse."""
        self._tip = tip

    def show_bars(
        self,
        numbers: Sequence[int],
        values: NDArray[np.float64],
        ends: tuple[str, str],
        *,
        current: int | None = None,
        also: frozenset[int] = frozenset(),
        stale: bool = False,
    ) -> None:
        """Show a bar for each number.

        Parameters
        ----------
        values : (n,) ndarray of float64
            Finite, in the order of `numbers`.
        ends : (str, str)
            What the ends of the scale, lowest and highest, are called; both enclose 0.
        current, also : int or None, frozenset of int
            What is picked, and what is picked with it.
        stale : bool
            They are of something else than what is shown elsewhere: drawn in grey.
        """
        self._numbers, self._values, self._ends = tuple(numbers), values, ends
        self._current, self._also, self._stale = current, also, stale
        self.update()

    # ------------------------------------------------------------------ places

    def area(self) -> QRectF:
        """Where bars are drawn: beside the scale, above the numbers."""
        metrics = self.fontMetrics()
        left = EDGE + max(metrics.horizontalAdvance(end) for end in (*self._ends, "0")) + 6
        wide = max(self.width() - left - EDGE, 1.0)
        high = max(self.height() - 2 * EDGE - metrics.height(), 1.0)
        return QRectF(left, EDGE, wide, high)

    def step(self) -> float:
        """From one bar to the next, in pixels."""
        return float(min(self.area().width() / max(len(self._numbers), 1), WIDEST))

    def place_at(self, x: float) -> int | None:
        """The place in the order at this distance from the left; None beside the bars."""
        place = int((x - self.area().left()) // self.step())
        return place if 0 <= place < len(self._numbers) else None

    def bar_at(self, place: int) -> QRectF:
        """The bar at a place of the order."""
        return self._bars()[place]

    def _bars(self) -> list[QRectF]:
        area, step = self.area(), self.step()
        low, high = self._range()
        lengths = self._values / (high - low) * area.height()
        zero = area.top() + high / (high - low) * area.height()
        tops = np.minimum(zero - lengths, zero)
        heights = np.where(lengths == 0, 0.0, np.maximum(np.abs(lengths), 1.0))
        wide = step - (1.0 if step > 4 else 0.0)
        lefts = area.left() + np.arange(len(lengths)) * step
        sides = zip(lefts.tolist(), tops.tolist(), heights.tolist(), strict=True)
        return [QRectF(left, top, wide, height) for left, top, height in sides]

    def _range(self) -> tuple[float, float]:
        low = min(float(self._values.min(initial=0.0)), 0.0)
        high = max(float(self._values.max(initial=0.0)), 0.0)
        return (low, high) if high > low else (0.0, 1.0)

    # ---------------------------------------------------------------- painting

    def sizeHint(self) -> QSize:
        return QSize(320, 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("tile"))
            if len(self._numbers):
                self._paint(painter)
            if self.hasFocus():
                painter.setPen(QPen(theme.colour("accent"), 1.0))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint(self, painter: QPainter) -> None:
        area, step = self.area(), self.step()
        drawn = [
            (value, bar) for value, bar in zip(self._values, self._bars(), strict=True) if value
        ]
        below = [bar for value, bar in drawn if value < 0]
        above = [bar for value, bar in drawn if value > 0]
        band, tall = max(step, 2.0), float(self.height())
        behind = [
            QRectF(area.left() + place * step, 0.0, band, tall)
            for place, number in enumerate(self._numbers)
            if number == self._current or number in self._also
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("canvas_line", 110))
        painter.drawRects(behind)
        low, _ = self._range()
        tokens = ("canvas_letter", "canvas_line") if low < 0 else ("", "canvas_letter")
        for token, bars in zip(tokens, (below, above), strict=True):
            if bars:
                painter.setBrush(theme.colour("canvas_text_muted" if self._stale else token))
                painter.drawRects(bars)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._paint_scale(painter, area)
        self._paint_numbers(painter, area, step)

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        low, high = self._range()
        zero = area.top() + high / (high - low) * area.height()
        painter.setPen(theme.colour("canvas_text_muted"))
        painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))
        tall = float(self.fontMetrics().height())
        ends = [(area.top(), self._ends[1]), (area.bottom(), self._ends[0])]
        texts = [(zero, "0"), *(end for end in ends if abs(end[0] - zero) > tall)]
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for y, text in texts:
            top = min(max(y - tall / 2, 0.0), self.height() - tall)
            painter.drawText(QRectF(0.0, top, area.left() - 4, tall), right, text)

    def _paint_numbers(self, painter: QPainter, area: QRectF, step: float) -> None:
        metrics = painter.fontMetrics()
        room = metrics.horizontalAdvance("0" * len(str(max(self._numbers)))) + 2 <= step
        centre = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        top = area.bottom() + 1
        for place, number in enumerate(self._numbers):
            is_current = number == self._current
            if not (room or is_current):
                continue
            painter.setPen(theme.colour("canvas_text" if is_current else "canvas_text_muted"))
            wide = max(step, metrics.horizontalAdvance(str(number)) + 2.0)
            x = area.left() + (place + 0.5) * step - wide / 2
            x = min(x, self.width() - wide)
            painter.drawText(QRectF(x, top, wide, float(metrics.height())), centre, str(number))

    # ----------------------------------------------------------------- picking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().x())
        if event.button() != Qt.MouseButton.LeftButton or place is None:
            return
        number, held = self._numbers[place], event.modifiers()
        if held & _CTRL:
            self.toggled.emit(number)
        elif held & _SHIFT:
            self.extended.emit(number)
        else:
            self.picked.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        to = self._place_for(event.key())
        if to is None:
            super().keyPressEvent(event)
        else:
            self.picked.emit(self._numbers[to])

    def _place_for(self, key: int) -> int | None:
        """Where an arrow, Home or End leads."""
        count = len(self._numbers)
        if not count or key not in {*STEPS, *ENDS}:
            return None
        if key in ENDS:
            return ENDS[key] % count
        if self._current not in self._numbers:
            return 0
        at = self._numbers.index(self._current) + STEPS[key]
        return min(max(at, 0), count - 1)

    def event(self, event: QEvent) -> bool:
        """Tell of a bar beside the mouse; keep the arrows from the window's keys."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in {*STEPS, *ENDS}:
            event.setAccepted(not event.modifiers())
            return event.isAccepted()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.place_at(event.pos().x())
            text = "" if place is None else self._tip(self._numbers[place])
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)
