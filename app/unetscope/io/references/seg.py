"""DICOM segmentations: binary, fractional and labelmap, frames in any order, empty ones omitted.

References
----------
DICOM PS3.3 C.8.20 (Segmentation), C.7.6.16 (functional groups), PS3.5 8.1.1 (bits of a pixel).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import Cancelled
from unetscope.domain.reference import Reference, Segment
from unetscope.domain.sources import SeriesSource
from unetscope.domain.tags import short
from unetscope.io.dicom_values import element, first_item, items, text, whole
from unetscope.io.frame_header import FrameHeader
from unetscope.io.notices import noticing
from unetscope.io.pixels import PixelLayout
from unetscope.io.references.half_read import HalfRead
from unetscope.io.references.item_walk import Part
from unetscope.io.references.placing import MOST_SEGMENTS, Labelled, lay_on
from unetscope.io.references.planes import NoPlaceError, Planes
from unetscope.io.references.refusal import DAMAGED, NotMasksError
from unetscope.io.references.seg_pixels import Frame, SegPixels
from unetscope.io.references.structure_values import (
    code_of,
    colour_of_lab,
    side_of,
)

_SAME_PLACE = 0.01  # mm: frames closer than this lie in one plane
_POSITION, _DIRECTIONS, _SPACING = 0x00200032, 0x00200037, 0x00280030
_BETWEEN, _THICKNESS, _SEGMENT = 0x00180088, 0x00180050, 0x0062000B
_SHARED = {
    _POSITION: ("PlanePositionSequence", "ImagePositionPatient"),
    _DIRECTIONS: ("PlaneOrientationSequence", "ImageOrientationPatient"),
    _SPACING: ("PixelMeasuresSequence", "PixelSpacing"),
    _BETWEEN: ("PixelMeasuresSequence", "SpacingBetweenSlices"),
    _THICKNESS: ("PixelMeasuresSequence", "SliceThickness"),
    _SEGMENT: ("SegmentIdentificationSequence", "ReferencedSegmentNumber"),
}
_GROUPS = (0x00209113, 0x00209116, 0x00289110, 0x0062000A)  # these sequences, as tags
_PARALLEL = 1e-4  # of a direction cosine
_HALF = "It holds fractions: from one half on counts."


def lay_segmentation(
    path: Path,
    opened: HalfRead,
    layout: PixelLayout,
    series: SeriesSource,
    notes: list[str],
    cancelled: Callable[[], bool],
) -> Reference:
    """Read a DICOM SEG, its header given, onto a series.

    Raises
    ------
    NotMasksError
        It is damaged, or of a kind that is not read.
    StudyError
        A frame cannot be decoded, or nothing lies on the series.
    Cancelled
        If told to stop.
    """
    dataset = opened.dataset
    with noticing([]):
        kind = text(dataset, "SegmentationType").upper()
        _refuse_others(dataset, kind)
        segments = _segments(dataset)
        most = whole(dataset, "MaximumFractionalValue") or 255
    frames, planes, at = _placed(opened, layout, kind, segments, series.spacing[0], cancelled)
    reading = SegPixels(path, layout, kind, segments, most)
    if kind == "FRACTIONAL":
        notes = [*notes, _HALF]
    layers = reading.layers(frames, at, planes.shape, cancelled)
    found = Labelled("DICOM SEG", segments, layers, planes, tuple(notes))
    return lay_on(found, path.name, series, cancelled)


def _refuse_others(dataset: Any, kind: str) -> None:
    tiled = text(dataset, "DimensionOrganizationType").startswith("TILED")
    if tiled or element(dataset, "TotalPixelMatrixColumns") is not None:
        raise NotMasksError("it segments a microscope slide", "Choose one of an image series.")
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise NotMasksError("it does not say what its values mean", DAMAGED)


def _segments(dataset: Any) -> tuple[Segment, ...]:
    described = items(dataset, "SegmentSequence")
    if not 1 <= len(described) <= MOST_SEGMENTS:
        raise NotMasksError(f"it describes {len(described)} segments", DAMAGED)
    found: dict[int, Segment] = {}
    for item in described:
        own = whole(item, "SegmentNumber")
        if own is None or not 0 <= own <= 65535 or own in found:
            raise NotMasksError("its segments are not numbered properly", DAMAGED)
        code = code_of(item, "SegmentedPropertyTypeCodeSequence")
        name = (
            text(item, "SegmentLabel")
            or text(item, "SegmentDescription")
            or (code.meaning if code is not None else "")
            or f"Segment {own}"
        )
        side = side_of(item)
        if side and side not in name.lower():
            name = f"{name} ({side})"
        if own > 0:  # 0 is the background of a labelmap
            found[own] = Segment(own, short(name), colour_of_lab(item), code)
    if not found:
        raise NotMasksError("it describes nothing but a background", DAMAGED)
    return tuple(found.values())


def _placed(
    opened: HalfRead,
    layout: PixelLayout,
    kind: str,
    segments: tuple[Segment, ...],
    otherwise: float,
    cancelled: Callable[[], bool],
) -> tuple[list[Frame], Planes, dict[int, int]]:
    """The frames, the planes they lie in, and for each frame in the file which plane."""
    groups = _Groups(opened, layout.frames)
    spacing = groups.numbers(0, _SPACING)
    directions = groups.numbers(0, _DIRECTIONS)
    if spacing.size != 2 or directions.size != 6:
        raise _no_place()
    known = {segment.number for segment in segments}
    frames: list[Frame] = []
    for index in range(layout.frames):
        if cancelled():
            raise Cancelled
        turned = groups.numbers(index, _DIRECTIONS)
        if turned is not directions and (
            turned.size != 6 or not np.abs(turned - directions).max() <= _PARALLEL
        ):
            raise NotMasksError("its frames are not parallel", "Export it anew.")
        position = groups.numbers(index, _POSITION)
        if position.size != 3:
            raise _no_place()
        segment = 0 if kind == "LABELMAP" else groups.segment(index)
        if segment is None and len(known) == 1:
            (segment,) = known
        if segment is None or (segment not in known and kind != "LABELMAP"):
            raise NotMasksError(f"frame {index + 1} is of a segment that is not described", DAMAGED)
        frames.append(Frame(index, segment, position))
    stated = [*groups.numbers(0, _BETWEEN), *groups.numbers(0, _THICKNESS)]
    step = next((abs(each) for each in stated if 0 < abs(each) < np.inf), None)
    try:
        return _stacked(frames, layout, spacing, directions, step, otherwise)
    except NoPlaceError as error:
        raise NotMasksError("the directions of its frames have no meaning", DAMAGED) from error


def _no_place() -> NotMasksError:
    return NotMasksError("it does not say where its frames lie in the patient", "Export it anew.")


class _Groups:
    """The functional groups of each frame, else those of all frames.

    Parameters
    ----------
    opened : HalfRead
        The file.
    frames : int
        How many there are.
    """

    def __init__(self, opened: HalfRead, frames: int) -> None:
        self._walk = opened.walk
        self._own = list(opened.walk.items(opened.part))
        if len(self._own) not in (0, frames) or (not self._own and frames > 1):
            raise NotMasksError("it does not describe each of its frames", DAMAGED)
        self._at = -1
        self._parts: dict[int, Part] = {}
        with noticing([]):
            shared = first_item(opened.dataset, "SharedFunctionalGroupsSequence")
            where = FrameHeader(opened.dataset, None, shared)
            self._shared = {
                tag: np.array(where.numbers(group, keyword), np.float64)
                for tag, (group, keyword) in _SHARED.items()
            }

    def numbers(self, index: int, tag: int) -> NDArray[np.float64]:
        """Decimals of a frame; empty where the file has none."""
        part = self._part(index, tag)
        return self._shared[tag] if part is None else self._walk.decimals(part)

    def segment(self, index: int) -> int | None:
        """Number of the segment of a frame; None where the file does not say."""
        part = self._part(index, _SEGMENT)
        if part is not None:
            return int.from_bytes(self._walk.value(part)[:2], "little")
        shared = self._shared[_SEGMENT]
        return int(shared[0]) if shared.size and 0 <= shared[0] < 2**16 else None

    def _part(self, index: int, tag: int) -> Part | None:
        if index != self._at and self._own:
            self._parts = {
                inner: value
                for group, items_of in self._walk.elements(self._own[index])
                if group in _GROUPS
                for item in islice(self._walk.items(items_of), 1)
                for inner, value in self._walk.elements(item)
                if inner in _SHARED
            }
            self._at = index
        return self._parts.get(tag)


def _stacked(
    frames: list[Frame],
    layout: PixelLayout,
    spacing: NDArray[np.float64],
    directions: NDArray[np.float64],
    stated: float | None,
    otherwise: float,
) -> tuple[list[Frame], Planes, dict[int, int]]:
    """Put the frames that lie in one plane together."""
    right = directions[:3] * spacing[1]
    down = directions[3:] * spacing[0]
    size = (layout.rows, layout.columns)
    every = Planes.of([frame.position for frame in frames], down, right, size)
    starts = np.flatnonzero(np.diff(every.along(), prepend=-np.inf) > _SAME_PLACE)
    plane = np.searchsorted(starts, np.arange(len(frames)), side="right") - 1
    shift = (every.origins - every.origins[starts][plane]) @ every.inverse.T
    if float(np.abs(shift[:, 1:]).max()) > 0.5:
        raise NotMasksError("its frames are tiles of a picture", "Choose one of whole slices.")
    gaps = np.diff(every.along()[starts])
    smallest = float(gaps.min()) if gaps.size else None
    step = _step(smallest, stated) or otherwise
    planes = Planes.of(every.origins[starts], down, right, size, step)
    at = {frames[int(file)].index: int(plane[n]) for n, file in enumerate(every.order)}
    return frames, planes, at


def _step(smallest: float | None, stated: float | None) -> float | None:
    """Distance between planes: the smallest there is, unless empty ones in between are omitted."""
    if smallest is None or stated is None:
        return smallest or stated
    return stated if smallest > 1.5 * stated else smallest
