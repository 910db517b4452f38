"""Activation patching and cut skip connections equal plain computations, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from tests.engine.test_random_graphs import random_network
from tests.engine.test_recompute import KINDS, live_of, unet, with_random_weights

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.explaining.recovery import Recovery, RecoveryMeasure, RecoveryQuestion
from unetscope.domain.explaining.switches import SkipEffectsQuestion
from unetscope.domain.explaining.target import Target
from unetscope.domain.interventions import CutSkip, PatchSkip, SilenceMap, skips
from unetscope.domain.metrics import dice
from unetscope.domain.network import ModelRef
from unetscope.engine import effects
from unetscope.engine.explaining.recovery import patched_with, places, recovery, with_values
from unetscope.engine.explaining.scene import last_of
from unetscope.engine.explaining.skip_effects import skip_effects
from unetscope.engine.forward import Forward
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]
Tool = Callable[[LiveModel], Generator[Any, None, None]]


def an_image(seed: int, size: int = 32) -> Image:
    """Noise about a ramp, so that masks differ from place to place."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-3, 3, size)
    turned = ramp[:, None] * np.cos(seed) + ramp[None, :] * np.sin(seed)
    image: Image = (turned + rng.standard_normal((size, size))).astype(np.float32)
    return image


BAD, GOOD = an_image(1), an_image(4)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Any:
    return balanced(with_random_weights(KINDS[request.param](), seed=3))


def balanced(model: Any) -> Any:
    """Take the median off each logit, so that every class is seen."""
    head = model.get_layer("head")
    kernel, bias = head.get_weights()
    logits = np.log(model.predict(np.stack([BAD, GOOD])[..., None], verbose=0))
    head.set_weights([kernel, bias - np.median(logits, axis=(0, 1, 2))])
    return model


def plain(
    model: Any,
    live: LiveModel,
    image: Image,
    given: Mapping[str, Image] | None = None,
    skip: tuple[str, str] = ("", ""),
) -> dict[str, Image]:
    """A whole pass of plain Keras, layer by layer, with some layers' values put in.

    With a skip, only where that reader reads that source.
    """
    found: dict[str, Any] = {}
    for layer in live.layers:
        if given and layer.name in given and not any(skip):
            found[layer.name] = given[layer.name][None]
        elif layer.inputs:
            reads = [
                given[name][None] if given and (layer.name, name) == skip else found[name]
                for name in layer.inputs
            ]
            call = model.get_layer(layer.name)
            found[layer.name] = call(reads if len(reads) > 1 else reads[0], training=False)
        else:
            found[layer.name] = image[None, ..., None]
    return {name: np.asarray(value)[0] for name, value in found.items()}


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def output_of(live: LiveModel, layer: str, donor: Image, *, with_skips: bool) -> Image:
    """The output with one place patched, through the engine's own passes."""
    scene = live.scene()
    node = scene.node(layer)
    taken = patched_with(scene.program, node, scene.output, with_skips)
    with scene.passes(inputs=[tf.constant(donor[None, ..., None])]) as made:
        values = {i: made.current.array(i) for i in taken}
    one = with_values(scene.base, values)
    output: Image = one.array(scene.output)[0]
    one.drop()
    return output


# ------------------------------------------------------------------- patching


def test_each_place_patched_equals_keras_with_the_value_put_in(model: Any) -> None:
    live = live_of(model).run(BAD)
    good, scene = plain(model, live, GOOD), live.scene()
    names = [scene.program.nodes[i].name for i in places(scene.program, scene.output)]
    assert {"image", "pool1", "join1", "head", "up1"} <= set(names)
    assert (names[0], names[-1]) == ("image", "head")
    for name in names:
        expected = plain(model, live, BAD, {name: good[name]})["head"]
        near(output_of(live, name, GOOD, with_skips=False), expected)


def test_with_the_skips_that_pass_a_place_the_output_is_the_donors(model: Any) -> None:
    live = live_of(model).run(BAD)
    good, scene = plain(model, live, GOOD), live.scene()
    for i in places(scene.program, scene.output):
        output = output_of(live, scene.program.nodes[i].name, GOOD, with_skips=True)
        near(output, good["head"])
    found = live.recovery(GOOD, with_skips=True)
    assert not found.is_empty
    near(found.mean, np.ones(len(found.layers)))
    assert not found.differing.any()


