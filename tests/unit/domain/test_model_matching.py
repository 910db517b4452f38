"""Two networks layer by layer."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import layer, network_of, unet

from unetscope.domain.model_matching import Match, difference, match_layers


def test_layers_of_the_same_name_and_shape_belong_together() -> None:
    matches = match_layers(unet().graph, unet(1).graph)
    assert [(m.here, m.there, m.by_name) for m in matches] == [
        (name, name, True) for name in ("enc", "mid", "dec", "mask")
    ]


def test_layers_of_other_names_are_matched_by_kind_shape_and_order() -> None:
    here = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("a", inputs=["image"], kernel=(3, 3, 1, 4), bias=4),
        layer("b", inputs=["a"], kernel=(3, 3, 4, 4), bias=4),
        layer("c", inputs=["b"], kernel=(3, 3, 4, 4), bias=4),
    )
    there = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("x", inputs=["image"], kernel=(3, 3, 1, 4), bias=4),
        layer("extra", inputs=["x"], kernel=(1, 1, 4, 4)),
        layer("y", inputs=["extra"], kernel=(3, 3, 4, 4), bias=4),
        layer("z", inputs=["y"], kernel=(3, 3, 4, 4), bias=4),
    )
    matches = match_layers(here.graph, there.graph)
    assert [(m.here, m.there) for m in matches] == [
        ("a", "x"),
        ("b", "y"),
        ("c", "z"),
        (None, "extra"),
    ]
    assert not any(m.by_name for m in matches if m.here)
    assert matches[-1].reason == "only in the other model"


def test_a_layer_of_another_shape_is_not_matched_and_the_shapes_are_told() -> None:
    here = network_of(layer("conv", kernel=(3, 3, 1, 4), bias=4))
    there = network_of(layer("conv", kernel=(5, 5, 1, 4), bias=4))
    mine, other = match_layers(here.graph, there.graph)
    assert mine == Match(
        "conv", None, reason="of another shape: 3×3×1×4 here, 5×5×1×4 in the other model"
    )
    assert other.there == "conv"


def test_the_difference_is_what_numpy_says() -> None:
    here, there = unet().trained["mid"], unet(1).trained["mid"]
    found = difference(here, there)
    a, b = (np.concatenate([w.ravel() for w in weights]).astype(float) for weights in (here, there))
    assert found.rms == pytest.approx(np.sqrt(((a - b) ** 2).mean()), rel=1e-5)
    assert found.relative == pytest.approx(np.linalg.norm(a - b) / np.linalg.norm(a), rel=1e-5)
    assert found.cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-4)
    assert not found.identical


def test_identical_means_to_the_bit() -> None:
    here = unet().trained["enc"]
    assert difference(here, here).identical
    minus_zero = (np.zeros(3, np.float32), -np.zeros(3, np.float32))
    assert not difference(minus_zero[:1], minus_zero[1:]).identical
    nothing = difference(minus_zero[:1], minus_zero[1:])
    assert (nothing.rms, nothing.relative) == (0, 0)
    assert np.isnan(nothing.cosine)
