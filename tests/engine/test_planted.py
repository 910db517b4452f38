"""A channel that alone makes a class is named by effect ranking, dissection and voxel inquiry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.engine.test_recompute import live_of

from unetscope.domain.explaining.ranking import RankBy
from unetscope.engine.live_model import LiveModel

pytestmark = pytest.mark.engine

SIDE, CLASS = 32, 1
MAPS = {"enc": 8, "mid": 12, "dec": 10}
FIRST = {"enc": 0, "mid": 0, "dec": MAPS["mid"]}  # where the skip's maps begin in the join
CENTRE = (1, 1)


@dataclass(frozen=True)
class Planted:
    """A network in which one channel of one layer, and no other, makes class 1.

    Attributes
    ----------
    decoy : int
        A channel of the same layer with the very same map, that nothing reads.
    """

    live: LiveModel
    layer: str
    channel: int
    decoy: int
    images: NDArray[np.float32]
    bright: NDArray[np.bool_]


def plant(layer: str, seed: int) -> Planted:
    """Random weights everywhere; one way from the image, through the channel, to the class.

    The channel is high where the image is bright. Where it is not in the first layer, the image
    reaches it over a channel of the first layer; where it is not in the last, it reaches the head
    over a channel of the last. What makes the other classes reads all but that way.
    """
    rng = np.random.default_rng(seed)
    chosen = {name: rng.permutation(count)[:2] for name, count in MAPS.items()}
    way = {name: int(channels[0]) for name, channels in chosen.items()}
    channel, decoy = (int(each) for each in chosen[layer])
    model = network()
    weights = {
        name: [rng.normal(0, 0.3, w.shape).astype(np.float32) for w in part.get_weights()]
        for name in (*MAPS, "head")
        if (part := model.get_layer(name))
    }

    def wire(name: str, to: int, source: int, gain: float, bias: float) -> None:
        kernel, biases = weights[name]
        kernel[..., to] = 0
        kernel[*CENTRE, source, to] = gain
        biases[to] = bias

    sharp, plain = (10.0, -5.0), (1.0, 0.0)
    wire("enc", way["enc"], 0, *(sharp if layer == "enc" else plain))
    if layer == "mid":
        wire("mid", way["mid"], way["enc"], *sharp)
    source = way["mid"] if layer == "mid" else MAPS["mid"] + way["enc"]
    wire("dec", way["dec"], source, *(sharp if layer == "dec" else plain))
    kernel, biases = weights["head"]
    kernel *= 0.2
    kernel[..., CLASS], biases[CLASS] = 0, -6
    kernel[0, 0, way["dec"]] = 0
    kernel[0, 0, way["dec"], CLASS] = 4
    twin(weights, layer, channel, decoy)
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(arrays)
    images, bright = pictures(rng)
    level_others(model, images[0], bright[0])
    return Planted(live_of(model), layer, channel, decoy, images, bright)


def pictures(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Two bright boxes on a dark ground, with noise."""
    bright = np.zeros((6, SIDE, SIDE), bool)
    for one in bright:
        for _ in range(2):
            row, column = 2 * rng.integers(1, 10, 2)
            one[row : row + 8, column : column + 6] = True
    images = np.where(bright, 0.9, 0.2) + rng.uniform(-0.15, 0.05, bright.shape)
    return images.astype(np.float32), bright


def level_others(model: Any, image: NDArray[np.float32], bright: NDArray[np.bool_]) -> None:
    """Let the other two classes have half of the ground each."""
    head = model.get_layer("head")
    found = np.log(np.asarray(model(image[None, ..., None])[0]) + 1e-30)
    kernel, biases = head.get_weights()
    biases[2] -= np.median((found[..., 2] - found[..., 0])[~bright])
    head.set_weights([kernel, biases])


