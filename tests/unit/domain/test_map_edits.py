"""Several feature maps silenced, forced, scaled and brought back in one step."""

from __future__ import annotations

import pytest
from tests.unit.fakes import opened

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import EditError
from unetscope.domain.interventions import SilenceMap
from unetscope.domain.map_edits import bring_back, force, intervene, marks_of, scale, silence
from unetscope.domain.session import Session


def steps(session: Session) -> list[str]:
    return [step.label for step in session.history.done]


def test_several_maps_are_one_step_that_is_undone_by_name() -> None:
    session = intervene(opened(), {3, 1}, silence("zero"))
    assert session.edits == (SilenceMap("enc", 1), SilenceMap("enc", 3))
    assert steps(session) == ["silenced 2 maps of enc"]
    assert session.undo().edits == ()


def test_one_map_is_named() -> None:
    assert steps(intervene(opened(), [2], scale(0.5))) == ["scaled map 2 of enc"]


def test_a_new_intervention_takes_the_place_of_the_last_one_on_that_map() -> None:
    session = intervene(opened(), [1, 2], silence("mean"))
    session = intervene(session, [2], force(3.0))
    assert marks_of(session.edits, "enc", 4) == {1: "mean", 2: "= 3"}
    assert len(session.edits) == 2


def test_bringing_back_leaves_other_maps_and_weights_alone() -> None:
    session = opened().edit(SetBias("enc", 0, 1.0))
    session = intervene(session, [0, 1, 2], scale(2.0))
    session = bring_back(session, [0, 2])
    assert marks_of(session.edits, "enc", 4) == {1: "×2"}
    assert session.edits[0] == SetBias("enc", 0, 1.0)
    assert steps(session)[-1] == "brought back 2 maps of enc"
    assert bring_back(session, [0]) is session


def test_what_acts_on_all_maps_is_brought_back_as_a_whole() -> None:
    session = opened().edit(SilenceMap("enc", None))
    assert marks_of(session.edits, "enc", 4) == dict.fromkeys(range(4), "silenced")
    session = bring_back(session, [1])
    assert session.edits == ()
    assert steps(session)[-1] == "brought back all maps of enc"


@pytest.mark.parametrize("make", [silence("loud"), force(float("nan")), scale(float("inf"))])
def test_what_makes_no_sense_is_refused_and_nothing_changes(make: object) -> None:
    session = opened()
    with pytest.raises(EditError):
        intervene(session, [0, 1], make)  # type: ignore[arg-type]
    assert session.edits == ()


def test_a_map_that_is_not_there_is_refused() -> None:
    with pytest.raises(EditError):
        intervene(opened(), [0, 99], silence("zero"))
    with pytest.raises(EditError):
        intervene(Session(), [0], silence("zero"))
