"""What the kernel editor makes of every kind of layer equals a whole pass of plain Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from tests.engine.conftest import many_kinds, small_unet

import unetscope as us
from unetscope.domain.card import ModelCard
from unetscope.domain.editing import page_of
from unetscope.domain.editor import Editor
from unetscope.domain.kernel_changes import CHANGES
from unetscope.domain.pages import Page
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.weight_tables import parts_of
from unetscope.engine.live_model import LiveModel, open_model


def three_axes() -> Any:
    image = keras.Input((6, 8, 8, 1), name="image")
    x = layers.Conv3D(2, 3, padding="same", activation="relu", name="cube")(image)
    return keras.Model(image, layers.Conv3D(2, 1, name="head")(x))


def one_axis() -> Any:
    line = keras.Input((16, 2), name="line")
    x = layers.Conv1D(3, 5, padding="same", activation="relu", name="conv")(line)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dense(20, name="dense")(x)
    return keras.Model(line, x)


def randomised(model: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        new = [
            0.5 + rng.random(w.shape) if "variance" in w.name else rng.normal(0, 0.4, w.shape)
            for w in layer.weights
        ]
        if new:
            layer.set_weights(new)
    return model


def pages(live: LiveModel) -> list[tuple[str, Page]]:
    """One page of every part of every layer, in a scope that makes sense there."""
    card = ModelCard(name="", preprocessing=Preprocessing(), classes=())
    session = Session().open_network(live.network, card)
    found = []
    for layer in live.layers:
        for part in range(len(parts_of(layer))):
            for scope in (Scope.VALUE, Scope.INPUT_CHANNEL):
                editor = Editor(part=part, plane=1, row=9, column=9)
                there = session.select_layer(layer.name).set_scope(scope).use_editor(editor)
                found.append((layer.name, page_of(there)))
    return found


@pytest.mark.parametrize("build", [small_unet, many_kinds, three_axes, one_axis])
def test_every_part_of_every_layer_can_be_edited(build: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    randomised(build()).save(path)
    live = open_model(path)
    plain = keras.models.load_model(path, compile=False)
    shape = tuple(int(n) for n in plain.inputs[0].shape[1:])
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    known = {layer.name: layer for layer in plain.layers}
    live.run(image)
    trained = live.activation(live.graph.outputs[0]).copy()
    seen = 0

    for name, page in pages(live):
        weights = tuple(live.weights(name))
        for edit in (
            page.set_value(weights, (0, 0), 0.7),
            page.scaled(weights, 1.5),
            page.blended(tuple(live.network.trained[name]), weights, 0.5),
            page.changed(weights, CHANGES[3].of) if "variance" not in page.where else None,
        ):
            if edit is None or name not in known:
                continue
            live.apply(edit)
            known[name].set_weights(live.weights(name))
            expected = np.asarray(plain(image[None], training=False))[0]
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(
                live.activation(live.graph.outputs[0]),
                expected,
                rtol=2e-4,
                atol=2e-5 * scale,
                err_msg=page.where,
            )
            live.undo()
            known[name].set_weights([np.array(w) for w in live.network.trained[name]])
            seen += 1
    assert seen > 10
    np.testing.assert_allclose(
        live.activation(live.graph.outputs[0]), trained, rtol=1e-4, atol=1e-6
    )


def test_a_script_saves_edits_and_applies_them_again(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    randomised(small_unet()).save(path)
    live = us.open_model(path)
    live.run(np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32))
    trained = live.probabilities().copy()
    live.apply(us.SetValues("enc1_norm", 0, 0, 1, [[2.5]]))
    live.apply(us.SilenceMap("mid_conv", 2))
    edits, edited = live.edits, live.probabilities().copy()
    saved = us.save_edits(live, tmp_path / "some.edits.json")
    live.revert()
    assert np.array_equal(live.probabilities(), trained)
    us.apply_edits(live, saved)
    assert live.edits == edits
    np.testing.assert_allclose(live.probabilities(), edited, atol=1e-6)

    other = tmp_path / "other.keras"
    randomised(small_unet(), seed=3).save(other)
    another = us.open_model(other)
    with pytest.raises(us.EditError, match=r"made for another model, net\.keras"):
        us.apply_edits(another, saved)
    assert another.edits == ()
    us.apply_edits(another, saved, other_model=True)
    assert another.edits == edits
