"""A catalogue of the files people have: each opens in both readers alike, or is refused by name.

Run with ``-s`` to print it as a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers, ops
from numpy.typing import NDArray
from scipy.signal import correlate2d
from tests.engine.conftest import BUILDERS, randomised, small_unet
from tests.engine.old_files import (
    archived_weights,
    channels_first,
    described,
    in_words_of_keras_2,
    weights_of,
    write_archive,
    write_h5,
)

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.engine.loader import load
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

Write = Callable[[Any, Path], Path]
TABLE: list[str] = []


@dataclass(frozen=True)
class File:
    """One file: how its network is built with plain Keras, and how it is written."""

    name: str
    build: Callable[[], Any]
    write: Write
    tolerance: float = 1e-5


# ------------------------------------------------------------------ how files are written


def saved(model: Any, path: Path) -> Path:
    """As this Keras writes it."""
    model.save(path)
    return path


def keras_2_archive(root: str = "layers", separator: str = "/") -> Write:
    def write(model: Any, path: Path) -> Path:
        config = in_words_of_keras_2(described(model), archive=True)
        return write_archive(path, config, archived_weights(model, root, separator))

    return write


def keras_2_h5(**more: Any) -> Write:
    def write(model: Any, path: Path) -> Path:
        config = in_words_of_keras_2(described(model), archive=False)
        return write_h5(path, config, weights_of(model), **more)

    return write


def called_model(model: Any, path: Path) -> Path:
    """Before 2.3 a functional model was of the class ``Model``."""
    config = in_words_of_keras_2(described(model), archive=False)
    return write_h5(path, {**config, "class_name": "Model"}, weights_of(model), version="2.1.6")


def with_slashes(model: Any, path: Path) -> Path:
    """Names such as ``conv1/bn``, which Keras 2 allowed and DenseNet has."""
    text = json.dumps(in_words_of_keras_2(described(model), archive=False))
    arrays = weights_of(model)
    for name in arrays:
        text = text.replace(json.dumps(name), json.dumps(name.replace("_", "/")))
    return write_h5(
        path, json.loads(text), {name.replace("_", "/"): a for name, a in arrays.items()}
    )


def list_of_layers(model: Any, path: Path) -> Path:
    """The oldest Sequential: its configuration is the list of its layers."""
    config = in_words_of_keras_2(described(model), archive=False)
    first, *rest = config["config"]["layers"]
    rest[0]["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]
    arrays = {name: a for name, a in weights_of(model).items() if a}
    return write_h5(path, {"class_name": "Sequential", "config": rest}, arrays, version="2.0.6")


def in_words_of_keras_1(entry: dict[str, Any], *, theano: bool) -> dict[str, Any]:
    own, kind = entry["config"], entry["class_name"]
    new: dict[str, Any] = {"name": own["name"], "trainable": True}
    order = {"dim_ordering": "th" if theano else "tf"}
    border = {"border_mode": own.get("padding")}
    if kind == "InputLayer":
        n, *space, c = own["batch_shape"]
        shape = [n, c, *space] if theano else [n, *space, c]
        return {"class_name": kind, "config": {**new, "batch_input_shape": shape}}
    if kind in ("Conv2D", "Conv2DTranspose"):
        rows, columns = own["kernel_size"]
        new |= {"nb_filter": own["filters"], "nb_row": rows, "nb_col": columns}
        new |= {"subsample": own["strides"], "bias": True, "init": "glorot_uniform"}
        new |= {"activation": own["activation"], "W_regularizer": None, **border, **order}
        if kind == "Conv2DTranspose":
            return {"class_name": "Deconvolution2D", "config": {**new, "output_shape": [None] * 4}}
        return {"class_name": "Convolution2D", "config": new}
    if kind == "MaxPooling2D":
        new |= {"pool_size": own["pool_size"], "strides": own["strides"], **border, **order}
    elif kind == "UpSampling2D":
        new |= {"size": own["size"], **order}
    elif kind == "Dropout":
        new |= {"p": own["rate"]}
    elif kind == "BatchNormalization":
        new |= {"epsilon": own["epsilon"], "mode": 0, "axis": 1 if theano else -1}
    elif kind in ("Concatenate", "Add"):
        mode = "concat" if kind == "Concatenate" else "sum"
        new |= {"mode": mode, "concat_axis": 1 if theano else -1, "dot_axes": -1}
        return {"class_name": "Merge", "config": {**new, "mode_type": "raw", "arguments": {}}}
    else:
        new |= {"activation": own["activation"]}
    return {"class_name": kind, "config": new}


def keras_1(*, theano: bool = False) -> Write:
    """Old names, ``Merge``; with Theano channels first and kernels turned by 180°."""

    def write(model: Any, path: Path) -> Path:
        config = described(model)
        old = in_words_of_keras_2(json.loads(json.dumps(config)), archive=False)
        for entry, renamed in zip(config["config"]["layers"], old["config"]["layers"], strict=True):
            renamed |= in_words_of_keras_1(entry, theano=theano)
        arrays = weights_of(model)
        for layer in model.layers:
            if isinstance(layer, (layers.Conv2D, layers.Conv2DTranspose)):
                kernel = arrays[layer.name][0]
                transposed = isinstance(layer, layers.Conv2DTranspose)
                if theano:
                    kernel = kernel[::-1, ::-1].transpose(*((2, 3) if transposed else (3, 2)), 0, 1)
                elif transposed:
                    kernel = kernel.swapaxes(2, 3)
                arrays[layer.name][0] = kernel
        version = "1.2.2" if theano else None  # the first versions did not say
        backend = "theano" if theano else "tensorflow"
        return write_h5(
            path, {**old, "class_name": "Model"}, arrays, version=version, backend=backend
        )

    return write


def with_channels_first(write: Write) -> Write:
    """The same network as it would be with channels first; only the slopes of PReLU move."""

    def written(model: Any, path: Path) -> Path:
        config = described(model)
        channels_first(config, model)
        arrays = weights_of(model)
        for layer in model.layers:
            if isinstance(layer, layers.PReLU):
                arrays[layer.name][0] = np.moveaxis(arrays[layer.name][0], -1, 0)
        if write is saved:
            found = archived_weights(model)
            return write_archive(path, config, found)
        return write_h5(path, in_words_of_keras_2(config, archive=False), arrays)

    return written


# --------------------------------------------------------------------------- networks


def conv(filters: int, size: int = 3, **more: Any) -> Any:
    return layers.Conv2D(filters, size, padding="same", **more)


def dense_names() -> Any:
    image = keras.Input((12, 12, 1), name="image")
    x = layers.BatchNormalization(name="conv1_bn")(conv(3, name="conv1_conv")(image))
    x = layers.ReLU(name="conv1_relu")(x)
    return keras.Model(image, conv(1, 1, activation="sigmoid", name="head")(x))


def sequence() -> Any:
    return keras.Sequential(
        [
            keras.Input((12, 10, 2)),
            conv(3, activation="relu", name="first"),
            layers.LeakyReLU(0.2, name="leaky"),
            layers.Dropout(0.5, name="drop"),
            layers.ZeroPadding2D(1, name="pad"),
            layers.Conv2D(2, 3, activation="softmax", name="head"),
        ]
    )


def old_unet() -> Any:
    """Only what Keras 1 had."""
    image = keras.Input((16, 16, 1), name="image")
    skip = layers.BatchNormalization(name="norm")(conv(3, activation="relu", name="down")(image))
    x = layers.Dropout(0.2, name="drop")(layers.MaxPooling2D(name="pool")(skip))
    x = conv(3, name="mid")(x)
    up = layers.UpSampling2D(name="up")(x)
    back = layers.Conv2DTranspose(3, 2, strides=2, name="back")(x)
    x = layers.Concatenate(name="join")([layers.Add(name="sum")([up, back]), skip])
    return keras.Model(image, conv(1, 1, activation="sigmoid", name="head")(x))


def attention_gates() -> Any:
    """As in Attention U-Net: the gate has one channel and is broadcast over the skip's."""
    image = keras.Input((16, 16, 1), name="image")
    skip = conv(4, activation="relu", name="enc")(image)
    low = conv(6, activation="relu", name="mid")(layers.MaxPooling2D(name="pool")(skip))
    theta = layers.Conv2D(3, 2, strides=2, name="theta")(skip)
    phi = conv(3, 1, name="phi")(low)
    f = layers.Activation("relu", name="f")(layers.Add(name="added")([theta, phi]))
    psi = layers.Activation("sigmoid", name="gate")(conv(1, 1, name="psi")(f))
    gate = layers.UpSampling2D(name="gate_up")(psi)
    x = layers.Multiply(name="attend")([gate, skip])
    x = layers.Concatenate(name="join")([layers.UpSampling2D(name="up")(low), x])
    return keras.Model(image, conv(1, 1, activation="sigmoid", name="head")(x))


