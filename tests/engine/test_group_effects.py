"""Maps silenced together equal the same done by hand, and nothing of the network changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engine.test_recompute import live_of, unet, walk, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import EditError, ModelError
from unetscope.domain.explaining.grouping import GroupQuestion, random_groups
from unetscope.domain.explaining.ranking import RankBy, RankKind, end_of_maps, layers_to_rank
from unetscope.domain.interventions import ScaleMap, SilenceMap
from unetscope.domain.metrics import dice
from unetscope.engine import effects
from unetscope.engine.forward import Forward

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(7).random((32, 32), dtype=np.float32)


@pytest.fixture
def reference() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 3, (32, 32)).astype(np.uint8)


@pytest.mark.parametrize("how", ["zero", "mean"])
@pytest.mark.parametrize(
    ("layer", "maps"),
    [("enc1_relu1", (0, 3)), ("mid_relu2", (1, 2, 9, 17)), ("dec1_relu1", tuple(range(8)))],
)
def test_a_group_equals_silencing_its_maps_one_on_the_other_by_hand(
    how: Any, layer: str, maps: tuple[int, ...], image: Image, reference: NDArray[np.uint8]
) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image)
    live.apply(SetKernel("enc2_conv2", 0, 0, np.ones((3, 3))))
    live.apply(ScaleMap("mid_relu2", 2, 1.5))  # acts on a map of a group already
    before, mask = live.probabilities(), live.mask()

    found = live.group_effect(layer, [*maps, maps[0]], how=how, reference=reference, draws=2)

    count = live.layer(layer).channels or 0
    assert found.maps == maps
    assert found.drawn == random_groups(maps, count, 2)
    for row, group in enumerate((maps, *found.drawn)):
        for index in group:
            live.apply(SilenceMap(layer, index, how))
        after = walk(model, image, live)["head"]
        for _ in group:
            live.undo()
        change = float(np.abs(after - before).mean())
        assert found.effects.mean_probability_change[row] == pytest.approx(
            change, rel=1e-2, abs=1e-6
        )
        top = np.sort(after, -1)
        unsure = int((top[..., -1] - top[..., -2] < 1e-4).sum())
        silenced = after.argmax(-1).astype(np.uint8)
        changed = int((silenced != mask).sum())
        assert abs(int(found.effects.changed_pixels[row]) - changed) <= unsure
        if unsure:
            continue
        assert found.effects.dice_with_reference is not None
        assert found.effects.dice_now is not None
        for label in range(3):
            given, now = found.effects.dice_with_reference[row, label], found.effects.dice_now
            expected = dice(silenced, reference, label)
            np.testing.assert_allclose(given, expected, rtol=1e-5)
            np.testing.assert_allclose(now[label], dice(mask, reference, label), rtol=1e-5)


def test_one_map_as_a_group_is_what_the_sweep_says(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    one = live.effects("enc2_relu1")
    group = live.group_effect("enc2_relu1", [5]).effects
    np.testing.assert_allclose(
        group.mean_probability_change[0], one.mean_probability_change[5], rtol=1e-5
    )
    assert group.changed_pixels[0] == one.changed_pixels[5]


def test_an_empty_group_is_the_mask_as_it_is(image: Image) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    found = live.group_effect("enc2_relu1", []).effects
    assert found.changed_pixels.tolist() == [0]
    assert found.mean_probability_change.tolist() == [0.0]


def test_the_ranking_of_a_script_puts_first_what_the_mask_needs(
    image: Image, reference: NDArray[np.uint8]
) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    found = live.ranking("enc2_relu1", RankBy(label=2), reference=reference, how="mean")
    assert sorted(found.maps) == list(range(live.layer("enc2_relu1").channels or 0))
    assert (np.diff(found.change[list(found.maps)]) >= 0).all()
    most = live.ranking("enc2_relu1", RankBy(RankKind.PIXELS)).maps[0]
    changed = live.effects("enc2_relu1").changed_pixels
    assert changed[most] == changed.max()


def test_layers_to_rank_end_after_their_normalisation_and_activation() -> None:
    graph = live_of(with_random_weights(unet())).graph
    assert end_of_maps(graph, "enc1_conv1") == "enc1_relu1"
    assert end_of_maps(graph, "enc1_relu1") == "enc1_relu1"
    ends = layers_to_rank(graph)
    assert "mid_relu2" in ends
    assert "head" not in ends
    assert not any("bn" in name or "conv" in name for name in ends)


@pytest.mark.parametrize(
    ("layer", "maps", "error"),
    [
        ("enc1_relu1", [99], EditError),
        ("nowhere", [0], ModelError),
        ("enc1_relu1", [-1], EditError),
    ],
)
def test_what_is_not_there_cannot_be_silenced(
    layer: str, maps: list[int], error: type[Exception], image: Image
) -> None:
    live = live_of(with_random_weights(unet())).run(image)
    with pytest.raises(error):
        live.group_effect(layer, maps)


def test_weights_stay_wherever_it_is_stopped_or_fails(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = with_random_weights(unet())
    live = live_of(model).run(image, key="one")
    live.apply(SetKernel("enc1_conv1", 0, 0, np.ones((3, 3))))
    shown = live.probabilities().tobytes()
    ours = [array.tobytes() for layer in live.layers for array in live.weights(layer.name)]
    theirs = [np.asarray(variable).tobytes() for variable in model.variables]
    question = GroupQuestion(
        model=live.network.ref,
        image=image,
        image_key="one",
        edits=live.edits,
        layer="enc2_relu1",
        groups=((0, 1), (2, 3, 4)),
    )

    def unchanged() -> None:
        now = [array.tobytes() for layer in live.layers for array in live.weights(layer.name)]
        assert now == ours
        assert [np.asarray(variable).tobytes() for variable in model.variables] == theirs
        assert live.probabilities().tobytes() == shown
        assert len(live.edits) == 1

    monkeypatch.setattr(effects.Clock.__init__, "__defaults__", (0.0,))  # the smallest pieces
    pieces = len(list(live.answer_to(question)))
    assert pieces > 4
    unchanged()
    for stop_after in range(1, pieces):
        steps = live.answer_to(question)
        for _ in range(stop_after):
            next(steps)
        steps.close()
        unchanged()

    run, calls = Forward._run, []

    def fails(self: Forward, *given: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise ValueError("injected")
        return run(self, *given)

    monkeypatch.setattr(Forward, "_run", fails)
    with pytest.raises(ValueError, match="injected"):
        list(live.answer_to(question))
    monkeypatch.setattr(Forward, "_run", run)
    unchanged()
    used = live.memory_used
    list(live.answer_to(question))
    assert live.memory_used <= used + (1 << 20)  # what it made is given back
