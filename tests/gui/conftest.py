"""The real window over the fake engine, and a person before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from tests.journeys.user import User
from tests.unit.fakes import CARD, FakeEngine, FakeFiles, FakeSeries, FakeStudy, unet

from unetscope.bootstrap import Application, build, dress
from unetscope.presenters.frame import FrameView
from unetscope.presenters.kernel_editor import KernelView
from unetscope.presenters.maps import MapsView
from unetscope.ui import dialogs, session_dialogs, theme

NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton

STUDY = Path("/studies/head")
MODEL = Path("/models/tiny.keras")
SLICES = 30


def ramp(slices: int = SLICES) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """Slices of 8×8 pixels in which every value is another."""
    return np.arange(slices * 64, dtype=np.float32).reshape(slices, 8, 8)


@dataclass(frozen=True, slots=True)
class World:
    """What the window is built upon."""

    settings: QSettings
    engine: FakeEngine
    files: FakeFiles


class Person(User):
    """A `User` with a hand for the wheel and the drag, before a window over fakes."""

    def __init__(self, program: Application, qtbot: QtBot, world: World) -> None:
        super().__init__(program, qtbot)
        self.world = world

    # ------------------------------------------------------------------- sees

    @property
    def frame(self) -> FrameView:
        """Title, banner and status line."""
        return self.program.presenters.frame.view

    @property
    def kernel(self) -> KernelView:
        """The kernel editor's content."""
        return self.program.presenters.kernel.view

    @property
    def map_view(self) -> MapsView:
        """The activation viewer's content."""
        return self.program.presenters.maps.gallery.view

    def values(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """The numbers of the kernel editor."""
        kernel = self.kernel.kernel
        assert kernel is not None
        return kernel.copy()

    @property
    def steps(self) -> list[str]:
        """The undo steps, by name."""
        return [step.label for step in self.session.history.done]

    # ------------------------------------------------------------------- does

    def open(self, *paths: Path) -> None:
        """Open paths as the command line does."""
        for path in paths:
            self.window.open_path(path)

    def open_both(self) -> None:
        """Open study and model, and wait for the mask."""
        self.open(MODEL, STUDY)
        self.wait()

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click the middle of a widget, or a point of it."""
        self.qtbot.mouseClick(widget, LEFT, NONE, at or widget.rect().center())

    def press(self, name: str) -> None:
        """Click a button by its object name."""
        self.click(self.find(QPushButton, name))

    def key(
        self, key: Qt.Key, widget: QWidget | None = None, modifiers: Qt.KeyboardModifier = NONE
    ) -> None:
        """Hit a key in a widget, the slice unless told otherwise, that has the focus."""
        target = widget or self.canvas
        self.focus(target)
        self.qtbot.keyClick(target, key, modifiers)

    def focus(self, widget: QWidget) -> None:
        """Give a widget of the active window the focus."""
        self.window.activateWindow()
        widget.setFocus()
        self.qtbot.waitUntil(lambda: widget.hasFocus() and self.window.isActiveWindow())

    def pick_in(self, box: QComboBox, text: str) -> None:
        """Choose an entry of a box with the arrow keys."""
        self.focus(box)
        self.qtbot.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.findText(text)):
            self.qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.currentText() == text

    def wheel(
        self, widget: QWidget, at: QPoint, notches: float, modifiers: Qt.KeyboardModifier = NONE
    ) -> None:
        """Turn the wheel over a point; positive is away from the hand."""
        where = QPointF(at)
        event = QWheelEvent(
            where,
            widget.mapToGlobal(where),
            QPoint(),
            QPoint(0, round(notches * 120)),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    def drag(
        self,
        widget: QWidget,
        points: Iterable[QPoint],
        modifiers: Qt.KeyboardModifier = NONE,
        *,
        release: bool = True,
    ) -> None:
        """Press the left button, go through points, and release it at the last."""
        kind, last = QEvent.Type.MouseButtonPress, QPoint()
        for last in points:
            self._mouse(widget, kind, last, modifiers)
            kind = QEvent.Type.MouseMove
        if release:
            self._mouse(widget, QEvent.Type.MouseButtonRelease, last, modifiers)

    def _mouse(
        self, widget: QWidget, kind: QEvent.Type, at: QPoint, modifiers: Qt.KeyboardModifier
    ) -> None:
        none = Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else LEFT
        held = none if kind == QEvent.Type.MouseButtonRelease else LEFT
        where = QPointF(at)
        event = QMouseEvent(kind, where, widget.mapToGlobal(where), button, held, modifiers)
        QApplication.sendEvent(widget, event)

    def drop(self, *urls: QUrl) -> bool:
        """Drop files on the window; gives whether it took them."""
        data = QMimeData()
        data.setUrls(list(urls))
        copy, middle = Qt.DropAction.CopyAction, self.window.rect().center()
        enter = QDragEnterEvent(middle, copy, data, LEFT, NONE)
        enter.setAccepted(False)
        QApplication.sendEvent(self.window, enter)
        if enter.isAccepted():
            event = QDropEvent(QPointF(middle), copy, data, LEFT, NONE)
            QApplication.sendEvent(self.window, event)
        return enter.isAccepted()


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Settings that only this test sees."""
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def world(settings: QSettings) -> World:
    """An engine that answers at once, one study and one model."""
    files = FakeFiles()
    files.studies[STUDY] = FakeStudy((FakeSeries(volume=ramp()),))
    files.networks[MODEL] = unet()
    files.cards[MODEL] = CARD
    return World(settings, FakeEngine(at_once=True), files)


@pytest.fixture
def program(qtbot: QtBot, qapp: QApplication, world: World) -> Iterator[Application]:
    """The whole program with its window shown, nothing open."""
    dress(qapp, world.settings, "dark")
    program = build(settings=world.settings, engine=world.engine, files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow)
    program.desk.start_engine()
    yield program
    program.window.close()
    program.stop()
    theme.apply_theme(qapp, theme.DARK)


@pytest.fixture
def visitor(program: Application, qtbot: QtBot, world: World) -> Person:
    """A person before the window, nothing open."""
    return Person(program, qtbot, world)


@pytest.fixture
def person(visitor: Person) -> Person:
    """A person before the window, study and model open, the mask on screen."""
    visitor.open_both()
    return visitor


@pytest.fixture(autouse=True)
def edits_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question is asked when a test leaves the window with edits or a changed card."""
    monkeypatch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.DISCARD)
    monkeypatch.setattr(dialogs, "ask_about_card", lambda _: dialogs.Choice.DISCARD)
    monkeypatch.setattr(session_dialogs, "ask_about_session", lambda *_: dialogs.Choice.DISCARD)