def squeeze_and_excite() -> Any:
    image = keras.Input((12, 12, 1), name="image")
    x = conv(4, activation="relu", name="conv")(image)
    s = layers.GlobalAveragePooling2D(name="squeeze")(x)
    s = layers.Dense(2, activation="relu", name="reduce")(s)
    s = layers.Reshape((1, 1, 4), name="shape")(layers.Dense(4, activation="sigmoid", name="d")(s))
    x = layers.Multiply(name="scale")([x, s])
    return keras.Model(image, conv(2, 1, name="head")(x))


def keepdims() -> Any:
    image = keras.Input((12, 12, 1), name="image")
    x = conv(4, activation="relu", name="conv")(image)
    parts = [
        layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x),
        layers.GlobalMaxPooling2D(keepdims=True, name="most")(x),
    ]
    s = layers.Activation("sigmoid", name="gate")(layers.Add(name="both")(parts))
    return keras.Model(image, conv(2, 1, name="head")(layers.Multiply(name="scale")([x, s])))


def attentions() -> Any:
    image = keras.Input((6, 6, 3), name="image")
    x = layers.Reshape((36, 4), name="tokens")(conv(4, name="conv")(image))
    x = layers.Add(name="rest")([x, layers.MultiHeadAttention(2, 3, name="heads")(x, x)])
    x = layers.Attention(use_scale=True, name="dot")([x, x])
    x = layers.AdditiveAttention(name="additive")([x, x])
    x = layers.Reshape((6, 6, 4), name="map")(layers.LayerNormalization(name="norm")(x))
    return keras.Model(image, layers.Dense(3, activation="softmax", name="head")(x))


