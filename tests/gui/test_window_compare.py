"""Trained and edited network compared in the window: swipe, side by side, delta, and the dock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QPushButton,
    QTableWidget,
    QToolBar,
    QToolButton,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Person, World
from tests.unit.fakes import FakeEngine

from unetscope.bootstrap import build
from unetscope.domain.comparing import Way
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.ui.layout import Arrangement
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.slice_curve import SliceCurve

ALT = Qt.KeyboardModifier.AltModifier
WAYS = {
    Qt.Key.Key_1: Way.FLICKER,
    Qt.Key.Key_2: Way.SWIPE,
    Qt.Key.Key_3: Way.SIDE_BY_SIDE,
    Qt.Key.Key_4: Way.DELTA,
    Qt.Key.Key_0: Way.OFF,
}


@pytest.fixture
def edited(person: Person) -> Person:
    """An edit is in force, and it changed the mask."""
    person.world.engine.at_once = False
    person.pick_recipe("Sobel x")
    trained, mask = np.ones((8, 8), np.uint8), np.ones((8, 8), np.uint8)
    mask[:, 4:] = 2
    person.world.engine.answer(mask=mask, trained_mask=trained)
    return person


def trained_canvas(person: Person) -> ImageCanvas:
    return person.find(ImageCanvas, "slice_view.trained")


def test_each_way_has_a_key_a_button_and_a_tick(edited: Person) -> None:
    bar = edited.find(QToolBar, "toolbar")
    for key, way in WAYS.items():
        edited.key(key, modifiers=ALT)
        assert edited.session.comparing.way is way
        action = edited.window.action_of(f"compare.{way.name.lower()}")
        assert action.isChecked()
        assert isinstance(bar.widgetForAction(action), QToolButton)
        assert "Alt+" in action.toolTip()


def test_side_by_side_is_two_pictures_that_move_together(edited: Person) -> None:
    beside = trained_canvas(edited)
    assert not beside.isVisible()
    edited.choose("compare.side_by_side")
    edited.window.grab()  # lays both out
    assert beside.isVisible()
    assert beside.content.grey is edited.canvas.content.grey
    assert (beside.content.captions, edited.canvas.content.captions) == (("trained",), ("edited",))
    one, other = beside.content.overlay, edited.canvas.content.overlay
    assert one is not None
    assert other is not None
    assert np.array_equal(one[:, :4], other[:, :4])
    assert not np.array_equal(one[:, 4:], other[:, 4:])

    for moved, follows in ((edited.canvas, beside), (beside, edited.canvas)):
        moved.zoom_by(2.0)
        assert moved.view is not None
        assert follows.view is not None
        assert follows.view.scale == moved.view.scale
        assert (follows.view.row, follows.view.column) == (moved.view.row, moved.view.column)
    edited.choose("view.reset")
    assert edited.canvas.view is not None
    assert beside.view is not None
    assert edited.canvas.view.fitted
    assert beside.view.fitted

    start = edited.session.slice_index
    edited.wheel(beside, beside.rect().center(), -1)
    assert edited.session.slice_index == start + 1
    edited.choose("compare.off")
    assert not beside.isVisible()


def test_the_line_of_swipe_follows_the_mouse_and_the_keys(edited: Person) -> None:
    edited.choose("compare.swipe")
    view = edited.canvas.view
    assert view is not None
    middle = edited.canvas.content.split
    assert middle == 4
    window = edited.session.window
    start, end = (QPointF(*view.to_screen(4.0, column)).toPoint() for column in (4.0, 6.1))
    edited.drag(edited.canvas, [start, (start + end) / 2, end])
    assert edited.canvas.content.split == 6
    assert edited.session.window is window  # the drag was no window drag
    assert not edited.program.presenters.pace.held
    edited.key(Qt.Key.Key_Left, modifiers=ALT)
    assert edited.session.comparing.split == pytest.approx(6.1 / 8 - 0.05, abs=0.05)
    overlay = edited.canvas.content.overlay
    assert overlay is not None
    assert np.array_equal(overlay[0, 0], overlay[0, 4])  # left of the line: the trained mask
    assert not np.array_equal(overlay[0, 4], overlay[0, 7])


def test_the_line_can_be_taken_hold_of_when_it_is_zoomed_out_of_view(edited: Person) -> None:
    edited.choose("compare.swipe")
    edited.program.presenters.slice_view.divide_at(0.0)
    view = edited.canvas.view
    assert view is not None
    edited.canvas.take_view(replace(view.zoomed(2.0, 0.0, 0.0), column=8.0))
    assert edited.canvas.view is not None
    assert edited.canvas.view.to_screen(0.0, 0.0)[0] < 0.0
    edge = QPoint(12, edited.canvas.height() // 2)
    edited.drag(edited.canvas, [edge, edge + QPoint(30, 0), edited.canvas.rect().center()])
    assert edited.session.comparing.split == pytest.approx(1.0, abs=0.1)


def test_flicker_goes_by_itself_only_when_asked(edited: Person, qtbot: QtBot) -> None:
    edited.choose("compare.flicker")
    assert edited.canvas.content.notice == "edited result"
    edited.press("compare_bar.swap")
    assert edited.session.show_trained
    assert edited.canvas.content.notice == "trained result"
    box = edited.find(QPushButton, "compare_bar.swap")
    edited.program.presenters.slice_view.compare(lambda c: c.set_speed(4).play(True))
    assert not box.isEnabled()
    qtbot.waitUntil(lambda: edited.session.show_trained, timeout=2000)
    qtbot.waitUntil(lambda: not edited.session.show_trained, timeout=2000)
    edited.choose("compare.off")
    assert not edited.session.show_trained
    qtbot.wait(300)
    assert not edited.session.show_trained


def test_delta_of_one_class_is_chosen_under_the_slice(edited: Person) -> None:
    edited.choose("compare.delta")
    assert [line.name.split()[0] for line in edited.canvas.content.legend] == [
        "gained",
        "lost",
        "another",
    ]
    box = edited.find(QComboBox, "compare_bar.classes")
    assert [box.itemText(i) for i in range(box.count())] == ["all classes", "CSF", "Brain"]
    edited.pick_in(box, "Brain")
    assert edited.session.comparing.label == 2
    assert edited.canvas.content.notice == "changes of Brain"
    assert edited.canvas.content.legend[0].name.startswith("gained 32 px")


# ----------------------------------------------------------------------- dock


def shown_dock(person: Person) -> QDockWidget:
    dock = person.find(QDockWidget, "comparison")
    dock.show()
    dock.raise_()
    person.qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())
    return dock


def test_the_dock_tells_what_changed_and_copies_it(edited: Person) -> None:
    shown_dock(edited)
    table = edited.find(QTableWidget, "comparison.table")
    rows = [[item_text(table, r, c) for c in range(6)] for r in range(table.rowCount())]
    area = f"{32 * 0.5 * 0.5:.3g}"
    assert rows[1] == ["Brain", "0", area, area, "0", "0.000"]
    edited.press("comparison.copy")
    copied = QApplication.clipboard().text().splitlines()
    assert [line.split("\t") for line in copied[1:]] == rows


def item_text(table: QTableWidget, row: int, column: int) -> str:
    item = table.item(row, column)
    assert item is not None
    return item.text()


def test_the_series_is_compared_and_a_click_in_the_curve_goes_there(
    person: Person, qtbot: QtBot
) -> None:
    shown_dock(person)
    person.pick_recipe("Sobel x")
    person.press("comparison.start")
    curve = person.find(SliceCurve, "comparison.curve")
    qtbot.waitUntil(lambda: not np.isnan(curve.values).any() and len(curve.values) == 30)
    qtbot.waitUntil(curve.isVisible)
    assert person.session.comparing.whole
    assert not person.find(QPushButton, "comparison.start").isEnabled()
    person.click(curve, QPoint(curve.width() - 5, 20))
    assert person.session.slice_index == 29
    person.key(Qt.Key.Key_Left, curve)
    assert person.session.slice_index == 28


# --------------------------------------------------------------------- banner


@pytest.mark.parametrize("width", [0, 1280, 1900])
def test_interventions_are_said_in_a_banner_that_is_always_in_view(
    person: Person, width: int
) -> None:
    person.window.resize(width, 720)
    person.program.store.update(
        lambda s: (
            s.edit(SilenceMap("enc", 1)).edit(SilenceMap("enc", 2)).edit(CutSkip("skip", "enc"))
        )
    )
    person.window.grab()
    banner = person.window.banner
    assert banner.accessibleName() == (
        "Edited model · 2 maps silenced, 1 skip cut · research use only"
    )
    assert "2 maps silenced" in banner.toolTip()
    assert "(edited ●3)" in person.window.windowTitle()
    place = QRect(banner.mapTo(person.window, QPoint()), banner.size())
    assert person.window.rect().contains(place)
    assert place.width() >= banner.sizeHint().width()
    person.choose("edit.revert_all")
    person.window.grab()
    assert not banner.isVisible()


# -------------------------------------------------------------------- layouts


def visible(person: Person) -> set[str]:
    return {dock.objectName() for dock in person.window.places.docks if not dock.isHidden()}


def test_a_layout_shows_its_panels_and_the_first_one_shows_all(person: Person) -> None:
    everything = visible(person)
    for arrangement in (Arrangement.COMPARE, Arrangement.RADIOLOGY):
        person.choose(f"view.layout_{arrangement.name.lower()}")
        assert arrangement.panels is not None
        assert visible(person) == everything & arrangement.panels
    person.choose("view.layout_inside")
    assert visible(person) == everything


def test_a_layout_and_a_panel_dragged_elsewhere_are_there_at_the_next_start(
    person: Person, world: World, qtbot: QtBot
) -> None:
    person.choose("view.layout_compare")
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    person.window.addDockWidget(left, person.find(QDockWidget, "comparison"))
    before = visible(person)
    person.window.close()
    program = build(settings=world.settings, engine=FakeEngine(at_once=True), files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    again = Person(program, qtbot, world)
    assert visible(again) == before
    assert again.window.dockWidgetArea(again.find(QDockWidget, "comparison")) == left
    program.window.close()
    program.stop()
