"""What the numbers of a kernel's shape mean."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import kinds_network, layer

from unetscope.domain.graph import WeightSpec
from unetscope.domain.kernels import layout_of, shape_card, times


def test_the_shape_of_the_seed_is_explained() -> None:
    deep = layer(
        "deep", inputs=["enc4_pool"], output=(None, 16, 16, 512), kernel=(3, 3, 512, 512), bias=512
    )
    card = shape_card(deep, image_channels=1)
    assert card is not None
    assert card.title == "kernel (3, 3, 512, 512)"
    assert (card.kernel, card.in_channels, card.filters) == ((3, 3), 512, 512)
    assert card.lines[0] == "kernel 3×3 · 512 input channels · 512 filters"
    assert card.lines[1] == "3·3·512·512 + 512 bias = 2,359,808 parameters"
    assert card.lines[2].startswith("The image has 1 channel, but this layer reads enc4_pool, ")
    assert "which gives 512:" in card.lines[2]


def test_the_first_layer_of_a_one_channel_image_needs_no_explanation() -> None:
    first = layer("first", inputs=["image"], output=(None, 8, 8, 4), kernel=(3, 3, 1, 4), bias=4)
    card = shape_card(first, image_channels=1)
    assert card is not None
    assert card.lines == (
        "kernel 3×3 · 1 input channel · 4 filters",
        "3·3·1·4 + 4 bias = 40 parameters",
    )


def test_a_transposed_convolution_holds_its_filters_before_its_inputs() -> None:
    card = shape_card(kinds_network().graph["up"])
    assert card is not None
    assert (card.in_channels, card.filters) == (3, 5)
    assert card.lines[0] == "kernel 2×3 · 3 input channels · 5 filters"
    assert card.lines[1] == "2·3·5·3 + 5 bias = 95 parameters"


def test_a_depthwise_layer_makes_its_multiplier_of_maps_from_each_channel() -> None:
    card = shape_card(kinds_network().graph["depth"])
    assert card is not None
    assert card.lines[0] == "kernel 3×3 · 5 input channels · 2 filters"
    assert card.lines[1] == "3·3·5·2 + 10 bias = 100 parameters"
    assert card.lines[2] == "Each input channel has its own kernels: 10 feature maps."


def test_both_kernels_of_a_separable_layer_are_counted() -> None:
    separable = layer(
        "sep", "SeparableConv2D", ["x"], output=(None, 8, 8, 7), kernel=(3, 3, 5, 1), bias=7
    )
    depthwise, bias = separable.weights
    pointwise = WeightSpec("pointwise_kernel", (1, 1, 5, 7))
    separable = type(separable)(
        separable.name, separable.kind, separable.output_shape, separable.inputs,
        (depthwise, pointwise, bias),
    )  # fmt: skip
    card = shape_card(separable)
    assert card is not None
    assert card.lines[0] == "kernel 3×3 · 5 input channels · 1 filter"
    assert card.lines[1] == "3·3·5·1 + 35 pointwise_kernel + 7 bias = 87 parameters"
    layout = layout_of(separable)
    assert layout is not None
    assert layout.bias == 2


@pytest.mark.parametrize("kind", ["Dense", "BatchNormalization", "MaxPooling2D", "InputLayer"])
def test_other_layers_hold_no_kernels(kind: str) -> None:
    other = layer("x", kind, output=(None, 4), kernel=(4, 4), bias=4)
    assert layout_of(other) is None
    assert shape_card(other) is None


def test_a_convolution_whose_weights_are_not_known_holds_no_kernels_yet() -> None:
    assert layout_of(layer("x", "Conv2D")) is None


@pytest.mark.parametrize("name", ["conv", "bare", "up", "depth"])
def test_every_kernel_is_found_at_its_address(name: str) -> None:
    network = kinds_network()
    layout = layout_of(network.graph[name])
    assert layout is not None
    kernels = network.trained[name][0]
    ordered = layout.by_filter(kernels)
    assert ordered.shape == (layout.filters, layout.in_channels, *layout.window)
    assert np.shares_memory(ordered, kernels)
    for f in range(layout.filters):
        for c in range(layout.in_channels):
            assert np.array_equal(ordered[f, c], kernels[layout.index(c, f)])
    assert np.array_equal(ordered[1], np.moveaxis(kernels[layout.index(None, 1)], -1, 0))
    assert np.array_equal(ordered[:, 1], np.moveaxis(kernels[layout.index(1, None)], -1, 0))


def test_a_layer_without_a_bias_has_none() -> None:
    layout = layout_of(kinds_network().graph["bare"])
    assert layout is not None
    assert layout.bias is None


def test_kernels_of_one_and_three_axes_have_windows_of_as_many() -> None:
    for shape in ((5, 2, 3), (3, 3, 3, 2, 3)):
        layout = layout_of(layer("x", f"Conv{len(shape) - 2}D", kernel=shape, bias=3))
        assert layout is not None
        assert (layout.window, layout.in_channels, layout.filters) == (shape[:-2], 2, 3)


def test_shapes_are_written_the_way_people_say_them() -> None:
    assert times((3, 3)) == "3×3"
    assert times((None, 8, 4)) == "?×8×4"