@pytest.mark.parametrize("seed", range(12))
def test_what_passes_a_place_is_found_in_any_graph(seed: int) -> None:
    model = random_network(seed)
    live = live_of(model)
    bad, good = an_image(seed, 16), an_image(seed + 50, 16)
    expected = model.predict(good[None, ..., None], verbose=0)[0]
    live.run(bad)
    scene = live.scene()
    output = scene.program.outputs[0]
    for node in places(scene.program, output):
        taken = patched_with(scene.program, node, output, with_skips=True)
        with scene.passes(inputs=[tf.constant(good[None, ..., None])]) as made:
            values = {i: made.current.array(i) for i in taken}
        found = with_values(scene.base, values).array(output)[0]
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * scale)


def test_input_and_output_recover_all_and_the_curve_is_that_of_the_masks(model: Any) -> None:
    live = live_of(model).run(BAD)
    good = plain(model, live, GOOD)
    mask = good["head"].argmax(-1)
    found = live.recovery(GOOD, layers=["image", "enc1_conv2", "mid_conv1", "up2", "head"])
    assert found.labels == tuple(i for i in (1, 2) if (mask == i).any())
    near(found.mean[[0, -1]], [1, 1])
    near(found.good, [1] * len(found.labels))
    before = plain(model, live, BAD)["head"].argmax(-1)
    near(found.bad, [dice(before, mask, i) for i in found.labels])
    assert found.differing_before == np.count_nonzero(before != mask) > 100
    for row, name in enumerate(found.layers):
        patched = plain(model, live, BAD, {name: good[name]})["head"].argmax(-1)
        scores = np.array([dice(patched, mask, i) for i in found.labels])
        np.testing.assert_allclose(found.scores[row], scores, atol=0.01)
        share = (scores.mean() - found.bad.mean()) / (1 - found.bad.mean())
        np.testing.assert_allclose(found.mean[row], share, atol=0.02)


def test_what_passes_over_a_skip_is_patched_by_itself(model: Any) -> None:
    live = live_of(model).run(BAD)
    good, found = plain(model, live, GOOD), live.recovery(GOOD)
    mask = good["head"].argmax(-1)
    assert found.skips == skips(live.graph)
    assert found.places[-1] in ("enc2_relu2 → join2", "enc2_conv2 → join2")
    for row, (reader, source) in enumerate(found.skips, len(found.layers)):
        patched = plain(model, live, BAD, {source: good[source]}, (reader, source))["head"]
        scores = [dice(patched.argmax(-1), mask, i) for i in found.labels]
        np.testing.assert_allclose(found.scores[row], scores, atol=0.01)
    assert not live.recovery(GOOD, with_skips=True).skips


def test_the_trained_run_mends_an_edit_from_its_layer_on(model: Any) -> None:
    live = live_of(model).run(BAD)
    trained = live.mask()
    conv = "mid_conv1"
    for filter_ in range(24):
        live.apply(ScaleFilter(conv, filter_, -3.0))
    assert (live.mask() != trained).any()
    alone, together = live.recovery(), live.recovery(with_skips=True)
    assert (alone.donor, alone.is_empty) == ("the trained network", False)
    end = live._program.nodes[live._program.end_of(live._program.index[conv])].name
    at = alone.layers.index(end)
    for found in (alone, together):  # nothing goes around the middle that the edit has reached
        assert not found.mean[:at].any(), "a layer above the edit is as it was trained"
        near(found.mean[at : len(found.layers)], np.ones(len(found.layers) - at))


def test_an_edit_of_the_encoder_hurts_over_the_skip_too(model: Any) -> None:
    live = live_of(model).run(BAD)
    for filter_ in range(8):
        live.apply(ScaleFilter("enc1_conv1", filter_, -3.0))
    alone, together = live.recovery(), live.recovery(with_skips=True)
    below, skip = alone.layers.index("pool1"), skips(live.graph)[0]
    assert (alone.differing[below : alone.layers.index("up1")] > 0).all()
    assert not together.differing[below:].any()
    assert alone.mean[alone.places.index(f"{skip[1]} → {skip[0]}")] > 0.1


