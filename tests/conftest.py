"""What every test gets: a quiet machine, folders of its own, and guards against leaks."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# Before anything imports Qt or TensorFlow.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.faults")  # what its modules assert shows its values

REPOSITORY = Path(__file__).resolve().parent.parent

settings.register_profile("ci", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# A folder says what its tests need.
FOLDER_MARKERS = {"engine": "engine", "journeys": "journey"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the folder they are in."""
    tests = REPOSITORY / "tests"
    for item in items:
        if item.path.is_relative_to(tests):
            marker = FOLDER_MARKERS.get(item.path.relative_to(tests).parts[0])
            if marker:
                item.add_marker(marker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat what packaging/dev.py found before pytest, so that it is seen at the end."""
    checks = os.environ.get("UNETSCOPE_CHECKS")
    if checks:
        terminalreporter.section("checks before pytest")
        terminalreporter.line(checks)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def resources() -> Path:
    """The folder of icons, themes, help and the sample."""
    return REPOSITORY / "resources"


@pytest.fixture(scope="session")
def sample_folder(resources: Path) -> Path:
    """The folder of the sample study and its network."""
    return resources / "sample"


@pytest.fixture(scope="session", autouse=True)
def own_user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from the settings, journals and recent files of the person who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="module", autouse=True)
def only_what_is_new_is_searched_for_garbage() -> None:
    """Put aside what earlier modules left: collecting it after every test takes half a second."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_leaked_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread or a child process running behind it.

    The processes that decode frames and wait for a model file are meant to stay: they end with the
    program.
    """
    if "allow_leaks" in request.keywords:
        yield
        return
    threads = set(threading.enumerate())
    processes = {process.pid for process in multiprocessing.active_children()}
    stays = ("unetscope-decoder", "unetscope-gate")
    yield
    patience = time.monotonic() + 2.0
    while True:
        left_threads = [t for t in threading.enumerate() if t not in threads and not t.daemon]
        running = [p for p in multiprocessing.active_children() if p.name not in stays]
        left_processes = [p for p in running if p.pid not in processes]
        if not (left_threads or left_processes) or time.monotonic() > patience:
            break
        time.sleep(0.02)
    assert not left_threads, f"threads left running: {left_threads}"
    assert not left_processes, f"processes left running: {left_processes}"


@pytest.fixture(autouse=True)
def no_leaked_widgets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a window or another top-level widget behind it."""
    if "qtbot" not in request.fixturenames or "allow_leaks" in request.keywords:
        yield
        return
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    # Held, not only counted: a wrapper that dies and comes back would look like a new widget.
    before = QApplication.topLevelWidgets()
    known = {id(widget) for widget in before}
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in known]
    assert not left, f"widgets left behind: {left}"
