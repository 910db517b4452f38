#!/usr/bin/env python3
"""Take the pictures of what explains a mask, on the sample beside its reference.

    QT_QPA_PLATFORM=offscreen python resources/help/making/take_explaining.py [FOLDER]

They go to `resources/help/explaining` as `<what>-<theme>.png`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from take_pictures import save, settle, until

from unetscope import bootstrap, resources
from unetscope.bootstrap import Application
from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.target import TargetKind
from unetscope.ui import theme

SIZE = (1500, 920)
SLICE, UNSURE = 90, 150  # counted from 0
WRONG = (106.0, 90.0)  # row and column of a pixel that mask and reference disagree about


class Studio:
    """The window with the sample and its reference, and what is done before each picture."""

    def __init__(self, app: QApplication, program: Application, folder: Path) -> None:
        self.app, self.program, self.folder = app, program, folder
        self.explain = program.presenters.explain
        program.window.resize(*SIZE)
        program.window.show()
        program.desk.start_engine()
        program.window.open_sample()
        self.wait()
        program.presenters.evaluation.panel.open(
            resources.sample_study().parent / "reference.nii.gz"
        )
        until(app, lambda: bool(program.presenters.evaluation.panel.view.reference))
        program.store.update(lambda s: s.select_slice(SLICE))
        self.run("view.reference")  # its border would hide what is shown
        self.run("view.layout_explain")
        self.wait()

    def run(self, command: str) -> None:
        """Choose a command, and wait for what it begins."""
        self.program.window.run(command)
        self.wait()

    def wait(self) -> None:
        """Let everything that is under way end."""
        live, frame = self.program.live, self.program.presenters.frame
        settle(self.app)
        until(self.app, lambda: live.answer is not None and not live.busy)
        until(self.app, lambda: not frame.view.busy)
        settle(self.app)

    def take(self, what: str, *panels: str) -> None:
        """Take the window with these panels in front."""
        for name in panels:
            self.program.window.places.reveal(name)
        self.wait()
        mode = "dark" if theme.current().dark else "light"
        save(self.program.window.grab(), self.folder / f"{what}-{mode}.png")

    def layer(self, name: str) -> None:
        """Select a layer."""
        self.program.store.update(lambda s: s.select_layer(name))
        self.wait()

    # ------------------------------------------------------------------ stories

    def errors(self) -> None:
        """Grey matter that the mask has too little of, and the twin of random weights."""
        attribution = self.explain.attribution
        attribution.choose_kind(TargetKind.FALSE_NEGATIVES)
        attribution.choose(lambda e: e.by(Method.SEG_GRAD_CAM).be_honest(True))
        self.run("explain.attribution")
        self.take("false-negatives", "attribution", "uncertainty")

    def one_pixel(self) -> None:
        """One pixel, by covering what is around it; and what its voxel says."""
        self.program.store.update(
            lambda s: s.explain(s.explaining.about(s.explaining.target.at(WRONG, SLICE)))
        )
        self.explain.attribution.choose(lambda e: e.by(Method.OCCLUSION).be_honest(False))
        self.explain.inquiry.watch(True)
        self.explain.inquiry.click(WRONG[0] + 0.5, WRONG[1] + 0.5)
        self.run("explain.attribution")
        self.take("one-pixel", "attribution", "inquiry")
        self.program.store.update(lambda s: s.explain(s.explaining.lay_over(None)))
        self.layer("mid_relu2")
        self.run("explain.field")
        self.take("receptive-field", "inquiry")
        self.run("explain.field")
        self.explain.inquiry.let_go()

    def ranking(self) -> None:
        """What the maps of a late layer do to the mask, three of them beside three at random."""
        self.layer("dec1_relu1")
        self.program.window.places.reveal("ranking")
        self.explain.ranking.measure()
        self.wait()
        self.explain.ranking.select_top(3)
        self.run("explain.test_group")
        self.take("ranking", "ranking", "feature_maps")

    def dissection(self) -> None:
        """Which structures the maps of a layer follow."""
        self.layer("dec1_relu2")
        self.run("explain.dissect")
        self.take("dissection", "dissection", "feature_maps")

    def skips(self) -> None:
        """What each skip carries, and where a neighbouring slice mends this one."""
        self.run("explain.measure_skips")
        self.take("skips", "skips")
        self.explain.skips.take_from(SLICE + 1)
        self.run("explain.measure_recovery")
        self.take("recovery", "skips")

    def uncertainty(self) -> None:
        """Entropy over the series, and the slice that it leads to."""
        self.run("explain.uncertain_series")
        self.program.store.update(lambda s: s.select_slice(UNSURE))
        self.run("explain.entropy")
        self.take("uncertainty", "uncertainty")
        self.run("explain.entropy")
        self.program.store.update(lambda s: s.select_slice(SLICE))
        self.wait()


def main() -> int:
    """Take the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "explaining")
    app = QApplication([])
    with tempfile.TemporaryDirectory() as place:
        settings = QSettings(f"{place}/settings.ini", QSettings.Format.IniFormat)
        bootstrap.dress(app, settings, "dark")
        program = bootstrap.build(settings=settings)
        try:
            studio = Studio(app, program, folder)
            stories: tuple[Callable[[], None], ...] = (
                studio.errors,
                studio.one_pixel,
                studio.ranking,
                studio.dissection,
                studio.skips,
                studio.uncertainty,
            )
            for tell in stories:
                tell()
        finally:
            program.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
