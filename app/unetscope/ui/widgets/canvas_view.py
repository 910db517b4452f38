"""Zoom and pan of a slice in a window: where a pixel lands on the screen, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

MARGIN = 6.0  # around a fitted slice, in screen pixels
MOST = 96.0  # screen pixels for one slice pixel
LEAST = 0.125  # of the fitted size


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasView:
    """A slice of `rows` × `columns` pixels in a window of `width` × `height` screen pixels.

    A pixel is `row_mm` high and `column_mm` wide. `scale` is screen pixels per mm; (`row`,
    `column`) is the point of the slice, in pixel edges, at the middle of the window. A `fitted`
    view follows the size of the window.
    """

    rows: int
    columns: int
    row_mm: float
    column_mm: float
    width: float
    height: float
    scale: float = 1.0
    row: float = 0.0
    column: float = 0.0
    fitted: bool = True

    def fit(self) -> CanvasView:
        """Show the whole slice, as large as it goes."""
        return replace(
            self,
            scale=self._fitting(),
            row=self.rows / 2.0,
            column=self.columns / 2.0,
            fitted=True,
        )

    def resized(self, width: float, height: float) -> CanvasView:
        """The view in a window of another size, about the same middle."""
        resized = replace(self, width=width, height=height)
        return resized.fit() if self.fitted else resized

    def like(self, other: CanvasView) -> CanvasView:
        """The same part of the same slice as in another window."""
        if other.fitted:
            return self.fit()
        shown = replace(self, scale=other.scale, row=other.row, column=other.column, fitted=False)
        return shown if self.rows == other.rows and self.columns == other.columns else self

    def panned(self, dx: float, dy: float) -> CanvasView:
        """Move the slice with the hand by screen pixels; a part of it stays in the window."""
        row = self.row - dy / self.y_scale
        column = self.column - dx / self.x_scale
        return replace(
            self,
            row=min(max(row, 0.0), float(self.rows)),
            column=min(max(column, 0.0), float(self.columns)),
            fitted=False,
        )

    def zoomed(self, factor: float, x: float, y: float) -> CanvasView:
        """Enlarge by `factor`; the point under (x, y) of the screen stays where it is."""
        row, column = self.to_image(x, y)
        smallest = self._fitting() * LEAST
        largest = max(MOST / min(self.row_mm, self.column_mm), smallest)
        zoomed = replace(self, scale=min(max(self.scale * factor, smallest), largest), fitted=False)
        return replace(
            zoomed,
            row=row - (y - self.height / 2.0) / zoomed.y_scale,
            column=column - (x - self.width / 2.0) / zoomed.x_scale,
        )

    def scaled(self, scale: float) -> CanvasView:
        """Show a mm as so many screen pixels, about the same middle."""
        return self.zoomed(scale / self.scale, self.width / 2.0, self.height / 2.0)

    @property
    def x_scale(self) -> float:
        """Screen pixels per column."""
        return self.scale * self.column_mm

    @property
    def y_scale(self) -> float:
        """Screen pixels per row."""
        return self.scale * self.row_mm

    @property
    def zoom(self) -> float:
        """Screen pixels per slice pixel along its shorter side; 1.0 is 100 %."""
        return self.scale * min(self.row_mm, self.column_mm)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """(row, column) in pixel edges under a point of the screen."""
        return (
            self.row + (y - self.height / 2.0) / self.y_scale,
            self.column + (x - self.width / 2.0) / self.x_scale,
        )

    def to_screen(self, row: float, column: float) -> tuple[float, float]:
        """(x, y) of a point of the slice."""
        return (
            self.width / 2.0 + (column - self.column) * self.x_scale,
            self.height / 2.0 + (row - self.row) * self.y_scale,
        )

    def contains(self, row: float, column: float) -> bool:
        """Whether the point is on the slice."""
        return 0.0 <= row < self.rows and 0.0 <= column < self.columns

    @property
    def visible(self) -> tuple[float, float, float, float] | None:
        """First row and column, rows and columns on screen, in pixel edges; None for all."""
        top, left = self.to_image(0.0, 0.0)
        bottom, right = self.to_image(self.width, self.height)
        top, left = max(top, 0.0), max(left, 0.0)
        bottom, right = min(bottom, float(self.rows)), min(right, float(self.columns))
        whole = (0.0, 0.0, float(self.rows), float(self.columns))
        part = (top, left, max(bottom - top, 0.0), max(right - left, 0.0))
        return None if part == whole else part

    def _fitting(self) -> float:
        across = max(self.width - 2.0 * MARGIN, 1.0) / (self.columns * self.column_mm)
        down = max(self.height - 2.0 * MARGIN, 1.0) / (self.rows * self.row_mm)
        return min(across, down)
