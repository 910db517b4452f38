"""The list of series: cards, keyboard, drag, warnings, what was skipped, identity."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton, QTreeWidgetItem
from tests.gui.conftest import LEFT, NONE, STUDY, Person, ramp
from tests.unit.fakes import FakeSeries, FakeStudy

from unetscope.domain.study import Skipped
from unetscope.ui.skipped_dialog import SkippedDialog
from unetscope.ui.widgets.series_tree import (
    DETAILS,
    KEY,
    SERIES_DATA,
    SHOWN,
    TITLE,
    WARNING,
    SeriesTree,
)

SKIPPED = (
    Skipped(Path("/s/doe_jane/report.dcm"), "a report"),
    Skipped(Path("/s/doe_jane/notes.txt"), "not a DICOM file"),
)


@pytest.fixture
def browser(visitor: Person) -> Person:
    """Two series, one of them with a warning, and two files that were skipped."""
    series = (
        FakeSeries("1", ramp(9)),
        FakeSeries("2", ramp(4), description="T2", warnings=("Slices are uneven.",)),
    )
    visitor.world.files.studies[STUDY] = FakeStudy(series, skipped=SKIPPED)
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: [has_picture(c) for c in cards(visitor)] == [True, True, False])
    return visitor


def tree(person: Person) -> SeriesTree:
    return person.find(SeriesTree, "studies.tree")


def cards(person: Person) -> list[QTreeWidgetItem]:
    study = tree(person).topLevelItem(0)
    if study is None:
        return []
    children = [study.child(row) for row in range(study.childCount())]
    return [child for child in children if child is not None]


def has_picture(item: QTreeWidgetItem) -> bool:
    return item.data(0, Qt.ItemDataRole.DecorationRole) is not None


def shown(person: Person) -> list[str]:
    return [str(card.data(0, KEY)) for card in cards(person) if card.data(0, SHOWN)]


def test_a_card_has_picture_name_number_of_slices_and_spacing(browser: Person) -> None:
    first, second, _ = cards(browser)
    assert (first.data(0, TITLE), first.data(0, DETAILS)) == ("T1 axial", "MR · 9 slices · 2.0 mm")
    assert (first.data(0, WARNING), second.data(0, WARNING)) == (False, True)
    assert "⚠ Slices are uneven." in second.toolTip(0)
    heading = tree(browser).topLevelItem(0)
    assert heading is not None
    assert heading.data(0, TITLE) == "Doe Jane · F · 042Y"
    assert shown(browser) == ["1"]


def test_cards_are_painted_with_their_picture_and_warning(browser: Person) -> None:
    _, second, _ = cards(browser)
    area = tree(browser).visualItemRect(second)
    before = tree(browser).viewport().grab(area).toImage()
    second.setData(0, WARNING, False)
    without_warning = tree(browser).viewport().grab(area).toImage()
    assert without_warning != before
    second.setData(0, Qt.ItemDataRole.DecorationRole, None)
    assert tree(browser).viewport().grab(area).toImage() != without_warning


def test_arrows_travel_from_series_to_series(browser: Person) -> None:
    browser.key(Qt.Key.Key_Down, tree(browser))
    assert shown(browser) == ["2"]
    browser.key(Qt.Key.Key_Up, tree(browser))
    assert shown(browser) == ["1"]
    browser.key(Qt.Key.Key_Up, tree(browser))  # the heading is passed by
    assert shown(browser) == ["1"]


def test_the_next_series_is_a_key_away_in_the_slice(browser: Person) -> None:
    browser.key(Qt.Key.Key_Right)
    assert shown(browser) == ["2"]
    browser.key(Qt.Key.Key_Right)
    assert shown(browser) == ["2"]
    browser.key(Qt.Key.Key_Left)
    assert shown(browser) == ["1"]
    assert tree(browser).currentItem() is cards(browser)[0]


def test_a_card_dragged_onto_the_window_is_shown(browser: Person) -> None:
    data = tree(browser).mimeData([cards(browser)[1]])
    assert isinstance(data, QMimeData)
    assert data.hasFormat(SERIES_DATA)
    middle, copy = browser.window.rect().center(), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(middle, copy, data, LEFT, NONE)
    enter.setAccepted(False)
    QApplication.sendEvent(browser.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(browser.window, QDropEvent(QPointF(middle), copy, data, LEFT, NONE))
    assert shown(browser) == ["2"]


def open_skipped(person: Person) -> SkippedDialog:
    *_, link = cards(person)
    assert link.text(0) == "2 files skipped …"
    tree(person).scrollToItem(link)
    person.click(tree(person).viewport(), tree(person).visualItemRect(link).center())
    dialog = person.find(SkippedDialog, "skipped")
    person.qtbot.waitUntil(dialog.isVisible)
    return dialog


def test_what_was_skipped_is_listed_searched_and_copied(browser: Person) -> None:
    dialog = open_skipped(browser)
    browser.find(QLineEdit, "skipped.search").setText("report")
    browser.find(QPushButton, "skipped.copy").click()
    assert QGuiApplication.clipboard().text() == "/s/doe_jane/report.dcm\ta report"
    browser.find(QLineEdit, "skipped.search").clear()
    browser.find(QPushButton, "skipped.copy").click()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 2
    dialog.reject()


def test_files_of_no_interest_are_listed_last_and_not_counted(visitor: Person) -> None:
    texts = tuple(Skipped(Path(f"/s/{n}.txt"), "a text", expected=True) for n in "ba")
    visitor.world.files.studies[STUDY] = FakeStudy((FakeSeries("1", ramp(3)),), skipped=texts)
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: len(cards(visitor)) == 2)
    assert cards(visitor)[-1].text(0) == "2 files of other kinds …"
    dialog = SkippedDialog((*texts, *SKIPPED), visitor.window)
    assert (
        dialog.findChildren(QLabel)[0].text() == "2 files were left out, and 2 files of other kinds"
    )
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        dialog.list.sortByColumn(0, order)
        rows = [dialog.list.topLevelItem(row) for row in range(4)]
        names = [row.text(0) for row in rows if row is not None]
        assert sorted(names[:2]) == ["notes.txt", "report.dcm"]
        assert names[2:] == (["a.txt", "b.txt"] if order.value == 0 else ["b.txt", "a.txt"])


def test_hidden_identity_reaches_skipped_files_and_recent_studies(browser: Person) -> None:
    pictures = [has_picture(card) for card in cards(browser)]
    browser.choose("view.hide_identity")
    assert [has_picture(card) for card in cards(browser)] == pictures
    dialog = open_skipped(browser)
    said = [dialog.list.topLevelItem(row) for row in range(2)]
    assert [item.text(0) for item in said if item is not None] == ["hidden", "hidden"]
    dialog.reject()
    recent = browser.window.opening.recent
    assert isinstance(recent, QMenu)
    recent.aboutToShow.emit()
    assert [action.text() for action in recent.actions() if action.text()] == [
        "Study 1",
        "Clear recent files",
    ]
    assert str(STUDY) not in [action.toolTip() for action in recent.actions()]
    browser.choose("view.hide_identity")
    recent.aboutToShow.emit()
    assert recent.actions()[0].toolTip() == str(STUDY)
