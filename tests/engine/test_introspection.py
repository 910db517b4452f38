"""What Keras says of a network, and what the file alone says, is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from unetscope.domain.layer_shapes import shapes_of
from unetscope.domain.network import Network
from unetscope.engine.live_model import open_model
from unetscope.engine.presets import unet_encoder
from unetscope.io.network_file import read_network
from unetscope.modelfile.reading import read_model

pytestmark = pytest.mark.engine

Saved = Callable[..., Path]
SEED_TABLE = """
input_1 (InputLayer)         [(None, 200, 200, 1)]     0
conv1_1 (Conv2D)             (None, 200, 200, 64)      1664
conv1_2 (Conv2D)             (None, 200, 200, 64)      102464
pool1 (MaxPooling2D)         (None, 100, 100, 64)      0
conv2_1 (Conv2D)             (None, 100, 100, 96)      55392
conv2_2 (Conv2D)             (None, 100, 100, 96)      83040
pool2 (MaxPooling2D)         (None, 50, 50, 96)        0
conv3_1 (Conv2D)             (None, 50, 50, 128)       110720
conv3_2 (Conv2D)             (None, 50, 50, 128)       147584
pool3 (MaxPooling2D)         (None, 25, 25, 128)       0
conv4_1 (Conv2D)             (None, 25, 25, 256)       295168
conv4_2 (Conv2D)             (None, 25, 25, 256)       1048832
pool4 (MaxPooling2D)         (None, 12, 12, 256)       0
conv5_1 (Conv2D)             (None, 12, 12, 512)       1180160
conv5_2 (Conv2D)             (None, 12, 12, 512)       2359808
"""


def assert_same(read: Network, opened: Network) -> None:
    assert read.graph.layers == opened.graph.layers
    assert read.graph.outputs == opened.graph.outputs
    assert (read.name, read.fingerprint) == (opened.name, opened.fingerprint)
    assert read.trained.keys() == opened.trained.keys()
    for layer, arrays in read.trained.items():
        for ours, theirs in zip(arrays, opened.trained[layer], strict=True):
            assert ours.dtype == np.float32
            assert ours.tobytes() == theirs.tobytes()
            assert not ours.flags.writeable
            assert not theirs.flags.writeable


NAMES = ("small_unet", "many_kinds", "two_inputs", "one_layer", "any_size")
FILES = [(name, ".keras") for name in NAMES]
# Keras itself cannot open the plain operations of two_inputs from .h5.
FILES += [(name, ".h5") for name in NAMES if name != "two_inputs"]


@pytest.mark.parametrize(("name", "suffix"), FILES)
def test_a_file_read_without_keras_is_the_network_that_keras_opens(
    saved: Saved, name: str, suffix: str
) -> None:
    path = saved(name, suffix)

    assert_same(read_network(path), open_model(path).network)


def test_shapes_that_no_consumer_states_are_worked_out(saved: Saved) -> None:
    """An ``.h5`` written by Keras 2 states no shapes at all: the rules alone must give them."""
    path = saved("many_kinds")
    bare = replace(read_model(path).flat, declared={})

    shapes = shapes_of(bare)

    assert shapes == {layer.name: layer.output_shape for layer in open_model(path).layers}


def test_a_shared_layer_is_one_node_for_each_call_and_counts_once(saved: Saved) -> None:
    path = saved("many_kinds")
    graph = open_model(path).graph
    model = keras.models.load_model(path, compile=False)

    assert [name for name in ("shared", "shared:1", "shared:2") if name in graph] == [
        "shared",
        "shared:1",
        "shared:2",
    ]
    assert graph.parameters == model.count_params()
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert sum(layer.trainable for layer in graph.layers) == trainable


@pytest.mark.parametrize("name", ["small_unet", "one_layer", "any_size"])
def test_layers_stand_in_the_order_keras_prints(saved: Saved, name: str) -> None:
    path = saved(name)
    model = keras.models.load_model(path, compile=False)
    printed = [layer.name for layer in model.layers]

    ours = [layer.name for layer in open_model(path).layers if layer.kind != "InputLayer"]

    assert ours == [layer for layer in printed if layer in ours]


def test_the_first_seeds_encoder_has_the_summary_of_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "encoder.keras"
    unet_encoder().save(path)

    for network in (read_network(path), open_model(path).network):
        rows = [
            (f"{layer.name} ({layer.kind})", str(layer.output_shape), str(layer.parameters))
            for layer in network.graph.layers
        ]
        expected = [
            (" ".join(line.split()[:2]), line[29:55].strip(" []"), line.split()[-1])
            for line in SEED_TABLE.strip().splitlines()
        ]
        assert rows == expected
        assert network.graph.parameters == 5_384_832
        assert sum(layer.trainable for layer in network.graph.layers) == 5_384_832
        assert network.name == "encoder"
        assert network.trained["conv5_2"][0].shape == (3, 3, 512, 512)


def as_keras_2_wrote_it(config: dict[str, Any]) -> dict[str, Any]:
    """Rewrite a functional model's configuration in the words of Keras 2."""
    config["class_name"] = "Model"
    for entry in config["config"]["layers"]:
        inside = entry["config"]
        if "batch_shape" in inside:
            inside["batch_input_shape"] = inside.pop("batch_shape")
            inside.pop("optional", None)
        inside["dtype"] = "float32"
        if entry["class_name"] == "Conv2DTranspose":
            inside["groups"] = 1
        nodes = []
        for node in entry["inbound_nodes"]:
            args = node["args"][0]
            tensors = args if isinstance(args, list) else [args]
            nodes.append([[*t["config"]["keras_history"], {}] for t in tensors])
        entry["inbound_nodes"] = nodes
    for key in ("input_layers", "output_layers"):
        ends = config["config"][key]
        config["config"][key] = [ends] if isinstance(ends[0], str) else ends
    return config


def test_an_old_h5_with_words_that_keras_3_dropped_opens(saved: Saved, tmp_path: Path) -> None:
    import json
    import shutil

    import h5py

    path = tmp_path / "old.hdf5"
    shutil.copyfile(saved("small_unet", ".h5"), path)
    with h5py.File(path, "r+") as file:
        config = as_keras_2_wrote_it(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["training_config"] = json.dumps({"optimizer_config": {"lr": 0.1}, "loss": "?"})
    before = path.read_bytes()

    assert_same(read_network(path), open_model(path).network)
    assert path.read_bytes() == before


def test_a_model_under_a_wrong_suffix_opens(saved: Saved, tmp_path: Path) -> None:
    for name, suffix in (("a.h5", ".keras"), ("b.keras", ".h5"), ("c", ".keras")):
        path = tmp_path / name
        path.write_bytes(saved("small_unet", suffix).read_bytes())
        assert_same(read_network(path), open_model(path).network)
