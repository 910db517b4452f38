"""Asking about one voxel and one map pixel: beside a tape over the whole network."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from tests.benchmarks.conftest import Compare

from unetscope.domain.explaining.inquiry import ends_of_scales
from unetscope.engine.live_model import open_model

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]
PLACES = ((0.5, 0.5), (0.3, 0.6), (0.02, 0.02), (0.7, 0.4), (0.45, 0.98))  # of rows and columns


@pytest.mark.parametrize("name", ["sample", "seed"])
def test_inquiry(compare: Compare, networks: Networks, pictures: Pictures, name: str) -> None:
    """One function traced once, which gives a score and its slopes at all scales."""
    path, rows = networks[name]
    model = keras.models.load_model(path, compile=False)
    live = open_model(path).run(pictures[rows])
    live.probabilities()
    ends = list(ends_of_scales(live.graph, live.segmentation_output))
    inside = keras.Model(
        model.input, [*(model.get_layer(each).output for each in ends), model.output]
    )
    batch = tf.constant(pictures[rows][None, ..., None])
    places = cycle([(int(rows * r), int(rows * c)) for r, c in PLACES])
    last = (live.layer(live.segmentation_output).channels or 1) - 1

    def slopes(row: Any, column: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            *maps, output = inside(batch, training=False)
            score = output[0, row, column, last]
        gradients = tape.gradient(score, maps)
        return [tf.reduce_sum(m * g, (0, 1, 2)) for m, g in zip(maps, gradients, strict=True)]

    traced = tf.function(slopes)

    def by_tape() -> Any:
        return [each.numpy() for each in traced(*map(tf.constant, next(places)))]

    compare(
        "what is said about one voxel",
        f"{name}, {rows}×{rows}, {len(ends)} scales",
        lambda: live.inquire(*next(places)),
        {"tape over all": by_tape},
        rounds=15,
    )


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        *(("sample", layer) for layer in ("enc1_relu2", "mid_relu2", "dec1_relu2")),
        *(("seed", layer) for layer in ("conv5_2", "conv9_2")),
    ],
)
def test_effective_field(
    compare: Compare, networks: Networks, pictures: Pictures, name: str, layer: str
) -> None:
    path, rows = networks[name]
    model = keras.models.load_model(path, compile=False)
    live = open_model(path).run(pictures[rows])
    live.probabilities()
    high, wide = live.activation(layer).shape[:2]
    inside = keras.Model(model.input, model.get_layer(layer).output)
    batch = tf.constant(pictures[rows][None, ..., None])
    places = cycle([(int(high * r), int(wide * c)) for r, c in PLACES])

    def slope(row: Any, column: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            value = inside(batch, training=False)[0, row, column, 3]
        return tape.gradient(value, batch)

    traced = tf.function(slope)
    compare(
        "effective receptive field of one map pixel",
        f"{name}, {layer}, {high}×{wide}",
        lambda: live.effective_field(layer, next(places), 3),
        {"tape over all": lambda: traced(*map(tf.constant, next(places))).numpy()},
        rounds=15,
    )
