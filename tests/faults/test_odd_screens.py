"""Screens of every density: Qt has nothing to say, and no button is cut."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.conftest import COUNTS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
WIDTH, HEIGHT = 1280, 800

WINDOW = f"""
import sys
from pathlib import Path
from PySide6.QtCore import QSettings, qInstallMessageHandler
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from tests.unit.fakes import CARD, FakeEngine, FakeFiles, FakeSeries, FakeStudy, unet
from unetscope.bootstrap import build, dress

said = []
qInstallMessageHandler(lambda kind, context, message: said.append(message))
folder = Path(sys.argv[1])
app = QApplication([])
settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
dress(app, settings, sys.argv[2])
files = FakeFiles()
study, model = Path("/studies/head"), Path("/models/tiny.keras")
files.studies[study], files.networks[model] = FakeStudy((FakeSeries(),)), unet()
files.cards[model] = CARD
program = build(settings=settings, engine=FakeEngine(at_once=True), files=files)
window = program.window
window.resize({WIDTH}, {HEIGHT})
window.show()
program.desk.start_engine()
window.opening.open_all([model, study])
while program.live.answer is None:
    app.processEvents()
for _ in range(20):
    app.processEvents()
window.grab().save(str(folder / "window.png"))
for widget in window.findChildren(QAbstractButton):
    if widget.isVisible() and widget.text() and widget.width() < widget.minimumSizeHint().width():
        print("cut:", type(widget).__name__, widget.objectName(), widget.text())
for message in said:
    if "propagateSizeHints" not in message:
        print("Qt:", message)
print(window.devicePixelRatio(), window.width(), window.height())
program.window.close()
program.stop()
"""


@pytest.mark.parametrize(
    ("factor", "theme"), [("0.75", "dark"), ("1.25", "light"), ("1.5", "dark"), ("2.5", "light")]
)
def test_a_window_on_a_screen_of_that_density(tmp_path: Path, factor: str, theme: str) -> None:
    COUNTS.update(["tried", "opened"])
    done = subprocess.run(
        [sys.executable, "-c", WINDOW, str(tmp_path), theme],
        env=os.environ
        | {"QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"}
        | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'app'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split() == [factor, str(WIDTH), str(HEIGHT)], done.stdout
    assert (tmp_path / "window.png").stat().st_size > 20_000
