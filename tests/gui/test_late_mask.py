"""A mask that is older than the edits in force says so, while the engine is not at hand."""

from __future__ import annotations

import pytest
from tests.gui.conftest import Person

from unetscope.domain.edits import SetBias
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.state.slice_note import OLDER


def edit(person: Person) -> None:
    """Make an edit that the engine does not answer."""
    person.world.engine.at_once = False
    person.program.store.update(lambda s: s.edit(SetBias("mid", 1, 0.5)))


@pytest.mark.parametrize(
    "status",
    [
        EngineStatus(EngineState.RESTARTING, "The engine is starting again."),
        EngineStatus(EngineState.FAILED, "The engine is gone."),
        EngineStatus(EngineState.BUSY, doing="Running the network"),
    ],
)
def test_an_older_mask_is_marked_until_the_engine_has_answered(
    person: Person, status: EngineStatus
) -> None:
    person.world.engine.on_status(status)
    assert not person.canvas.content.notice  # it is the mask of what is in force
    edit(person)
    assert person.canvas.content.notice == OLDER
    person.world.engine.on_status(EngineStatus(EngineState.READY))
    assert not person.canvas.content.notice
    person.world.engine.on_status(status)
    assert person.canvas.content.notice == OLDER
    person.world.engine.answer()
    assert not person.canvas.content.notice


def test_a_mask_that_follows_soon_is_not_marked(person: Person) -> None:
    person.world.engine.on_status(EngineStatus(EngineState.BUSY))
    edit(person)
    assert not person.canvas.content.notice
