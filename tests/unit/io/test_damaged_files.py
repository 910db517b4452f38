"""Files damaged anywhere, or made to harm: an error that says so, or a picture, and never more."""

from __future__ import annotations

import struct
import time
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.io.builders import DEFLATED, mr_slice, save

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.io.study import open_study
from unetscope.io.tags import read_tags

DATA = Path(pydicom.__file__).parent / "data" / "test_files"
NAMES = [
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPGExtended.dcm",
    "image_dfl.dcm",
    "rtdose_rle.dcm",
    "JPEG2000.dcm",
    "UN_sequence.dcm",
    "693_J2KI.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_palette.dcm",
]
CONTENTS = {name: (DATA / name).read_bytes() for name in NAMES}
LONGEST = 20.0  # seconds for one damaged file, most of it a decoder that starts again


def survive(path: Path) -> None:
    """Read all there is of a file, as the window would."""
    start = time.monotonic()
    read_tags(path)
    refusal = None
    try:
        read_all(path)
    except UnetscopeError as error:
        refusal = error
    assert refusal is None or (refusal.what.endswith(".") and refusal.hint)
    assert time.monotonic() - start < LONGEST


def read_all(path: Path) -> None:
    for series in open_study(path).series:
        series.volume()
        assert np.isfinite(series.affine).all()
        assert all(np.isfinite(series.spacing))
        with suppress(StudyError):  # as the volume of a frame that does not decode
            series.colours(0)
        for index in range(len(series)):
            window = series.window(index)
            assert window is None or window.width > 0


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_a_file_with_any_bits_flipped_gives_an_error_or_a_picture(
    tmp_path: Path, data: st.DataObject, name: str
) -> None:
    content = bytearray(CONTENTS[name])
    places = st.one_of(
        st.integers(0, min(2000, len(content)) - 1), st.integers(0, len(content) - 1)
    )
    for place in data.draw(st.lists(places, min_size=1, max_size=6), "places"):
        content[place] ^= 1 << data.draw(st.integers(0, 7), "bit")
    path = tmp_path / name
    path.write_bytes(content)
    survive(path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), share=st.floats(0, 1))
def test_a_file_cut_anywhere_gives_an_error_or_a_picture(
    tmp_path: Path, name: str, share: float
) -> None:
    path = tmp_path / name
    path.write_bytes(CONTENTS[name][: int(len(CONTENTS[name]) * share)])
    survive(path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.binary(max_size=300), preamble=st.booleans())
def test_bytes_of_any_kind_give_an_error(tmp_path: Path, start: bytes, preamble: bool) -> None:
    path = tmp_path / "any.dcm"
    path.write_bytes((bytes(128) + b"DICM" if preamble else b"") + start)
    read_tags(path)
    with pytest.raises(StudyError):
        open_study(path)


def bomb(path: Path, size: int) -> Path:
    """A deflated file whose pixels are `size` zeros."""
    plain = save(mr_slice(), path).read_bytes()
    body = plain[plain.index(struct.pack("<HH", 0x0008, 0x0016)) :]
    body = body[: body.index(struct.pack("<HH", 0x7FE0, 0x0010))]
    head = save(mr_slice(), path, DEFLATED).read_bytes()
    head = head[: 144 + struct.unpack_from("<L", head, 140)[0]]
    pack = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    pieces = [head, pack.compress(body)]
    pieces.append(pack.compress(struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, size)))
    pieces += [pack.compress(bytes(2**24)) for _ in range(size // 2**24)]
    pieces.append(pack.flush())
    path.write_bytes(b"".join(pieces))
    return path


def test_a_small_file_that_unpacks_to_a_gigabyte_is_refused_at_once(tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.dcm", 2**30)
    start = time.monotonic()
    with pytest.raises(StudyError, match="256 MB"):
        open_study(path)
    assert read_tags(path)
    assert time.monotonic() - start < 10, "it is not unpacked whole"
