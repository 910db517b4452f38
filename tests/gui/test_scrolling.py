"""Scrolling fast: the picture follows every slice, the panels by turns, and all at the pause."""

from __future__ import annotations

from tests.gui.conftest import STUDY, Person

from unetscope.ui.scrolling import Scrolling


def test_the_panels_wait_while_slices_fly_by_and_catch_up_at_the_pause(person: Person) -> None:
    program = person.program
    person.open_both()
    pace, store = program.presenters.pace, program.store
    store.update(lambda s: s.select_slice(1))
    scrolling = program.window.findChild(Scrolling)
    assert scrolling is not None
    person.qtbot.waitUntil(lambda: not scrolling.isActive())
    store.update(lambda s: s.select_slice(2))
    assert not pace.held, "one step is no scrolling"
    store.update(lambda s: s.select_slice(3))
    assert pace.held
    assert program.presenters.slice_view.view.index == 3
    person.qtbot.waitUntil(lambda: not pace.held)
    assert not scrolling.isActive()


def test_another_series_is_no_scrolling(person: Person) -> None:
    person.open_both()
    assert person.session.series is not None
    for _ in range(3):
        person.open(STUDY)
        person.wait()
        assert not person.program.presenters.pace.held
