"""Ordinary networks pass the gate; the engine reads only what passed; layers are stood in for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from numpy.typing import NDArray
from tests.engine.conftest import randomised
from tests.engine.test_opens_what_people_have import FILES, File

from unetscope.domain.errors import ModelError
from unetscope.domain.network import Network
from unetscope.domain.stand_ins import Replacement, StandIn, UnknownLayersError
from unetscope.engine import loader
from unetscope.engine.live_model import open_model
from unetscope.engine.workbench import Workbench
from unetscope.io import gate as gate_module
from unetscope.io.gate import Gate
from unetscope.io.network_file import read_network

ALL = os.environ.get("UNETSCOPE_GATE") == "all"
SOME = (
    "Keras 3 .keras: self-attention",
    "Keras 3 .keras: plain operations",
    "Keras 2.12 .keras, Windows: nested",
    "Keras 1 .h5: Theano, channels first",
)


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_module, "PATIENCE", 0.0)
        made = Gate()
        yield made
        made.close()


def same(network: Network, expected: Network) -> None:
    assert network.ref == expected.ref
    assert network.graph.layers == expected.graph.layers
    assert network.trained.keys() == expected.trained.keys()
    for name, arrays in expected.trained.items():
        for found, array in zip(network.trained[name], arrays, strict=True):
            assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "file", [f for f in FILES if ALL or f.name in SOME], ids=lambda file: file.name
)
def test_an_ordinary_network_passes(file: File, tmp_path: Path, gate: Gate) -> None:
    suffix = ".keras" if ".keras" in file.name else ".h5"
    path = file.write(randomised(file.build()), tmp_path / f"net{suffix}")
    same(gate.read(path), read_network(path))


# ------------------------------------------------------------------- the very same bytes


def test_the_engine_does_not_look_at_a_file_that_did_not_pass(
    saved: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.keras"
    path.write_bytes(saved("small_unet").read_bytes())
    passed = read_network(path).ref
    path.write_bytes(saved("one_layer").read_bytes())

    def looked_at(*_: object, **__: object) -> None:
        raise AssertionError("the file was parsed")

    monkeypatch.setattr(loader, "read_content", looked_at)
    with pytest.raises(ModelError, match="has changed since it was opened"):
        Workbench().describe(path, passed)


def test_the_engine_opens_what_passed(saved: Callable[..., Path]) -> None:
    known = read_network(saved("small_unet"))
    same(Workbench().describe(known.path, known.ref), known)


def test_it_takes_no_other_replacements_than_those_that_passed(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    with_code().save(path)
    known = Network(path, "sha256:0", "net", read_network_with(path).graph, {})
    with pytest.raises(ModelError, match="has changed"):
        open_model(path, known=replace(known.ref, replaced=CHOSEN))


# --------------------------------------------------------------- layers that are replaced


def to_one(x: Any) -> Any:
    return x / 255.0


def whitened(x: Any) -> Any:
    return (x - ops.mean(x)) / ops.sqrt(ops.var(x) + 1e-7)


def softened(x: Any) -> Any:
    return ops.softmax(x, axis=-1)


CHOSEN = (
    Replacement("to_one", "Lambda", StandIn.SCALE, 1 / 255),
    Replacement("whiten", "Lambda", StandIn.STANDARDISE),
    Replacement("same", "Lambda", StandIn.IDENTITY),
    Replacement("soften", "Lambda", StandIn.SOFTMAX),
)


def with_code() -> Any:
    """A U-Net with four Lambdas, and normalisations that count the groups of its file on."""
    image = keras.Input((16, 16, 1), name="image")
    x = layers.Lambda(whitened, name="whiten")(layers.Lambda(to_one, name="to_one")(image))
    skip = layers.Conv2D(4, 3, padding="same", activation="relu", name="enc")(x)
    x = layers.LayerNormalization(name="norm")(layers.MaxPooling2D(name="pool")(skip))
    x = layers.Lambda(lambda y: y, name="same")(layers.UpSampling2D(name="up")(x))
    x = layers.Conv2D(3, 1, name="head")(layers.Concatenate(name="join")([x, skip]))
    return randomised(keras.Model(image, layers.Lambda(softened, name="soften")(x), name="coded"))


def read_network_with(path: Path) -> Network:
    from unetscope.io.network_file import network_of
    from unetscope.modelfile.content import content_of

    return network_of(content_of(path), CHOSEN)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_with_layers_that_compute_the_same_it_gives_the_same(
    suffix: str, tmp_path: Path, gate: Gate
) -> None:
    model, path = with_code(), tmp_path / f"net{suffix}"
    model.save(path)
    picture: NDArray[np.float32] = np.random.default_rng(1).random((16, 16), np.float32) * 200

    with pytest.raises(UnknownLayersError) as caught:
        gate.read(path)
    asked: list[str] = []

    def remembered(fingerprint: str) -> tuple[Replacement, ...]:
        asked.append(fingerprint)
        return CHOSEN

    network = gate.read(path, remembered)
    live = open_model(path, known=network.ref).run(picture)

    assert [each.name for each in caught.value.layers] == ["to_one", "whiten", "same", "soften"]
    assert caught.value.path == path
    assert asked == [caught.value.fingerprint] == [network.file_fingerprint]
    assert network.fingerprint != network.file_fingerprint
    assert live.network.replaced == CHOSEN
    same(live.network, network)
    expected = np.asarray(model(picture[None, ..., None], training=False))[0]
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(live.probabilities(), expected, atol=1e-5)

    live.save(tmp_path / "copy.keras")
    copy = gate.read(tmp_path / "copy.keras")
    kinds = {layer.name: layer.kind for layer in copy.graph.layers}
    assert kinds["to_one"] == "Rescaling"
    assert kinds["whiten"] == "LayerNormalization"
    assert kinds["same"] == kinds["soften"] == "Activation"
    assert not copy.replaced


# ------------------------------------------------------------------------------ the trial


def test_a_network_that_gives_no_numbers_is_told_when_it_is_opened(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(2, 3, padding="same", use_bias=False, name="conv")(image)
    keras.Model(image, ops.divide(x, ops.sum(x, axis=-1, keepdims=True))).save(
        tmp_path / "net.keras"
    )
    with pytest.raises(ModelError, match=r"net.keras gives no numbers for a blank image"):
        Workbench().describe(tmp_path / "net.keras")


def test_a_network_whose_layers_do_not_fit_together_is_told_when_it_is_opened(
    tmp_path: Path,
) -> None:
    image = keras.Input((8, 8, 1), name="image")
    keras.Model(image, layers.Reshape((4, 16), name="fold")(image)).save(tmp_path / "net.keras")
    live = open_model(tmp_path / "net.keras")
    node = live._program.nodes[live._program.index["fold"]]

    def break_down(tensors: Any) -> Any:
        raise ValueError("it does not fit")

    object.__setattr__(node, "call", break_down)
    with pytest.raises(ModelError, match=r"cannot take an image of \(8, 8, 1\)"):
        live.try_out()


def test_after_the_trial_there_is_no_image(saved: Callable[..., Path]) -> None:
    for name in ("small_unet", "any_size", "two_inputs", "many_kinds"):
        live = open_model(saved(name))
        live.try_out()
        with pytest.raises(ModelError, match="no image yet"):
            live.activation(live.layers[-1].name)
