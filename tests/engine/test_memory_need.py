"""What a network is said to need in memory is what it is seen to take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from unetscope.domain.errors import ModelError
from unetscope.domain.memory_need import bytes_to_run
from unetscope.domain.presets import NewModel
from unetscope.engine import machine, need
from unetscope.engine.creating import create
from unetscope.engine.live_model import open_model
from unetscope.io.network_file import read_network
from unetscope.resources import sample_model

pytestmark = pytest.mark.engine

MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from unetscope.domain.edits import ScaleFilter
from unetscope.domain.memory_need import bytes_to_open, bytes_to_run
from unetscope.engine.live_model import open_model

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10

before = peak()
live = open_model(sys.argv[1])
size = live.graph[live.graph.layers[0].name].output_shape[1:3]
live.run(np.random.default_rng(0).random(size, dtype=np.float32))
live.mask(), live.trained_mask()
first = next(layer.name for layer in live.layers if layer.kind == "Conv2D")
live.apply(ScaleFilter(first, 0, 0.5)).mask()
taken = peak() - before
weights = sum(a.nbytes for arrays in live.network.trained.values() for a in arrays)
said = bytes_to_open(weights) + bytes_to_run(live.graph, size, live._context.memory.budget)
print(json.dumps([taken, said]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("name", ["sample", "mirrored_unet"])
def test_the_estimate_is_within_a_factor_of_two_of_what_is_taken(name: str, tmp_path: Path) -> None:
    path = sample_model()
    if name != "sample":  # the first seed's U-Net
        path = tmp_path / "seed.keras"
        create(NewModel.proposed(name), path)

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )

    taken, said = json.loads(done.stdout.splitlines()[-1])
    assert taken > 50 << 20
    assert 0.5 < said / taken < 2, (taken, said)


def u(side: int | None) -> keras.Model:
    image = keras.Input((side, side, 1))
    skip = layers.Conv2D(8, 3, padding="same")(image)
    x = layers.Conv2D(16, 3, padding="same")(layers.MaxPooling2D()(skip))
    x = layers.Concatenate()([layers.UpSampling2D()(x), skip])
    return keras.Model(image, layers.Conv2D(3, 1, activation="softmax")(x))


def test_a_network_of_any_size_needs_as_much_as_one_of_that_size(tmp_path: Path) -> None:
    needed = []
    for side in (128, None):
        u(side).save(tmp_path / "u.keras")
        graph = read_network(tmp_path / "u.keras").graph
        needed.append(bytes_to_run(graph, (128, 128), 1 << 30))
    assert needed[0] == needed[1] > 128 * 128 * 30 * 4
    assert bytes_to_run(graph, (256, 256), 1 << 30) > 3 * needed[1]
    assert bytes_to_run(graph, (1024, 1024), 64 << 20) < bytes_to_run(graph, (1024, 1024), 8 << 30)


def test_a_run_that_would_not_fit_is_refused_in_figures(
    saved: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_model(saved("any_size"))
    small = np.zeros((64, 64), np.float32)
    live.run(small)
    before = live.probabilities()
    monkeypatch.setattr(machine, "free", lambda: 300_000_000)

    with pytest.raises(ModelError) as caught:
        live.run(np.zeros((4000, 4000), np.float32))

    assert "4000 × 4000" in caught.value.what
    assert "0.3 GB are free" in caught.value.what
    assert "smaller input size" in caught.value.hint
    np.testing.assert_array_equal(live.probabilities(), before)  # the image before is still there
    live.run(small + 1).mask()


def test_a_network_that_would_not_fit_is_refused_before_it_is_built(
    saved: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(need, "SMALL", 0)
    monkeypatch.setattr(machine, "free", lambda: 1)
    with pytest.raises(ModelError, match=r"small_unet\.keras needs about .* GB are free"):
        open_model(saved("small_unet"))
    monkeypatch.setattr(machine, "free", lambda: None)  # where nobody says, it is tried
    open_model(saved("small_unet"))


def test_the_machine_says_what_it_has() -> None:
    free = machine.free()
    assert 64 << 20 < machine.installed() < 1 << 50
    assert free is None or 0 < free <= machine.installed()
    if sys.platform == "linux":
        assert 10 << 20 < machine.used_by(os.getpid()) < machine.installed()
    assert machine.used_by(2**30) == 0


def test_a_container_with_a_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder, limit, used in ((inner, "max", 10 << 20), (inner.parent, 200 << 20, 150 << 20)):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
    own = tmp_path / "cgroup"
    own.write_text("0::/outer/inner\n")
    monkeypatch.setattr(machine, "_OWN", own)
    assert machine.installed() == 200 << 20
    assert machine.free() == 50 << 20
