"""Compressed frames: every syntax, and a process that may die of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import UID, RLELossless
from tests.unit.io.builders import enhanced_mr, mr_slice, save

from unetscope.domain.errors import StudyError
from unetscope.io import decoder as decoder_module
from unetscope.io.decoder import Decoder, DecoderError
from unetscope.io.dicom import read_image
from unetscope.io.series import Series
from unetscope.io.study import open_study

Values = NDArray[np.uint16]
DATA = Path(pydicom.__file__).parent / "data" / "test_files"
TWELVE = np.random.default_rng(3).integers(0, 4096, (3, 40, 30)).astype(np.uint16)

JPEG_2000 = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY = "1.2.840.10008.1.2.4.91"
RLE = str(RLELossless)

LOSSLESS: dict[str, Callable[[Values], Any]] = {
    "1.2.840.10008.1.2.4.57": lambda v: imagecodecs.jpeg8_encode(
        v, lossless=True, predictor=4, bitspersample=12
    ),
    "1.2.840.10008.1.2.4.70": lambda v: imagecodecs.ljpeg_encode(v, bitspersample=12),
    "1.2.840.10008.1.2.4.80": lambda v: imagecodecs.jpegls_encode(v),
    JPEG_2000: lambda v: imagecodecs.jpeg2k_encode(
        v, codecformat="j2k", reversible=True, level=0, bitspersample=12
    ),
    "1.2.840.10008.1.2.4.201": lambda v: imagecodecs.htj2k_encode(v),
}


def save_compressed(path: Path, frames: list[bytes], syntax: str, shape: tuple[int, ...]) -> Path:
    """An Enhanced MR file of 12-bit frames, 2 mm apart."""
    places = [{"z": 2.0 * n} for n in range(len(frames))]
    dataset = enhanced_mr(places, np.zeros(shape, np.uint16))
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return save(dataset, path, UID(syntax))


def opened(path: Path) -> Series:
    return open_study(path).series[0]


@pytest.fixture
def own() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: UID(uid).name)
def test_lossless_frames_come_back_to_the_bit(tmp_path: Path, syntax: str) -> None:
    frames = [bytes(LOSSLESS[syntax](frame)) for frame in TWELVE]
    series = opened(save_compressed(tmp_path / "a.dcm", frames, syntax, TWELVE.shape))
    assert np.array_equal(series.volume(), TWELVE)
    assert series.raw(1).dtype == np.dtype("=u2")
    assert not series.raw(1).flags.writeable
    assert not any("loss" in warning for warning in series.warnings)


@pytest.mark.parametrize(
    ("syntax", "bits"), [("1.2.840.10008.1.2.4.50", 8), ("1.2.840.10008.1.2.4.51", 12)]
)
def test_lossy_jpeg_is_near_and_said_to_be_lossy(tmp_path: Path, syntax: str, bits: int) -> None:
    ramp = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint16) * (2**bits // 128)
    values = ramp if bits == 12 else ramp.astype(np.uint8)
    frame = bytes(imagecodecs.jpeg8_encode(values, level=100, bitspersample=bits))
    dataset = mr_slice(0, values, BitsStored=bits, HighBit=bits - 1)
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    series = opened(save(dataset, tmp_path / "a.dcm", UID(syntax)))
    assert np.abs(series.slice(0) - values).max() <= 2**bits / 128
    assert any("with loss" in warning for warning in series.warnings)


def test_signed_values_survive_lossless_jpeg(tmp_path: Path) -> None:
    values = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
    words = (values & 0x0FFF).astype(np.uint16)
    dataset = mr_slice(0, values, BitsStored=12, HighBit=11)
    dataset.PixelData = encapsulate([bytes(imagecodecs.ljpeg_encode(words, bitspersample=12))])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    path = save(dataset, tmp_path / "a.dcm", UID("1.2.840.10008.1.2.4.70"))
    assert np.array_equal(opened(path).raw(0), values)


def test_compressed_frames_are_decoded_by_the_other_process(
    own: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*_: object) -> None:
        raise AssertionError("decoded in this process")

    monkeypatch.setattr("unetscope.io.pixels.read_stored", here)
    monkeypatch.setattr("unetscope.io.dicom_series.read_stored", here)
    monkeypatch.setattr("unetscope.io.dicom_series.decoder", own)
    assert own.pid is None
    plain = opened(DATA / "MR_small.dcm")
    assert np.array_equal(opened(DATA / "MR_small_RLE.dcm").slice(0), plain.slice(0))
    assert own.pid not in (None, os.getpid())


def test_a_script_without_a_guard_reads_compressed_frames_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import unetscope\n"
        f"series = unetscope.open_study({str(DATA / 'MR_small_RLE.dcm')!r}).series[0]\n"
        "print(int(series.slice(0).max()))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2145\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_frame_that_kills_the_decoder_is_refused_and_the_others_are_read(
    tmp_path: Path, own: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [bytes(LOSSLESS[JPEG_2000](frame)) for frame in TWELVE]
    path = save_compressed(tmp_path / "a.dcm", frames, JPEG_2000, TWELVE.shape)
    monkeypatch.setattr("unetscope.io.dicom_series.decoder", own)
    series = opened(path)
    assert np.array_equal(series.raw(0), TWELVE[0])
    assert own.pid is not None
    first = own.pid
    os.kill(first, signal.SIGSTOP)  # so that it dies at work
    death = threading.Timer(0.5, os.kill, (first, signal.SIGKILL))
    death.start()
    with pytest.raises(StudyError, match=r"a\.dcm has pixels that cannot be decoded\."):
        series.slice(1)
    death.join()
    assert np.array_equal(series.raw(2), TWELVE[2]), "another process has taken over"
    assert own.pid not in (None, first)
    second = own.pid
    with pytest.raises(StudyError):
        series.slice(1)
    assert own.pid == second, "a deadly frame is not tried again"
    volume = series.volume()
    assert np.isnan(volume[1]).all()
    assert np.array_equal(volume[[0, 2]], TWELVE[[0, 2]])
    assert any("1 slice cannot be decoded" in warning for warning in series.warnings)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_decoder_that_died_in_idleness_blames_no_frame(own: Decoder) -> None:
    path = DATA / "MR_small_RLE.dcm"
    layout = read_image(path).layout
    expected = own.decode(path, layout, 0, [])
    assert own.pid is not None
    assert own._child is not None
    os.kill(own.pid, signal.SIGKILL)
    wait([own._child.sentinel], timeout=10)
    assert np.array_equal(own.decode(path, layout, 0, []), expected)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGALRM")
def test_the_alarm_of_a_frame_is_off_when_it_is_decoded() -> None:
    program = (
        "import signal\n"
        "from unetscope.io import decoder_process as d\n"
        "from types import SimpleNamespace\n"
        "with d._dying_if_hung(SimpleNamespace(rows=9, columns=9)):\n"
        "    assert signal.getitimer(signal.ITIMER_REAL)[0] > 1\n"
        "assert signal.getitimer(signal.ITIMER_REAL)[0] == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_frame_that_hangs_the_decoder_is_given_up(
    own: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = DATA / "MR_small_RLE.dcm"
    layout = read_image(path).layout
    own.decode(path, layout, 0, [])
    assert own.pid is not None
    os.kill(own.pid, signal.SIGSTOP)
    monkeypatch.setattr(decoder_module, "frame_seconds", lambda _: 0.3)
    with pytest.raises(DecoderError):
        own.decode(path, layout, 0, [])
    assert own.pid is None


def test_a_frame_that_ends_early_is_remarked_on(tmp_path: Path) -> None:
    whole = bytes(LOSSLESS[JPEG_2000](TWELVE[0]))
    cut = whole[: len(whole) * 2 // 3]
    path = save_compressed(tmp_path / "a.dcm", [cut], JPEG_2000, TWELVE[:1].shape)
    series = opened(path)
    try:
        series.slice(0)
    except StudyError:
        return
    assert any("ends before" in notice for notice in series.notices)
    assert any("break the standard" in warning for warning in series.warnings)


def test_a_jpeg_ls_frame_without_its_end_is_refused_at_once(
    tmp_path: Path, own: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unetscope.io.dicom_series.decoder", own)
    monkeypatch.setattr(decoder_module, "frame_seconds", lambda _: 3.0)
    syntax = "1.2.840.10008.1.2.4.80"
    whole = bytes(LOSSLESS[syntax](TWELVE[0]))
    assert whole.endswith(b"\xff\xd9")
    frames = [whole, whole[:-2] + b"\xff\x6c"]
    series = opened(save_compressed(tmp_path / "a.dcm", frames, syntax, (2, 40, 30)))
    assert np.array_equal(series.raw(0), TWELVE[0])
    with pytest.raises(StudyError, match="cannot be decoded"):
        series.raw(1)
    assert own._deadly == set(), "it did not take long"


def test_a_frame_of_another_size_than_the_header_says_is_refused(tmp_path: Path) -> None:
    frame = bytes(LOSSLESS["1.2.840.10008.1.2.4.70"](TWELVE[0, :20]))
    path = save_compressed(tmp_path / "a.dcm", [frame], "1.2.840.10008.1.2.4.70", (1, 40, 30))
    with pytest.raises(StudyError, match="cannot be decoded"):
        opened(path).slice(0)


def test_pixels_compressed_without_saying_so_are_refused(tmp_path: Path) -> None:
    frame = bytes(LOSSLESS[JPEG_2000](TWELVE[0]))
    path = save_compressed(tmp_path / "a.dcm", [frame], JPEG_2000, (1, 40, 30))
    raw = path.read_bytes().replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.1\0\0\0")
    path.write_bytes(raw)
    with pytest.raises(StudyError, match="compressed"):
        opened(path)
