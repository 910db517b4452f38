"""A survey of a series: the engine and a script find what a look at each slice finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import ModelError
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import LookRequest
from unetscope.domain.survey import MapPeaks
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.engine.workbench import Workbench

pytestmark = pytest.mark.engine

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(5, 32, 32)).astype(np.float32)


@pytest.fixture
def live(saved: Callable[..., Path]) -> LiveModel:
    return open_model(saved("small_unet"))


@pytest.mark.parametrize("layer", ["enc1_relu", "mid_conv", "head"])
def test_a_script_finds_the_strongest_slice_of_each_map(live: LiveModel, layer: str) -> None:
    live.apply(SetBias("enc1_conv", 1, 0.5))
    every = np.stack([live.run(image).activation(layer) for image in IMAGES])
    survey = live.survey(layer, IMAGES)
    assert survey.complete
    for k in range(every.shape[-1]):
        ordered = np.argsort(-every[..., k].max(axis=(1, 2)), kind="stable")
        assert survey.strongest(k, 5) == tuple(ordered)
        best = every[ordered[0], ..., k]
        assert survey.peak(k, ordered[0]) == np.unravel_index(best.argmax(), best.shape)


def test_afterwards_the_image_is_the_one_before(live: LiveModel) -> None:
    mask = live.run(IMAGES[0]).mask()
    live.survey("mid_conv", IMAGES[1:])
    assert np.array_equal(live.mask(), mask)
    live.apply(SetBias("head", 0, 50.0))
    assert not live.mask().any()


def test_an_image_that_does_not_fit_leaves_everything_as_it_was(live: LiveModel) -> None:
    mask = live.run(IMAGES[0]).mask()
    with pytest.raises(ModelError):
        live.survey("mid_conv", [IMAGES[1], np.zeros((3, 3, 7), np.float32)])
    assert np.array_equal(live.mask(), mask)
    with pytest.raises(ModelError):
        live.survey("nowhere", IMAGES)


def test_the_workbench_surveys_a_slice_and_goes_back(saved: Callable[..., Path]) -> None:
    path = saved("small_unet")
    bench = Workbench()
    model = ModelRef(path, bench.describe(path).fingerprint)

    def asked(number: int) -> LookRequest:
        image = IMAGES[number]
        return LookRequest(model=model, image=image, image_key=str(number), layer="mid_conv")

    first = bench.look(asked(0))
    found = bench.survey(asked(1))
    assert isinstance(found, MapPeaks)
    second = bench.look(asked(1))
    assert second.maps is not None
    assert np.array_equal(found.greatest, second.maps.edited.max(axis=(0, 1)))
    again = bench.look(asked(0))
    assert again.mask is not None
    assert first.mask is not None
    assert np.array_equal(again.mask, first.mask)
