"""A DICOM file whose long sequence is kept as bytes, everything else as pydicom reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom.filereader import read_dataset

from unetscope.io.image_pixels import PixelPlace
from unetscope.io.plain_header import FIRST_PIXEL_TAG, PIXEL_ELEMENTS
from unetscope.io.references.item_walk import Part, Place, Walk, next_element, walk_over
from unetscope.io.references.refusal import CutShortError

_UNDEFINED = 0xFFFFFFFF


@dataclass(slots=True)
class HalfRead:
    """What was read of a file.

    Attributes
    ----------
    dataset : pydicom Dataset
        The elements before the long sequence.
    implicit : bool
        Whether elements do not say of what kind they are.
    stopped : Place or None
        Where reading stopped; None at the end of the file.
    walk, part : Walk, Part
        The long sequence; without items where there is none.
    after : int
        Where it goes on in the file; 0 without such a sequence.
    rest : pydicom Dataset or None
        The elements after it, once they are read.
    """

    dataset: Any
    implicit: bool
    stopped: Place | None
    walk: Walk = Walk(b"", implicit=True)  # noqa: RUF009  (never changed)
    part: Part = (0, 0)
    after: int = 0
    rest: Any = None

    def read_rest(self, stream: BinaryIO) -> None:
        """Read what stands after the sequence."""
        if self.after:
            stream.seek(self.after)
            self.rest = read_dataset(stream, self.implicit, True)

    def pixels(self, stream: BinaryIO) -> PixelPlace:
        """Where the pixels are; CutShortError where there are none."""
        if self.stopped is None:
            raise CutShortError
        place = self.stopped
        while place.tag < FIRST_PIXEL_TAG:
            after = self.after
            if place is not self.stopped or not after:
                if place.length == _UNDEFINED:
                    after = walk_over(stream, place, implicit=self.implicit)[2]
                else:
                    after = place.offset + place.length
            place = next_element(stream, after, implicit=self.implicit)
        if place.tag not in PIXEL_ELEMENTS:
            raise CutShortError
        return PixelPlace(place.tag, place.vr, place.offset)
