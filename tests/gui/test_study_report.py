"""The report of what is on screen: read in the window, written as HTML and PDF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QPainter, QTextDocument
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog
from tests.gui.conftest import Person
from tests.unit.domain.test_report import subject
from tests.unit.fakes import PATIENT

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.report import Medium, report_html
from unetscope.domain.reporting import make_report
from unetscope.ui.report_pdf import laid_out, paint_page, report_pdf
from unetscope.ui.study_report import PDF, StudyReportDialog

DATE = "2026-11-22 15:00"


@pytest.fixture
def dialog(person: Person) -> StudyReportDialog:
    person.program.store.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.5)))
    person.wait()
    made = StudyReportDialog(person.window.pictures.reporter, person.window, lambda: DATE)
    made.open()
    person.qtbot.waitUntil(made.save.isEnabled)
    return made


def save(person: Person, path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))
    person.press("study_report.save")
    person.qtbot.waitUntil(lambda: "Saved" in person.status())


def test_it_is_read_before_it_is_written(dialog: StudyReportDialog) -> None:
    page = dialog.page.toPlainText()
    for said in ("Segmentation report", DATE, "Edited network: 1 edit.", "gain on enc · filter 0"):
        assert said in page
    assert "Doe" not in page


def test_html_is_the_report_and_names_nobody(
    person: Person, dialog: StudyReportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Bericht Ü"
    save(person, path, monkeypatch, "")
    html = path.with_name("Bericht Ü.html").read_text("utf-8")
    assert dialog._report is not None
    assert html == report_html(dialog._report)
    for word in ("Doe", "Jane", PATIENT.identity, PATIENT.birth_date, "T1 axial", "1.2.3"):
        assert word not in html
    assert "identity is not in it" in person.status()


def test_pdf_has_pages_a_title_and_no_time(
    person: Person, dialog: StudyReportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.pdf"
    save(person, path, monkeypatch, PDF)
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"(D:00000000" in pdf
    assert b"research use only" in pdf
    assert dialog._report is not None
    assert len(report_pdf(dialog._report)) == len(pdf)


def drawn(document: QTextDocument, page: int) -> str:
    """What is drawn on a page, as text."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    with QPainter(generator) as painter:
        paint_page(painter, document, page)
    return bytes(buffer.data().data()).decode()


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("warnings", range(0, 60, 6))
def test_no_line_is_lost_between_the_pages_and_no_heading_stands_alone(warnings: int) -> None:
    sentences = tuple(f"Sentence {number}." for number in range(warnings))
    report = replace(make_report(subject(), date=DATE, warnings=sentences), pictures=())
    document = laid_out(report_html(report, Medium.PAPER), 680, 500)
    pages = [drawn(document, page) for page in range(document.pageCount())]
    whole = "".join(pages)
    for said in (*sentences, "Versions", "python", "identity is left out"):
        assert said in whole
    layout, page = document.documentLayout(), document.pageSize().height()
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel() > 1:
            place = layout.blockBoundingRect(block)
            assert place.top() % page + place.height() + 15 < page
        block = block.next()


def test_the_date_is_the_only_thing_that_differs(person: Person, dialog: StudyReportDialog) -> None:
    assert dialog._report is not None
    later = person.window.pictures.reporter.prepare("2030-01-01 00:00")()
    assert report_html(later).replace("2030-01-01 00:00", DATE) == report_html(dialog._report)


def test_without_an_answer_it_is_said_why_there_is_no_report(person: Person) -> None:
    person.world.engine.at_once = False
    person.program.store.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.5)))
    person.window.run("file.report")
    dialog = person.find(StudyReportDialog, "study_report")
    assert dialog.page.toPlainText().startswith("The network has not answered yet.")
    assert not dialog.save.isEnabled()
    person.world.engine.at_once = True
    person.world.engine.answer()


def test_two_windows_of_reports_do_not_mix(person: Person, dialog: StudyReportDialog) -> None:
    first = dialog._report
    dialog.reject()
    person.program.store.update(lambda s: s.select_slice(2))
    person.wait()
    person.window.run("file.report")
    second = person.find(StudyReportDialog, "study_report")
    person.qtbot.waitUntil(lambda: second.save.isEnabled())
    assert second._report is not None
    assert first is not None
    assert dict(second._report.study)["Slice in the pictures"] == "3 of 30"
