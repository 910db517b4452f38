"""Study and model put away: the window is as it was before they were opened."""

from __future__ import annotations

import numpy as np
import pytest
from tests.gui.conftest import MODEL, STUDY, Person

from unetscope.ui import dialogs


def test_a_closed_study_is_gone_and_the_model_stays(person: Person) -> None:
    network = person.network
    person.choose("file.close_study")
    assert person.program.desk.studies == ()
    assert person.session.series is None
    assert person.program.live.shown is None
    assert person.program.live.answer is None
    assert person.canvas.content.grey is None
    assert person.network is network
    assert not person.window.action_of("file.close_study").isEnabled()
    person.open(STUDY)
    person.qtbot.waitUntil(lambda: person.session.series is not None)
    person.wait()
    assert person.mask().any()


def test_a_closed_model_is_gone_with_its_edits_and_the_slice_stays(person: Person) -> None:
    person.pick_recipe("Sobel x")
    person.wait()
    picture = person.picture()
    person.choose("file.close_model")
    session = person.session
    assert (session.network, session.card, session.layer) == (None, None, None)
    assert not session.history.done
    assert not person.frame.banner
    assert np.array_equal(person.picture(), picture)
    assert person.canvas.content.overlay is None
    assert not person.window.action_of("file.close_model").isEnabled()
    person.open(MODEL)
    person.qtbot.waitUntil(lambda: person.session.network is not None)
    person.wait()
    assert person.mask().any()
    assert not person.session.edits


def test_edits_are_asked_about_before_the_model_is_closed(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.pick_recipe("Sobel x")
    person.wait()
    monkeypatch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.CANCEL)
    person.choose("file.close_model")
    assert person.session.edits
    person.choose("file.close_study")  # nothing of the edits is lost with it
    assert person.session.edits


def test_with_two_studies_the_other_one_is_shown(person: Person) -> None:
    other = STUDY.with_name("other")
    files = person.world.files
    series = files.studies[STUDY].series[0]
    files.studies[other] = type(files.studies[STUDY])((type(series)("9.9", series.volume[:7]),))
    person.open(other)
    person.qtbot.waitUntil(lambda: person.series.uid == "9.9")
    person.wait()
    person.choose("file.close_study")
    person.wait()
    assert person.series is series
