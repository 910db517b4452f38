"""The live network: answers follow edits, and only what an edit reaches is run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from unetscope.domain.edits import Edit, ScaleFilter, SetBias, SetFilter, SetKernel, SetLayerWeights
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.history import Edits
from unetscope.engine.forward import Forward
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.engine.program import Nodes
from unetscope.engine.values import Value

pytestmark = pytest.mark.engine

Saved = Callable[..., Path]
Image = NDArray[np.float32]


@pytest.fixture
def live(saved: Saved, image: Image) -> LiveModel:
    return open_model(saved("small_unet")).run(image)


def kernel(layer: str = "mid_conv", scale: float = 5.0) -> Edit:
    return SetKernel(layer, 0, 0, np.full((3, 3), scale))


def test_every_activation_and_the_mask_are_those_of_plain_keras(
    live: LiveModel, saved: Saved, image: Image
) -> None:
    model = keras.models.load_model(saved("small_unet"), compile=False)
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    outputs = every([image[None, ..., None]], training=False)

    for layer, output in zip(model.layers, outputs, strict=True):
        expected = np.asarray(output)[0]
        activation = live.activation(layer.name)
        assert activation.dtype == np.float32
        np.testing.assert_allclose(activation, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(live.mask(), np.asarray(outputs[-1])[0].argmax(-1))
    assert live.mask().dtype == np.uint8
    assert live.mask().shape == (32, 32)


def test_an_image_with_a_channel_axis_gives_the_same(live: LiveModel, image: Image) -> None:
    before = live.probabilities()

    live.run(image[..., np.newaxis])

    np.testing.assert_array_equal(live.probabilities(), before)


def test_only_what_an_edit_reaches_is_run_again(live: LiveModel) -> None:
    live.activations()
    upstream = live.activation("enc1_relu")
    assert live.last_update.layers_recomputed == 9

    live.apply(kernel("dec1_conv"))
    assert live.last_update.layers_recomputed == 2  # dec1_conv and head
    assert live.last_update.milliseconds > 0
    live.apply(kernel("mid_conv"))
    assert live.last_update.layers_recomputed == 5
    assert live.activation("enc1_relu") is not None
    assert np.shares_memory(live.activation("enc1_relu"), upstream)


def test_nothing_upstream_is_ever_called_again(
    live: LiveModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    run = Forward._run

    def watched(self: Forward, i: int, apart: Nodes) -> Value:
        ran.append(i)
        return run(self, i, apart)

    monkeypatch.setattr(Forward, "_run", watched)
    names = [layer.name for layer in live.layers]
    live.activations()
    ran.clear()

    live.apply(kernel("mid_conv")).mask()
    live.activation("pool")
    live.activation("up")

    assert {names[i] for i in ran} <= {"mid_conv", "up", "join", "dec1_conv", "head"}
    assert len(ran) == len(set(ran))


def test_asking_for_a_layer_no_edit_reaches_and_asking_twice_run_nothing(live: LiveModel) -> None:
    live.apply(kernel())
    live.mask()
    update = live.last_update

    live.mask()
    live.activation("mid_conv")

    assert live.last_update == update


def test_undo_redo_and_revert_are_exact_to_the_bit(live: LiveModel) -> None:
    edits: Edits = (kernel(), SetBias("head", 1, 3.0), ScaleFilter("up", 2, -1.5))
    trail = [(live.probabilities(), live.weights("mid_conv"), live.weights("head"))]
    for edit in edits:
        live.apply(edit)
        trail.append((live.probabilities(), live.weights("mid_conv"), live.weights("head")))
    assert live.edits == edits

    for probabilities, *weights in reversed(trail[:-1]):
        live.undo()
        np.testing.assert_allclose(live.probabilities(), probabilities, rtol=1e-5, atol=1e-7)
        for name, expected in zip(("mid_conv", "head"), weights, strict=True):
            for now, then in zip(live.weights(name), expected, strict=True):
                assert now.tobytes() == then.tobytes()
    assert live.probabilities().tobytes() == trail[0][0].tobytes()
    assert not live.edits

    live.redo()
    assert live.edits == edits[:1]
    live.redo().redo()
    np.testing.assert_allclose(live.probabilities(), trail[-1][0], rtol=1e-5, atol=1e-7)
    live.revert()
    assert not live.edits
    assert live.probabilities().tobytes() == trail[0][0].tobytes()
    live.undo()
    assert live.edits == edits


def test_the_weights_keras_holds_are_the_edited_ones(live: LiveModel) -> None:
    values = np.arange(9, dtype=np.float32).reshape(3, 3)
    before = live.weights("mid_conv")[0]

    live.apply(SetKernel("mid_conv", 2, 3, values))

    after = live.weights("mid_conv")[0]
    np.testing.assert_array_equal(after[:, :, 2, 3], values)
    after[:, :, 2, 3] = before[:, :, 2, 3]
    np.testing.assert_array_equal(after, before)


def test_weights_are_copies(live: LiveModel) -> None:
    live.weights("mid_conv")[0][:] = 7

    assert not (live.weights("mid_conv")[0] == 7).any()


@pytest.mark.parametrize(
    "edit",
    [
        SetKernel("mid_conv", 0, 0, np.zeros((4, 4))),
        SetKernel("mid_conv", 4, 0, np.zeros((3, 3))),
        SetKernel("mid_conv", 0, 6, np.zeros((3, 3))),
        SetKernel("mid_conv", 0, -1, np.zeros((3, 3))),
        SetKernel("nowhere", 0, 0, np.zeros((3, 3))),
        SetKernel("pool", 0, 0, np.zeros((3, 3))),
        SetKernel("mid_conv", 0, 0, np.full((3, 3), np.nan)),
        SetFilter("mid_conv", 0, np.zeros((3, 3))),
        SetLayerWeights("mid_conv", [np.zeros((3, 3, 4, 6))]),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(live: LiveModel, edit: Edit) -> None:
    live.apply(kernel())
    probabilities, history = live.probabilities(), live.history
    weights = live.weights("mid_conv")

    with pytest.raises(EditError):
        live.apply(edit)

    assert live.history == history
    assert all(
        a.tobytes() == b.tobytes() for a, b in zip(weights, live.weights("mid_conv"), strict=True)
    )
    assert live.probabilities().tobytes() == probabilities.tobytes()


def test_an_edit_of_a_shared_layers_other_call_says_which_to_edit(saved: Saved) -> None:
    live = open_model(saved("many_kinds"))

    with pytest.raises(EditError, match="Edit shared"):
        live.apply(SetKernel("shared:1", 0, 0, np.zeros((3, 3))))
    assert live.weights("shared:1")[0].shape == (3, 3, 4, 4)


def test_a_drag_is_one_step(live: LiveModel) -> None:
    live.apply(kernel(scale=1))
    for scale in (2.0, 3.0, 4.0):
        live.apply(kernel("dec1_conv", scale), same_gesture=scale != 2.0)

    both: Edits = (kernel(scale=1), kernel("dec1_conv", 4.0))
    assert live.edits == both
    assert float(live.weights("dec1_conv")[0][0, 0, 0, 0]) == 4.0
    live.undo()
    assert live.edits == both[:1]


def test_the_trained_result_stays_while_the_image_changes_under_edits(
    live: LiveModel, saved: Saved
) -> None:
    other = np.random.default_rng(9).random((32, 32), dtype=np.float32)
    live.apply(kernel()).apply(SetBias("dec1_conv", 0, 2.0))
    live.run(other)
    edited, weights = live.probabilities(), live.weights("mid_conv")
    fresh = open_model(saved("small_unet")).run(other)

    np.testing.assert_array_equal(live.trained_mask(), fresh.mask())
    np.testing.assert_allclose(
        live.trained_activation("dec1_conv"), fresh.activation("dec1_conv"), rtol=1e-4, atol=1e-6
    )
    assert live.trained_activation("pool") is not None
    assert live.probabilities().tobytes() == edited.tobytes()
    for now, then in zip(live.weights("mid_conv"), weights, strict=True):
        assert now.tobytes() == then.tobytes()
    assert not np.allclose(edited, fresh.probabilities())
    # An edit further up runs every edited layer again: its variables must hold the edits.
    live.apply(SetBias("enc1_conv", 0, 9))
    fresh.apply(kernel()).apply(SetBias("dec1_conv", 0, 2.0)).apply(SetBias("enc1_conv", 0, 9))
    np.testing.assert_allclose(live.probabilities(), fresh.probabilities(), rtol=1e-4, atol=1e-6)


def test_edits_can_come_before_the_image(saved: Saved, live: LiveModel, image: Image) -> None:
    late = open_model(saved("small_unet")).apply(kernel()).run(image)

    live.apply(kernel())

    np.testing.assert_allclose(late.probabilities(), live.probabilities(), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(late.trained_mask(), live.trained_mask())


def test_a_second_edit_of_one_drag_does_not_trace_again(
    live: LiveModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.apply(kernel()).mask()
    monkeypatch.setattr("tensorflow.function", lambda *_, **__: pytest.fail("traced again"))

    before = live.mask()
    live.apply(kernel(scale=-5), same_gesture=True)

    assert (live.mask() != before).any()


@pytest.mark.parametrize("shape", [(30, 32), (32, 32, 3), (1, 32, 32, 1), (32,)])
def test_an_image_that_does_not_fit_names_both_shapes(
    live: LiveModel, shape: tuple[int, ...]
) -> None:
    before = live.mask()

    with pytest.raises(ModelError) as caught:
        live.run(np.zeros(shape, np.float32))

    assert "(32, 32, 1)" in str(caught.value)
    assert str(shape) in str(caught.value)
    np.testing.assert_array_equal(live.mask(), before)


def test_without_an_image_there_is_a_clear_error(saved: Saved) -> None:
    live = open_model(saved("small_unet"))

    for ask in (live.mask, live.trained_mask, lambda: live.activation("pool")):
        with pytest.raises(ModelError, match="no image yet"):
            ask()
    with pytest.raises(ModelError, match="nowhere"):
        live.activation("nowhere")
    with pytest.raises(ModelError, match="nowhere"):
        live.weights("nowhere")


def test_a_network_without_a_fixed_grid_takes_several_sizes(saved: Saved) -> None:
    live = open_model(saved("any_size"))
    model = keras.models.load_model(saved("any_size"), compile=False)

    for shape in ((16, 12), (8, 20), (16, 12)):
        image = np.random.default_rng(1).random(shape, dtype=np.float32)
        expected = np.asarray(model(image[None, ..., None], training=False))[0]
        live.run(image)
        np.testing.assert_allclose(live.probabilities(), expected, rtol=1e-4, atol=1e-6)
        sure = np.where(expected.max(-1) >= 0.5, expected.argmax(-1) + 1, 0)
        np.testing.assert_array_equal(live.mask(), sure)
    with pytest.raises(ModelError, match="cannot take an image"):
        live.run(np.zeros((15, 15), np.float32))
    with pytest.raises(ModelError, match="no image yet"):
        live.mask()


def test_without_a_card_one_is_proposed_and_not_confirmed(live: LiveModel) -> None:
    assert live.card.name == "small_unet"
    assert not live.card.confirmed
    assert live.preprocessing.size == (32, 32)
    assert len(live.card.classes) == 3


def test_several_inputs_and_outputs(saved: Saved) -> None:
    rng = np.random.default_rng(2)
    images = {name: rng.random((16, 16), dtype=np.float32) for name in ("t1", "t2")}
    live = open_model(saved("two_inputs")).run(images)
    model = keras.models.load_model(saved("two_inputs"), compile=False)
    score, mask = model([images[n][None, ..., None] for n in ("t1", "t2")], training=False)

    np.testing.assert_allclose(live.probabilities(), np.asarray(mask)[0], rtol=1e-4)
    np.testing.assert_allclose(live.activation("score"), np.asarray(score)[0], rtol=1e-4)
    np.testing.assert_array_equal(live.mask(), np.asarray(mask)[0, ..., 0] >= 0.5)
    with pytest.raises(ModelError, match="2 inputs"):
        live.run(images["t1"])
    with pytest.raises(ModelError, match="t2"):
        live.run({"t1": images["t1"]})


TUTORIAL = np.array(
    [
        [[-1, -1, 1, 1]] * 4,
        [[1, 1, -1, -1]] * 4,
        [[-1] * 4, [-1] * 4, [1] * 4, [1] * 4],
        [[1] * 4, [1] * 4, [-1] * 4, [-1] * 4],
    ],
    np.float32,
)


@pytest.mark.parametrize("index", range(4))
def test_the_tutorials_four_filters_give_the_correlation(saved: Saved, index: int) -> None:
    """The second seed: set_weights after a reshape from 4×4 to 4×4×1×1, then look."""
    image = np.random.default_rng(3).random((30, 28), dtype=np.float32)
    live = open_model(saved("one_layer")).run(image)
    # An even window at padding "same": (k - 1) // 2 zeros before, the rest after.
    padded = np.pad(image, ((1, 2), (1, 2)))
    expected = signal.correlate2d(padded, TUTORIAL[index], mode="valid")

    live.apply(SetLayerWeights("conv", [TUTORIAL[index].reshape(4, 4, 1, 1), np.array([0])]))
    np.testing.assert_allclose(live.activation("conv")[..., 0], expected, atol=1e-5)

    live.undo()
    live.apply(SetBias("conv", 0, 0.0)).apply(SetKernel("conv", 0, 0, TUTORIAL[index]))
    np.testing.assert_allclose(live.activation("conv")[..., 0], expected, atol=1e-5)


def test_filters_that_were_not_reshaped_are_refused_with_both_shapes(saved: Saved) -> None:
    live = open_model(saved("one_layer"))

    with pytest.raises(EditError, match=r"\(4, 4, 1, 1\).*\(4, 4\)"):
        live.apply(SetLayerWeights("conv", [TUTORIAL[0], np.array([0])]))
