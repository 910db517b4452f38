"""The dissection panel in the window: started by its command, read, clicked, copied."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QTableView
from tests.gui.conftest import Person
from tests.unit.dissecting_room import reply

from unetscope.ui.widgets.share_bar import SHARE


@pytest.fixture
def reader(person: Person) -> Person:
    person.pick_layer("mid")
    person.wait()
    person.choose("explain.dissect")
    return person


def answer(person: Person, most: int = 1000) -> None:
    """Let the engine answer what it is asked for the table."""
    engine, done = person.world.engine, 0
    dissecting = person.program.presenters.explain.dissection
    while done < most and dissecting.view.running:
        waiting = [one for one in engine.explained if not one.cancelled]
        if waiting:
            engine.explained.remove(waiting[0])
            waiting[0].done(reply(waiting[0].request))
            done += 1
        QApplication.processEvents()


def table(person: Person) -> QTableView:
    return person.find(QTableView, "dissection.table")


def cell(person: Person, row: int, column: int, role: int = Qt.ItemDataRole.DisplayRole) -> object:
    model = table(person).model()
    return model.data(model.index(row, column), role)


def test_the_command_shows_the_panel_and_starts_it(reader: Person) -> None:
    panel = reader.window.explain.dissection
    assert panel.isVisible()
    assert reader.find(QPushButton, "dissection.start").text() == "Stop"
    assert "Comparing" in reader.find(QLabel, "dissection.empty").text()
    answer(reader)
    assert reader.find(QPushButton, "dissection.start").text() == "Compare"
    assert "30 slices against the network's own mask" in panel.summary.text()
    assert (cell(reader, 0, 0), cell(reader, 0, 1), cell(reader, 0, 2)) == ("0", "Brain", "1.00")
    assert cell(reader, 0, 2, SHARE) == 1.0
    assert cell(reader, 0, 1, SHARE) is None
    assert "maps of mid" in reader.frame.status


def test_a_row_selects_its_map_and_a_map_its_row(reader: Person) -> None:
    answer(reader)
    shown = table(reader)
    reader.click(shown.viewport(), shown.visualRect(shown.model().index(1, 1)).center())
    assert reader.session.filter == 1
    reader.program.presenters.maps.gallery.select(0)
    assert shown.currentIndex().row() == 0
    assert reader.session.filter == 0, "showing a selection is no choice"
    at = shown.visualRect(shown.model().index(1, 1)).center()
    reader.qtbot.mouseDClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=at)
    reader.key(Qt.Key.Key_Return, shown)
    assert reader.session.maps.overlay


def test_one_label_can_be_listed(reader: Person) -> None:
    answer(reader)
    box = reader.find(QComboBox, "dissection.label")
    reader.pick_in(box, "CSF")
    assert reader.session.explaining.dissected_label == 1
    assert table(reader).model().rowCount() == 0
    reader.pick_in(box, "Brain")
    assert table(reader).model().rowCount() == 2


def test_stop_keeps_what_is_counted(reader: Person) -> None:
    answer(reader, most=12 + 4)
    reader.press("dissection.start")
    QApplication.processEvents()
    assert not reader.program.presenters.explain.dissection.view.running
    assert "4 of 30 slices" in reader.window.explain.dissection.summary.text()
    assert "Stopped after 4 of 30 slices" in reader.frame.status


def test_it_is_copied_for_a_spreadsheet(reader: Person) -> None:
    answer(reader)
    reader.press("dissection.copy")
    copied = QApplication.clipboard().text()
    assert copied.splitlines()[1].split("\t")[1] == "Brain"


def test_tiles_and_tips_tell_what_a_map_follows(reader: Person) -> None:
    answer(reader)
    reader.qtbot.waitUntil(lambda: 0 in reader.map_view.chips)
    assert reader.map_view.chips[0] == "#3d8fd1"
    assert "follows: Brain, IoU 1.00" in reader.window.maps.gallery._tooltip(0)
    assert "follows" not in reader.window.maps.gallery._tooltip(2)
    assert "Brain, IoU 1.00" in reader.program.presenters.filters.tip(0)


def test_all_layers_are_compared_one_after_the_other(person: Person) -> None:
    person.window.places.reveal("dissection")
    person.press("dissection.all")
    assert not person.find(QPushButton, "dissection.all").isEnabled()
    assert "then 3 more layers" in person.frame.busy
    person.press("dissection.start")
    QApplication.processEvents()
    assert not person.frame.busy
    assert person.find(QPushButton, "dissection.all").isEnabled()
