"""The whole series in the background, the slices ahead, and what a drag asks."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot
from tests.gui.conftest import MODEL, NONE, SLICES, STUDY, Person, World, ramp

from unetscope.state.live import SliceKey


def segmented(person: Person) -> None:
    person.choose("network.segment_series")
    person.qtbot.waitUntil(lambda: person.status().startswith("Segmented"))


def test_the_command_needs_a_study_and_a_model(visitor: Person, qtbot: QtBot) -> None:
    action = visitor.window.action_of("network.segment_series")
    assert not action.isEnabled()
    visitor.open(MODEL)
    qtbot.waitUntil(lambda: visitor.session.network is not None)
    assert not action.isEnabled()
    visitor.open(STUDY)
    visitor.wait()
    assert action.isEnabled()
    assert "Ctrl+G" in action.toolTip()


def test_the_whole_series_is_segmented_and_its_volumes_are_told(person: Person) -> None:
    person.key(Qt.Key.Key_G, modifiers=Qt.KeyboardModifier.ControlModifier)
    person.qtbot.waitUntil(lambda: person.status().startswith("Segmented"))
    # 30 slices of 64 pixels of 2 x 0.5 x 0.5 mm, a third of them each class
    assert person.status() == ("Segmented 30 slices: CSF 0.3 mL, Brain 0.3 mL. Research use only.")
    assert not person.find(QProgressBar, "status.progress").isVisible()


def test_a_slice_of_a_segmented_series_shows_its_mask_before_the_engine_answers(
    person: Person, world: World, qtbot: QtBot
) -> None:
    segmented(person)
    world.engine.at_once = False
    asked = len(world.engine.looks)

    person.key(Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: len(world.engine.looks) > asked)

    assert person.program.live.busy
    labels = person.program.presenters.slice_view.view.labels
    assert labels is not None
    assert np.array_equal(labels, (ramp()[0] % 3).astype(np.uint8))
    assert person.canvas.content.overlay is not None
    assert len(person.canvas.content.legend) == 2
    world.engine.answer(mask=np.full((8, 8), 2, np.uint8))
    labels = person.program.presenters.slice_view.view.labels
    assert labels is not None
    assert (labels == 2).all()  # the answer counts


def test_progress_is_shown_and_can_be_cancelled(person: Person, world: World, qtbot: QtBot) -> None:
    world.engine.at_once = False
    progress = person.find(QProgressBar, "status.progress")
    person.choose("network.segment_series")
    qtbot.waitUntil(lambda: len(world.engine.segments) == 2)
    assert progress.isVisible()
    assert person.status() == "Segmenting the series: 0 of 30 slices"
    for _ in range(3):
        world.engine.answer_segments()
        qtbot.waitUntil(lambda: len(world.engine.segments) == 2)
    assert person.status() == "Segmenting the series: 6 of 30 slices"
    assert progress.value() == 200

    person.click(person.find(QPushButton, "status.cancel"))

    assert not progress.isVisible()
    assert person.status() == "Stopped after 6 of 30 slices; those are kept."
    assert person.program.presenters.frame.view.trouble is False


def test_an_edit_stops_it_and_says_so(person: Person, world: World, qtbot: QtBot) -> None:
    world.engine.at_once = False
    person.choose("network.segment_series")
    qtbot.waitUntil(lambda: len(world.engine.segments) == 2)
    person.pick_recipe("Sobel x")
    qtbot.waitUntil(lambda: "was stopped" in person.status())
    assert not person.find(QProgressBar, "status.progress").isVisible()
    middle = SliceKey("1.2.3", SLICES // 2)
    assert person.program.presenters.frame._segmentation.mask(middle) is None


def test_a_drag_asks_for_what_is_on_screen_and_its_end_for_everything(
    person: Person, world: World, qtbot: QtBot
) -> None:
    person.canvas.zoom_by(12.0)
    cell = person.grid.cell_rect(1, 1).center()
    before = len(world.engine.looks)
    points = [cell + QPoint(0, -10 * n) for n in range(4)]

    person.drag(person.grid, points, release=False)
    QApplication.processEvents()

    requests = [asked.request for asked in world.engine.looks[before:]]
    assert requests
    assert all(one.dragging for one in requests)
    assert person.canvas.view is not None
    seen = person.canvas.view.visible
    assert seen is not None
    assert 1 < seen[0] < 2  # part of row 1, to part of row 6
    assert {one.visible for one in requests} == {(1, 0, 6, 8)}
    world.engine.answer(exact_in=requests[-1].visible)
    note = "exact in view; the rest of the mask follows on release"
    qtbot.waitUntil(lambda: person.canvas.content.notice == note)

    person._mouse(person.grid, QEvent.Type.MouseButtonRelease, points[-1], NONE)
    person.wait()

    assert [asked.request.dragging for asked in world.engine.looks].count(False) == before + 1
    last = world.engine.looks[-1].request
    assert (last.dragging, last.visible) == (False, None)
    assert last.edits == person.session.edits
    qtbot.waitUntil(lambda: person.canvas.content.notice == "")
