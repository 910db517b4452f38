"""A table of numbers under headings, with a bar behind one of its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written
from unetscope.ui.widgets.share_bar import SHARE as SHARE
from unetscope.ui.widgets.share_bar import ShareBar

PATCH, ROW = 10, 21
TWO_ROWS = 36  # pixels of a row of numbers above each other
LEAST = 64  # pixels of the first column
WIDE = 500  # pixels that all columns need beside each other, and a name before them
NARROW = "QHeaderView::section { padding: 2px 3px; } QTableView::item { padding: 0 2px; }"
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its texts, what each says when pointed at, a colour, and a share for the bar.

    Attributes
    ----------
    share : float
        0 to 1; NaN for no bar.
    heading : bool
        Its first text goes over all columns.
    muted : bool
        It stands behind the row above it.
    """

    texts: tuple[str, ...]
    tips: tuple[str, ...] = ()
    colour: str | None = None
    share: float = float("nan")
    heading: bool = False
    muted: bool = False


@guarded
class ScoreTable(QTableWidget):
    """Shows `Line` values; the first column takes the room that is over.

    Parameters
    ----------
    columns : int
        How many there are.
    bar : int
        The one with a bar behind its numbers.
    pairs : tuple of (int, int)
        Columns whose numbers stand above each other where there is no room beside each other.
    """

    def __init__(self, columns: int, bar: int, pairs: tuple[tuple[int, int], ...]) -> None:
        self._pairs = pairs
        self._heads: tuple[tuple[str, str], ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._stacked = False
        self._bar = bar
        super().__init__(0, columns)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        self.setIconSize(QSize(PATCH, PATCH))
        self.setStyleSheet(NARROW)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(28)
        self.setItemDelegateForColumn(bar, ShareBar(self))

    def sizeHint(self) -> QSize:
        """So small that other panels decide; it scrolls."""
        return QSize(200, 120)

    @property
    def stacked(self) -> bool:
        """Whether pairs of numbers stand above each other."""
        return self._stacked

    def show_heads(self, heads: Sequence[tuple[str, str]]) -> None:
        """Name the columns; each has a text and what it says when pointed at."""
        if tuple(heads) != self._heads:
            self._heads = tuple(heads)
            self._show_heads()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these rows."""
        if len(lines) != len(self._lines) or _spans(lines) != _spans(self._lines):
            self.clearSpans()
            self.setRowCount(len(lines))
            for row, line in enumerate(lines):
                if line.heading:
                    self.setSpan(row, 0, 1, self.columnCount())
        before, self._lines = self._lines, tuple(lines)
        for row, line in enumerate(self._lines):
            if row >= len(before) or not _same(line, before[row]):
                self._show_line(row, line)
        self._share_out()

    def show_all(self) -> None:
        """Show every row anew, as after a change of the theme."""
        for row, line in enumerate(self._lines):
            self._show_line(row, line)
        self._share_out()

    def _show_line(self, row: int, line: Line) -> None:
        high = self._stacked and bool(self._pairs) and not line.heading
        self.setRowHeight(row, TWO_ROWS if high else ROW)
        for column in range(self.columnCount()):
            self._show_cell(row, column, line)

    def _show_heads(self) -> None:
        for column, (text, tip) in enumerate(self._heads):
            below = self._below(column)
            if below is not None:
                text, tip = f"{text}\n{self._heads[below][0]}", f"{tip}\n{self._heads[below][1]}"
            item = QTableWidgetItem(text)
            item.setToolTip(as_written(tip))
            self.setHorizontalHeaderItem(column, item)

    def _below(self, column: int) -> int | None:
        """The column whose numbers stand below those of another one."""
        pairs = dict(self._pairs) if self._stacked else {}
        return pairs.get(column)

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.show_all()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        stacked = self.viewport().width() < WIDE
        if stacked != self._stacked:
            self._stacked = stacked
            self.setWordWrap(stacked)
            for _, second in self._pairs:
                self.setColumnHidden(second, stacked)
            self._show_heads()
            self.show_all()
        self._share_out()

    def _share_out(self) -> None:
        """Give the first column what the others leave, but room for a few letters at least."""
        header = self.horizontalHeader()
        seen = [c for c in range(1, self.columnCount()) if not self.isColumnHidden(c)]
        others = sum(header.sectionSize(column) for column in seen)
        header.resizeSection(0, max(self.viewport().width() - others, LEAST))

    def _show_cell(self, row: int, column: int, line: Line) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(_RIGHT if column else _LEFT)
            self.setItem(row, column, item)
        text, tip = (_at(each, column) for each in (line.texts, line.tips))
        below = self._below(column)
        if below is not None and not line.heading:
            text = f"{text}\n{_at(line.texts, below)}"
            tip = f"{tip}\n{_at(line.tips, below)}"
        item.setText(text)
        item.setToolTip(as_written(tip))
        item.setData(SHARE, line.share if column == self._bar else None)
        font = self.font()
        font.setBold(line.heading)
        item.setFont(font)
        item.setForeground(theme.colour("text_muted" if line.muted else "text"))
        if column == 0:
            item.setIcon(QIcon() if line.heading or line.muted else _patch(line.colour))


def _at(texts: tuple[str, ...], column: int) -> str:
    return texts[column] if column < len(texts) else ""


def _same(one: Line, other: Line) -> bool:
    """Whether two rows look alike; no share is like no share."""
    alike = one.share == other.share or (math.isnan(one.share) and math.isnan(other.share))
    return alike and replace(one, share=0.0) == replace(other, share=0.0)


def _spans(lines: Sequence[Line]) -> list[bool]:
    return [line.heading for line in lines]


def _patch(colour: str | None) -> QIcon:
    """The colour of a class, or nothing."""
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(colour) if colour else Qt.GlobalColor.transparent)
    return QIcon(patch)
