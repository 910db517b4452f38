"""Every file that comes with pydicom: the pixels another reader gives, or a reason."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

from unetscope.domain.errors import StudyError
from unetscope.io.dicom import read_image
from unetscope.io.image_pixels import COLOUR
from unetscope.io.notices import noticing
from unetscope.io.study import open_study

DATA = Path(pydicom.__file__).parent / "data"
FILES = sorted(
    path for path in DATA.rglob("*") if path.is_file() and "__pycache__" not in path.parts
)

Decode = Callable[[bytes], NDArray[Any]]
OTHER_DECODERS: dict[str, Decode] = {  # not the ones that the program asks
    "1.2.840.10008.1.2.4.51": imagecodecs.jpeg_decode,
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_decode,
    "1.2.840.10008.1.2.4.81": imagecodecs.jpegls_decode,
    "1.2.840.10008.1.2.4.90": imagecodecs.jpeg2k_decode,
    "1.2.840.10008.1.2.4.91": imagecodecs.jpeg2k_decode,
}
TWINS = {  # compressed by RLE, and the same picture as it was
    "MR_small_RLE.dcm": "MR_small.dcm",
    "rtdose_rle.dcm": "rtdose.dcm",
    "rtdose_rle_1frame.dcm": "rtdose_1frame.dcm",
}
BRIGHTNESS = (0.299, 0.587, 0.114)
DAMAGED = "JPEG2000-embedded-sequence-delimiter.dcm"  # no decoder takes its frame
PALETTE = "examples_palette.dcm"  # what is stored are numbers of colours
BAD_COUNT = "badVR.dcm"  # its number of frames is "1A"
OPENED, INDEXES, REFUSED = 102, 6, 101


def stored_by_others(path: Path) -> NDArray[Any]:
    """(frames, rows, columns) without the program and without pydicom's decoders."""
    with noticing([]):
        dataset = dcmread(path, force=True)
        count = 1 if path.name == BAD_COUNT else int(dataset.get("NumberOfFrames") or 1)
        shape = (count, dataset.Rows, dataset.Columns)
        kind = f"{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}"
        syntax = dataset.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2")
        if path.name in TWINS:
            return stored_by_others(path.with_name(TWINS[path.name]))
        decode = OTHER_DECODERS.get(str(syntax))
        if decode is None:
            return plain(dataset, shape, kind, big=not dataset.original_encoding[1])
        frames = generate_frames(dataset.PixelData, number_of_frames=shape[0])
        words = np.stack([decode(frame) for frame in frames]).astype(kind)
    unused = dataset.BitsAllocated - dataset.BitsStored
    used: NDArray[Any] = (words << unused) >> unused
    return used


def plain(dataset: Dataset, shape: tuple[int, ...], kind: str, *, big: bool) -> NDArray[Any]:
    count = int(np.prod(shape))
    words = np.frombuffer(dataset.PixelData, f"{'>' if big else '<'}{kind}", count)
    return words.reshape(shape)


def colours_by_others(path: Path) -> NDArray[Any]:
    """(frames, rows, columns, 3) by GDCM, or where that fails byte by byte."""
    with noticing([]):
        dataset = dcmread(path)
        count = int(dataset.get("NumberOfFrames") or 1)
    if dataset.file_meta.TransferSyntaxUID != RLELossless:
        colours: NDArray[Any] = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))
        return colours
    width = dataset.BitsAllocated // 8
    shape = (3, width, dataset.Rows, dataset.Columns)  # GDCM takes wide samples for narrow ones
    frames = []
    for frame in generate_frames(dataset.PixelData, number_of_frames=count):
        starts = struct.unpack_from(f"<{3 * width}L", frame, 4)
        parts = zip(starts, (*starts[1:], len(frame)), strict=True)
        planes = [imagecodecs.packbits_decode(frame[a:b])[: shape[2] * shape[3]] for a, b in parts]
        words = np.frombuffer(b"".join(planes), np.uint8).reshape(shape).transpose(2, 3, 0, 1)
        frames.append(np.ascontiguousarray(words).view(f">u{width}")[..., 0])
    return np.stack(frames)


def test_colours_are_those_of_others_and_shown_by_their_brightness() -> None:
    compared = 0
    for path in FILES:
        try:
            image = read_image(path)
        except StudyError:
            continue
        if not image.in_colour:
            continue
        compared += 1
        (series,) = open_study(path).series
        assert COLOUR in series.warnings
        theirs = colours_by_others(path)
        depth, window = 8 * theirs.itemsize, series.window(0)
        assert window is not None
        for index in range(len(series)):
            colours, grey = series.colours(index), series.slice(index)
            assert colours is not None
            assert np.array_equal(colours, theirs[index] >> (depth - 8)), path.name
            bright = theirs[index] @ np.array(BRIGHTNESS)
            scale = (window.width + 1) / 2**depth  # GDCM makes 8 bits of a palette of 16
            allowed = scale * 1.5 if scale > 1 else 0.51 + bright * 1e-7
            assert (np.abs(grey - scale * bright) <= allowed).all(), path.name
    assert compared == 33


def test_what_opens_has_the_pixels_of_others_and_what_does_not_a_reason_and_a_hint() -> None:
    opened, indexes, refused = [], [], []
    for path in FILES:
        try:
            study = open_study(path)
        except StudyError as error:
            refused.append((path, error))
            continue
        if path.name.startswith("DICOMDIR"):
            indexes.append(path)
            assert {series.path(0) for series in study.series} - {path}
            continue
        opened.append(path)
        if path.name == DAMAGED:
            with pytest.raises(StudyError, match="cannot be decoded"):
                study.series[0].raw(0)
            continue
        found: dict[int, NDArray[Any]] = {}
        for series in study.series:
            if series.colours(0) is not None and path.name != PALETTE:
                continue
            for index in range(len(series)):
                found[len(found)] = series.raw(index)
        if not found:
            continue
        ours = sorted((frame.tolist() for frame in found.values()), key=str)
        theirs = sorted((frame.tolist() for frame in stored_by_others(path)), key=str)
        assert ours == theirs, path.name
    for path, refusal in refused:
        assert path.name in refusal.what
        assert refusal.what.endswith(".")
        assert refusal.hint.endswith(".")
    assert (len(opened), len(indexes), len(refused)) == (OPENED, INDEXES, REFUSED)
