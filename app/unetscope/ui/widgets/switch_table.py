"""A switchboard: a row for each connection, with a switch of several positions and small bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written

ROW = 26
SEGMENT = 50  # pixels of one position
TEXT = 40  # pixels of a bar's number
BARS = 44  # pixels of the longest bar
STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_ROLE = Qt.ItemDataRole.UserRole
_NAME, _SIZE, _SWITCH, _FIRST_BARS = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Bars:
    """A number, and a bar for each of several shares.

    Attributes
    ----------
    shares : tuple of (float, str or None)
        0 to 1, and a colour.
    """

    text: str
    shares: tuple[tuple[float, str | None], ...] = ()
    tip: str = ""


@dataclass(frozen=True, slots=True)
class SwitchLine:
    """One row.

    Attributes
    ----------
    position : int
        Where the switch stands; -1 for none of its positions.
    labels : tuple of str
        What its positions are called.
    bars : tuple of Bars
        One for each column of bars; fewer where nothing is known.
    """

    name: str
    size: str
    position: int
    labels: tuple[str, ...]
    bars: tuple[Bars, ...] = ()


@guarded
class SwitchTable(QTableWidget):
    """Shows `SwitchLine` values; a click or the arrow keys turn a switch."""

    turned = Signal(int, int)  # row, position

    def __init__(self, heads: Sequence[tuple[str, str]], tips: Sequence[str]) -> None:
        self._lines: tuple[SwitchLine, ...] = ()
        self._tips = tuple(tips)  # of the positions
        super().__init__(0, len(heads))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        for column, (text, tip) in enumerate(heads):
            item = QTableWidgetItem(text)
            item.setToolTip(as_written(tip))
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            item.setTextAlignment(left)
            self.setHorizontalHeaderItem(column, item)
        self.setItemDelegateForColumn(_SWITCH, _Switch(self))
        bars = _BarsPainter(self)
        for column in range(_FIRST_BARS, len(heads)):
            self.setItemDelegateForColumn(column, bars)

    def sizeHint(self) -> QSize:
        """So small that other panels decide; it scrolls."""
        return QSize(240, 90)

    @property
    def lines(self) -> tuple[SwitchLine, ...]:
        """What is on show."""
        return self._lines

    def show_lines(self, lines: Sequence[SwitchLine]) -> None:
        """Show these rows; only those that differ are made anew."""
        before, self._lines = self._lines, tuple(lines)
        if len(before) != len(self._lines):
            self.setRowCount(len(self._lines))
        for row, line in enumerate(self._lines):
            if row >= len(before) or before[row] != line:
                self._show_line(row, line)
        most = max((len(line.bars) for line in self._lines), default=0)
        for column in range(_FIRST_BARS, self.columnCount()):  # their room is the names' till then
            self.setColumnHidden(column, column - _FIRST_BARS >= most)

    def place_of(self, row: int, position: int) -> QRect:
        """Where a position of a switch is, in the viewport."""
        area = self.visualRect(self.model().index(row, _SWITCH))
        return segment(area, position)

    def _show_line(self, row: int, line: SwitchLine) -> None:
        said = line.labels[line.position] if line.position >= 0 else "several edits"
        self._put(row, _NAME, line.name, line.name, None)
        self._put(row, _SIZE, line.size, line.size, None)
        tips = [f"{a}: {b}" for a, b in zip(line.labels, self._tips, strict=False)]
        self._put(row, _SWITCH, said, "\n".join(tips), line)
        for column in range(_FIRST_BARS, self.columnCount()):
            at = column - _FIRST_BARS
            bars = line.bars[at] if at < len(line.bars) else Bars("")
            self._put(row, column, bars.text, bars.tip, bars)

    def _put(self, row: int, column: int, text: str, tip: str, value: object) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(as_written(tip))
        item.setData(_ROLE, value)
        if column == _SIZE:
            item.setForeground(theme.colour("text_muted"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        at = event.position().toPoint()
        index = self.indexAt(at)
        if event.button() != Qt.MouseButton.LeftButton or index.column() != _SWITCH:
            return
        line = self._lines[index.row()]
        for position in range(len(line.labels)):
            if self.place_of(index.row(), position).contains(at):
                self.turned.emit(index.row(), position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step, row = STEPS.get(event.key(), 0), self.currentRow()
        if step and 0 <= row < len(self._lines) and not event.modifiers():
            line = self._lines[row]
            position = min(max(line.position + step, 0), len(line.labels) - 1)
            if position != line.position:
                self.turned.emit(row, position)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the arrows from the window's keys."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            arrows = (*STEPS, Qt.Key.Key_Up, Qt.Key.Key_Down)
            if event.key() in arrows and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for row, line in enumerate(self._lines):
                self._show_line(row, line)


def segment(area: QRect, position: int) -> QRect:
    """The place of one position of a switch within its cell."""
    return QRect(area.left() + 4 + position * SEGMENT, area.top() + 3, SEGMENT, area.height() - 6)


@guarded
class _Switch(QStyledItemDelegate):
    """Draws the positions beside each other, the one in force filled."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        line = index.data(_ROLE)
        count = len(line.labels) if isinstance(line, SwitchLine) else 4
        return QSize(count * SEGMENT + 10, ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        line = index.data(_ROLE)
        if not isinstance(line, SwitchLine):
            return
        painter.save()
        painter.setFont(option.font)
        for position, label in enumerate(line.labels):
            area = segment(option.rect, position)
            chosen = position == line.position
            fill = "accent" if chosen and position == 0 else "warning" if chosen else "raised"
            painter.setPen(QPen(theme.colour("border"), 1))
            painter.setBrush(theme.colour(fill))
            painter.drawRect(area.adjusted(0, 0, 0, -1))
            painter.setPen(theme.colour("accent_text" if chosen else "text"))
            text = option.fontMetrics.elidedText(
                label, Qt.TextElideMode.ElideRight, area.width() - 4
            )
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


@guarded
class _BarsPainter(QStyledItemDelegate):
    """Draws a number, and beside it a thin bar for each share."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(TEXT + BARS + 10, ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        bars = index.data(_ROLE)
        if not isinstance(bars, Bars) or not bars.text:
            return
        area: QRect = option.rect
        painter.save()
        painter.setFont(option.font)
        painter.setPen(theme.colour("text"))
        number = QRect(area.left(), area.top(), TEXT, area.height())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(number, right, bars.text)
        count = max(len(bars.shares), 1)
        pitch = max(min((area.height() - 6) / count, 7.0), 1.0)
        top = area.top() + (area.height() - pitch * count) / 2
        for at, (share, colour) in enumerate(bars.shares):
            wide = round(min(max(share, 0.0), 1.0) * BARS)
            y, high = round(top + at * pitch), max(round(pitch) - 1, 1)
            track = QRect(number.right() + 7, y, BARS, high)
            painter.fillRect(track, theme.colour("border", 70))
            if wide or share > 0:
                fill = QColor(colour) if colour else theme.colour("accent")
                painter.fillRect(QRect(track.left(), y, max(wide, 1), high), fill)
        painter.restore()
