"""A report as PDF: the same page as the HTML, laid out by Qt."""

from __future__ import annotations

import os
import re
import sys
from itertools import pairwise
from uuid import UUID, uuid5

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QThread, QUuid
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from unetscope.domain.report import RESEARCH, Medium, Report, report_html
from unetscope.ui.widgets.guard import guarded

MARGIN, FOOT = 15.0, 8.0  # mm
DPI = 1200
MOST_OF_A_PAGE = 0.8
ON_SCREEN = 96.0  # dots per inch that HTML counts in
_SPACE = UUID("6b7c0c53-6c1e-4b0e-9c0c-0d5d2a6f0a51")  # of the names that pages are known by
_WHEN = re.compile(
    rb"/(?:Creation|Mod)Date \(D:[^)]*\)|xmp:(?:Create|Modify|Metadata)Date=\"[^\"]*"
)
_DIGIT = re.compile(rb"\d")


@guarded
class _Layout(QThread):
    """A thread in which Qt can lay texts out: in one that Python started its timers do not run."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report
        self.made: bytes | BaseException = b""

    def run(self) -> None:
        try:
            self.made = _pages(self._report)
        except BaseException as error:
            self.made = error


def report_pdf_without_window(report: Report) -> bytes:
    """The same where no window runs, and maybe no screen is there."""
    if sys.platform == "linux" and not QGuiApplication.instance():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # nothing is shown
    app = QGuiApplication.instance() or QGuiApplication([])
    content = report_pdf(report)
    del app
    return content


def report_pdf(report: Report) -> bytes:
    """A report on pages of A4, without the moment it was made at but for its own date.

    Takes some tenths of a second; may be called from any thread.
    """
    layout = _Layout(report)
    layout.start()
    layout.wait()
    if isinstance(layout.made, BaseException):
        raise layout.made
    return layout.made


def _pages(report: Report) -> bytes:
    html = report_html(report, Medium.PAPER)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(report.title)
    writer.setCreator("Unetscope, research use only")
    writer.setDocumentId(QUuid(str(uuid5(_SPACE, html))))
    writer.setResolution(DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(*[MARGIN] * 4), QPageLayout.Unit.Millimeter)
    painter = QPainter(writer)
    _paint_pages(painter, writer, html, report.date)
    painter.end()
    return without_time(bytes(buffer.data().data()))


def _paint_pages(painter: QPainter, writer: QPdfWriter, html: str, date: str) -> None:
    scale = writer.resolution() / ON_SCREEN
    painter.scale(scale, scale)
    wide, high = writer.width() / scale, writer.height() / scale
    foot = FOOT * ON_SCREEN / 25.4
    document = laid_out(html, wide, high - foot)
    pages = document.pageCount()
    font = QFont("DejaVu Sans")
    font.setPixelSize(9)
    for page in range(pages):
        if page:
            writer.newPage()
        paint_page(painter, document, page)
        painter.setFont(font)
        line = QRectF(0, high - foot, wide, foot)
        painter.drawText(line, int(Qt.AlignmentFlag.AlignBottom), f"Unetscope · {date}")
        right = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight
        painter.drawText(line, int(right), f"{RESEARCH}   {page + 1} / {pages}")


def laid_out(html: str, wide: float, high: float) -> QTextDocument:
    """A page of HTML on pages of paper of so many CSS pixels."""
    document = QTextDocument()
    document.setDefaultFont(QFont("DejaVu Sans", 9))
    document.setDocumentMargin(0)
    document.setPageSize(QSizeF(wide, high))
    document.setHtml(html)
    _keep_together(document)
    return document


def paint_page(painter: QPainter, document: QTextDocument, page: int) -> None:
    """Draw one page, counted from 0, in the upper left corner."""
    size = document.pageSize()
    shown = QRectF(0, page * size.height(), size.width(), size.height())
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette = QPalette(Qt.GlobalColor.black, Qt.GlobalColor.white)
    context.clip = shown
    painter.save()
    painter.translate(0, -shown.top())
    painter.setClipRect(shown)
    document.documentLayout().draw(painter, context)
    painter.restore()


def _keep_together(document: QTextDocument) -> None:
    """Begin a page with each section that would cross its end, and is not longer than most of one.

    A section goes from one heading to the next.
    """
    layout, page = document.documentLayout(), document.pageSize().height()
    headings = []
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel() > 1:
            headings.append(block)
        block = block.next()
    for block, following in pairwise([*headings, document.lastBlock()]):
        top = layout.blockBoundingRect(block).top()
        height = layout.blockBoundingRect(following).top() - top
        if height < MOST_OF_A_PAGE * page and top % page + height > page:
            form = block.blockFormat()
            form.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
            QTextCursor(block).setBlockFormat(form)
    document.markContentsDirty(0, document.characterCount())  # else the last lines may be lost


def without_time(pdf: bytes) -> bytes:
    """A file of Qt's without the moment it was written at; as long as it was before."""

    def cleared(found: re.Match[bytes]) -> bytes:
        return _DIGIT.sub(b"0", found[0])

    return _WHEN.sub(cleared, pdf)
