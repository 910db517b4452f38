"""What the engine holds, beside plain Keras that has predicted once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.engine,
    pytest.mark.benchmark(group="memory of a process, in MB (the times mean nothing)"),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc"),
]

PLAIN = """
import keras, numpy as np
model = keras.models.load_model(path, compile=False)
model.predict(np.zeros((1, rows, rows, 1), np.float32), verbose=0)
"""
OURS = """
import numpy as np
from unetscope.domain.edits import SetKernel
from unetscope.engine.live_model import open_model
live = open_model(path).run(np.random.default_rng(0).random((rows, rows), dtype=np.float32))
names = [layer.name for layer in live.layers if layer.kind == "Conv2D"]
for name in names:
    kernel = np.ones(live.weights(name)[0].shape[:2], np.float32)
    live.apply(SetKernel(name, 0, 0, kernel)).mask()
"""
REPORT = """
import json
lines = dict(line.split(":", 1) for line in open("/proc/self/status") if line.startswith("Vm"))
print(json.dumps({key: int(value.split()[0]) >> 10 for key, value in lines.items()}))
"""


def memory(code: str, path: Path, rows: int, budget: int) -> int:
    """Peak memory in MB of a process that runs some code."""
    start = f"path, rows = {str(path)!r}, {rows}\n"
    environment = {**os.environ, "UNETSCOPE_CACHE_MB": str(budget), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", start + code + REPORT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    peak: int = json.loads(done.stdout.splitlines()[-1])["VmHWM"]
    return peak


@pytest.mark.parametrize("budget", [64, 256, 1024])
@pytest.mark.parametrize("name", ["sample", "seed"])
def test_memory(
    benchmark: Any, networks: dict[str, tuple[Path, int]], name: str, budget: int
) -> None:
    if not benchmark.enabled:
        pytest.skip("measured with the benchmarks only")
    path, rows = networks[name]
    plain = memory(PLAIN, path, rows, budget)

    ours = benchmark.pedantic(memory, (OURS, path, rows, budget), rounds=1, iterations=1)

    benchmark.extra_info.update(plain_keras=plain, engine=ours, budget=budget)
    assert ours <= 1.25 * plain + budget
