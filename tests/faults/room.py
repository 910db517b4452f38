"""The real program with the sample open, and what it says when it is given something bad."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from unetscope.bootstrap import Application, build, dress
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.presenters.frame import FrameView
from unetscope.state.live import SliceKey
from unetscope.ui import dialogs

PATIENT, IDENTITY = "PLANTEDNAME^JOHN", "PLANTED77"
FOLDER = "PLANTEDNAME_JOHN"  # named after the patient, as people do
PLANTED = re.compile("planted", re.IGNORECASE)
LONGEST = 300  # characters of what is said
SLOWEST = (
    45.0  # seconds after which it counts as hung: a model may take 15, and a process its start
)
TRACES = re.compile(
    r"Traceback|Error\b|Exception|errno|0x[0-9a-f]{4,}|\bNone\b|<class|object at|line \d+, in"
)
QUIET = Notice("…", trouble=False)  # what the status line says before anything was done


class HungError(AssertionError):
    """What was waited for did not come in time."""


def wait_until(true: Callable[[], bool], what: str, seconds: float = SLOWEST) -> None:
    """Let the window live until something is true; HungError when that takes too long."""
    end = monotonic() + seconds
    while not true():
        if monotonic() > end:
            raise HungError(f"{what}: nothing within {seconds:.0f} s")
        loop = QEventLoop()
        QTimer.singleShot(5, loop.quit)
        loop.exec()


@dataclass(frozen=True, slots=True)
class Standing:
    """What must stand after a fault as it did before: what is open, the edits and the mask."""

    series: str
    network: str
    edits: tuple[object, ...]
    steps: int
    card: object
    mask: str


@dataclass(eq=False)
class Room:
    """The program, with the sample open and one edit in force, and a folder for bad things."""

    program: Application
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="faults-")))
    told: list[FrameView] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    failed: list[UnetscopeError] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)  # said by a panel, not the status line

    def __post_init__(self) -> None:
        self.folder.chmod(0o777)
        presenters, desk = self.program.presenters, self.program.desk
        presenters.frame.view_changed.connect(self._on_frame)
        desk.opened.connect(self._on_opened)
        desk.failed.connect(self._on_failed)

    def _on_frame(self, view: FrameView) -> None:
        self.told.append(view)

    def _on_opened(self, path: Path) -> None:
        self.opened.append(path)

    def _on_failed(self, error: UnetscopeError) -> None:
        self.failed.append(error)

    # -------------------------------------------------------------- before it

    def open_sample(self) -> None:
        """Open the sample and put one edit in force."""
        window = self.program.window
        self.opened.clear()
        window.open_sample()
        paths = {window.opening.paths.sample_study, window.opening.paths.sample_model}
        self.wait_for(lambda: paths <= set(self.opened))
        self.wait_for_the_mask()
        self.program.presenters.kernel.apply_recipe("sobel_x")
        self.wait_for_the_mask()
        self.sample = self.session.series.uid if self.session.series else ""
        self.model = self.session.network.path if self.session.network else Path()

    def begin(self) -> Path:
        """Make all quiet; gives a folder, named after the patient, for what comes."""
        wait_until(lambda: not self.program.live.busy, "the engine", 150.0)
        self.program.desk.notice.emit(QUIET)
        for told in (self.told, self.opened, self.failed, self.elsewhere):
            told.clear()
        here = Path(tempfile.mkdtemp(dir=self.folder)) / FOLDER
        here.mkdir()
        here.parent.chmod(0o777)
        here.chmod(0o777)
        return here

    def end(self) -> None:
        """Show the sample again and take away what the bad thing left on the disk."""
        if self.session.network is None or self.session.network.path != self.model:
            self.open_sample()
        if self.session.series is None or self.session.series.uid != self.sample:
            self.program.desk.show_series(self.sample)
        for box in QApplication.topLevelWidgets():
            if isinstance(box, QMessageBox):
                box.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)

    def show_slice(self, index: int) -> None:
        """Turn to a slice; its mask follows."""
        self.program.store.update(lambda s: s.select_slice(index))

    # -------------------------------------------------------------- during it

    @property
    def session(self) -> Session:
        """The session behind the window."""
        return self.program.store.session

    def open(self, *paths: Path) -> None:
        """Open paths as a drop on the window does, and wait until it says how that went."""
        self.program.window.opening.open_all(list(paths))
        self.wait_for_word(lambda: len(self.opened) + len(self.failed) >= len(paths))
        if self.opened:
            self.wait_for_word(self.has_slice)

    def has_slice(self) -> bool:
        """Whether the slice of the session is on screen, or it is said why not."""
        live, series = self.program.live, self.session.series
        if live.shown is None or series is None:
            return live.problem is not None
        return live.shown.key.series == series.uid

    def wait_for(self, true: Callable[[], bool]) -> None:
        """Wait until something is true."""
        wait_until(true, "an answer")

    def wait_for_word(self, also: Callable[[], bool] = lambda: True) -> None:
        """Wait until the status line, or a panel, has said something that is not about progress."""

        def has_word() -> bool:
            return bool(self.said or self.elsewhere) and also()

        wait_until(lambda: has_word() or (bool(self.opened) and also()), "a word about it")

    def wait_for_the_mask(self, seconds: float = 150.0) -> None:
        """Wait until the mask on screen belongs to series, slice, network and edits."""

        def settled() -> bool:
            session, live = self.session, self.program.live
            answer, series, network = live.answer, session.series, session.network
            if answer is None or live.busy or answer.mask is None or None in (series, network):
                return False
            request = answer.look.request
            assert series is not None
            assert network is not None
            of_now = request.edits == session.edits and request.model == network.ref
            return of_now and answer.key == SliceKey(series.uid, session.slice_index)

        wait_until(settled, "the mask", seconds)

    @property
    def frame(self) -> FrameView:
        """Title, banner and status line."""
        return self.program.presenters.frame.view

    @property
    def said(self) -> str:
        """What the status line says, progress left out."""
        views = [view for view in self.told if not view.busy and view.status != QUIET.what]
        return f"{views[-1].status} {views[-1].hint}".strip() if views else ""

    @property
    def warned(self) -> str:
        """What is unsure about the series shown."""
        return " ".join(self.program.presenters.slice_view.view.warnings)

    @property
    def dialogs(self) -> list[str]:
        """What dialogs stand over the window."""
        boxes = [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox)]
        return [f"{box.text()} {box.informativeText()}" for box in boxes if box.isVisible()]

    @contextmanager
    def answering(self, *clicks: str) -> Iterator[None]:
        """Meanwhile press these buttons, one a dialog; what each dialog says is noted."""
        left = list(clicks)

        def look() -> None:
            for box in QApplication.topLevelWidgets():
                if isinstance(box, QMessageBox) and box.isVisible():
                    self.elsewhere.append(f"{box.text()} {box.informativeText()}")
                    wanted = left.pop(0) if left else ""
                    buttons = [each for each in box.buttons() if each.text() == wanted]
                    (
                        buttons[0].click if buttons else box.reject
                    )()  # a surprise is told by its words

        clock = QTimer()
        clock.timeout.connect(look)
        clock.start(20)
        try:
            yield
            assert not left, f"not asked about: {left}"
        finally:
            clock.stop()

    def standing(self) -> Standing:
        """What is open, edited and drawn now; the mask is computed anew."""
        session, answer = self.session, self.program.live.answer
        assert session.series is not None
        assert session.network is not None
        mask = b"" if answer is None or answer.mask is None else np.array(answer.mask).tobytes()
        return Standing(
            session.series.uid,
            session.network.fingerprint,
            session.edits,
            len(session.history.done),
            session.card,
            sha256(mask).hexdigest(),
        )

    def act(self) -> None:
        """Do what a user does next: edit, see the mask of it, and undo."""
        before = self.program.live.answer
        self.program.presenters.kernel.set_value(0, 0, 0.25)
        self.wait_for_the_mask()
        assert self.program.live.answer is not before, "nothing was computed"
        self.program.store.update(Session.undo)
        self.wait_for_the_mask()


def check_words(text: str) -> None:
    """What is said must be short, end as a sentence, and tell neither bugs nor people."""
    assert len(text) <= LONGEST, f"{len(text)} characters: {text}"
    assert not TRACES.search(text), f"for programmers: {text}"
    assert not PLANTED.search(text), f"names the patient: {text}"
    assert "/tmp" not in text, f"a path: {text}"
    assert not text or text[-1] in ".!?…)", f"no sentence: {text}"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def full_disk(kept: int = 4096, *also: int) -> Iterator[None]:
    """No file grows beyond some bytes, in this process and others."""
    import resource

    kind = resource.RLIMIT_FSIZE
    processes = [os.getpid(), *also]
    before = {pid: resource.prlimit(pid, kind) for pid in processes}
    for pid in processes:
        resource.prlimit(pid, kind, (kept, before[pid][1]))
    try:
        yield
    finally:
        for pid in processes:
            try:
                resource.prlimit(pid, kind, before[pid])
            except ProcessLookupError:
                continue


@contextmanager
def open_room(app: QApplication, place: Path) -> Iterator[Room]:
    """The program with its window, the real engine and the sample; no question waits.

    Parameters
    ----------
    place : Path
        A folder for its settings.
    """
    settings = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
    dress(app, settings, "dark")
    program = build(settings=settings)
    program.window.show()
    room = Room(program)
    program.desk.start_engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.DISCARD)
        patch.setattr(dialogs, "ask_about_card", lambda _: dialogs.Choice.DISCARD)
        try:
            room.open_sample()
            yield room
        finally:
            program.window.close()
            program.stop()
            program.window.deleteLater()
            shutil.rmtree(room.folder, ignore_errors=True)
