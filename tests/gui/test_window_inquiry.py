"""The voxel panel in the window: it follows the mouse, stays, and leads to maps and fields."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableWidgetItem
from tests.gui.conftest import Person
from tests.unit.inquiry_room import a_field, an_inquiry

from unetscope.ui.field_painting import WIDTHS
from unetscope.ui.slice_overlay import SliceOverlay
from unetscope.ui.voxel_mark import VoxelMark
from unetscope.ui.widgets.push_bars import PushBars
from unetscope.ui.widgets.score_table import ScoreTable


@pytest.fixture
def reader(person: Person) -> Person:
    person.choose("explain.voxel")
    assert person.window.explain.inquiry.isVisible()
    return person


def on_screen(person: Person, row: float, column: float) -> QPoint:
    assert person.canvas.view is not None
    x, y = person.canvas.view.to_screen(row + 0.5, column + 0.5)
    return QPoint(round(x), round(y))


def point(person: Person, row: int, column: int) -> None:
    """Move the mouse over a voxel, and let the engine answer."""
    hover(person, row, column)
    assert asked(person) == (row, column)
    finish(person)


def hover(person: Person, row: int, column: int) -> None:
    at, none = on_screen(person, row, column), Qt.MouseButton.NoButton
    where, move = person.canvas.mapToGlobal(QPointF(at)), QEvent.Type.MouseMove
    modifiers = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(
        person.canvas, QMouseEvent(move, QPointF(at), where, none, none, modifiers)
    )


def asked(person: Person) -> tuple[int, int] | None:
    return person.world.engine.asked[-1].request.position if person.world.engine.asked else None


def finish(person: Person) -> None:
    last = person.world.engine.asked[-1]
    last.done(an_inquiry(last.request))


def bars(person: Person) -> PushBars:
    return person.find(PushBars, "inquiry.bars")


def cell(table: ScoreTable, row: int, column: int) -> QTableWidgetItem:
    item = table.item(row, column)
    assert item is not None
    return item


def text(person: Person, name: str) -> str:
    return person.find(QLabel, name).text()


def test_it_follows_the_mouse(reader: Person) -> None:
    assert "Point at a pixel" in text(reader, "inquiry.empty")
    point(reader, 2, 3)
    assert text(reader, "inquiry.place").startswith("voxel (")
    assert "2, 3)" in text(reader, "inquiry.place")
    table = reader.find(ScoreTable, "inquiry.table")
    assert [cell(table, 1, column).text() for column in range(3)] == ["▸ CSF", "+2.30", "0.700"]
    assert "uncalibrated" in text(reader, "inquiry.entropy")
    assert [group.title for group in bars(reader).groups] == ["dec", "mid"]
    point(reader, 4, 3)
    assert "4, 3)" in text(reader, "inquiry.place")


def test_a_click_stays_and_escape_follows_again(reader: Person) -> None:
    reader.click(reader.canvas, on_screen(reader, 5, 2))
    finish(reader)
    mark, stay = reader.find(VoxelMark, "voxel_mark"), reader.find(QPushButton, "inquiry.stay")
    assert mark.isVisible()
    assert stay.isChecked()
    before = reader.canvas.view
    reader.key(Qt.Key.Key_Escape)
    assert not mark.isVisible()
    assert not stay.isChecked()
    assert reader.canvas.view == before
    reader.press("inquiry.stay")
    assert reader.session.explaining.voxel == (5.0, 2.0)
    reader.choose("explain.stay_at_voxel")
    assert reader.session.explaining.voxel is None


def test_hidden_it_asks_for_nothing(person: Person) -> None:
    hover(person, 2, 3)
    person.click(person.canvas, on_screen(person, 3, 3))
    assert person.world.engine.asked == []
    assert person.session.explaining.voxel is None
    assert not person.find(VoxelMark, "voxel_mark").isVisible()


def test_a_bar_leads_to_its_map(reader: Person) -> None:
    reader.click(reader.canvas, on_screen(reader, 5, 2))
    finish(reader)
    area = bars(reader).area_of(1, False, 0)
    reader.click(bars(reader), area.center().toPoint())
    assert (reader.session.layer, reader.session.filter) == ("mid", 5)
    reader.key(Qt.Key.Key_Right, bars(reader))
    reader.key(Qt.Key.Key_Space, bars(reader))
    assert (reader.session.layer, reader.session.filter) == ("mid", 1)
    reader.key(Qt.Key.Key_Down, bars(reader))
    reader.key(Qt.Key.Key_Return, bars(reader))
    assert (reader.session.layer, reader.session.filter) == ("mid", 0)
    assert reader.window.maps.large.isVisible()


def test_a_class_of_the_table_is_explained(reader: Person) -> None:
    point(reader, 2, 3)
    table = reader.find(ScoreTable, "inquiry.table")
    middle = table.visualItemRect(cell(table, 2, 0)).center()
    reader.click(table.viewport(), middle)
    assert reader.world.engine.asked[-1].request.label == 2
    finish(reader)
    assert cell(table, 2, 0).text() == "▸ Brain"


def test_the_field_of_a_voxel_lies_over_the_slice(reader: Person) -> None:
    reader.pick_layer("enc")
    reader.wait()
    reader.click(reader.canvas, on_screen(reader, 5, 2))
    finish(reader)
    reader.choose("explain.field")
    last = reader.world.engine.asked[-1]
    assert (last.request.layer, last.request.position) == ("enc", (5, 2))
    last.done(a_field(last.request))
    overlay = reader.find(SliceOverlay, "slice_overlay")
    assert overlay.isVisible()
    assert len(overlay.view.ellipses) == len(WIDTHS)
    assert "effective 50 %" in overlay.view.field_text
    assert not overlay.grab().isNull()


def test_it_draws_in_both_themes_and_faint_when_stale(reader: Person) -> None:
    point(reader, 2, 3)
    reader.qtbot.waitUntil(lambda: bars(reader).height() >= 70)
    before = bars(reader).grab().toImage()
    reader.window.toggle_theme()
    after = bars(reader).grab().toImage()
    assert before != after
    bars(reader).show_groups(bars(reader).groups, faint=True)
    assert bars(reader).grab().toImage() != after