def normalisations() -> Any:
    image = keras.Input((8, 8, 2), name="image")
    x = layers.Normalization(name="input_norm")(layers.Rescaling(0.5, name="rescale")(image))
    x = layers.GroupNormalization(2, name="groups")(conv(4, name="conv")(x))
    x = layers.LayerNormalization(axis=[1, 2, 3], name="whole")(x)
    x = layers.LayerNormalization(center=False, name="scaled")(x)
    x = layers.UnitNormalization(name="unit")(layers.RMSNormalization(name="rms")(x))
    x = layers.BatchNormalization(scale=False, name="batch")(x)
    return keras.Model(image, conv(2, 1, name="head")(x))


def augmented() -> Any:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.RandomRotation(0.1, name="turn")(layers.RandomFlip(name="flip")(image))
    x = layers.GaussianNoise(0.1, name="noise")(x)
    return keras.Model(image, conv(2, 1, name="head")(layers.RandomZoom(0.1, name="zoom")(x)))


def resized() -> Any:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Resizing(16, 12, name="bigger")(conv(2, name="conv")(image))
    x = layers.Permute((2, 1, 3), name="turn")(layers.CenterCrop(10, 8, name="centre")(x))
    return keras.Model(image, conv(2, 1, name="head")(x))


def operations() -> Any:
    image = keras.Input((8, 8, 2), name="image")
    x = conv(4, name="conv")(image)
    x = ops.concatenate([ops.relu(x) * 2.0, ops.pad(image, [[0, 0]] * 4)], axis=-1)
    x = ops.image.resize(x[:, 1:-1, :, :3], (16, 16))
    x = 1.0 - ops.sigmoid(x - ops.mean(x, axis=-1, keepdims=True))
    x = ops.reshape(x, (-1, 16, 16, 3)) * ops.expand_dims(x[..., 0], -1)
    return keras.Model(
        image, conv(1, 1, name="head")(x / (ops.max(x, axis=(1, 2, 3), keepdims=True)))
    )


def nested() -> Any:
    """An encoder called twice, in which a layer is shared and another model is nested."""
    outside = keras.Input((12, 12, 1), name="image")
    inside = keras.Input((12, 12, 1), name="inside")
    same = conv(3, name="same")
    deep = keras.Sequential([keras.Input((12, 12, 3)), conv(3, name="leaf")], name="deep")
    y = same(layers.BatchNormalization(name="bn")(conv(3, name="conv")(inside)))
    encoder = keras.Model(inside, deep(same(y)), name="encoder")
    flipped = layers.Cropping2D(0, name="crop")(outside)
    x = layers.Add(name="add")([encoder(outside), encoder(flipped)])
    return keras.Model(outside, conv(2, 1, activation="sigmoid", name="head")(x), name="twice")


def chained() -> Any:
    """One small model called on what it gave, three times, up to the very end."""
    image = keras.Input((8, 8, 2), name="image")
    inside = keras.Input((8, 8, 2), name="inside")
    step = keras.Model(inside, conv(2, activation="tanh", name="conv")(inside), name="step")
    return keras.Model(image, step(step(step(image))))


def nested_head() -> Any:
    """A nested model at the end, so that the output's layer is inside it."""
    image = keras.Input((10, 10, 1), name="image")
    inside = keras.Input((10, 10, 3))
    y = layers.Dropout(0.1, name="drop")(conv(2, 1, activation="softmax", name="classes")(inside))
    head = keras.Model(inside, y, name="head")
    return keras.Model(image, head(conv(3, name="body")(image)))


def two_ends() -> Any:
    """A backbone with two outputs, frozen, on another size than it was made for."""
    inside = keras.Input((None, None, 1), name="inside")
    y = conv(3, name="one")(inside)
    z = layers.BatchNormalization(name="norm")(layers.MaxPooling2D(name="pool")(y))
    backbone = keras.Model(inside, [y, conv(4, name="two")(z)], name="backbone")
    backbone.trainable = False
    image = keras.Input((12, 16, 1), name="image")
    skip, low = backbone(image)
    x = layers.Concatenate(name="join")([layers.UpSampling2D(name="up")(low), skip])
    return keras.Model(image, conv(2, 1, name="head")(x))


def named_inputs() -> Any:
    """Inputs and outputs in a mapping, an input that nothing reads, a model that does nothing."""
    one, two, idle = (keras.Input((8, 8, 1), name=name) for name in ("zz", "aa", "mm"))
    inside = [keras.Input((8, 8, 1), name=name) for name in ("q", "p")]
    inner = keras.Model(dict(zip(("q", "p"), inside, strict=True)), layers.Subtract()(inside))
    through = keras.Input((8, 8, 1))
    same = keras.Model(through, through, name="same")
    x = conv(2, name="conv")(inner({"q": same(one), "p": two}))
    return keras.Model({"zz": one, "aa": two, "mm": idle}, {"y": x, "b": conv(1, name="side")(x)})


def slopes() -> Any:
    image = keras.Input((8, 6, 1), name="image")
    x = layers.PReLU(shared_axes=[1, 2], name="shared")(conv(3, name="conv")(image))
    x = layers.PReLU(name="own")(x)
    x = layers.LayerNormalization(name="norm")(layers.SpatialDropout2D(0.1, name="drop")(x))
    return keras.Model(image, layers.Softmax(name="classes")(conv(2, 1, name="head")(x)))


