"""The header of the slice shown: searched, copied, following the slice, identity hidden."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QTableView
from tests.gui.conftest import STUDY, Person, ramp
from tests.unit.fakes import FakeSeries, FakeStudy

from unetscope.domain.errors import StudyError
from unetscope.domain.tags import TagRow
from unetscope.ui.tag_browser import NAME, VALUE, TagBrowser

MANY = 10_000


@dataclass(eq=False)
class TaggedSeries(FakeSeries):
    """A series whose slices have long headers; the last slice's cannot be read."""

    listed: list[int] = field(default_factory=list)

    def tags(self, index: int) -> tuple[TagRow, ...]:
        self.listed.append(index)
        if index == 3:
            raise StudyError("The file is gone.", "Open the study again.")
        return (
            TagRow(0, "(0008,0060)", "Modality", "CS", "MR", "Modality"),
            TagRow(0, "(0010,0010)", "Patient's Name", "PN", "Doe^Jane", "PatientName"),
            TagRow(0, "(0019,100C)", "[B_value]", "IS", "1000"),
            TagRow(0, "(0020,0013)", "Instance Number", "IS", str(index + 1), "InstanceNumber"),
            TagRow(0, "(0040,0275)", "Request Attributes Sequence", "SQ", "1 item"),
            *(
                TagRow(1 + n % 1_500, "(0040,1001)", "Requested Procedure ID", "SH", str(n))
                for n in range(MANY)
            ),
        )


class Reader:
    """Someone before the tag browser."""

    def __init__(self, person: Person) -> None:
        self.person = person
        person.key(Qt.Key.Key_D, modifiers=Qt.KeyboardModifier.AltModifier)
        self.browser = person.find(TagBrowser, "tag_browser")
        person.qtbot.waitUntil(lambda: self.browser.isVisible() and bool(self.rows))

    @property
    def table(self) -> QTableView:
        return self.person.find(QTableView, "tag_browser.table")

    @property
    def rows(self) -> int:
        return self.table.model().rowCount()

    def cell(self, row: int, column: int) -> str:
        return str(self.table.model().index(row, column).data())

    def search(self, text: str) -> None:
        self.person.find(QLineEdit, "tag_browser.search").setText(text)


@pytest.fixture
def series() -> TaggedSeries:
    return TaggedSeries(volume=ramp(4))


@pytest.fixture
def reader(visitor: Person, series: TaggedSeries) -> Reader:
    visitor.world.files.studies[STUDY] = FakeStudy((series,))
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    assert not series.listed  # nobody asked yet
    return Reader(visitor)


def test_the_header_is_listed_whole_with_sequences_set_in(reader: Reader) -> None:
    assert reader.rows == MANY + 5
    first = [reader.cell(0, column) for column in range(4)]
    assert first == ["(0008,0060)", "Modality", "CS", "MR"]
    assert reader.cell(5, NAME).startswith("    Requested")
    assert len(reader.cell(5 + 1_000, NAME)) < 100  # deeper than can be drawn
    title = reader.person.find(QLabel, "tag_browser.title").text()
    assert title == "T1 axial · slice 3 of 4"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("modal", ["Modality"]),
        ("PatientName", ["Patient's Name"]),
        ("0010,0010", ["Patient's Name"]),
        ("00100010", ["Patient's Name"]),
        ("doe", ["Patient's Name"]),
        ("instance 3", ["Instance Number"]),
        ("no such element", []),
    ],
)
def test_it_is_searched_by_name_keyword_number_and_value(
    reader: Reader, text: str, found: list[str]
) -> None:
    reader.search(text)
    assert [reader.cell(row, NAME) for row in range(reader.rows)] == found
    count = reader.person.find(QLabel, "tag_browser.count").text()
    assert count == f"{len(found)} of {MANY + 5:,} elements"


def test_it_follows_the_slice_and_stays_at_its_element(
    reader: Reader, series: TaggedSeries
) -> None:
    reader.table.setCurrentIndex(reader.table.model().index(3, VALUE))
    reader.person.key(Qt.Key.Key_Up)
    reader.person.qtbot.waitUntil(lambda: reader.cell(3, VALUE) == "2")
    assert reader.table.currentIndex().row() == 3
    reader.browser.hide()
    asked = len(series.listed)
    reader.person.key(Qt.Key.Key_Up)
    reader.person.qtbot.wait(50)
    assert len(series.listed) == asked  # nobody watches


def test_a_file_that_is_gone_is_told(reader: Reader) -> None:
    reader.person.key(Qt.Key.Key_End)
    count = reader.person.find(QLabel, "tag_browser.count")
    reader.person.qtbot.waitUntil(lambda: "The file is gone. Open" in count.text())
    assert reader.rows == 0


def test_identity_is_blanked_while_it_is_hidden_on_screen_in_search_and_in_copies(
    reader: Reader,
) -> None:
    reader.person.choose("view.hide_identity")
    assert (reader.cell(1, VALUE), reader.cell(2, VALUE)) == ("hidden", "hidden")
    assert reader.cell(0, VALUE) == "MR"
    reader.table.setCurrentIndex(reader.table.model().index(1, 0))
    reader.browser.copy_value()
    assert QGuiApplication.clipboard().text() == "hidden"
    reader.search("doe")
    assert reader.rows == 0
    reader.person.choose("view.hide_identity")
    assert reader.cell(0, VALUE) == "Doe^Jane"


def test_rows_and_values_are_copied(reader: Reader) -> None:
    reader.search("modality")
    reader.browser.activateWindow()
    reader.table.setFocus()
    reader.person.qtbot.waitUntil(reader.table.hasFocus)
    reader.table.selectRow(0)
    reader.person.qtbot.keyClick(reader.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "(0008,0060)\tModality\tCS\tMR"
    reader.browser.copy_value()
    assert QGuiApplication.clipboard().text() == "MR"


def test_private_elements_are_told_apart(reader: Reader) -> None:
    private = reader.table.model().index(2, NAME)
    standard = reader.table.model().index(0, NAME)
    assert private.data(Qt.ItemDataRole.FontRole).italic()
    assert standard.data(Qt.ItemDataRole.FontRole) is None
