"""Activation patching and cut skip connections: beside plain Keras, one whole pass for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.benchmarks.conftest import Compare

from unetscope.engine.live_model import LiveModel, open_model

pytestmark = pytest.mark.engine

ROUNDS = 7


@pytest.fixture(scope="module")
def sample(sample_path: Path, pictures: dict[int, Any]) -> tuple[Any, LiveModel, Any, Any]:
    """The sample by Keras and by us, a picture and another one."""
    model, live = keras.models.load_model(sample_path, compile=False), open_model(sample_path)
    bad = np.asarray(pictures[256])
    good = np.ascontiguousarray(np.roll(bad, 9, axis=0))
    live.run(bad)
    live.mask()
    return model, live, bad, good


def test_recovery_curve(compare: Compare, sample: tuple[Any, LiveModel, Any, Any]) -> None:
    """Beside one predict for the donor and one for each place."""
    model, live, bad, good = sample
    count = len(live.recovery(good).places)
    batch, other = bad[None, ..., None], good[None, ..., None]

    def predicts() -> None:
        model.predict(other, verbose=0)
        for _ in range(count):
            model.predict(batch, verbose=0)

    compare(
        "recovery curve",
        f"sample, {count} places",
        lambda: live.recovery(good),
        {"a predict for each": predicts},
        rounds=ROUNDS,
    )


def test_skips_cut_alone(compare: Compare, sample: tuple[Any, LiveModel, Any, Any]) -> None:
    """Beside one predict for each skip connection and way of cutting it."""
    model, live, bad, _ = sample
    found = live.skip_effects()
    cuts = len(found.skips) * len(found.how)
    batch = bad[None, ..., None]

    def predicts() -> None:
        for _ in range(cuts):
            model.predict(batch, verbose=0)

    compare(
        "skip connections cut alone",
        f"sample, {cuts} cuts",
        live.skip_effects,
        {"a predict for each": predicts},
        rounds=ROUNDS,
    )
