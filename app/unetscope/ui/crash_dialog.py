"""One place for what nobody foresaw: the error is logged and shown, and the window lives on."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox, QWidget

from unetscope.ui import dialogs

_log = logging.getLogger(__name__)


def install(window: QWidget) -> None:
    """From now on show unforeseen errors in a dialog over ``window``; nothing is lost by them."""
    shown: list[QMessageBox] = []

    def show(text: str) -> None:
        """Show the first of many: one that comes with every repaint must not bury the window."""
        if not shown:
            shown.append(
                dialogs.tell(
                    window,
                    "Something unforeseen happened.",
                    "What is open stays open. The details can be copied into a report.",
                    text,
                )
            )
            shown[0].finished.connect(shown.clear)

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log.error("unforeseen error", exc_info=(kind, error, trace))
        text = "".join(traceback.format_exception(kind, error, trace))
        QTimer.singleShot(0, window, lambda: show(text))

    sys.excepthook = report