def network() -> Any:
    """A U-Net of two levels with one skip connection."""
    image = keras.Input((SIDE, SIDE, 1), name="image")

    def conv(name: str) -> Any:
        return layers.Conv2D(MAPS[name], 3, padding="same", activation="relu", name=name)

    skip = conv("enc")(image)
    deep = conv("mid")(layers.MaxPooling2D(name="pool")(skip))
    join = layers.Concatenate(name="join")([layers.UpSampling2D(name="up")(deep), skip])
    head = layers.Conv2D(3, 1, activation="softmax", name="head")(conv("dec")(join))
    return keras.Model(image, head)


def twin(weights: dict[str, Any], layer: str, channel: int, decoy: int) -> None:
    """Make another channel the same as the planted one, but let nothing read it."""
    for array in weights[layer]:
        array[..., decoy] = array[..., channel]
    if layer == "dec":
        weights["head"][0][:, :, decoy] = 0
    else:
        first = 0 if layer == "mid" else MAPS["mid"]
        weights["dec"][0][:, :, first + decoy] = 0
    if layer == "enc":
        weights["mid"][0][:, :, decoy] = 0


@pytest.fixture(
    params=[(layer, seed) for layer in MAPS for seed in range(4)], ids=lambda p: f"{p[0]}-{p[1]}"
)
def planted(request: pytest.FixtureRequest) -> Planted:
    made = plant(*request.param)
    mask = made.live.run(made.images[0]).mask()
    assert {0, 1, 2} == {*mask.ravel().tolist()}, "every class is seen"
    return made


def test_effect_ranking_names_it(planted: Planted) -> None:
    live, layer = planted.live, planted.layer
    ranking = live.ranking(layer, RankBy(label=CLASS))
    assert ranking.rank_of(planted.channel) == 1
    overlap = live.effects(layer).dice_with_current[:, CLASS]
    assert overlap[planted.channel] == 0
    assert (np.delete(overlap, planted.channel) > 0.95).all()
    assert overlap[planted.decoy] == 1, "nothing reads it"


@pytest.mark.parametrize("against", ["own mask", "reference"])
def test_dissection_names_it(planted: Planted, against: str) -> None:
    live = planted.live
    labels = None if against == "own mask" else list(planted.bright.astype(np.uint8))
    found = live.dissect(planted.layer, planted.images, labels)

    best = {one.map: one.iou for one in found.ranked([CLASS])}
    first = found.ranked([CLASS])[0]
    assert first.map in (planted.channel, planted.decoy)
    assert best[planted.channel] == first.iou > 0.9
    follows = found.best(planted.channel)
    assert follows is not None
    assert follows.label == CLASS
    assert best[planted.decoy] == best[planted.channel], "it looks the same: overlap is no cause"
    others = [iou for m, iou in best.items() if m not in (planted.channel, planted.decoy)]
    assert max(others, default=0) < first.iou


def test_voxel_inquiry_names_it(planted: Planted) -> None:
    live = planted.live
    rows, columns = np.nonzero(live.mask() == CLASS)
    for n in range(0, len(rows), max(len(rows) // 5, 1)):
        found = live.inquire(int(rows[n]), int(columns[n]), CLASS)
        scale = next(each for each in found.scales if each.layer == planted.layer)
        assert scale.up[0].feature_map == planted.channel
        assert len(scale.up) == 1, "no other map of the layer speaks for the class"


def test_the_other_classes_are_not_its_work(planted: Planted) -> None:
    """So that a tool which names one channel for everything is found out."""
    live, layer = planted.live, planted.layer
    found = live.dissect(layer, planted.images)
    assert found.ranked([2])[0].map not in (planted.channel, planted.decoy)
    row, column = np.argwhere(live.run(planted.images[0]).mask() == 2)[0]
    inquiry = live.inquire(int(row), int(column), 2)
    scale = next(each for each in inquiry.scales if each.layer == layer)
    named = {push.feature_map for push in (*scale.up, *scale.down)}
    assert named
    assert not named & {planted.decoy}