def unet_of_rank(rank: int) -> Callable[[], Any]:
    """A U-Net of signals or of volumes."""

    def build() -> Any:
        def layer(kind: str, *args: Any, **more: Any) -> Any:
            return getattr(layers, f"{kind}{rank}D")(*args, **more)

        image = keras.Input((8,) * rank + (1,), name="image")
        skip = layer("Conv", 3, 3, padding="same", activation="relu", name="down")(image)
        x = layer("AveragePooling", 2, name="pool")(skip)
        x = layer("UpSampling", 2, name="up")(layer("Conv", 3, 3, padding="same", name="mid")(x))
        x = layers.Concatenate(name="join")([x, skip])
        x = layer("ZeroPadding", 1, name="pad")(layer("Cropping", 1, name="crop")(x))
        return keras.Model(image, layer("Conv", 2, 1, activation="softmax", name="head")(x))

    return build


def of_policy(policy: str) -> Callable[[], Any]:
    def build() -> Any:
        image = keras.Input((12, 12, 1), name="image")
        x = conv(3, activation="relu", dtype=policy, name="conv")(image)
        x = layers.BatchNormalization(dtype=policy, name="norm")(x)
        return keras.Model(image, conv(2, 1, activation="softmax", dtype="float32", name="head")(x))

    return build


