"""Where the mouse is, over the slice or over a feature map, for those who show the same place."""

from __future__ import annotations

from psygnal import Signal

Position = tuple[float, float]  # row and column of the slice, pixel centres at whole numbers
Cell = tuple[int, int]  # row and column of a feature map


class LinkedCursor:
    """One place at a time: the mouse is over the slice, over a map, or over neither."""

    changed = Signal()

    def __init__(self) -> None:
        self.on_slice: Position | None = None
        self.on_map: Cell | None = None

    def over_slice(self, position: Position | None) -> None:
        """The mouse is over a position of the slice as it was acquired, or no longer."""
        self._put(position, None)

    def over_map(self, cell: Cell | None) -> None:
        """The mouse is over a pixel of the feature map, or no longer."""
        self._put(None, cell)

    def _put(self, position: Position | None, cell: Cell | None) -> None:
        if (position, cell) != (self.on_slice, self.on_map):
            self.on_slice, self.on_map = position, cell
            self.changed.emit()
