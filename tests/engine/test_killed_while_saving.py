"""``kill -9``, or a full disk, while a network is saved: the old file or the new one, never half.

Five kills by default; ``UNETSCOPE_KILLS=200`` for more.
"""

from __future__ import annotations

import io
import os
import random
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tests.engine.conftest import small_unet
from tests.faults.nursery import nursery

from unetscope.domain.errors import ModelError
from unetscope.engine.introspect import anatomy_of, read_weights
from unetscope.engine.saving import save_copy

ROUNDS = int(os.environ.get("UNETSCOPE_KILLS", "5"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes that fork")


def the_only_value(path: Path) -> float:
    """What all weights in a whole ``.keras`` file are."""
    values: set[float] = set()

    def collect(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            values.update(np.unique(item[()]).tolist())

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(collect)
    (value,) = values
    return value


def test_a_network_is_old_or_new_after_a_kill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, found = random.Random(7), Counter[float]()
    with nursery("tests.engine.saving_life") as place:
        for number in range(ROUNDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            child = place.start("save_keras", 0, folder)
            while not (folder / "said").exists() or not (folder / "said").read_text():
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.4))
            place.kill(child)
            found[the_only_value(folder / "file.keras")] += 1
    with capsys.disabled():
        sys.stdout.write(
            f"\nkill -9 while saving .keras: {ROUNDS} times, {dict(found)}, damaged 0\n"
        )


def test_a_full_disk_leaves_the_old_network(tmp_path: Path) -> None:
    import resource

    model, path = small_unet(), tmp_path / "file.keras"
    layers = anatomy_of(model, "model").layers
    weights = {name: read_weights(layer) for name, layer in layers.items()}
    save_copy(model, weights, None, path)
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, limits[1]))
    try:
        with pytest.raises(ModelError, match="make room"):
            save_copy(model, weights, None, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
