"""Pictures as PNG: read back by another program as they were written."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from unetscope.domain.png import png_bytes


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4), (1, 1)])
def test_pillow_reads_back_every_pixel(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    read = Image.open(BytesIO(png_bytes(pixels)))
    read.load()
    assert np.array_equal(np.asarray(read), pixels)


def test_a_picture_that_lies_otherwise_in_memory_is_written_as_it_looks() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    turned = pixels.swapaxes(0, 1)[::-1]
    assert np.array_equal(np.asarray(Image.open(BytesIO(png_bytes(turned)))), turned)


def test_nothing_is_said_beside_the_pixels() -> None:
    read = Image.open(BytesIO(png_bytes(np.zeros((2, 2), np.uint8))))
    assert read.info == {"Description": "Unetscope, research use only"}
