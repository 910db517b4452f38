"""From DICOM images to series: grouped, placed, named, with their pixels on demand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.study import SeriesInfo, Skipped
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window
from unetscope.io.decoder import decoder
from unetscope.io.dicom import DicomImage, open_inflated
from unetscope.io.grouping import Slice, Stack, group
from unetscope.io.image_pixels import COLOUR, remarks_of
from unetscope.io.notices import LIBRARY_ERRORS, noticing
from unetscope.io.pixels import read_colours, read_stored
from unetscope.io.placement import Placement, place
from unetscope.io.plain_pixels import is_plain, read_plain_frame
from unetscope.io.series import Series
from unetscope.io.slices import Image, check_as_written, no_longer_there
from unetscope.io.tags import read_tags


class DicomSlices:
    """The pixels of sorted DICOM frames.

    Parameters
    ----------
    slices : tuple of Slice
        In the order of the series.
    keep : object
        Kept alive as long as the files are needed: the folder a zip was extracted to.
    """

    def __init__(self, slices: tuple[Slice, ...], keep: object = None) -> None:
        first = slices[0]
        self.pieces = slices
        self._keep = keep
        self.monochrome1 = first.image.monochrome1
        self.in_colour = first.image.in_colour
        self.padding = first.frame.padding
        images = {id(piece.image): piece.image for piece in slices}.values()
        self.notices = [notice for image in images for notice in image.notices]

    def stored(self, index: int) -> NDArray[Any]:
        return read_slice(self.pieces[index], self.notices)

    def colours(self, index: int) -> NDArray[np.uint8] | None:
        piece = self.pieces[index]
        if piece.image.palette is not None:
            return piece.image.palette.shown(self.stored(index))
        return read_slice(piece, self.notices, colours=True) if self.in_colour else None

    def rescaled(self, index: int, stored: NDArray[Any]) -> Image:
        return self.pieces[index].frame.rescale.apply(stored)

    def window(self, index: int) -> Window | None:
        return self.pieces[index].frame.window

    def real_world(self, index: int) -> RealWorldMap | None:
        return self.pieces[index].frame.real_world

    def path(self, index: int) -> Path:
        return self.pieces[index].image.path

    def identity(self, index: int) -> Hashable:
        return self.pieces[index].frame

    def tags(self, index: int) -> tuple[TagRow, ...]:
        return read_tags(self.path(index))


def read_slice(piece: Slice, notices: list[str], *, colours: bool = False) -> NDArray[Any]:
    """Decode the stored values of a slice, or its colours.

    Returns
    -------
    (rows, columns) or, of colours, (rows, columns, 3) ndarray
        What `read_stored` or `read_colours` gives; read-only.

    Raises
    ------
    StudyError
        If the file is gone, locked, damaged or another one by now.
    """
    image, frame = piece.image, piece.frame
    try:
        check_as_written(image.path, image.written)  # pixels may lie elsewhere, or be others
        if is_plain(image.layout):
            return read_plain_frame(image.path, image.layout, frame.index)
        if image.layout.compressed:
            return decoder.decode(image.path, image.layout, frame.index, notices, colours=colours)
        with (
            noticing(notices),
            open_inflated(image.path, image.layout.deflated) as stream,
        ):
            read = read_colours if colours else read_stored
            return read(stream, image.layout, frame.index)
    except FileNotFoundError as error:
        raise no_longer_there(image.path) from error
    except LIBRARY_ERRORS as error:
        raise StudyError(
            f"{image.path.name} has pixels that cannot be decoded.",
            "The file may be damaged; copy or export it again.",
        ) from error


def make_series(
    images: Iterable[DicomImage],
    keep: object = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[Series], list[Skipped]]:
    """Group images into series, and list the files that are copies of others.

    Parameters
    ----------
    images : iterable of DicomImage
        In any order.
    keep : object
        See `DicomSlices`.
    cancelled : callable, optional
        Answers True to stop; raises Cancelled then.
    """
    grouping = group(images, _same_pixels)
    taken: set[str] = set()
    made = []
    for stack in grouping.stacks:
        if cancelled is not None and cancelled():
            raise Cancelled
        placement = place(stack)
        series = Series(
            _info(stack, taken),
            placement.grid,
            DicomSlices(placement.slices, keep),
            _warnings(placement),
        )
        made.append(series)
    return made, grouping.copies


def _warnings(placement: Placement) -> tuple[str, ...]:
    """What is doubtful about a series; first of all that its values are no measurement."""
    images = {id(piece.image): piece.image.remarks for piece in placement.slices}
    every = (*placement.warnings, *remarks_of(images.values()))
    return tuple(sorted(every, key=lambda sentence: sentence != COLOUR))


def _same_pixels(one: Slice, other: Slice) -> bool:
    try:
        return np.array_equal(read_slice(one, []), read_slice(other, []))
    except StudyError:
        return False


def _info(stack: Stack, taken: set[str]) -> SeriesInfo:
    """Name a stack; its key takes the label, so it does not depend on how many siblings it has."""
    image = stack.slices[0].image
    key = image.series_uid or f"no-uid:{image.modality}:{image.number}:{image.description}"
    if stack.label:
        key = f"{key}/{stack.label}"
    unique, count = key, 1
    while unique in taken:
        count += 1
        unique = f"{key}#{count}"
    taken.add(unique)
    description = image.description
    if stack.label:
        description = f"{description} ({stack.label})" if description else stack.label
    frames = {piece.image.frame_of_reference for piece in stack.slices}
    return SeriesInfo(
        uid=unique,
        frame_of_reference=frames.pop() if len(frames) == 1 else "",
        description=description,
        modality=image.modality,
        number=image.number,
        date=image.date or image.study.date,
        study=image.study,
    )
