#!/usr/bin/env python3
"""Take the pictures of the help: every panel at work on the sample, in both themes and two sizes.

    QT_QPA_PLATFORM=offscreen python resources/help/making/take_pictures.py [FOLDER]

They go to `resources/help/panels` as `<panel>-<theme>-<width>.png`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEvent, QSettings
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from unetscope import bootstrap
from unetscope.bootstrap import Application
from unetscope.domain.session import Session
from unetscope.ui import theme

SIZES = ((1280, 800), (2560, 1440))
COLOURS = 128  # of a picture: enough for every map, and a quarter of the bytes
COMPARISONS = ("delta", "side_by_side", "swipe")
PATIENCE = 300  # seconds


def until(app: QApplication, holds: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        app.processEvents()
        time.sleep(0.005)
        if time.monotonic() > end:
            raise SystemExit("It took too long.")


def settle(app: QApplication, seconds: float = 0.6) -> None:
    """Let everything that is drawn later be drawn."""
    end = time.monotonic() + seconds
    until(app, lambda: time.monotonic() > end)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def save(picture: QPixmap, path: Path) -> None:
    """Write a picture with few colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(str(path))
    with Image.open(path) as whole:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def prepare(app: QApplication, program: Application) -> None:
    """Bring the sample to where every panel has something to show."""
    window, store = program.window, program.store
    window.open_sample()

    def answered() -> bool:
        answer = program.live.answer
        return answer is not None and not program.live.busy

    until(app, answered)
    for command in ("network.measure_effects", "map.survey"):
        window.run(command)
        until(app, lambda: not program.presenters.frame.view.busy)
    program.presenters.kernel.apply_recipe("sobel_x")
    until(app, answered)
    settle(app)
    window.run("compare.series")
    settle(app)
    until(app, lambda: not program.presenters.frame.view.busy)
    store.update(lambda s: Session.select_filter(s, 4))
    settle(app)


def take(app: QApplication, program: Application, folder: Path) -> None:
    """Take all pictures in the theme in force."""
    window = program.window
    mode = "dark" if theme.current().dark else "light"
    for size in SIZES:
        window.resize(*size)
        window.run("view.reset_layout")
        settle(app)
        end = f"{mode}-{size[0]}.png"
        save(window.grab(), folder / f"window-{end}")
        for dock in window.places.docks:
            dock.show()
            dock.raise_()
            settle(app)
            shown: QWidget = dock
            save(shown.grab(), folder / f"{dock.objectName()}-{end}")
        window.run("slice.planes")
        settle(app)
        save(window.slice_panel.grab(), folder / f"planes-{end}")
        window.run("slice.planes")
        for way in COMPARISONS:
            window.run(f"compare.{way}")
            settle(app)
            save(window.slice_panel.grab(), folder / f"{way}-{end}")
        window.run("compare.off")


def main() -> int:
    """Take the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "panels")
    app = QApplication([])
    with tempfile.TemporaryDirectory() as place:
        settings = QSettings(f"{place}/settings.ini", QSettings.Format.IniFormat)
        bootstrap.dress(app, settings, "dark")
        program = bootstrap.build(settings=settings)
        try:
            program.window.resize(*SIZES[0])
            program.window.show()
            program.desk.start_engine()
            prepare(app, program)
            for chosen in (theme.DARK, theme.LIGHT):
                program.window.apply_theme(chosen)
                take(app, program, folder)
        finally:
            program.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
