"""How sure a network is: beside one `predict`, or one call in training mode, for each run."""

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
RUNS = 8


@pytest.mark.parametrize("name", ["seed", "sample"])
def test_augmentations(compare: Compare, networks: Networks, pictures: Pictures, name: str) -> None:
    path, rows = networks[name]
    model, batch = keras.models.load_model(path, compile=False), pictures[rows][None, ..., None]
    live = open_model(path).run(pictures[rows])
    compare(
        "uncertainty, time for one run",
        f"{name}, {RUNS} augmentations",
        lambda: live.uncertainty(repeats=RUNS),
        {"predict": lambda: model.predict(batch, verbose=0)},
        rounds=3,
        per=RUNS,
    )


@pytest.mark.parametrize("where", ["enc1_relu2", "mid_relu2", "dec1_relu1"])
def test_dropout(
    compare: Compare, networks: Networks, pictures: Pictures, tmp_path: Path, where: str
) -> None:
    """The sample's network with a dropout layer put in."""
    path, rows = networks["sample"]
    drop = keras.layers.Dropout(0.3, name="drop")

    def called(layer: Any, *given: Any, **more: Any) -> Any:
        made = layer(*given, **more)
        return drop(made) if layer.name == where else made

    trained = keras.models.load_model(path, compile=False)
    model = keras.models.clone_model(trained, call_function=called)
    model.set_weights(trained.get_weights())
    model.save(tmp_path / "dropping.keras")
    batch = np.asarray(pictures[rows][None, ..., None], np.float32)
    live = open_model(tmp_path / "dropping.keras").run(pictures[rows])
    live.mask()
    compare(
        "uncertainty, time for one run",
        f"sample, dropout after {where}",
        lambda: live.uncertainty("dropout", repeats=RUNS),
        {"a call in training mode": lambda: model(batch, training=True)},
        rounds=3,
        per=RUNS,
    )
