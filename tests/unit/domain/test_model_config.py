"""Configurations of every age as calls in order, without Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unetscope.domain.channels_first import with_channels_last
from unetscope.domain.errors import ModelError
from unetscope.domain.layer_shapes import shapes_of
from unetscope.domain.model_config import Read, parse
from unetscope.domain.nested import flattened
from unetscope.domain.old_keras import kernels_as_now, repaired


def entry(kind: str, name: str, *reads: Any, **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 writes it; each of ``reads`` is one call."""
    nodes = [[[*read, {}] for read in call] for call in reads]
    own = {"name": name, **config}
    return {"class_name": kind, "name": name, "config": own, "inbound_nodes": nodes}


def image(*shape: int | None) -> dict[str, Any]:
    return entry("InputLayer", "image", batch_input_shape=[None, *shape])


def model(*layers: dict[str, Any], output: Any = None, name: str = "net") -> dict[str, Any]:
    ends = {
        "input_layers": [["image", 0, 0]],
        "output_layers": [output or [layers[-1]["name"], 0, 0]],
    }
    return {"class_name": "Model", "config": {"name": name, "layers": list(layers), **ends}}


def test_a_shared_nested_model_gives_its_layers_for_each_call() -> None:
    relu = entry("ReLU", "relu", [("image", 0, 0)], [("relu", 0, 0)])
    inner = model(image(4, 4, 1), relu, output=["relu", 1, 0], name="inner")
    outer = {
        **inner,
        **{"name": "inner", "inbound_nodes": [[["image", 0, 0, {}]], [["inner", 1, 0, {}]]]},
    }

    flat = flattened(parse(model(image(4, 4, 1), outer, output=["inner", 2, 0]), "f"))

    assert [(call.name, call.inputs) for call in flat.calls] == [
        ("image", ()),
        ("inner/relu", ("image",)),
        ("inner/relu:1", ("inner/relu",)),
        ("inner/relu:2", ("inner/relu:1",)),
        ("inner/relu:3", ("inner/relu:2",)),
    ]
    assert flat.outputs == (Read("inner/relu:3"),)
    assert set(shapes_of(flat).values()) == {(None, 4, 4, 1)}


def test_a_layer_that_no_output_reads_is_left_out() -> None:
    relu, idle = (entry("ReLU", name, [("image", 0, 0)]) for name in ("relu", "idle"))

    flat = flattened(parse(model(image(4, 4, 1), relu, idle, output=["relu", 0, 0]), "f"))

    assert flat.listed == ("image", "relu")


def test_two_names_that_differ_in_a_slash_stay_two() -> None:
    one = entry("ReLU", "a/b", [("image", 0, 0)])
    two = entry("ReLU", "a_b", [("a/b", 0, 0)])

    parsed = parse(model(image(4, 4, 1), one, two), "f")

    assert [(call.name, call.saved_as, call.inputs) for call in parsed.calls[1:]] == [
        ("a_b", "a/b", ("image",)),
        ("a_b_1", "a_b", ("a_b",)),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            entry("Convolution2D", "c", nb_filter=4, nb_row=3, nb_col=5, border_mode="same"),
            ("Conv2D", {"filters": 4, "kernel_size": [3, 5], "padding": "same"}),
        ),
        (entry("Merge", "m", mode="concat", concat_axis=3), ("Concatenate", {"axis": 3})),
        (entry("Merge", "m", mode="sum", concat_axis=-1), ("Add", {})),
        (entry("Dropout", "d", p=0.3), ("Dropout", {"rate": 0.3})),
        (entry("Dense", "d", output_dim=3, bias=False), ("Dense", {"units": 3, "use_bias": False})),
        (
            entry("MaxPooling2D", "p", dim_ordering="th", pool_size=[2, 2]),
            ("MaxPooling2D", {"data_format": "channels_first", "pool_size": [2, 2]}),
        ),
        (
            entry("ZeroPadding2D", "z", padding=[1, 2]),
            ("ZeroPadding2D", {"padding": [[1, 1], [2, 2]]}),
        ),
        (
            entry("Cropping2D", "z", cropping=[1, 2, 3, 4]),
            ("Cropping2D", {"cropping": [[1, 2], [3, 4]]}),
        ),
        (entry("LeakyReLU", "l", alpha=0.3), ("LeakyReLU", {"negative_slope": 0.3})),
        (entry("Conv2D", "c", dtype={"class_name": "Policy"}), ("Conv2D", {"dtype": "float32"})),
    ],
)
def test_old_words(old: dict[str, Any], new: tuple[str, dict[str, Any]]) -> None:
    inside = repaired(model(image(4, 4, 1), old))["config"]["layers"][1]

    kind, attributes = new
    assert inside["class_name"] == kind
    assert inside["config"] == {"name": old["name"], **attributes}