def test_other_measures(model: Any) -> None:
    live = live_of(model).run(BAD)
    good = plain(model, live, GOOD)["head"]
    reference = np.roll(good.argmax(-1), 2, 0).astype(np.uint8)
    found = live.recovery(GOOD, measure=RecoveryMeasure.REFERENCE, reference=reference)
    near(found.good, [dice(good.argmax(-1), reference, i) for i in found.labels])
    near(found.mean[[0, len(found.layers) - 1]], [1, 1])

    region = np.zeros((32, 32), bool)
    region[4:20, 6:30] = True
    target = Target(2, region)
    found = live.recovery(GOOD, measure=RecoveryMeasure.TARGET, target=target)
    near(found.good, [good[region][:, 2].mean()])
    near(found.bad, [plain(model, live, BAD)["head"][region][:, 2].mean()])
    near(found.mean[[0, len(found.layers) - 1]], [1, 1])


def test_edits_in_force_are_the_donors_too(model: Any) -> None:
    live = live_of(model).run(BAD)
    live.apply(ScaleFilter("dec1_conv1", 2, 3.0))
    live.apply(SilenceMap("mid_conv2", 4))
    live.apply(CutSkip("join1", live.graph["join1"].inputs[1], "mean"))
    found = live.recovery(GOOD, with_skips=True)
    near(found.mean, np.ones(len(found.layers)))
    live.run(GOOD)
    assert set(found.labels) == set(np.unique(live.mask()).tolist()) - {0}


# ------------------------------------------------------------------------ skips


def test_each_skip_cut_alone_equals_the_edit(model: Any) -> None:
    live = live_of(model).run(BAD)
    reference = live_of(model).run(GOOD).mask()
    before = live.mask()
    found = live.skip_effects(reference=reference)
    assert found.skips == skips(live.graph)
    np.testing.assert_array_equal(found.mask, before)
    assert found.dice_with_reference is not None
    assert found.reference_before is not None
    near(found.reference_before, [dice(before, reference, i) for i in range(3)])
    for row, skip in enumerate(found.skips):
        for column, how in enumerate(found.how):
            live.apply(CutSkip(*skip, how))
            mask = live.mask()
            live.undo()
            assert found.changed_pixels[row, column] == np.count_nonzero(mask != before)
            near(found.dice[row, column], [dice(mask, before, i) for i in range(3)])
            with_it = [dice(mask, reference, i) for i in range(3)]
            near(found.dice_with_reference[row, column], with_it)
    assert found.changed_pixels.max() > 50


def test_a_skip_is_measured_with_all_others_on(model: Any) -> None:
    live = live_of(model).run(BAD)
    live.apply(ScaleFilter("enc1_conv1", 2, 3.0))
    expected = live.skip_effects()
    reader, source = skips(live.graph)[0]
    live.apply(CutSkip(reader, source))
    live.apply(PatchSkip(*skips(live.graph)[1], GOOD, "slice 2"))
    found = live.skip_effects()
    np.testing.assert_array_equal(found.changed_pixels, expected.changed_pixels)
    np.testing.assert_array_equal(found.mask, expected.mask)


