"""The real window with the real engine and the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from unetscope.bootstrap import Application, Courier, build, dress, make_engine
from unetscope.domain.ports import Engine

ANSWER = 120_000  # ms: the first answer waits for TensorFlow

Wait = Callable[[], None]


class LentEngine:
    """The one engine of the session, which a window may start and stop without ending it."""

    def __init__(self, engine: Engine) -> None:
        self.describe, self.look, self.save = engine.describe, engine.look, engine.save

    def start(self, on_status: object) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It goes on for the next test."""


@pytest.fixture(scope="session")
def courier(qapp: QApplication) -> Courier:
    """Brings the engine's answers to the thread of the tests."""
    return Courier()


@pytest.fixture(scope="session")
def engine(courier: Courier) -> Iterator[LentEngine]:
    """One real engine process for all journeys: TensorFlow is loaded once."""
    engine = make_engine(courier)
    engine.start(lambda _: None)
    yield LentEngine(engine)
    engine.stop()


@pytest.fixture
def program(
    qtbot: QtBot, qapp: QApplication, courier: Courier, engine: LentEngine, tmp_path: Path
) -> Iterator[Application]:
    """The whole program with its window shown."""
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dress(qapp, settings, "dark")
    program = build(settings=settings, engine=engine, courier=courier)
    qtbot.addWidget(program.window)
    program.window.show()
    program.desk.start_engine()
    yield program
    program.window.close()
    program.stop()


@pytest.fixture
def settled(program: Application, qtbot: QtBot) -> Wait:
    """Wait until the picture on screen belongs to the session: its slice, edits and layer."""

    def wait() -> None:
        def check() -> bool:
            session, answer = program.store.session, program.live.answer
            if answer is None or answer.look.maps is None or program.live.busy:
                return False
            request = answer.look.request
            of_now = request.edits == session.edits and request.layer == session.layer
            return of_now and answer.key.index == session.slice_index

        qtbot.waitUntil(check, timeout=ANSWER)

    return wait


@pytest.fixture
def sample(program: Application, settled: Wait) -> Application:
    """The program with the sample open and its mask on screen."""
    program.window.action_of("file.open_sample").trigger()
    settled()
    return program
