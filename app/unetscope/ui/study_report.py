"""Shows a report before it is written, as HTML or PDF."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.report import Medium, Report, report_html
from unetscope.state.reporter import Reporter
from unetscope.ui.report_pdf import report_pdf

HTML, PDF = "Page for a browser (*.html)", "PDF (*.pdf)"
ABOUT = (
    "The patient’s identity is not in it. The same session gives the same page, but for the date."
)


class StudyReportDialog(QDialog):
    """Has a report made of what is shown, lets it be read, and writes it.

    Parameters
    ----------
    clock : callable, optional
        Gives the date that the report bears.
    """

    def __init__(
        self, reporter: Reporter, parent: QWidget, clock: Callable[[], str] | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("study_report")
        self.setWindowTitle("Report")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._reporter = reporter
        self._report: Report | None = None
        self.page = QTextBrowser()
        self.page.setObjectName("study_report.page")
        self.page.setOpenLinks(False)
        self.page.setPlainText("Making the report …")
        self.page.setStyleSheet("QTextBrowser { background: #ffffff; color: #000000; }")
        about = QLabel(ABOUT)
        about.setProperty("role", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.ActionRole)
        self.save.setObjectName("study_report.save")
        self.save.setEnabled(False)
        for button in buttons.buttons():
            button.setIcon(QIcon())
        layout = QVBoxLayout(self)
        layout.addWidget(self.page, 1)
        layout.addWidget(about)
        layout.addWidget(buttons)
        self.resize(820, 720)
        self.save.clicked.connect(self._ask_save)
        buttons.rejected.connect(self.reject)
        reporter.made.connect(self._show)
        reporter.failed.connect(self._say)
        self.finished.connect(self._end)
        reporter.make((clock or now)())

    def _end(self) -> None:
        self._reporter.made.disconnect(self._show)
        self._reporter.failed.disconnect(self._say)

    def _show(self, report: Report) -> None:
        self._report = report
        self.page.setHtml(report_html(report, Medium.PAPER))
        self.save.setEnabled(True)

    def _say(self, error: UnetscopeError) -> None:
        self.page.setPlainText(f"{error.what}\n\n{error.hint}")

    def _ask_save(self) -> None:
        proposed = "unetscope-report.html"
        text, kind = QFileDialog.getSaveFileName(self, "Save report", proposed, f"{HTML};;{PDF}")
        if text:
            path = Path(text)
            if path.suffix.lower() not in (".html", ".htm", ".pdf"):
                path = path.with_name(path.name + (".pdf" if kind == PDF else ".html"))
            self._write(path)

    def _write(self, path: Path) -> None:
        report = self._report
        if report is None:
            return
        if path.suffix.lower() == ".pdf":
            self._reporter.save(path, partial(report_pdf, report))
        else:
            self._reporter.save(path, lambda: report_html(report).encode())


def now() -> str:
    """The date and time of this moment, as they are read."""
    return QDateTime.currentDateTime().toString("yyyy-MM-dd HH:mm")
