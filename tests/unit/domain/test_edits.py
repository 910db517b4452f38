"""Every kind of edit on every kind of layer: what it changes, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from tests.unit.fakes import kinds_network, opened

from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
)
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.kernels import Weights
from unetscope.domain.session import Session

NETWORK = kinds_network()
CONVOLUTIONS = ["conv", "bare", "up", "depth"]
# (window, input channels, filters), and where in the Keras array [input channel, filter] is
FACTS = {
    "conv": ((3, 5), 2, 4),
    "bare": ((1, 1), 4, 3),
    "up": ((2, 3), 3, 5),
    "depth": ((3, 3), 5, 2),
}


def weights_after(edit: Edit) -> Weights:
    return NETWORK.weights(edit.layer, (edit,))


def only(layer: str, where: tuple[int | slice, ...], values: ArrayLike) -> NDArray[np.float32]:
    """The trained kernels of a layer with something else in one place."""
    expected = NETWORK.trained[layer][0].copy()
    expected[where] = values
    return expected


def place(layer: str, in_channel: int | slice, filter: int | slice) -> tuple[int | slice, ...]:  # noqa: A002
    """Where kernels are in a Keras array: ``Conv2DTranspose`` holds (kh, kw, out, in)."""
    last = (filter, in_channel) if layer == "up" else (in_channel, filter)
    return (slice(None), slice(None), *last)


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_a_kernel_edit_changes_that_kernel_and_nothing_else(layer: str) -> None:
    window, in_channels, filters = FACTS[layer]
    values = np.arange(np.prod(window)).reshape(window)
    after = weights_after(SetKernel(layer, in_channels - 1, filters - 1, values))
    where = place(layer, in_channels - 1, filters - 1)
    assert np.array_equal(after[0], only(layer, where, values))
    assert [a.tobytes() for a in after[1:]] == [a.tobytes() for a in NETWORK.trained[layer][1:]]


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_a_filter_edit_changes_that_filter_and_nothing_else(layer: str) -> None:
    window, in_channels, filters = FACTS[layer]
    values = np.arange(np.prod(window) * in_channels).reshape(*window, in_channels)
    after = weights_after(SetFilter(layer, filters - 1, values))
    assert np.array_equal(after[0], only(layer, place(layer, slice(None), filters - 1), values))
    assert [a.tobytes() for a in after[1:]] == [a.tobytes() for a in NETWORK.trained[layer][1:]]


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_an_input_channel_edit_changes_that_channel_and_nothing_else(layer: str) -> None:
    window, in_channels, filters = FACTS[layer]
    values = np.arange(np.prod(window) * filters).reshape(*window, filters)
    after = weights_after(SetInputChannel(layer, in_channels - 1, values))
    assert np.array_equal(after[0], only(layer, place(layer, in_channels - 1, slice(None)), values))


@pytest.mark.parametrize(("layer", "biases"), [("conv", 4), ("up", 5), ("depth", 10)])
def test_a_bias_edit_changes_one_bias_and_no_kernel(layer: str, biases: int) -> None:
    after = weights_after(SetBias(layer, biases - 1, 2.5))
    assert after[0].tobytes() == NETWORK.trained[layer][0].tobytes()
    expected = NETWORK.trained[layer][1].copy()
    expected[biases - 1] = 2.5
    assert np.array_equal(after[1], expected)


@pytest.mark.parametrize("layer", ["conv", "bare", "up"])
def test_a_gain_multiplies_a_filter_and_its_bias(layer: str) -> None:
    after = weights_after(ScaleFilter(layer, 1, 0.5))
    where = place(layer, slice(None), 1)
    trained = NETWORK.trained[layer]
    assert np.array_equal(after[0], only(layer, where, trained[0][where] * np.float32(0.5)))
    for bias, before in zip(after[1:], trained[1:], strict=True):
        expected = before.copy()
        expected[1] *= np.float32(0.5)
        assert np.array_equal(bias, expected)


@pytest.mark.parametrize("layer", [*CONVOLUTIONS, "dense"])
def test_set_layer_weights_replaces_every_array(layer: str) -> None:
    new = [np.full_like(array, 0.25) for array in NETWORK.trained[layer]]
    after = weights_after(SetLayerWeights(layer, new))
    assert [a.tobytes() for a in after] == [a.tobytes() for a in new]


@pytest.mark.parametrize(
    "edit",
    [
        SetKernel("dense", 0, 0, np.zeros((1, 1))),
        SetFilter("dense", 0, np.zeros((1, 1, 1))),
        SetInputChannel("dense", 0, np.zeros((1, 1, 1))),
        SetBias("dense", 0, 0.0),
        ScaleFilter("dense", 0, 0.0),
    ],
    ids=lambda edit: type(edit).__name__,
)
def test_a_layer_without_kernels_refuses_edits_of_them_by_name(edit: Edit) -> None:
    with pytest.raises(EditError, match=r"^Layer dense \(Dense\) holds no kernels\. Choose a "):
        weights_after(edit)


def values_of(shape: tuple[int, ...], last: float = 0.0) -> NDArray[np.float32]:
    values = np.zeros(shape, np.float32)
    values.flat[-1] = last
    return values


REFUSED: list[tuple[str, Callable[[], Edit], str]] = [
    (
        "kernel of another shape",
        lambda: SetKernel("conv", 0, 0, values_of((5, 3))),
        r"shape \(3, 5\), but found \(5, 3\)",
    ),
    (
        "filter of another shape",
        lambda: SetFilter("up", 0, values_of((2, 3, 5))),
        r"shape \(2, 3, 3\), but found \(2, 3, 5\)",
    ),
    (
        "input channel of another shape",
        lambda: SetInputChannel("depth", 0, values_of((3, 3, 5))),
        r"shape \(3, 3, 2\), but found \(3, 3, 5\)",
    ),
    (
        "weights of another shape",
        lambda: SetLayerWeights("conv", [values_of((3, 5, 2, 4))]),
        r"takes 2 arrays of shapes \(3, 5, 2, 4\), \(4,\), but found 1 of shapes \(3, 5, 2, 4\)\.",
    ),
    (
        "input channel beyond the last",
        lambda: SetKernel("up", 3, 0, values_of((2, 3))),
        r"in_channel from 0 to 2, but found 3",
    ),
    (
        "filter beyond the last",
        lambda: SetKernel("up", 0, 5, values_of((2, 3))),
        r"filter from 0 to 4, but found 5",
    ),
    (
        "filter before the first",
        lambda: ScaleFilter("conv", -1, 1.0),
        r"filter from 0 to 3, but found -1",
    ),
    ("bias beyond the last", lambda: SetBias("depth", 10, 1.0), r"from 0 to 9, but found 10"),
    ("bias of a layer without", lambda: SetBias("bare", 0, 1.0), r"Layer bare has no bias\."),
    (
        "not a number in a kernel",
        lambda: SetKernel("conv", 0, 0, values_of((3, 5), float("nan"))),
        r"layer conv must be finite numbers",
    ),
    (
        "infinite filter",
        lambda: SetFilter("conv", 0, values_of((3, 5, 2), float("inf"))),
        r"layer conv must be finite numbers",
    ),
    (
        "not a number among weights",
        lambda: SetLayerWeights("bare", [values_of((1, 1, 4, 3), float("nan"))]),
        r"layer bare must be finite numbers",
    ),
    ("bias not a number", lambda: SetBias("conv", 0, float("nan")), r"must be finite numbers"),
    ("bias too large for float32", lambda: SetBias("conv", 0, 1e39), r"must be finite numbers"),
    ("gain not a number", lambda: ScaleFilter("conv", 0, float("nan")), r"must be finite numbers"),
    ("gain too large for float32", lambda: ScaleFilter("conv", 0, 1e39), r"must be finite"),
    ("gain that overflows", lambda: ScaleFilter("conv", 3, 1e30), r"must be finite numbers"),
    (
        "kernel too large for float32",
        lambda: SetKernel("conv", 0, 0, np.full((3, 5), 1e39)),
        r"must be finite numbers",
    ),
    (
        "ragged values",
        lambda: SetKernel("conv", 0, 0, [[1.0, 2.0], [3.0]]),
        r"numbers in a regular array",
    ),
    (
        "words",
        lambda: SetKernel("conv", 0, 0, [["a", "b"]]),
        r"numbers in a regular array",
    ),
]


@pytest.mark.parametrize(("make", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_does_not_fit_is_refused_in_a_sentence_or_two_and_changes_nothing(
    make: Callable[[], Edit], says: str
) -> None:
    session = opened(kinds_network()).select_layer("conv")
    session = session.edit(SetKernel("conv", 0, 3, np.full((3, 5), 1e30)))
    before = dump(session)
    with pytest.raises(UnetscopeError, match=says) as refusal:
        session.edit(make())
    assert 1 <= len(re.findall(r"\.(?:\s|$)", str(refusal.value))) <= 2
    assert dump(session) == before


def dump(session: Session) -> list[bytes]:
    assert session.network is not None
    return [
        a.tobytes() for each in session.network.graph.layers for a in session.weights(each.name)
    ]


def test_an_edit_keeps_its_own_copy_of_its_values() -> None:
    values = np.ones((3, 5), np.float32)
    edit = SetKernel("conv", 0, 0, values)
    values[:] = 7
    assert weights_after(edit)[0][:, :, 0, 0].tolist() == np.ones((3, 5)).tolist()
    kept = np.asarray(edit.values)
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 7


def test_the_weights_in_force_cannot_be_written_to() -> None:
    for edit in (SetBias("conv", 0, 1.0), SetLayerWeights("conv", NETWORK.trained["conv"])):
        for array in weights_after(edit):
            assert not array.flags.writeable


def test_edits_are_equal_when_they_say_the_same() -> None:
    a = SetKernel("conv", 0, 1, np.ones((3, 5)))
    assert a == SetKernel("conv", 0, 1, np.ones((3, 5)))
    assert hash(a) == hash(SetKernel("conv", 0, 1, np.ones((3, 5))))
    assert a != SetKernel("conv", 1, 0, np.ones((3, 5)))
    assert a != SetKernel("conv", 0, 1, np.zeros((3, 5)))
    assert SetFilter("c", 0, np.ones((2, 3))) != SetFilter("c", 0, np.ones((3, 2)))
    assert SetFilter("c", 0, np.ones(3)) != SetInputChannel("c", 0, np.ones(3))
    assert ScaleFilter("c", 0, 1.0) != SetBias("c", 0, 1.0)
    assert SetBias("c", 0, 0.0) != SetBias("c", 0, -0.0)  # to the bit


@given(st.integers(0, 3), st.floats(-4, 4, width=32))
def test_a_label_names_what_where_and_which_filter(index: int, value: float) -> None:
    assert SetBias("conv", index, value).label == f"bias on conv · filter {index}"
    assert SetInputChannel("conv", index, [value]).label == "input channel on conv"
    assert SetLayerWeights("conv", [[value]]).label == "weights on conv"
