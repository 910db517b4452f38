"""Asks what is quick as a rule, such as a disk, and never keeps the window waiting for it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

PATIENCE = 0.03  # seconds in which a disk at hand answers a hundred times
Answer = TypeVar("Answer")


class _Line(QObject):
    answered = Signal()


def soon(
    owner: QObject,
    ask: Callable[[], Answer],
    then: Callable[[Answer], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Call `then` with what `ask` gives: at once if that is quick, else when it is known.

    Parameters
    ----------
    owner : QObject
        Of the window's thread; when it is gone `then` is not called any more.
    ask : callable
        Runs in a thread of its own, for as long as it takes.
    then : callable
        Runs on the window's thread.
    meanwhile : callable, optional
        Called once if it is not quick.
    """
    answers: list[Answer] = []
    line = _Line(owner)

    def finish() -> None:
        if answers:
            line.deleteLater()
            then(answers.pop())

    def work() -> None:
        answers.append(ask())
        with contextlib.suppress(RuntimeError):  # the window was closed meanwhile
            line.answered.emit()

    line.answered.connect(finish, Qt.ConnectionType.QueuedConnection)
    thread = threading.Thread(target=work, name="unetscope-disk", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if answers:
        finish()
    else:
        meanwhile()


def within(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
    """What `ask` gives if that is quick, else `otherwise`."""
    answers: list[Answer] = []
    thread = threading.Thread(
        target=lambda: answers.append(ask()), name="unetscope-disk", daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
    return answers[0] if answers else otherwise
