"""What a layer may say of itself."""

from __future__ import annotations

from typing import Any

import pytest
from tests.faults.model_files import entry

from unetscope.domain.errors import ModelError
from unetscope.domain.known_values import check_values, is_activation, is_for_training

FUNCTION = {"module": "builtins", "class_name": "function", "config": "relu"}


@pytest.mark.parametrize(
    "value",
    [
        *(None, "relu", "ReLU", "linear", "softmax", FUNCTION),
        {"module": "keras.layers", "class_name": "LeakyReLU", "config": {"negative_slope": 0.1}},
        {"module": "keras.layers", "class_name": "Activation", "config": {"activation": "mish"}},
        {"class_name": "function", "config": "swish", "registered_name": "function"},
    ],
)
def test_an_activation_of_keras(value: object) -> None:
    assert is_activation(value)


@pytest.mark.parametrize(
    "value",
    [
        *("system", "", 7, ["relu"]),
        {**FUNCTION, "config": "exec"},
        {**FUNCTION, "module": "os"},
        {"class_name": "__lambda__", "config": {"value": "4wEA"}},
        {"module": "evil", "class_name": "ReLU", "config": {}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {}},
        {"class_name": "Activation", "config": {"activation": "mine"}},
        {"class_name": "ReLU", "config": {"max_value": {"class_name": "Popen"}}},
    ],
)
def test_any_other_activation(value: object) -> None:
    assert not is_activation(value)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "glorot_uniform", "HeNormal", "l2"),
        {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": 3}},
        {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.0}},
    ],
)
def test_what_training_of_keras_needs(value: object) -> None:
    assert is_for_training(value)


@pytest.mark.parametrize(
    "value",
    [
        "get_file",
        {"module": "keras.utils", "class_name": "get_file", "config": {}},
        {"module": "keras.initializers", "class_name": "get_file", "config": {}},
        {"class_name": "Orthogonal", "config": {"gain": {"class_name": "Popen", "config": {}}}},
        {"class_name": "Zeros", "config": "system"},
    ],
)
def test_what_no_training_of_keras_needs(value: object) -> None:
    assert not is_for_training(value)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"activation": "mine"}, "activation 'mine'"),
        ({"pool_size": [0, 2]}, "states 0 as its pool_size"),
        ({"size": [2, 10**6]}, "1000000 as its size"),
        ({"filters": -4}, "-4 as its filters"),
        ({"padding": [[10**9, 0], [0, 0]]}, "1000000000 as its padding"),
        ({"batch_shape": [None, 0, 8, 1]}, "0 as its batch_shape"),
        ({"axis": 10**12}, "1e\\+12 as its axis"),
        ({"rate": float("nan")}, "nan as its rate"),
        ({"data_format": {"class_name": "Popen", "config": {}}}, "code as its data_format"),
    ],
)
def test_a_layer_that_says_more_is_refused_by_name(own: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=f"Layer pool in net.keras .*{said}"):
        check_values(entry("MaxPooling2D", "pool", **own), "pool", "net.keras")


@pytest.mark.parametrize(
    "own",
    [
        {"seed": 10**15, "shared_object_id": 140_000_000_000_000},
        {"kernel_initializer": {"class_name": "Mine", "module": "lab", "config": {}}},
        {"padding": "same", "strides": None, "max_value": 6.0, "axis": [-1], "dtype": {"a": 1}},
    ],
)
def test_a_layer_as_keras_writes_it(own: dict[str, Any]) -> None:
    check_values(entry("Conv2D", "conv", **own), "conv", "net.keras")
