"""What each map does to the mask, and where a layer looks: beside one `predict` for each map."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.benchmarks.conftest import Compare

from unetscope.domain.explaining.ranking import layers_to_rank
from unetscope.engine.live_model import LiveModel, open_model

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]
SHARE = 24  # maps of each layer that are silenced; the time is that of one


ALL_OF_THE_SAMPLE = [
    f"{stem}_relu{n}"
    for stem in ("enc1", "enc2", "enc3", "mid", "dec3", "dec2", "dec1")
    for n in (1, 2)
]
TOGETHER = 8  # maps that are silenced in one call of a gated model


@cache
def _opened(path: Path) -> tuple[Any, LiveModel]:
    return keras.models.load_model(path, compile=False), open_model(path)


def _gated(model: Any, name: str, channels: int) -> Any:
    """The model with a second input that the maps of a layer are multiplied by."""
    gate = keras.Input((1, 1, channels))
    made = {id(each): each for each in model.inputs}
    for layer in model.layers[1:]:
        given = [made[id(each)] for each in keras.tree.flatten(layer.input)]
        out = layer(given if len(given) > 1 else given[0])
        made[id(layer.output)] = out * gate if layer.name == name else out
    return keras.Model([*model.inputs, gate], made[id(model.output)])


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        *(("seed", layer) for layer in ("conv1_2", "conv5_2", "conv9_1")),
        *(("sample", layer) for layer in ALL_OF_THE_SAMPLE),
    ],
)
def test_effect_sweep(
    compare: Compare,
    networks: Networks,
    pictures: Pictures,
    name: str,
    layer: str,
    request: pytest.FixtureRequest,
) -> None:
    """Beside one predict a map, a sub-model a map as keract makes them, and eight maps at a time.

    The last rebuilds the network with a factor for each map, which needs its graph to be simple;
    its time is that of all eight.
    Where no times are taken, only a few maps are silenced, and beside the first way only.
    """
    timed = request.config.getoption("benchmark_enable")
    share = SHARE if timed else 2
    path, rows = networks[name]
    model, live = _opened(path)
    live.run(pictures[rows])
    if name == "sample":
        assert set(layers_to_rank(live.graph)) == set(ALL_OF_THE_SAMPLE)
    count = live.layer(layer).channels or 0
    chosen = tuple(range(0, count, max(count // share, 1)))[:share]
    target = next(one for one in model.layers if one.weights)
    batch = pictures[rows][None, ..., None]

    def predicted() -> Any:
        target.set_weights(target.get_weights())
        return model.predict(batch, verbose=0)

    def sub_model() -> Any:
        target.set_weights(target.get_weights())
        return keras.Model(model.inputs, model.outputs).predict(batch, verbose=0)

    others = {"set_weights and predict": predicted}
    if timed:
        gated, gates = _gated(model, layer, count), np.ones((TOGETHER, 1, 1, count), np.float32)
        gates[range(TOGETHER), 0, 0, range(TOGETHER)] = 0
        images = np.repeat(batch, TOGETHER, 0)

        def together() -> Any:
            return gated.predict([images, gates], batch_size=TOGETHER, verbose=0)

        others |= {"sub-model and predict": sub_model, f"one predict for {TOGETHER} maps": together}
    compare(
        "effect sweep, time for one map",
        f"{name}, {layer} ({count} maps)",
        lambda: live.effects(layer, channels=chosen),
        others,
        rounds=3,
        per=len(chosen),
    )


@pytest.mark.parametrize(("name", "layer"), [("sample", "dec1_relu1"), ("sample", "mid_relu2")])
def test_group_effect(
    compare: Compare, networks: Networks, pictures: Pictures, name: str, layer: str
) -> None:
    """Three maps and twenty groups of three at random: the time is that of one group."""
    path, rows = networks[name]
    model, live = _opened(path)
    live.run(pictures[rows])
    target = next(one for one in model.layers if one.weights)
    batch = pictures[rows][None, ..., None]

    def predicted() -> Any:
        target.set_weights(target.get_weights())
        return model.predict(batch, verbose=0)

    compare(
        "three maps silenced together, time for one group",
        f"{name}, {layer}",
        lambda: live.group_effect(layer, (0, 1, 2)),
        {"set_weights and predict": predicted},
        rounds=3,
        per=21,
    )


@pytest.mark.parametrize("layer", ["conv5_2", "conv9_2"])
def test_seg_grad_cam(compare: Compare, networks: Networks, pictures: Pictures, layer: str) -> None:
    vis = pytest.importorskip("tf_keras_vis.gradcam")
    path, rows = networks["seed"]
    model = keras.models.load_model(path, compile=False)
    live = open_model(path).run(pictures[rows])
    region = np.ones((rows, rows), np.float32)
    cam = vis.Gradcam(model, clone=True)
    batch = pictures[rows][None, ..., None]

    def theirs() -> Any:
        return cam(lambda output: output[..., 0], batch, penultimate_layer=layer)

    compare(
        "Seg-Grad-CAM",
        f"seed, {layer}",
        lambda: live.seg_grad_cam(layer, 0, region),
        {"tf-keras-vis": theirs},
        rounds=5,
    )
