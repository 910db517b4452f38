"""What pushes up and what pushes down: two short rows of bars each, with numbers to click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written
from unetscope.ui.widgets.tile_painting import small_font

HIGH = 15.0  # pixels of a row of bars
GAP = 2.0
PITCH = 2 * (HIGH + GAP) + 6.0  # pixels from one group to the next
TITLES = (64.0, 110.0)  # pixels before the rows, for what they are of: least and most
SIGNS = 12.0  # pixels between title and bars, for the sign of a row
COLUMNS = 5  # bars in a row
UP, DOWN = (QColor(*(int(n) for n in DIVERGING[at])) for at in (232, 24))  # as differences are
STEPS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A number, how long its bar is (0 to 1), and what it says when pointed at."""

    number: int
    share: float
    tip: str


@dataclass(frozen=True, slots=True)
class BarGroup:
    """A row of bars that push up and one of bars that push down; beside each a word what of."""

    title: str
    subtitle: str
    tip: str
    up: tuple[Bar, ...]
    down: tuple[Bar, ...]


@guarded
class PushBars(QWidget):
    """Shows `BarGroup` values below each other; a click on a bar names group and number."""

    chosen = Signal(int, int)  # group, number of the bar
    activated = Signal(int, int)  # by a double click, or Enter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._groups: tuple[BarGroup, ...] = ()
        self._selected: tuple[int, int] | None = None
        self._faint = False
        self._at = (0, 0)  # row and column that the keys are at

    @property
    def groups(self) -> tuple[BarGroup, ...]:
        """What is on show."""
        return self._groups

    def show_groups(
        self,
        groups: Sequence[BarGroup],
        selected: tuple[int, int] | None = None,
        *,
        faint: bool = False,
    ) -> None:
        """Show these; `selected` is group and number of one that is framed."""
        resized = len(groups) != len(self._groups)
        self._groups, self._selected, self._faint = tuple(groups), selected, faint
        if resized:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, round(len(self._groups) * PITCH))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def area_of(self, group: int, down: bool, column: int) -> QRectF:
        """Where a bar is."""
        start = self._titles() + SIGNS
        wide = (self.width() - start) / COLUMNS
        top = group * PITCH + (HIGH + GAP if down else 0.0)
        return QRectF(start + column * wide, top, wide - GAP, HIGH)

    def _titles(self) -> float:
        return min(max(self.width() * 0.3, TITLES[0]), TITLES[1])

    # ------------------------------------------------------------------ paint

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setOpacity(0.45 if self._faint else 1.0)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(small_font(painter.font()))
            for number, group in enumerate(self._groups):
                for down, text in enumerate((group.title, group.subtitle)):
                    line = self.area_of(number, bool(down), 0)
                    line.setLeft(0.0)
                    line.setWidth(self._titles() - GAP)
                    painter.setPen(theme.colour("text_muted" if down else "text"))
                    shown = painter.fontMetrics().elidedText(
                        text, Qt.TextElideMode.ElideMiddle, int(line.width())
                    )
                    painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)
                self._paint_row(painter, number, group.up, False)
                self._paint_row(painter, number, group.down, True)

    def _paint_row(self, painter: QPainter, group: int, bars: Sequence[Bar], down: bool) -> None:
        colour = DOWN if down else UP
        first = self.area_of(group, down, 0)
        painter.setPen(theme.colour("text"))
        sign = QRectF(first.left() - SIGNS, first.top(), SIGNS - GAP, HIGH)
        painter.drawText(sign, int(Qt.AlignmentFlag.AlignCenter), "−" if down else "+")
        for column, bar in enumerate(bars[:COLUMNS]):
            area = self.area_of(group, down, column)
            painter.fillRect(area, theme.colour("field"))
            filled = QRectF(area)
            filled.setWidth(max(area.width() * min(bar.share, 1.0), 1.0))
            painter.fillRect(filled, colour)
            number = area.adjusted(3, 0, -1, 0)
            at = int(Qt.AlignmentFlag.AlignVCenter)
            over = painter.fontMetrics().horizontalAdvance(str(bar.number)) + 5.0
            inside = filled.width() >= over
            if not inside:
                number.setLeft(filled.right() + 3.0)
            painter.setPen(QColor(255, 255, 255) if inside else theme.colour("text"))
            painter.drawText(number, at, str(bar.number))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if (group, bar.number) == self._selected:
                painter.setPen(QPen(theme.colour("warning"), 2.0))
                painter.drawRect(area.adjusted(1, 1, -1, -1))
            if self.hasFocus() and self._at == (2 * group + down, column):
                painter.setPen(QPen(theme.colour("accent"), 1.0, Qt.PenStyle.DashLine))
                painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))

    # ------------------------------------------------------------- mouse, keys

    def bar_at(self, at: QPointF) -> tuple[int, Bar] | None:
        """The bar at a place, with its group."""
        group = int(at.y() // PITCH)
        if not 0 <= group < len(self._groups):
            return None
        for down, bars in enumerate((self._groups[group].up, self._groups[group].down)):
            for column, bar in enumerate(bars[:COLUMNS]):
                if self.area_of(group, bool(down), column).contains(at):
                    self._at = (2 * group + down, column)
                    return group, bar
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.bar_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(found[0], found[1].number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.bar_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(found[0], found[1].number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self._current()
        if event.key() in STEPS and self._groups:
            self._step(*STEPS[event.key()])
        elif bar is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit(self._at[0] // 2, bar.number)
        elif bar is not None and event.key() == Qt.Key.Key_Space:
            self.chosen.emit(self._at[0] // 2, bar.number)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tell what is under the mouse; keep the arrows from the window's keys."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        mine = (*STEPS, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if is_override and isinstance(event, QKeyEvent) and event.key() in mine:
            event.setAccepted(not event.modifiers() and bool(self._groups))
            return event.isAccepted()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(
                event.globalPos(), as_written(self._said(event.pos().toPointF())), self
            )
            return True
        return super().event(event)

    def _said(self, at: QPointF) -> str:
        found, group = self.bar_at(at), int(at.y() // PITCH)
        if found is not None:
            return found[1].tip
        return self._groups[group].tip if 0 <= group < len(self._groups) else ""

    def _row(self, row: int) -> tuple[Bar, ...]:
        group = self._groups[row // 2]
        return (group.down if row % 2 else group.up)[:COLUMNS]

    def _current(self) -> Bar | None:
        row, column = self._at
        bars = self._row(row) if row < 2 * len(self._groups) else ()
        return bars[column] if column < len(bars) else None

    def _step(self, down: int, right: int) -> None:
        row = min(max(self._at[0] + down, 0), 2 * len(self._groups) - 1)
        column = min(max(self._at[1] + right, 0), max(len(self._row(row)) - 1, 0))
        self._at = (row, column)
        self.update()
