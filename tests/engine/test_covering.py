"""The score with a square covered is that of a whole pass, however little of it is run."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.engine.test_recompute import KINDS, live_of, unet, with_random_weights

from unetscope.domain.edits import SetKernel
from unetscope.domain.explaining.target import Target
from unetscope.domain.interventions import SilenceMap
from unetscope.engine import ops
from unetscope.engine.explaining import covering, occlusion
from unetscope.engine.explaining.covering import Covering
from unetscope.engine.explaining.score import Score
from unetscope.engine.live_model import LiveModel
from unetscope.engine.region import Rect, Unknown

pytestmark = pytest.mark.engine
Image = NDArray[np.float32]


def assorted() -> Any:
    """Even and dilated kernels, padding and cropping, norms and activations on their own, sums."""
    image = keras.Input((48, 40, 1), name="image")
    x = layers.ZeroPadding2D(((1, 2), (3, 0)), name="pad")(image)
    x = layers.Cropping2D(((0, 3), (2, 1)), name="crop")(x)
    x = layers.Conv2D(4, (4, 3), padding="same", dilation_rate=2, name="dilated")(x)
    skip = layers.LeakyReLU(name="leaky")(x)
    x = layers.AveragePooling2D(2, name="average")(skip)
    x = layers.BatchNormalization(name="norm")(layers.Dropout(0.2)(x))
    x = layers.Conv2D(6, (2, 5), padding="same", activation="tanh", name="even")(x)
    x = layers.Add(name="add")([x, layers.Conv2D(6, 1, name="one")(x)])
    x = layers.UpSampling2D(name="up")(x)
    x = layers.Conv2D(4, 4, padding="same", activation="relu", name="composed")(x)
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="strided")(x)
    x = layers.Conv2D(4, (4, 3), strides=(3, 2), padding="same", name="uneven")(x)
    x = layers.Conv2DTranspose(4, (6, 4), strides=(6, 4), name="apart")(x)
    x = layers.Conv2D(4, 3, name="valid")(x)
    x = layers.ZeroPadding2D(1, name="around")(x)
    x = layers.Multiply(name="gate")([x, layers.Conv2D(1, 1, activation="sigmoid")(skip)])
    x = layers.Concatenate(name="join")([x, skip, image])
    x = layers.Conv2DTranspose(3, 3, padding="same", name="back")(x)
    return keras.Model(image, layers.Softmax(name="classes")(x))


BUILDS = {**KINDS, "assorted": assorted}
REGIONS = {
    "one pixel": np.s_[20:21, 9:10],
    "a corner": np.s_[:6, 24:],
    "most of it": np.s_[2:30, 1:31],
    "two far apart": np.s_[::25, ::25],
}


def shown(build: Any, seed: int = 0) -> tuple[LiveModel, Image]:
    live = live_of(with_random_weights(build(), seed))
    size = live.layers[0].output_shape[1:3]
    image = np.random.default_rng(seed).random([n or 0 for n in size], dtype=np.float32)
    return live.run(image), image


@pytest.mark.parametrize("where", REGIONS)
@pytest.mark.parametrize("kind", BUILDS)
def test_every_square_gives_the_score_of_a_whole_pass(kind: str, where: str) -> None:
    live, image = shown(BUILDS[kind])
    last, ones = ("back", (3, 3)) if kind == "assorted" else ("head", (1, 1))
    live.apply(SetKernel(last, 0, 0, np.full(ones, 0.3)))
    region = np.zeros(image.shape, bool)
    region[REGIONS[where]] = True
    target = Target(1, region)
    scene = live.scene()
    score = Score(scene, target)
    one = Covering(scene.base, scene.program.inputs[0], score)
    whole = score.of(scene.base)
    rng = np.random.default_rng(1)

    changes = []
    for top, left, side in ((0, 0, 5), (18, 7, 6), (25, 28, 4), (9, 20, 1), (31, 31, 1)):
        rect = Rect(top, left, top + side, left + side).within(image.shape)
        square = 4 * rng.random((1, rect.bottom - rect.top, rect.right - rect.left, 1), np.float32)
        covered = image.copy()
        covered[rect.top : rect.bottom, rect.left : rect.right] = square[0, ..., 0]

        found = one.score(square, rect)

        live.run(covered)
        expected = score.of(live.scene().base)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5 * region.sum() + 1e-4)
        changes.append(abs(expected - whole))
    assert max(changes) > 1e-3  # or the test could not fail


def test_what_no_square_reaches_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = shown(lambda: unet(size=64))
    region = np.zeros((64, 64), bool)
    region[2, 3] = True
    scene = live.scene()
    one = Covering(scene.base, scene.program.inputs[0], Score(scene, Target(1, region)))
    positions: list[int] = []
    plain = ops.convolved

    def counted(x: Any, *rest: Any) -> Any:
        positions.append(int(np.prod(x.shape[:-1])))
        return plain(x, *rest)

    monkeypatch.setattr(covering, "convolved", counted)

    one.score(np.zeros((1, 4, 4, 1), np.float32), Rect(0, 0, 4, 4))
    near = sum(positions)
    positions.clear()
    one.score(np.zeros((1, 4, 4, 1), np.float32), Rect(60, 60, 64, 64))

    assert sum(positions) == 0
    assert 0 < near < 10 * 64 * 64


@pytest.mark.parametrize("how", ["a layer", "an intervention"])
def test_what_cannot_be_run_in_part_is_run_whole(how: str) -> None:
    live, image = shown(smoothed if how == "a layer" else unet)
    if how == "an intervention":
        live.apply(SilenceMap("enc1_relu1", 1, "mean"))
    target = Target(1, np.ones(image.shape, bool))
    scene = live.scene()
    with pytest.raises(Unknown):
        Covering(scene.base, scene.program.inputs[0], Score(scene, target))

    found = live.occlusion(target, patch=16, stride=16).heat.values

    score = Score(scene, target)
    covered = image.copy()
    covered[16:32, :16] = image.mean()
    fall = score.of(scene.base) - score.of(live.run(covered).scene().base)
    assert found[20, 5] == pytest.approx(fall, rel=1e-3)


def smoothed() -> Any:
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(image)
    x = layers.UpSampling2D(interpolation="bilinear", name="up")(layers.MaxPooling2D()(x))
    return keras.Model(image, layers.Conv2D(3, 1, name="head")(x))


def test_both_ways_give_the_same_map(monkeypatch: pytest.MonkeyPatch) -> None:
    live, image = shown(unet)
    target = live.target(int(np.bincount(live.mask().ravel()).argmax()))

    in_part = live.occlusion(target, patch=6, stride=5).heat.values

    def unknown(*_: Any) -> None:
        raise Unknown

    monkeypatch.setattr(occlusion, "Covering", unknown)
    whole = live.occlusion(target, patch=6, stride=5).heat.values
    np.testing.assert_allclose(in_part, whole, rtol=1e-3, atol=1e-4 * np.abs(whole).max())
    assert image.shape == whole.shape
