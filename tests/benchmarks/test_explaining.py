"""What each map does to the mask, and where a layer looks: beside one `predict` for each map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.benchmarks.conftest import Compare

from unetscope.engine.live_model import open_model

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]
SHARE = 24  # maps of each layer that are silenced; the time is that of one


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("seed", "conv9_1"),
        ("seed", "conv5_2"),
        ("sample", "dec1_relu1"),
        ("sample", "dec2_relu2"),
        ("sample", "mid_relu2"),
        ("sample", "enc1_relu1"),
    ],
)
def test_effect_sweep(
    compare: Compare, networks: Networks, pictures: Pictures, name: str, layer: str
) -> None:
    path, rows = networks[name]
    model = keras.models.load_model(path, compile=False)
    live = open_model(path).run(pictures[rows])
    count = live.layer(layer).channels or 0
    chosen = tuple(range(0, count, max(count // SHARE, 1)))[:SHARE]
    target = next(one for one in model.layers if one.weights)
    batch = pictures[rows][None, ..., None]

    def predicted() -> Any:
        target.set_weights(target.get_weights())
        return model.predict(batch, verbose=0)

    compare(
        "effect sweep, time for one map",
        f"{name}, {layer} ({count} maps)",
        lambda: live.effects(layer, channels=chosen),
        {"set_weights and predict": predicted},
        rounds=3,
        per=len(chosen),
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
