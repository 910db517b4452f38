"""How long a person waits at the start, beside what importing TensorFlow alone costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.conftest import Compare

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, sys, time
start = time.perf_counter()
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from unetscope import bootstrap
from unetscope.domain.ports import EngineState

app = QApplication([])
settings = QSettings(sys.argv[1], QSettings.Format.IniFormat)
bootstrap.dress(app, settings, "dark")
program = bootstrap.build(settings=settings)
seen = {}

def saw(what):
    seen.setdefault(what, time.perf_counter() - start)

class Beat(QTimer):
    last = None
    worst = 0.0
    def tick(self):
        now = time.perf_counter()
        if self.last is not None:
            self.worst = max(self.worst, now - self.last)
        self.last = now

beat = Beat()
beat.timeout.connect(beat.tick)

def begin():
    saw("window")
    beat.start(1)
    program.desk.start_engine()
    program.window.open_sample()

def on_status(status):
    if status.state is EngineState.READY:
        saw("engine")

def on_layers(view):
    if view.rows:
        saw("layer tree and filters")

def on_slice():
    if program.live.shown is not None:
        saw("slice")

def on_answer():
    if program.live.answer is not None:
        saw("mask")
        QTimer.singleShot(200, app.quit)

program.desk.engine_changed.connect(on_status)
program.presenters.layers.view_changed.connect(on_layers)
program.live.slice_changed.connect(on_slice)
program.live.answered.connect(on_answer)
program.window.show()
QTimer.singleShot(0, begin)
QTimer.singleShot(120_000, app.quit)
app.exec()
program.stop()
seen["longest gap of the event loop"] = beat.worst
seen["TensorFlow in the window's process"] = "tensorflow" in sys.modules
print("RESULT " + json.dumps(seen))
"""


def run(code: str, *arguments: str) -> str:
    """What a fresh Python prints for this code."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return done.stdout


@pytest.mark.engine
@pytest.mark.benchmark(group="start")
def test_import_tensorflow_alone(benchmark: Any) -> None:
    benchmark.pedantic(run, args=("import tensorflow",), rounds=3)


@pytest.mark.engine
@pytest.mark.benchmark(group="start")
def test_start_to_first_mask(benchmark: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The whole start; `extra_info` holds the seconds to each thing seen, median of three."""
    rounds: list[dict[str, float]] = []

    def start() -> None:
        printed = run(PROGRAM, str(tmp_path_factory.mktemp("start") / "settings.ini"))
        (line,) = (line for line in printed.splitlines() if line.startswith("RESULT "))
        rounds.append(json.loads(line.removeprefix("RESULT ")))

    benchmark.pedantic(start, rounds=3)
    for what in rounds[0]:
        benchmark.extra_info[what] = sorted(seen[what] for seen in rounds)[len(rounds) // 2]
    assert not any(seen["TensorFlow in the window's process"] for seen in rounds)
    assert all(seen["layer tree and filters"] < seen["engine"] for seen in rounds)


FROZEN = Path(os.environ.get("UNETSCOPE_FROZEN", ROOT / "dist" / "unetscope" / "unetscope"))


@pytest.mark.engine
@pytest.mark.skipif(not FROZEN.exists(), reason="nothing is frozen: packaging/dev.py package")
def test_the_frozen_program_from_start_to_picture(compare: Compare, tmp_path: Path) -> None:
    """The sample opened, segmented, drawn and written, by a cold process each time."""
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}

    def picture(*command: str) -> None:
        errand = ["--sample", "--screenshot", str(tmp_path / "window.png")]
        subprocess.run([*command, *errand], check=True, capture_output=True, env=environ)

    compare(
        "start",
        "sample to picture, frozen",
        lambda: picture(str(FROZEN)),
        {
            "from source": lambda: picture(sys.executable, "-m", "unetscope"),
            "import tensorflow": lambda: run("import tensorflow"),
        },
        rounds=5,
    )
