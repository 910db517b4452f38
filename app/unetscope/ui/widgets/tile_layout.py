"""Where the tiles of a `TileGallery` stand, in device-independent pixels."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt

MARGIN = 7
GAP = 6
STRIP = 2  # height of the bar under a tile, and of the gap above it
SMALLEST, LARGEST = 12, 512

KEYS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TileLayout:
    """`count` tiles of at least `wanted` pixels in a viewport; they grow to fill a row."""

    count: int
    wanted: int
    width: int
    height: int
    strips: bool

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return max((self.width - 2 * MARGIN + GAP) // (self.wanted + GAP), 1)

    @property
    def edge(self) -> int:
        """Edge of a tile."""
        columns = self.columns
        room = max((self.width - 2 * MARGIN - (columns - 1) * GAP) // columns, SMALLEST)
        if 0 < self.count < columns:
            return min(room, self.wanted)
        return min(room, self.wanted * 3 // 2)

    @property
    def row_height(self) -> int:
        """From the top of a tile to the top of the one below."""
        return self.edge + GAP + (2 * STRIP if self.strips else 0)

    @property
    def total_height(self) -> int:
        """Height of all rows with their margins."""
        return -(-self.count // self.columns) * self.row_height - GAP + 2 * MARGIN

    def top(self, index: int) -> int:
        """From the top of the first row's margin to a tile."""
        return MARGIN + index // self.columns * self.row_height

    def rect(self, index: int, scroll: int) -> QRect:
        """A tile in the viewport, scrolled down by `scroll`."""
        edge = self.edge
        x = MARGIN + index % self.columns * (edge + GAP)
        return QRect(x, self.top(index) - scroll, edge, edge)

    def index_at(self, at: QPoint, scroll: int) -> int:
        """The tile at a point of the viewport; -1 for none."""
        column, x = divmod(at.x() - MARGIN, self.edge + GAP)
        row, y = divmod(at.y() - MARGIN + scroll, self.row_height)
        if not 0 <= column < self.columns or row < 0:
            return -1
        index = row * self.columns + column
        inside = x < self.edge and y < self.row_height - GAP
        return index if inside and index < self.count else -1

    def visible(self, scroll: int) -> tuple[int, int]:
        """First tile in view, and the one after the last."""
        top, height = scroll - MARGIN, self.row_height
        first = max(top // height, 0) * self.columns
        last = max(-(-(top + self.height) // height), 0) * self.columns
        return min(first, self.count), min(last, self.count)

    def travel(self, key: Qt.Key, start: int) -> int | None:
        """The tile that a key leads to from `start`; None if the key is not one of travel."""
        last = self.count - 1
        if last < 0:
            return None
        page = max(self.height // self.row_height, 1) * self.columns
        jumps = {
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
            Qt.Key.Key_PageUp: max(start - page, 0),
            Qt.Key.Key_PageDown: min(start + page, last),
        }
        steps = {
            Qt.Key.Key_Left: start - 1,
            Qt.Key.Key_Right: start + 1,
            Qt.Key.Key_Up: start - self.columns,
            Qt.Key.Key_Down: start + self.columns,
        }
        if key in jumps:
            return jumps[key]
        if key in steps:
            return steps[key] if 0 <= steps[key] <= last else start
        return None
