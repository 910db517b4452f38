"""From a view of the filter gallery to what its widgets draw, and to one picture of all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtGui import QColor, QImage

from unetscope.domain.filter_gallery import Gallery
from unetscope.presenters.filters import FiltersView
from unetscope.ui.colours import Lut
from unetscope.ui.filter_files import as_png, with_words
from unetscope.ui.widgets.matrix_set import Axis, MatrixSet, picture
from unetscope.ui.widgets.tile_set import TileSet

PIXELS = 16_000_000  # that a saved picture has at most
LARGEST_CELL = 48


def tiles_of(view: FiltersView, lut: Lut, places: Mapping[int, int]) -> TileSet:
    """The tiles of a gallery in rows, in the order shown."""
    order = view.order
    limits = np.zeros(len(order)) if view.limits is None else np.asarray(view.limits)[order]
    return TileSet(
        values=view.kernels[order, 0],
        limits=np.stack([-limits, limits], axis=1).astype(np.float32),
        lut=lut,
        labels=tuple(map(str, order.tolist())),
        marks={places[row]: ", ".join(words) for row, words in view.marks.of.items()},
        selected=None if view.row is None else places.get(view.row),
        strip=None if view.strip is None else view.strip[order],
        strip_stale=view.strip_stale,
    )


def matrix_of(view: FiltersView, lut: Lut) -> MatrixSet:
    """The kernels of a matrix."""
    return MatrixSet(
        values=view.kernels,
        order=view.order,
        before=view.before,
        limits=view.limits,
        lut=lut,
        marks={row: ", ".join(words) for row, words in view.marks.of.items()},
        strip=view.strip,
        strip_stale=view.strip_stale,
        row=view.row,
        column=view.column,
    )


def whole_picture(
    view: FiltersView, lut: Lut, background: QColor, ink: QColor
) -> Callable[[], bytes]:
    """What makes a PNG of all tiles below what is said about them; it takes seconds for many.

    A gallery in rows becomes about as wide as high; cells shrink until the picture is not too big.
    """
    tiles = matrix_of(view, lut)
    lines = [
        f"{view.title} · {view.caption} · {view.scale}, red above 0, blue below",
        f"{_order_in_words(view)} · {view.marks.legend or 'nothing marked'}",
        "Unetscope · research use only — not for diagnosis",
    ]

    def make() -> bytes:
        rows, columns = tiles.shape
        height, width = tiles.values.shape[2:]
        across = columns if view.gallery.shows.is_matrix else max(round(rows**0.5), 1)
        down = -(-rows * columns // across)
        shaped = tiles if view.gallery.shows.is_matrix else _in_rows(tiles, down, across)
        size = min(int((PIXELS / max(down * across, 1)) ** 0.5) - 2, LARGEST_CELL)
        gap = 2 if size > 8 else 0
        cells = [max(size * n // max(height, width), 1) for n in (height, width)]
        axes = Axis(down, cells[0], gap, height), Axis(across, cells[1], gap, width)
        room = (axes[0].length, axes[1].length)
        words = picture(shaped, *axes, (0, 0), room, background.rgb())
        places = [
            (row * axes[0].pitch, column * axes[1].pitch) for row, column in _spare(tiles, shaped)
        ]
        for top, left in places:
            words[top : top + axes[0].pitch, left : left + axes[1].pitch] = background.rgb()
        borrowed = QImage(words.data, room[1], room[0], 4 * room[1], QImage.Format.Format_RGB32)
        return as_png(with_words(borrowed, lines, background, ink))

    return make


def _in_rows(tiles: MatrixSet, down: int, across: int) -> MatrixSet:
    """Rows of one tile each as a matrix, in the order shown; the last places stay empty."""
    spare = down * across - len(tiles.order)
    values = np.pad(tiles.values[tiles.order], ((0, spare), (0, 0), (0, 0), (0, 0)))
    limits = None
    kernels = values.reshape(down, across, *values.shape[2:])
    if tiles.limits is not None:  # each tile has a scale of its own: bring them to one
        ends = np.pad(np.asarray(tiles.limits, np.float32)[tiles.order], (0, spare))
        ends = np.where(ends > 0, ends, 1).reshape(down, across, 1, 1)
        kernels, limits = kernels / ends, np.ones(down)
    return MatrixSet(values=kernels, order=np.arange(down), limits=limits, lut=tiles.lut)


def _order_in_words(view: FiltersView) -> str:
    gallery = view.gallery
    if gallery.shows is Gallery.INPUTS:
        return f"filter {view.filter}, input channels in rows"
    order = f"filters {'down' if gallery.shows.is_matrix else 'in rows'} by {gallery.sort.value}"
    down = ", largest first" if gallery.descending else ""
    first = ", ".join(map(str, view.order[:8].tolist()))
    return f"{order}{down}: {first}{' …' if len(view.order) > 8 else ''}"


def _spare(tiles: MatrixSet, shaped: MatrixSet) -> list[tuple[int, int]]:
    """Rows and columns of the places that hold no tile."""
    (rows, columns), (down, across) = tiles.shape, shaped.shape
    return [divmod(place, across) for place in range(rows * columns, down * across)]
