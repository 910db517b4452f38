"""What is on screen is exact at once: the part equals the same part of the whole answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engine.test_recompute import KINDS, live_of, unet, with_random_weights

from unetscope.domain.edits import Edit, ScaleFilter, SetKernel, SetLayerWeights
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]
PARTS = [(8, 8, 16, 16), (0, 20, 12, 12), (17, 0, 15, 9), (5, 6, 1, 1), (0, 0, 32, 32)]


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


def edits(live: LiveModel) -> list[Edit]:
    rng = np.random.default_rng(1)
    names = ["enc1_conv1", "enc2_conv2", "mid_conv1", "dec2_conv1", "dec1_conv1", "dec1_conv2"]
    found: list[Edit] = [SetKernel(name, 0, 1, rng.normal(size=(3, 3))) for name in names]
    found += [ScaleFilter(name, 2, -2.0) for name in names]
    for name in ("mid_conv2", "dec1_conv2", "head"):
        specs = live.layer(name).weights
        found.append(SetLayerWeights(name, [rng.normal(0, 0.3, s.shape) for s in specs]))
    return [*found, SilenceMap("mid_conv2", 3), CutSkip("join1", live.layer("join1").inputs[1])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", PARTS)
def test_the_part_in_view_is_that_of_the_whole_mask(kind: str, part: Any, image: Image) -> None:
    live = live_of(with_random_weights(KINDS[kind]())).run(image)
    before = live.mask()
    parts = 0

    for edit in edits(live):
        live.apply(edit)
        mask, exact = live.mask_within(part)
        top, left, rows, columns = exact or (0, 0, 32, 32)
        inside = (slice(top, top + rows), slice(left, left + columns))
        if exact is not None:
            parts += 1
            assert exact == part
            rest = np.ones((32, 32), bool)
            rest[inside] = False
            np.testing.assert_array_equal(mask[rest], before[rest])
        whole, probabilities = live.mask(), live.probabilities()
        top_two = np.sort(probabilities, -1)
        sure = (top_two[..., -1] - top_two[..., -2] > 1e-4)[inside]
        np.testing.assert_array_equal(mask[inside][sure], whole[inside][sure])
        live.undo()
    if part == PARTS[0] and "upsampling" in kind:
        assert parts > 8  # not the whole in every case


def test_whatever_was_asked_before_the_part_stays_exact(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3))))
    committed = live.mask()

    live.apply(SetKernel("mid_conv1", 0, 0, np.full((3, 3), 3.0)))
    mask, exact = live.mask_within((8, 8, 16, 16))
    live.mask()
    again, whole = live.mask_within((8, 8, 16, 16))

    assert exact == (8, 8, 16, 16)
    assert whole is None
    np.testing.assert_array_equal(mask[8:24, 8:24], again[8:24, 8:24])
    np.testing.assert_array_equal(mask[:8], committed[:8])


@pytest.mark.parametrize("part", [(0, 0, 0, 0), (40, 0, 5, 5), (-5, -5, 4, 4)])
def test_a_part_outside_the_image_gives_the_whole(part: Any, image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    live.mask()
    live.apply(SetKernel("mid_conv1", 0, 0, np.ones((3, 3))))

    mask, exact = live.mask_within(part)

    assert exact is None
    np.testing.assert_array_equal(mask, live.mask())
