"""One place for what nobody foresaw: it is logged and told of, and the window lives on."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from unetscope import reports
from unetscope.domain.ports import Notice
from unetscope.ui.report_dialog import ReportDialog, Save

TOLD = 10.0  # seconds without an answer that the user is told of afterwards

_log = logging.getLogger(__name__)


class Trouble(QObject):
    """Counts errors, logs the first of each kind, and shows them in one dialog.

    One that comes with every repaint must not bury the window, nor fill the log. What was quieter
    than an error is a sentence in the status line, with the same report behind it.
    """

    _happened = Signal(str)  # what is new, empty when it is known; from any thread

    def __init__(self, save: Save, notify: Callable[[Notice], None], window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._save = save
        self._notify = notify
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._shown: ReportDialog | None = None
        self._happened.connect(self._show_error, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """From now on be told of all errors that nobody caught, in any thread."""
        sys.excepthook = self.report
        threading.excepthook = lambda told: self.report(
            told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback
        )

    def report(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log an error and have it shown; in the form of `sys.excepthook`, from any thread."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        where = "\n".join([kind.__name__, *reports.stack(trace)[-1:]])
        with self._lock:
            self._counts[where] += 1
            times = self._counts[where]
        if times == 1:
            _log.error("unforeseen error", exc_info=(kind, error, trace))
            self._happened.emit(reports.describe(error))
        elif times & (times - 1) == 0:  # a power of two
            _log.error("the same error for the %d. time: %s", times, kind.__name__)
            self._happened.emit("")

    def last_run_crashed(self, details: str) -> None:
        """Say, in a sentence, that the run before this one ended by a crash."""
        reports.keep(f"The last run ended by a crash:\n{details}")
        self._tell("Unetscope ended unexpectedly last time.")

    def stood_still(self, seconds: float, where: str) -> None:
        """Keep where the window did not answer; say so, in a sentence, if that was long."""
        reports.keep(f"The window did not answer for {seconds:.0f} s:\n{where}")
        if seconds > TOLD:
            self._tell(f"The window did not answer for {seconds:.0f} seconds; nothing was lost.")

    def show(self) -> None:
        """Show the report: versions, what was done before, and the latest troubles."""
        self._open("Report of trouble", "For whoever can help; it is sent to nobody.")

    def _tell(self, what: str) -> None:
        self._notify(Notice(what, "Details…", trouble=False, report=True))

    def _show_error(self, details: str) -> None:
        with self._lock:
            kinds, times = len(self._counts), self._counts.total()
        if details:
            reports.keep(details)
        if self._shown is None and not details:
            return  # the dialog about it was closed meanwhile
        if self._shown is None:
            self._open("Something unforeseen happened.", "What is open stays open.")
        elif details and kinds <= reports.TROUBLES:
            self._shown.details.appendPlainText(f"\nand then\n\n{details}")
        if times > 1 and self._shown is not None:
            self._shown.what.setText(f"Something unforeseen happened {times} times.")

    def _open(self, what: str, hint: str) -> None:
        if self._shown is not None:
            self._shown.activateWindow()
            return
        self._shown = ReportDialog(what, hint, reports.report(), self._save, self._window)
        self._shown.finished.connect(self._closed)
        self._shown.open()

    def _closed(self) -> None:
        self._shown = None
        with self._lock:
            self._counts.clear()