@pytest.mark.parametrize("mode", ["dot", "cos", None])
def test_a_merge_of_another_mode_is_refused(mode: Any) -> None:
    merge = entry("Merge", "m", [("image", 0, 0), ("image", 0, 0)], mode=mode)

    with pytest.raises(ModelError, match=r"m \(Merge\)"):
        parse(model(image(4, 4, 1), merge), "f")


def test_kernels_of_theano_are_turned_and_those_of_keras_1_transposed() -> None:
    now = np.arange(3 * 2 * 4 * 5, dtype=np.float32).reshape(3, 2, 4, 5)
    first = {"data_format": "channels_first"}
    theano = now[::-1, ::-1].transpose(3, 2, 0, 1)

    (kernel,) = kernels_as_now("Conv2D", (theano,), first, "1.2.2", "theano")
    np.testing.assert_array_equal(kernel, now)
    (kernel,) = kernels_as_now("Conv2DTranspose", (now.swapaxes(2, 3),), {}, "1", "tensorflow")
    np.testing.assert_array_equal(kernel, now)
    (kernel,) = kernels_as_now("Conv1D", (now[:, :1],), {}, "1", "tensorflow")
    np.testing.assert_array_equal(kernel, now[:, 0])
    (kernel,) = kernels_as_now("Conv2D", (now[::-1, ::-1],), {}, "2.1.0", "theano")
    np.testing.assert_array_equal(kernel, now)
    unchanged = kernels_as_now("Conv2D", (now,), first, "2.4.0", "tensorflow")
    assert unchanged[0] is now


FIRST = {"data_format": "channels_first"}


@pytest.mark.parametrize(
    "layer",
    [
        entry("Flatten", "odd", [("pool", 0, 0)], data_format="channels_last"),
        entry("Reshape", "odd", [("pool", 0, 0)], target_shape=[2, 4]),
        entry("Permute", "odd", [("pool", 0, 0)], dims=[2, 3, 1]),
        entry("Dense", "odd", [("pool", 0, 0)], units=3),
        entry("Activation", "odd", [("pool", 0, 0)], activation="softmax"),
        entry("UpSampling2D", "odd", [("pool", 0, 0)], size=[2, 2], data_format="channels_last"),
    ],
)
def test_what_means_something_else_with_channels_last_is_refused_by_name(layer: Any) -> None:
    pool = entry("MaxPooling2D", "pool", [("image", 0, 0)], pool_size=[2, 2], **FIRST)
    stated = parse(model(image(2, 4, 4), pool, layer), "f")

    with pytest.raises(ModelError, match=rf"odd \({layer['class_name']}\)") as caught:
        with_channels_last(stated, "f")
    assert "pool" not in caught.value.what


def test_channels_first_is_turned_as_data() -> None:
    pool = entry("MaxPooling2D", "pool", [("image", 0, 0)], pool_size=[2, 1], **FIRST)
    norm = entry("BatchNormalization", "norm", [("pool", 0, 0)], axis=1)
    join = entry("Concatenate", "join", [("norm", 0, 0), ("pool", 0, 0)], axis=-3)
    flat = entry("Flatten", "flat", [("join", 0, 0)], **FIRST)
    stated = parse(model(image(2, 4, 6), pool, norm, join, flat), "f")

    turned = with_channels_last(stated, "f")

    axes = {call.name: call.config.get("axis") for call in turned.calls if "axis" in call.config}
    assert axes == {"norm": 3, "join": 3}
    assert shapes_of(turned) == {
        "image": (None, 4, 6, 2),
        "pool": (None, 2, 6, 2),
        "norm": (None, 2, 6, 2),
        "join": (None, 2, 6, 4),
        "flat": (None, 48),
    }
    assert with_channels_last(turned, "f") is turned