TRAINED = {"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.1}}, "loss": "dice_loss"}
SMALL = small_unet
MANY = BUILDERS["many_kinds"]

FILES = [
    *(File(f"Keras 3 .keras: {name}", build, saved) for name, build in BUILDERS.items()),
    File("Keras 3 .h5: U-Net", SMALL, saved),
    File("Keras 3 .h5: nested and shared", MANY, saved),
    File("Keras 3 .keras: attention gates", attention_gates, saved),
    File("Keras 3 .keras: squeeze and excite", squeeze_and_excite, saved),
    File("Keras 3 .keras: pooling with keepdims", keepdims, saved),
    File("Keras 3 .keras: self-attention", attentions, saved),
    File("Keras 3 .h5: self-attention", attentions, saved),
    File("Keras 3 .keras: normalisations", normalisations, saved),
    File("Keras 3 .h5: normalisations", normalisations, saved),
    File("Keras 3 .keras: augmentation", augmented, saved),
    File("Keras 3 .keras: resizing", resized, saved),
    File("Keras 3 .keras: plain operations", operations, saved),
    File("Keras 3 .keras: nested twice", nested, saved),
    File("Keras 3 .h5: nested twice", nested, saved),
    File("Keras 3 .keras: nested head", nested_head, saved),
    File("Keras 3 .keras: nested in a chain", chained, saved),
    File("Keras 2 .h5: nested in a chain", chained, keras_2_h5()),
    File("Keras 3 .keras: frozen backbone, two outputs", two_ends, saved),
    File("Keras 3 .h5: frozen backbone, two outputs", two_ends, saved),
    File("Keras 3 .keras: mappings of inputs", named_inputs, saved),
    File("Keras 3 .h5: mappings of inputs", named_inputs, saved),
    File("Keras 3 .keras: 1-D", unet_of_rank(1), saved),
    File("Keras 3 .keras: 3-D", unet_of_rank(3), saved),
    File("Keras 3 .keras: mixed_float16", of_policy("mixed_float16"), saved, 5e-3),
    File("Keras 3 .keras: float16", of_policy("float16"), saved, 5e-3),
    File("Keras 3 .keras: bfloat16", of_policy("bfloat16"), saved, 5e-2),
    File("Keras 3 .h5: float16", of_policy("float16"), saved, 5e-3),
    File("Keras 2.15 .keras: U-Net", SMALL, keras_2_archive()),
    File("Keras 2.15 .keras: nested and shared", MANY, keras_2_archive()),
    File("Keras 2.15 .keras: nested twice", nested, keras_2_archive()),
    File("Keras 2.15 .keras: sequential", sequence, keras_2_archive()),
    File("Keras 2.15 .keras: self-attention", attentions, keras_2_archive()),
    File("Keras 2.12 .keras: U-Net", SMALL, keras_2_archive("_layer_checkpoint_dependencies")),
    File("Keras 2.12 .keras: nested", nested, keras_2_archive("_layer_checkpoint_dependencies")),
    File("Keras 2.12 .keras, Windows: U-Net", SMALL, keras_2_archive(separator="\\")),
    File("Keras 2.12 .keras, Windows: nested", nested, keras_2_archive(separator="\\")),
    File("Keras 2 .h5: unknown loss, optimiser state", SMALL, keras_2_h5(training=TRAINED)),
    File("Keras 2 .h5: names in pieces", SMALL, keras_2_h5(chunked=True)),
    File("Keras 2 .h5: nested and shared", MANY, keras_2_h5()),
    File("Keras 2 .h5: nested twice", nested, keras_2_h5()),
    File("Keras 2 .h5: nested head", nested_head, keras_2_h5()),
    File("Keras 2 .h5: frozen backbone, two outputs", two_ends, keras_2_h5()),
    File("Keras 2 .h5: attention gates", attention_gates, keras_2_h5()),
    File("Keras 2 .h5: self-attention", attentions, keras_2_h5()),
    File("Keras 2 .h5: sequential", sequence, keras_2_h5()),
    File("Keras 2 .h5: slashes in names", dense_names, with_slashes),
    File("Keras 2 .h5: mixed_float16", of_policy("mixed_float16"), keras_2_h5(), 5e-3),
    File("Keras 2.1 .h5: class Model", SMALL, called_model),
    File("Keras 2.0 .h5: list of layers", sequence, list_of_layers),
    File("Keras 1 .h5: Merge, Deconvolution2D", old_unet, keras_1()),
    File("Keras 1 .h5: Theano, channels first", old_unet, keras_1(theano=True)),
    File("channels first .keras: U-Net", old_unet, with_channels_first(saved)),
    File("channels first .h5: U-Net", old_unet, with_channels_first(keras_2_h5())),
    File("channels first .h5: attention gates", attention_gates, with_channels_first(keras_2_h5())),
    File("channels first .keras: squeeze, excite", squeeze_and_excite, with_channels_first(saved)),
    File("channels first .h5: PReLU, norm, softmax", slopes, with_channels_first(keras_2_h5())),
    File("channels first .keras: nested twice", nested, with_channels_first(saved)),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_opens_and_every_activation_is_that_of_plain_keras(file: File, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = randomised(file.build(), seed=len(file.name))
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()
    suffix = ".keras" if ".keras" in file.name or "archive" in file.name else ".h5"
    path = file.write(model, tmp_path / f"net{suffix}")
    before = path.read_bytes()

    read, live = read_network(path), open_model(path)

    opened = live.network
    assert read.graph.layers == opened.graph.layers
    assert read.graph.outputs == opened.graph.outputs
    assert read.trained.keys() == opened.trained.keys()
    for name, arrays in read.trained.items():
        for ours, theirs in zip(arrays, opened.trained[name], strict=True):
            assert ours.tobytes() == theirs.tobytes()
    assert read.graph.parameters == model.count_params()
    images = images_for(model)
    live.run(images if len(images) > 1 else next(iter(images.values())))
    for name, expected in activations(model, live, images).items():
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(
            live.activation(name), expected, rtol=0, atol=file.tolerance * scale, err_msg=name
        )
    assert path.read_bytes() == before
    TABLE.append(f"{file.name:50} opened, {len(read.graph.layers)} layers")


def images_for(model: Any) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(1)
    return {
        tensor.name: rng.normal(size=[n or 16 for n in tensor.shape[1:]]).astype(np.float32)
        for tensor in model.inputs
    }


def activations(model: Any, live: LiveModel, images: dict[str, Any]) -> dict[str, Any]:
    """Every output of the model and of every layer's first call, by the node's name."""
    tensors = dict(zip(live.graph.outputs, model.outputs, strict=True))
    for layer in model.layers:
        if not isinstance(layer, layers.InputLayer) and not hasattr(layer, "layers"):
            tensors[layer.name] = layer._inbound_nodes[0].output_tensors[0]
    probe = keras.Model(model.inputs, list(tensors.values()))
    found = probe([images[tensor.name][None] for tensor in model.inputs], training=False)
    found = found if isinstance(found, (list, tuple)) else [found]
    return {
        name: np.asarray(keras.ops.cast(value, "float32"))[0]
        for name, value in zip(tensors, found, strict=True)
    }


@pytest.mark.parametrize("name", ["keras2.keras", "keras2.h5"])
def test_a_true_file_of_keras_2_gives_what_keras_2_gives(name: str) -> None:
    path = Path(__file__).parent / "data" / name
    image = np.random.default_rng(0).random((8, 8, 1), dtype=np.float32)

    read, live = read_network(path), open_model(path).run(image)

    assert read.graph.layers == live.graph.layers
    assert {"c_1", "tf.nn.relu", "inner/conv2d:1"} <= {layer.name for layer in live.layers}
    expected = np.load(path.with_name("keras2_expected.npy"))
    np.testing.assert_allclose(live.activation("head"), expected, rtol=0, atol=1e-6)


# ---------------------------------------------------------------------- what is refused


def changed(change: Callable[[Any], None], build: Callable[[], Any] = SMALL) -> Write:
    """A file of this Keras with another configuration."""

    def write(model: Any, path: Path) -> Path:
        config = described(model)
        change(config)
        return write_archive(path, config, archived_weights(model))

    return write


def layer_of(config: Any, name: str) -> Any:
    return next(entry for entry in config["config"]["layers"] if entry["config"]["name"] == name)


def becomes(name: str, **entry: Any) -> Write:
    return changed(lambda config: layer_of(config, name).update(entry))


def attribute(name: str, **values: Any) -> Write:
    return changed(lambda config: layer_of(config, name)["config"].update(values))


def with_first_kernel(change: Callable[[Any], Any]) -> Write:
    def write(model: Any, path: Path) -> Path:
        arrays = archived_weights(model)
        arrays["layers/conv2d_1/vars/0"] = change(arrays["layers/conv2d_1/vars/0"])
        return write_archive(path, described(model), arrays)

    return write


def with_nan(kernel: Any) -> Any:
    spoilt = kernel.copy()
    spoilt[0, 0, 0, 0] = np.nan
    return spoilt


def linked(link: Any) -> Write:
    def write(model: Any, path: Path) -> Path:
        path = keras_2_h5()(model, path)
        with h5py.File(path, "r+") as file:
            del file["model_weights/mid_conv/mid_conv/w_0:0"]
            file["model_weights/mid_conv/mid_conv/w_0:0"] = link
        return path

    return write


def subclassed(model: Any, path: Path) -> Path:
    return write_archive(
        path, {"class_name": "MyUNet", "module": "lab", "config": {"depth": 4}}, {}
    )


def two_of_a_name(model: Any, path: Path) -> Path:
    import warnings
    import zipfile

    keras_2_archive()(model, path)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("config.json", b"{}")
    return path


def tangled(model: Any, path: Path) -> Path:
    """Models within models, each called twice by the next: 2^15 layers from a short text."""
    leaf = {
        "class_name": "InputLayer",
        "name": "i",
        "config": {"batch_input_shape": [None, 8, 8, 1]},
    }
    leaf |= {"inbound_nodes": []}
    inner: Any = {"class_name": "ReLU", "name": "x", "config": {"name": "x"}}
    for _ in range(15):
        inner |= {"name": "x", "inbound_nodes": [[["i", 0, 0, {}]], [["x", 1, 0, {}]]]}
        ends = {"input_layers": [["i", 0, 0]], "output_layers": [["x", 2, 0]]}
        if inner["class_name"] == "ReLU":
            inner["inbound_nodes"], ends["output_layers"] = [[["i", 0, 0, {}]]], [["x", 0, 0]]
        inner = {"class_name": "Model", "config": {"name": "x", "layers": [leaf, inner], **ends}}
    return write_h5(path, inner, {})


def flattened() -> Any:
    image = keras.Input((8, 8, 1), name="image")
    return keras.Model(
        image, layers.Dense(2, name="out")(layers.Flatten(name="flat")(conv(2)(image)))
    )


def flat_first(model: Any, path: Path) -> Path:
    config = described(model)
    channels_first(config, model)
    layer_of(config, "flat")["config"]["data_format"] = "channels_last"
    return write_archive(path, config, archived_weights(model))


REFUSED = [
    ("Lambda", SMALL, becomes("enc1_relu", class_name="Lambda"), r"enc1_relu \(Lambda\)"),
    (
        "custom layer",
        SMALL,
        becomes("pool", registered_name="lab>MyPool"),
        r"pool \(lab>MyPool\)",
    ),
    ("foreign module", SMALL, becomes("pool", module="os"), r"pool \(os.MaxPooling2D\)"),
    ("wrapper", SMALL, becomes("mid_conv", class_name="SpectralNormalization"), "mid_conv"),
    ("quantised", SMALL, attribute("mid_conv", dtype="int8_from_float32"), "quantised Conv2D"),
    (
        "unknown operation",
        SMALL,
        becomes("pool", module="keras.src.ops.core", class_name="Map"),
        "Map",
    ),
    ("code", SMALL, attribute("mid_conv", activation={"class_name": "__lambda__"}), "code"),
    ("subclassed", SMALL, subclassed, "class MyUNet, whose layers the file does not list"),
    ("too many filters", SMALL, attribute("mid_conv", filters=200_000_000), "GB .* mid_conv"),
    ("filters not stored", SMALL, attribute("mid_conv", filters=20_000), "mid_conv .* shape"),
    ("too big a picture", SMALL, attribute("image", batch_shape=[None, 1 << 20, 1 << 20, 1]), "GB"),
    ("too many layers", SMALL, tangled, "more than 5,000 layers"),
    ("NaN", SMALL, with_first_kernel(with_nan), "weights of mid_conv that are not finite"),
    ("another shape", SMALL, with_first_kernel(lambda k: k[..., :2]), "kernel of layer mid_conv"),
    ("soft link", SMALL, linked(h5py.SoftLink("/x")), "other files"),
    ("external link", SMALL, linked(h5py.ExternalLink("/etc/hostname", "/x")), "other files"),
    ("two members of a name", SMALL, two_of_a_name, "two members"),
    ("channels first: Flatten", flattened, flat_first, r"flat \(Flatten\)"),
]


@pytest.mark.parametrize(("name", "build", "write", "said"), REFUSED, ids=[r[0] for r in REFUSED])
def test_it_is_refused_by_both_readers_in_the_same_words(
    name: str, build: Callable[[], Any], write: Write, said: str, tmp_path: Path
) -> None:
    path = write(randomised(build()), tmp_path / "net.keras")

    for attempt in (read_network, open_model):
        with pytest.raises(ModelError, match=said) as caught:
            attempt(path)
        assert caught.value.hint
    TABLE.append(f"{'refused: ' + name:50} {caught.value.what}")


def test_all_refused_layers_are_in_one_sentence(tmp_path: Path) -> None:
    def change(config: Any) -> None:
        for name in ("enc1_relu", "pool", "up"):
            layer_of(config, name)["class_name"] = "Lambda"

    path = changed(change)(randomised(small_unet()), tmp_path / "net.keras")

    with pytest.raises(ModelError, match=r"enc1_relu \(Lambda\), pool \(Lambda\), up \(Lambda\)"):
        read_network(path)


# ------------------------------------------------------------- functions of TensorFlow


def function(name: str, of: str, inbound: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "function": of}
    kind = "SlicingOpLambda" if of.endswith("getitem") else "TFOpLambda"
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": inbound}


WHOLE = {"start": None, "stop": None, "step": None}
TENSORFLOW = [
    ("nn.relu", ["conv", 0, 0, {"name": None}], lambda x, tf: tf.nn.relu(x)),
    ("nn.leaky_relu", ["conv", 0, 0, {"alpha": 0.3}], lambda x, tf: tf.nn.leaky_relu(x, 0.3)),
    ("math.sigmoid", ["conv", 0, 0, {}], lambda x, tf: tf.sigmoid(x)),
    ("nn.softmax", ["conv", 0, 0, {"axis": -1}], lambda x, tf: tf.nn.softmax(x)),
    ("__operators__.add", ["conv", 0, 0, {"y": 2.0, "name": None}], lambda x, tf: x + 2.0),
    ("math.multiply", ["conv", 0, 0, {"y": ["conv", 0, 0]}], lambda x, tf: x * x),
    ("math.subtract", ["_CONSTANT_VALUE", -1, 1.0, {"y": ["conv", 0, 0]}], lambda x, tf: 1.0 - x),
    ("math.truediv", ["conv", 0, 0, {"y": 3.0}], lambda x, tf: x / 3.0),
    ("concat", [["conv", 0, 0, {"axis": -1}], ["conv", 0, 0, {"axis": -1}]], None),
    (
        "math.reduce_mean",
        ["conv", 0, 0, {"axis": [1, 2], "keepdims": True}],
        lambda x, tf: tf.reduce_mean(x, [1, 2], keepdims=True),
    ),
    ("image.resize", ["conv", 0, 0, {"size": [16, 9]}], lambda x, tf: tf.image.resize(x, [16, 9])),
    (
        "image.resize",
        ["conv", 0, 0, {"size": [16, 9], "method": "nearest"}],
        lambda x, tf: tf.image.resize(x, [16, 9], "nearest"),
    ),
    (
        "reshape",
        ["conv", 0, 0, {"shape": [-1, 4, 16, 3]}],
        lambda x, tf: tf.reshape(x, [-1, 4, 16, 3]),
    ),
    (
        "compat.v1.pad",
        ["conv", 0, 0, {"paddings": [[0, 0], [1, 2], [0, 0], [0, 0]], "mode": "REFLECT"}],
        lambda x, tf: tf.pad(x, [[0, 0], [1, 2], [0, 0], [0, 0]], "REFLECT"),
    ),
    ("expand_dims", ["conv", 0, 0, {"axis": 1}], lambda x, tf: tf.expand_dims(x, 1)),
    ("clip_by_value", ["conv", 0, 0, {"clip_value_min": 0, "clip_value_max": 1}], None),
    ("nn.depth_to_space", ["wide", 0, 0, {"block_size": 2}], None),
    (
        "__operators__.getitem",
        ["conv", 0, 0, {"slice_spec": [WHOLE, {**WHOLE, "start": 1, "stop": -1}, WHOLE, 0]}],
        lambda x, tf: x[:, 1:-1, :, 0],
    ),
]


@pytest.mark.parametrize(("of", "inbound", "expected"), TENSORFLOW)
def test_a_function_of_tensorflow_is_the_keras_operation_that_does_the_same(
    of: str, inbound: Any, expected: Any, tmp_path: Path
) -> None:
    import tensorflow as tf

    image = keras.Input((8, 8, 1), name="image")
    x = conv(3, name="conv")(image)
    model = randomised(keras.Model(image, [x, conv(4, name="wide")(x)], name="net"))
    config = in_words_of_keras_2(described(model), archive=False)
    nested_list = [inbound]
    config["config"]["layers"].append(function(f"tf.{of}", of, nested_list))
    config["config"]["output_layers"] = [[f"tf.{of}", 0, 0]]
    path = write_h5(tmp_path / "net.h5", config, weights_of(model))
    picture = np.random.default_rng(2).normal(size=(1, 8, 8, 1)).astype(np.float32)
    before, wide = (np.asarray(value) for value in model(picture))
    other = {
        "concat": lambda x, tf: tf.concat([x, x], -1),
        "clip_by_value": lambda x, tf: tf.clip_by_value(x, 0.0, 1.0),
        "nn.depth_to_space": lambda x, tf: tf.nn.depth_to_space(wide, 2),
    }
    wanted = np.asarray((expected or other[of])(tf.constant(before), tf))

    read, opened = read_network(path), load(path)

    np.testing.assert_allclose(np.asarray(opened(picture)), wanted, rtol=1e-5, atol=1e-6)
    assert read.graph.layers == open_model(path).network.graph.layers
    assert read.graph[f"tf.{of}"].output_shape[1:] == wanted.shape[1:]


@pytest.mark.parametrize(
    ("of", "given"),
    [
        ("io.write_file", {"contents": "x"}),
        ("math.reduce_mean", {"axis": ["conv", 0, 0]}),
        ("image.resize", {"size": [4, 4], "preserve_aspect_ratio": True}),
        ("nn.relu", {"strange": 1}),
        ("compat.v1.image.resize_bilinear", {"size": [4, 4]}),
    ],
)
def test_any_other_function_of_tensorflow_is_refused_by_name(
    of: str, given: dict[str, Any], tmp_path: Path
) -> None:
    image = keras.Input((8, 8, 1), name="image")
    model = keras.Model(image, conv(3, name="conv")(image))
    config = in_words_of_keras_2(described(model), archive=False)
    config["config"]["layers"].append(function("trick", of, [["conv", 0, 0, given]]))
    path = write_h5(tmp_path / "net.h5", config, weights_of(model))

    for attempt in (read_network, open_model):
        with pytest.raises(ModelError, match=rf"trick \(tf\.{of}\)"):
            attempt(path)


# ------------------------------------------------------------- channels first, by numpy


def correlated(image: Any, kernel: Any, bias: Any) -> Any:
    """A ``same`` convolution of ``(C, H, W)`` with a kernel ``(kh, kw, C, filters)``."""
    return np.stack(
        [
            sum(correlate2d(image[c], kernel[..., c, f], "same") for c in range(len(image)))
            + bias[f]
            for f in range(kernel.shape[-1])
        ]
    )


def test_channels_first_means_what_the_file_says(tmp_path: Path) -> None:
    """Worked out with numpy on ``(C, H, W)``: TensorFlow cannot run it on a processor."""
    order = {"data_format": "channels_first", "padding": "same"}
    image = keras.Input((2, 6, 8), name="image")
    x = layers.Conv2D(3, 3, name="conv", **order)(image)
    skip = layers.PReLU(name="slopes")(layers.BatchNormalization(axis=1, name="norm")(x))
    x = layers.MaxPooling2D(name="pool", data_format="channels_first")(skip)
    x = layers.UpSampling2D(name="up", data_format="channels_first")(x)
    x = layers.Concatenate(axis=1, name="join")([x, skip])
    x = layers.Softmax(axis=1, name="classes")(layers.Conv2D(2, 3, name="head", **order)(x))
    model = randomised(keras.Model(image, x))
    model.save(tmp_path / "first.keras")
    arrays = {layer.name: layer.get_weights() for layer in model.layers}
    picture = np.random.default_rng(4).normal(size=(2, 6, 8)).astype(np.float32)
    gamma, beta, mean, variance = (a[:, None, None] for a in arrays["norm"])
    y = correlated(picture, *arrays["conv"])
    y = (y - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    y = np.where(y > 0, y, y * arrays["slopes"][0])
    pooled = y.reshape(3, 3, 2, 4, 2).max((2, 4)).repeat(2, 1).repeat(2, 2)
    raised = np.exp(correlated(np.concatenate([pooled, y]), *arrays["head"]))
    expected = raised / raised.sum(0)

    live = open_model(tmp_path / "first.keras").run(np.moveaxis(picture, 0, -1))

    np.testing.assert_allclose(live.activation("slopes"), np.moveaxis(y, 0, -1), rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        live.activation("classes"), np.moveaxis(expected, 0, -1), rtol=0, atol=1e-5
    )


# -------------------------------------------------------------------- editing what is nested


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_layer_inside_a_nested_model_is_edited_and_saved(tmp_path: Path, suffix: str) -> None:
    model = randomised(nested())
    model.save(tmp_path / f"net{suffix}")
    picture = np.random.default_rng(4).normal(size=(12, 12)).astype(np.float32)
    live = open_model(tmp_path / f"net{suffix}").run(picture)
    new = np.full((3, 3), 0.25)

    live.apply(SetKernel("encoder/deep/leaf", 1, 2, new)).apply(
        SetKernel("encoder/same", 0, 0, new)
    )
    live.save(tmp_path / "edited.keras")

    encoder = model.get_layer("encoder")
    for layer, (channel, filter_) in (("deep", (1, 2)), ("same", (0, 0))):
        inner = encoder.get_layer(layer)
        inner = inner.get_layer("leaf") if layer == "deep" else inner
        kernel, bias = inner.get_weights()
        kernel[:, :, channel, filter_] = new
        inner.set_weights([kernel, bias])
    expected = np.asarray(model(picture[None, ..., None], training=False))[0]
    plain = keras.models.load_model(tmp_path / "edited.keras", compile=False)
    np.testing.assert_allclose(live.activation("head"), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        np.asarray(plain(picture[None, ..., None], training=False))[0], expected, atol=1e-5
    )
    read = read_network(tmp_path / "edited.keras")
    np.testing.assert_array_equal(read.trained["encoder/same"][0][:, :, 0, 0], new)
    for name, arrays in live.network.trained.items():  # the trained network stays as it was
        for before, array in zip(
            read_network(live.network.path).trained[name], arrays, strict=True
        ):
            assert before.tobytes() == array.tobytes()


def test_nested_layers_stand_in_the_graph(tmp_path: Path) -> None:
    nested().save(tmp_path / "net.keras")

    graph = open_model(tmp_path / "net.keras").graph

    names = [layer.name for layer in graph.layers]
    assert names.index("encoder/conv") < names.index("encoder/deep/leaf") < names.index("add")
    assert graph["encoder/conv"].inputs == ("image",)
    assert graph["encoder/conv:1"].inputs == ("crop",)
    assert graph["add"].inputs == ("encoder/deep/leaf", "encoder/deep/leaf:1")
    assert graph["encoder/same:3"].inputs == ("encoder/same:2",)
    assert not graph["encoder/conv:1"].weights
    assert "encoder" not in graph


# ----------------------------------------------------------------------------- the table


def test_print_the_table() -> None:
    print("\n" + "\n".join(TABLE))  # noqa: T201
    assert len(FILES) + len(REFUSED) >= 40
