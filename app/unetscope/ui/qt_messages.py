"""What Qt itself has to say goes into the log of the run, not to a terminal that nobody sees."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

NOISE = ("This plugin does not support propagateSizeHints()",)
"""What says nothing about the program: a display without windows of its own sizes."""
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

_log = logging.getLogger(__name__)


def log_them() -> None:
    """From now on log what Qt says; the log leaves paths and names of patients out."""
    qInstallMessageHandler(_take)


def leave_them() -> None:
    """Have Qt say it itself again."""
    qInstallMessageHandler(None)


def _take(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if not message.startswith(NOISE):
        of = context.category or "default"
        _log.log(_LEVELS.get(kind, logging.WARNING), "Qt (%s): %s", of, message)
