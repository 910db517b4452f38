"""The filter lab's layers are real ones, and do what scipy's cross-correlation does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import convolve2d, correlate2d

import unetscope as us
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.lab import LabLayer, LabRequest, steps_of, tutorial_kernels
from unetscope.domain.lab_words import script
from unetscope.engine.filter_lab import LabBench

pytestmark = pytest.mark.engine

Floats = NDArray[np.float32]
SIZES = ((4, 4), (3, 3), (1, 1), (5, 2), (2, 7), (16, 16), (31, 31))


def noise(*shape: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def expected(image: Floats, kernel: Floats, layer: LabLayer) -> NDArray[np.float64]:
    """What the layer should give, by scipy."""
    padded = image.astype(np.float64)
    steps = steps_of(image.shape, (kernel.shape[0], kernel.shape[1]), layer)
    padded = np.pad(padded, [(each.before, each.after) for each in steps])
    made = correlate2d(padded, kernel.astype(np.float64), "valid")
    made = made[:: layer.stride, :: layer.stride] + layer.bias
    return np.maximum(made, 0) if layer.relu else made


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_every_map_equals_scipy_for_all_options(stride: int, same: bool, relu: bool) -> None:
    layer = LabLayer(stride, same, relu, bias=0.75)
    image = noise(47, 61)
    kernels = tuple(noise(*size, seed=n) for n, size in enumerate((*SIZES, *SIZES)))
    made = LabBench().convolve(LabRequest(image=image, image_key="", kernels=kernels, layer=layer))
    for kernel, found, span in zip(kernels, made.maps, made.ranges, strict=True):
        wanted = expected(image, kernel, layer)
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < 1e-5 * max(kernel.size, 10)
        assert span == (float(found.min()), float(found.max()))


def test_a_flipped_kernel_gives_the_convolution_of_mathematics() -> None:
    image, kernel = noise(40, 30), noise(4, 3, seed=1)
    (made,) = us.filter_lab(image, [kernel[::-1, ::-1]])
    assert np.abs(made - convolve2d(image, kernel, "valid")).max() < 1e-4


def test_the_shapes_that_the_lab_tells_are_those_that_keras_gives() -> None:
    image = noise(33, 20)
    for same in (False, True):
        for stride in (1, 2, 3, 5):
            layer = LabLayer(stride, same)
            kernels = tuple(noise(*size) for size in SIZES)
            made = LabBench().convolve(
                LabRequest(image=image, image_key="", kernels=kernels, layer=layer)
            )
            for kernel, found in zip(kernels, made.maps, strict=True):
                steps = steps_of(image.shape, (kernel.shape[0], kernel.shape[1]), layer)
                told = (steps[0].out, steps[1].out)
                assert found.shape == (told if 0 not in told else (0, 0))


def test_keras_refuses_a_kernel_that_was_not_reshaped_and_the_lab_tells_so() -> None:
    kernels = (np.ones((4, 4), np.float32),)
    made = LabBench().convolve(
        LabRequest(image=noise(9, 9), image_key="", kernels=kernels, layer=LabLayer())
    )
    assert "(4, 4, 1, 1)" in made.refusals[0]
    assert "(4, 4)" in made.refusals[0].replace("(4, 4, 1, 1)", "")


@pytest.mark.parametrize(
    "layer", [LabLayer(), LabLayer(2, True, True, -3.5)], ids=["plain", "all options"]
)
def test_the_script_reproduces_the_map_to_the_bit(tmp_path: Path, layer: LabLayer) -> None:
    image = noise(41, 30)
    kernel = tutorial_kernels()[0].with_value(0.1, (2, 1)).values
    np.save(tmp_path / "slice.npy", image)
    path = tmp_path / "lab.py"
    path.write_text(script(kernel, layer, "slice.npy", (41, 30)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    (found,) = us.filter_lab(
        image,
        [kernel],
        stride=layer.stride,
        padding=layer.padding,
        relu=layer.relu,
        bias=layer.bias,
    )
    assert np.array_equal(np.load(tmp_path / "slice-map.npy"), found)
    assert str(found.shape) in done.stdout


def test_scripts_are_told_what_does_not_fit() -> None:
    image = noise(5, 5)
    with pytest.raises(ModelError, match="padding"):
        us.filter_lab(image, [np.ones((2, 2))], padding="full")
    with pytest.raises(ModelError, match="0 pixels"):
        us.filter_lab(image, [np.ones((2, 2))], stride=0)
    with pytest.raises(ModelError, match="rows and columns"):
        us.filter_lab(noise(5, 5, 3), [np.ones((2, 2))])
    with pytest.raises(EditError):
        us.filter_lab(image, [np.ones((40, 2))])
    (empty,) = us.filter_lab(image, [np.ones((6, 2))])
    assert empty.size == 0
