"""What a drag draws, what it leaves alone, and that every panel ends where the kernel did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QTreeWidget, QWidget
from tests.gui.conftest import NONE, Person

from unetscope.ui.frame_clock import FrameClock


class Painted(QObject):
    """Counts how often widgets are painted, and keeps the largest part."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.times: Counter[QObject] = Counter()
        self.parts: dict[QObject, QRect] = {}
        self.widgets = widgets
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QPaintEvent):
            self.times[watched] += 1
            self.parts[watched] = self.parts.get(watched, QRect()).united(event.rect())
        return False


@contextmanager
def painted(*widgets: QWidget) -> Iterator[Painted]:
    QApplication.processEvents()
    watch = Painted(*widgets)
    yield watch
    QApplication.processEvents()
    for widget in widgets:
        widget.removeEventFilter(watch)


def path(person: Person, moves: int) -> list[QPoint]:
    """A drag of the first cell upwards, by so many moves."""
    start = person.grid.cell_rect(0, 0).center()
    return [start - QPoint(0, 3 * y) for y in range(moves + 1)]


def emissions(person: Person) -> Counter[str]:
    """Count how often each presenter gives its panel something to draw."""
    seen: Counter[str] = Counter()
    presenters = person.program.presenters
    for name in ("slice_view", "layers", "filters", "kernel", "frame"):
        getattr(presenters, name).view_changed.connect(partial(_count, seen, name))
    presenters.maps.gallery.view_changed.connect(partial(_count, seen, "maps"))
    return seen


def _count(seen: Counter[str], name: str, _view: object) -> None:
    seen[name] += 1


def move(person: Person, *ups: int) -> None:
    """Go on with a drag that was not released."""
    start = person.grid.cell_rect(0, 0).center()
    for up in ups:
        person._mouse(person.grid, QEvent.Type.MouseMove, start - QPoint(0, up), NONE)


def release(person: Person) -> None:
    """Let the value go."""
    at = person.grid.cell_rect(0, 0).center()
    person._mouse(person.grid, QEvent.Type.MouseButtonRelease, at, NONE)


@pytest.fixture
def still(person: Person) -> Person:
    """A person whose screen shows no frame unless told to."""
    clock = person.window.findChild(FrameClock)
    assert isinstance(clock, FrameClock)
    clock.setInterval(10**6)
    return person


def assert_all_show_the_session(person: Person) -> None:
    """Grid, gallery, tree, banner, maps, effect, status and menu say what is in force."""
    session, layer = person.session, person.session.layer
    assert layer is not None
    kernels = session.weights()[0]
    assert np.array_equal(person.values(), kernels[..., 0, 0])
    shown = np.asarray(person.filters.tiles.tiles(0, len(person.filters.tiles)))
    assert np.array_equal(shown, np.moveaxis(kernels[:, :, 0], -1, 0))
    is_edited = layer in session.edited_layers
    assert (person.filters.tiles.marks.get(0) == "edited") == is_edited
    (row,) = (r for r in person.program.presenters.layers.view.rows if r.name == layer)
    assert row.edited == is_edited
    assert person.window.banner.isVisible() == is_edited
    look = person.answer.look
    assert look.request.edits == session.edits
    assert look.maps is not None
    for index in range(look.maps.edited.shape[-1]):
        assert np.array_equal(person.feature_map(index), look.maps.edited[..., index])
    large = person.program.presenters.maps.large.view.large
    assert large is not None
    assert np.array_equal(large.values, look.maps.edited[..., 0])
    effect = person.kernel.effect
    assert not effect.stale
    assert effect.edited_map is not None
    assert np.array_equal(effect.edited_map, look.maps.edited[..., 0])
    label = session.history.done[-1].label
    assert label in person.status()
    assert label in person.window.action_of("edit.undo").text()


def test_while_a_value_is_dragged_only_the_numbers_and_the_mask_follow_at_once(
    still: Person,
) -> None:
    seen = emissions(still)
    still.drag(still.grid, path(still, 20), release=False)
    moves = len(still.world.engine.looks)
    assert seen["kernel"] >= 20  # the grid shows every value
    assert seen["slice_view"] == 1  # the first at once, the others when the frame is over
    assert not {"filters", "maps", "layers"} & set(seen)
    release(still)
    assert moves >= 20
    assert {seen[name] for name in ("filters", "maps", "layers")} == {1}
    assert_all_show_the_session(still)


def test_each_frame_draws_the_mask_and_one_other_view(still: Person) -> None:
    still.drag(still.grid, path(still, 10), release=False)
    seen, pace = emissions(still), still.program.presenters.pace
    pace.frame()
    assert seen["slice_view"] == 1
    assert sum(seen.values()) <= 2
    for _ in range(16):
        pace.frame()
    assert {seen[name] for name in ("slice_view", "filters", "maps", "layers")} == {1}
    assert_all_show_the_session(still)  # though the button is still down
    release(still)


def test_after_release_every_panel_shows_the_final_kernel(person: Person) -> None:
    person.drag(person.grid, path(person, 30))
    assert_all_show_the_session(person)
    person.choose("edit.undo")
    person.choose("edit.redo")
    assert np.array_equal(person.values(), person.session.weights()[0][..., 0, 0])


def test_answers_that_come_after_release_reach_every_panel(person: Person) -> None:
    engine = person.world.engine
    engine.at_once = False
    person.drag(person.grid, path(person, 12))
    assert person.kernel.effect.stale
    engine.answer(-2)  # superseded, but shown until the latest comes
    engine.answer()
    assert_all_show_the_session(person)


def test_a_drag_without_any_answer_leaves_no_panel_behind(person: Person) -> None:
    person.world.engine.at_once = False
    person.drag(person.grid, path(person, 12))
    kernels = person.session.weights()[0]
    assert np.array_equal(person.filters.tiles.tiles(0, 1)[0], kernels[..., 0, 0])
    assert person.window.banner.isVisible()


def test_a_drag_paints_neither_the_tree_nor_the_tools_again(still: Person) -> None:
    still.drag(still.grid, path(still, 5), release=False)  # the layer is marked as edited
    for _ in range(20):
        still.program.presenters.pace.frame()
    still.qtbot.wait(100)
    tree = still.find(QTreeWidget, "layers.tree").viewport()
    bar, studies = still.window.toolbar, still.window.studies_panel
    with painted(tree, bar, studies, still.grid) as watch:
        move(still, *range(16, 40))
        for _ in range(10):
            still.program.presenters.pace.frame()
    assert watch.times[still.grid] > 0
    assert not watch.times[tree]
    assert not watch.times[bar]
    assert not watch.times[studies]


def test_a_dragged_value_paints_its_cell_alone(still: Person) -> None:
    still.drag(still.grid, path(still, 4), release=False)
    limit = still.kernel.limit
    with painted(still.grid) as watch:
        move(still, 14, 15)
    assert still.kernel.limit == limit  # else every cell has another colour
    assert watch.times[still.grid] == 1
    assert still.grid.cell_rect(0, 0).adjusted(-4, -4, 4, 4).contains(watch.parts[still.grid])


def test_the_tree_is_not_made_again_while_the_same_layers_are_edited(person: Person) -> None:
    person.drag(person.grid, path(person, 5))
    seen = emissions(person)
    person.drag(person.grid, path(person, 9))
    assert seen["layers"] == 0
    assert seen["filters"] > 0