def test_a_network_without_skips_has_nothing_to_cut() -> None:
    import keras
    from keras import layers

    image = keras.Input((16, 16, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="softmax")(image)
    found = live_of(keras.Model(image, x)).run(an_image(1, 16)).skip_effects()
    assert (found.skips, found.mask.shape) == ((), (16, 16))


# ------------------------------------------------------------- nothing is changed

TOOLS: dict[str, Tool] = {
    "recovery": lambda live: recovery(live.scene(), GOOD),
    "from the trained network": lambda live: recovery(live.scene(), None, with_skips=True),
    "skips": lambda live: skip_effects(live.scene()),
}


def many_kinds() -> Any:
    """With layers that Keras itself runs, whose own variables are assigned."""
    import keras
    from keras import layers

    image = keras.Input((32, 32, 1), name="image")
    x = layers.SeparableConv2D(4, 3, padding="same", name="first")(image)
    y = layers.LayerNormalization(name="norm")(x)
    y = layers.SeparableConv2D(4, 3, padding="same", activation="relu", name="second")(y)
    x = layers.Concatenate(name="join")([x, y])
    x = layers.Conv2D(3, 1, activation="softmax", name="head")(x)
    return with_random_weights(keras.Model(image, x), seed=5)


def bytes_of(live: LiveModel, model: Any) -> list[bytes]:
    ours = [np.asarray(w).tobytes() for each in live.layers for w in live.weights(each.name)]
    return [*ours, *(np.asarray(variable).tobytes() for variable in model.variables)]


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch) -> tuple[LiveModel, Any]:
    monkeypatch.setattr(effects.Clock.__init__, "__defaults__", (0.0,))  # a pause at each node
    model = many_kinds()
    live = live_of(model).run(BAD)
    live.apply(ScaleFilter("second", 0, 2.0))
    live.apply(CutSkip("join", "first", "mean"))
    live.mask()
    return live, model


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_is_changed_wherever_it_is_cancelled(
    tool: str, edited: tuple[LiveModel, Any]
) -> None:
    live, model = edited
    before, mask, edits = bytes_of(live, model), live.mask(), live.edits
    count = sum(1 for _ in TOOLS[tool](live))
    assert count > 6
    for stop in range(1, count + 1):
        steps = TOOLS[tool](live)
        for _ in range(stop):
            next(steps, None)
        steps.close()
        assert bytes_of(live, model) == before
    assert live.edits == edits
    np.testing.assert_array_equal(live.mask(), mask)
    assert live.scene().base.checkpoint is None


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_is_changed_when_something_breaks_halfway(
    tool: str, edited: tuple[LiveModel, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, model = edited
    before, mask = bytes_of(live, model), live.mask()
    run, left = Forward._run, 0

    def breaks(self: Forward, *given: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            raise RuntimeError("broken")
        return run(self, *given)

    monkeypatch.setattr(Forward, "_run", breaks)
    for after in (1, 2, 4, 6):
        left = after
        with pytest.raises(RuntimeError):
            last_of(TOOLS[tool](live))
        assert bytes_of(live, model) == before
    monkeypatch.undo()
    np.testing.assert_array_equal(live.mask(), mask)


def test_memory_is_given_back() -> None:
    live = live_of(balanced(with_random_weights(unet(), seed=3))).run(BAD)
    live.recovery(GOOD)
    live.skip_effects()
    used = live.memory_used
    for _ in range(3):
        live.recovery(GOOD)
        live.skip_effects()
    assert live.memory_used == used


# ------------------------------------------------------------------ what does not fit


def test_trouble_is_told_in_a_sentence() -> None:
    live = live_of(with_random_weights(unet(), seed=3))
    with pytest.raises(ModelError, match="no image"):
        live.recovery(GOOD)
    live.run(BAD)
    with pytest.raises(ModelError):
        live.recovery(GOOD[:16])
    with pytest.raises(ModelError):
        live.recovery(GOOD, layers=["nowhere"])
    with pytest.raises(ModelError, match="no reference"):
        live.recovery(GOOD, measure=RecoveryMeasure.REFERENCE)
    with pytest.raises(ModelError, match="no target"):
        live.recovery(GOOD, measure=RecoveryMeasure.TARGET)
    target = Target(7, np.ones((32, 32), bool))
    with pytest.raises(ModelError, match="channel 7"):
        live.recovery(GOOD, measure=RecoveryMeasure.TARGET, target=target)
    small = np.zeros((4, 4), np.uint8)
    for tell in (live.recovery, lambda *_, **more: live.skip_effects(reference=more["reference"])):
        with pytest.raises(ModelError, match="reference has"):
            tell(GOOD, measure=RecoveryMeasure.REFERENCE, reference=small)
    with pytest.raises(EditError):
        live.skip_effects(skips=[("head", "image")])


def test_a_network_that_makes_no_mask_says_so() -> None:
    import keras
    from keras import layers

    image = keras.Input((16, 16, 1))
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(image)))
    live = live_of(keras.Model(image, x)).run(an_image(1, 16))
    for ask in (live.recovery, live.skip_effects):
        with pytest.raises(ModelError, match="no segmentation"):
            ask()


def test_nothing_to_recover_where_both_are_the_same() -> None:
    live = live_of(balanced(with_random_weights(unet(), seed=3))).run(BAD)
    found = live.recovery()
    assert found.is_empty
    assert np.isnan(found.mean).all()
    assert not found.differing.any()


def test_the_window_asks_by_questions() -> None:
    live = live_of(balanced(with_random_weights(unet(), seed=3))).run(BAD)
    about: Any = {"model": ModelRef(Path("m"), "f"), "image": BAD, "image_key": "1"}
    asked = RecoveryQuestion(**about, donor=GOOD, donor_name="slice 4", layers=("up1", "head"))
    found: Recovery = last_of(live.answer_to(asked))
    assert (found.donor, found.layers) == ("slice 4", ("up1", "head"))
    near(found.scores, live.recovery(GOOD, layers=["up1", "head"]).scores)
    effects_found = last_of(live.answer_to(SkipEffectsQuestion(**about, how=("mean",), skips=())))
    assert effects_found.changed_pixels.shape == (0, 1)
