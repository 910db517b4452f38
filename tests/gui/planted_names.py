"""A run of the whole program over a patient's study in which everything goes wrong.

Started as a process of its own by `test_privacy.py`, which then searches all that it wrote.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from tests.gui.conftest import MODEL
from tests.unit.fakes import CARD, FakeEngine, unet

from unetscope import bootstrap, private_folder, reports
from unetscope.disk_files import DiskFiles
from unetscope.domain.card import ModelCard
from unetscope.domain.codes import known_codes
from unetscope.domain.export import Format
from unetscope.domain.network import Network
from unetscope.io.exports.writing import DiskExports
from unetscope.run_log import RunLog
from unetscope.state.exporting import ExportChoice
from unetscope.ui.report_dialog import ReportDialog
from unetscope.ui.tag_browser import TagBrowser

NAME, PATIENT_ID, BORN, FOLDER = "OCELOT^ZEBRA", "QX-4711-ID", "19410203", "Okapi_Folder"


class Files(DiskFiles):
    """The real files, and one network that needs no file."""

    def read_network(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Network:
        return unet()

    def read_card(self, path: Path) -> ModelCard | None:
        return CARD


def wait(until: Callable[[], bool]) -> None:
    """Turn the loop until something is so."""
    patience = time.monotonic() + 20
    while not until():
        QApplication.processEvents()
        time.sleep(0.005)
        if time.monotonic() > patience:
            raise TimeoutError


def main(study: Path, *, ends: bool) -> None:
    """Open the study, provoke errors, and leave: properly, or by a crash."""
    log = RunLog()
    log.begin()
    private_folder.tidy()
    app = QApplication([])
    settings = QSettings("Unetscope", "Unetscope")
    bootstrap.dress(app, settings, "dark")
    program = bootstrap.build(
        settings=settings,
        engine=FakeEngine(at_once=True),
        files=Files(),
        journals=bootstrap.disk_journals(),
    )
    window, desk = program.window, program.desk
    window.trouble.install()
    window.show()
    desk.start_engine()
    window.open_path(MODEL)
    wait(lambda: program.store.session.network is not None)
    window.open_path(study)
    wait(lambda: desk.shown is not None)
    wait(lambda: program.live.answer is not None)
    sys.stdout.write(f"title: {window.windowTitle()}\n")
    ended: list[object] = []

    def note(what: object) -> None:
        ended.append(what)

    desk.failed.connect(note)
    for bad in (study / "absent.dcm", study / "damaged.dcm"):
        ended.clear()
        window.open_path(bad)
        wait(lambda: bool(ended))

    if ends and "FORGET" not in os.environ:
        _export_all(program, ended)

    def fails(*_: object) -> bytes:
        raise ValueError(f"{NAME} of {PATIENT_ID}, born {BORN}, is not in {study}/a b/c.dcm")

    def fails_as_a_reader(*_: object) -> None:
        study.joinpath("absent").read_bytes()

    QTimer.singleShot(0, fails)
    QTimer.singleShot(0, fails_as_a_reader)
    threading.Thread(target=fails).start()
    desk.save_file(study / "out.txt", fails)
    warnings.warn(f"odd name {NAME}", UserWarning, stacklevel=1)
    logging.getLogger("pydicom").warning("invalid value %r", NAME)
    logging.getLogger("unetscope.io").error("%s is odd: %s", study / "a.dcm", NAME)
    window.run("view.tags")
    wait(lambda: bool(window.findChildren(TagBrowser)))
    wait(lambda: bool(window.findChildren(ReportDialog)))
    wait(lambda: "ValueError" in reports.report())
    window.save_picture(Path.home() / "picture.png")
    window.trouble.stood_still(20, "window:")
    (private_folder.temporary() / "passing").write_text(str(study))
    app.sendPostedEvents()
    QApplication.processEvents()
    Path.home().joinpath("report.txt").write_text(reports.report(), "utf-8")
    settings.sync()
    if not ends:
        faulthandler._sigsegv()  # type: ignore[attr-defined]
    for dialog in window.findChildren(ReportDialog):
        dialog.reject()
    if os.environ.get("FORGET"):
        window.opening.recent.forget()
    program.store.update(lambda session: session)
    window.close()
    program.stop()
    log.end()


def _export_all(program: bootstrap.Application, ended: list[object]) -> None:
    """Write everything that can be exported, into the home folder."""
    out = Path.home() / f"exports-{os.getpid()}"
    out.mkdir()
    exporting = program.presenters.exports.exporting
    exporting._exports = DiskExports(aside=False)
    exporting.ended.connect(ended.append)
    codes = {1: known_codes()[0]}
    for form in Format:
        ended.clear()
        exporting.start(ExportChoice(out / f"mask-{form.value}", form, codes))
        wait(lambda: bool(ended))
        assert ended == [None]
    ended.clear()
    exporting.copy_images(out / "images")
    wait(lambda: bool(ended))
    assert ended == [None]


if __name__ == "__main__":
    main(Path(sys.argv[1]), ends=sys.argv[2] == "ends")
