"""The real window with the real engine and the sample."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.bootstrap import Application, Courier, build, dress, make_engine
from unetscope.domain.ports import Engine, EngineState
from unetscope.ui import dialogs, session_dialogs


class LentEngine:
    """The one engine of the session, which a window may start and stop without ending it.

    What comes after a window has stopped it goes to nobody, as with an engine of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._is_over = False
        self.describe = self._lent(engine.describe)
        self.look = self._lent(engine.look)
        self.save = self._lent(engine.save)
        self.create = self._lent(engine.create)
        self.sweep = self._lent(engine.sweep)
        self.segment = self._lent(engine.segment)
        self.survey = self._lent(engine.survey)
        self.convolve = self._lent(engine.convolve)
        self.explain = self._lent(engine.explain)
        self.ask = self._lent(engine.ask)
        self.ahead = engine.ahead
        self.interrupt = engine.interrupt

    def start(self, on_status: object) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It goes on for the next test."""
        self._is_over = True

    def _lent(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **more: Any) -> Any:
            return ask(*[self._heard(one) if callable(one) else one for one in given], **more)

        return asked

    def _heard(self, callback: Callable[..., None]) -> Callable[..., None]:
        def told(*given: Any) -> None:
            if not self._is_over:
                callback(*given)

        return told


@pytest.fixture(scope="session")
def courier(qapp: QApplication) -> Courier:
    """Brings the engine's answers to the thread of the tests."""
    return Courier()


@pytest.fixture(scope="session")
def engine(courier: Courier) -> Iterator[Engine]:
    """One real engine process for all journeys: TensorFlow is loaded once."""
    engine = make_engine(courier)
    ready: list[EngineState] = []
    engine.start(lambda status: ready.append(status.state))
    patience = time.monotonic() + ANSWER / 1000
    while EngineState.READY not in ready and time.monotonic() < patience:
        QApplication.processEvents()
        time.sleep(0.02)
    yield engine
    engine.stop()


@pytest.fixture
def program(
    qtbot: QtBot, qapp: QApplication, courier: Courier, engine: Engine, tmp_path: Path
) -> Iterator[Application]:
    """The whole program with its window shown."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings, engine=LentEngine(engine), courier=courier)
    qtbot.addWidget(program.window)
    program.window.show()
    program.desk.start_engine()
    yield program
    program.window.close()
    program.stop()


@pytest.fixture
def user(program: Application, qtbot: QtBot) -> User:
    """A person before the window, with the sample open and its mask on screen."""
    user = User(program, qtbot)
    user.choose("file.open_sample")
    user.wait()
    return user


@pytest.fixture(autouse=True)
def edits_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question is asked when a test leaves the window with edits."""
    monkeypatch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.DISCARD)
    monkeypatch.setattr(dialogs, "ask_about_card", lambda _: dialogs.Choice.DISCARD)
    monkeypatch.setattr(session_dialogs, "ask_about_session", lambda *_: dialogs.Choice.DISCARD)
