"""Architectures to start from: what can be chosen, and what is refused."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

from unetscope.domain.errors import ModelError
from unetscope.domain.presets import PRESETS, NewModel, preset


def test_every_preset_proposes_what_can_be_built() -> None:
    for known in PRESETS:
        new = NewModel.proposed(known.id)
        assert new.image_shape == known.image_shape
        assert (new.classes, new.filters, new.depth) == (known.classes, known.filters, known.depth)
        assert known.title
        assert known.sentence.endswith(".")


def test_the_encoder_has_the_parameters_of_the_first_seed() -> None:
    assert NewModel.proposed("unet_encoder").parameters == 5_384_832


def test_the_mirrored_decoder_reads_what_is_below_and_its_skip() -> None:
    kernels = dict(NewModel.proposed("mirrored_unet").kernels)
    assert kernels["conv6_1"] == (3, 3, 512 + 256, 256)
    assert kernels["conv9_1"] == (3, 3, 96 + 64, 64)
    assert kernels["conv10_1"] == (1, 1, 64, 1)
    assert list(kernels)[10:] == [f"conv{level}_{n}" for level in (6, 7, 8, 9) for n in (1, 2)] + [
        "conv10_1"
    ]


def test_the_u_net_doubles_its_filters_at_each_level() -> None:
    new = NewModel.proposed("unet", image_shape=(64, 64, 2), filters=5, depth=3, classes=3)
    assert new.kernels == (
        ("enc1_conv1", (3, 3, 2, 5)),
        ("enc1_conv2", (3, 3, 5, 5)),
        ("enc2_conv1", (3, 3, 5, 10)),
        ("enc2_conv2", (3, 3, 10, 10)),
        ("mid_conv1", (3, 3, 10, 20)),
        ("mid_conv2", (3, 3, 20, 20)),
        ("dec2_conv1", (3, 3, 30, 10)),
        ("dec2_conv2", (3, 3, 10, 10)),
        ("dec1_conv1", (3, 3, 15, 5)),
        ("dec1_conv2", (3, 3, 5, 5)),
        ("head", (1, 1, 5, 3)),
    )
    kernels, channels = sum(prod(s) for _, s in new.kernels), sum(s[3] for _, s in new.kernels)
    assert new.parameters == kernels + channels + 4 * (channels - 3)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"image_shape": (250, 256, 1)}, "Rows must be a multiple of 8 for 4 levels"),
        ({"image_shape": (256, 4, 1)}, "Columns must be 8 to 2048"),
        ({"image_shape": (4096, 256, 1)}, "Rows must be 8 to 2048"),
        ({"image_shape": (256, 256)}, "rows, columns and channels"),
        ({"image_shape": (256, 256, 0)}, "Channels must be 1 to 64"),
        ({"image_shape": (256.0, 256, 1)}, "Rows must be a whole number"),
        ({"classes": 0}, "Classes must be 1 to 64"),
        ({"filters": 513}, "Filters must be 1 to 512"),
        ({"depth": 1}, "Levels must be 2 to 7"),
        ({"filters": 512, "depth": 7}, "parameters"),
        ({"seed": -1}, "The seed must be 0 to"),
        ({"seed": True}, "The seed must be a whole number"),
    ],
)
def test_a_choice_out_of_bounds_is_refused_with_the_bounds(
    chosen: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        NewModel.proposed("unet", **chosen)


def test_the_nearest_sizes_that_fit_are_offered() -> None:
    with pytest.raises(ModelError, match="Choose 248 or 256"):
        NewModel.proposed("unet", image_shape=(256, 250, 1))


@pytest.mark.parametrize("choice", ["filters", "depth", "classes"])
def test_what_a_preset_fixes_cannot_be_chosen(choice: str) -> None:
    chosen: dict[str, Any] = {choice: 4}
    with pytest.raises(ModelError, match="cannot be chosen"):
        NewModel.proposed("unet_encoder", **chosen)


def test_an_unknown_architecture_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="mirrored_unet"):
        preset("resnet")
