"""Sessions as text: exact to the bit, never trusted, and as much of a damaged one as there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.fakes import CARD, opened, unet

from unetscope.domain.comparing import Way
from unetscope.domain.edit_file import WRITTEN_OUT
from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetKernel,
    SetLayerWeights,
)
from unetscope.domain.history import History
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.domain.lab import LabKernel
from unetscope.domain.measurements import Kind, Measurement
from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.session_file import (
    ENDING,
    KeptSession,
    Place,
    SessionError,
    SessionReader,
    SessionWriter,
    is_elsewhere,
    kept_fields,
    read_session,
    write_session,
)
from unetscope.domain.session_restored import fitting, with_network, with_series
from unetscope.domain.viewer import Tool
from unetscope.domain.window import Window

STUDIES = (Path("/studies/a"), Path("/studies/b"))
NAME = f"some{ENDING}"

singles = st.floats(-8, 8, width=32)
kernels = st.lists(singles, min_size=9, max_size=9).map(lambda v: np.array(v).reshape(3, 3))


def edits() -> st.SearchStrategy[Edit]:
    filters = st.integers(0, 3)
    whole = st.integers(0, 2**32 - 1).map(
        lambda seed: SetLayerWeights(
            "enc",
            [
                np.random.default_rng(seed).normal(size=(3, 3, 1, 4)),
                np.random.default_rng(seed).normal(size=4),
            ],
        )
    )
    return st.one_of(
        st.builds(SetKernel, st.just("enc"), st.just(0), filters, kernels),
        st.builds(SetKernel, st.just("dec"), st.integers(0, 9), filters, kernels),
        st.builds(SetBias, st.sampled_from(["enc", "dec"]), filters, singles),
        st.builds(ScaleFilter, st.just("enc"), filters, st.floats(-2, 2)),
        st.builds(SilenceMap, st.just("mid"), st.integers(0, 5), st.sampled_from(["zero", "mean"])),
        st.builds(CutSkip, st.just("skip"), st.just("enc")),
        whole,
    )


Act = Callable[[Session], Session]


def acts() -> st.SearchStrategy[Act]:
    """Whatever a user does to a history and a view, in any order."""
    cards = st.floats(0, 50).map(
        lambda low: replace(CARD, preprocessing=replace(CARD.preprocessing, low=low))
    )
    layers = st.sampled_from(["enc", "mid", "dec", "mask", "skip"])
    return st.one_of(
        st.tuples(edits(), st.booleans()).map(
            lambda pair: lambda s: s.edit(pair[0], same_gesture=pair[1])
        ),
        st.sampled_from([Session.undo, Session.redo, Session.revert_all]),
        st.integers(0, 9).map(lambda n: lambda s: s.jump(n)),
        st.integers(0, 9).map(lambda n: lambda s: s.without("Some out", s.edits[n : n + 1])),
        cards.map(lambda card: lambda s: s.use_card(card)),
        st.just(lambda s: replace(s, history=s.history.forget_steps())),
        layers.map(lambda layer: lambda s: s.select_layer(layer)),
        st.integers(0, 40).map(lambda n: lambda s: s.select_filter(n)),
        st.floats(0, 1).map(lambda x: lambda s: s.set_opacity(x)),
    )


def bits(history: History) -> tuple[object, ...]:
    """A history as it compares to the bit: 0 and -0 are two numbers."""
    steps = (*history.done, *history.undone)
    said = ((step.label, step.card, tuple(edit._parts() for edit in step.edits)) for step in steps)
    return (len(history.done), *said)


@given(st.lists(acts(), max_size=25))
def test_whatever_was_done_comes_back_bit_for_bit(done: list[Act]) -> None:
    session = opened()
    for act in done:
        session = act(session)
    kept = KeptSession.of(session, STUDIES)
    text = write_session(kept)
    found = read_session(text, NAME)
    assert not found.problems
    assert bits(found.history) == bits(session.history)
    assert found.opened_card == session.opened_card
    assert (found.model, found.fingerprint) == (kept.model, kept.fingerprint)
    assert found.studies == (Place(STUDIES[0]), Place(STUDIES[1]))
    assert write_session(found) == text
    history, misfit = fitting(unet(), found.history)
    assert not misfit
    again = with_network(opened(), found, history)
    assert bits(again.history) == bits(session.history)
    assert all(getattr(again, name) == getattr(session, name) for name in kept_fields())


@given(st.lists(acts(), max_size=25), st.data())
def test_changes_lead_to_the_same_as_the_whole(done: list[Act], data: st.DataObject) -> None:
    session, writer = opened(), SessionWriter()
    reader = SessionReader(writer.whole(KeptSession.of(session, STUDIES)), NAME)
    for act in done:
        session = act(session)
        if data.draw(st.booleans()):
            change = writer.change(KeptSession.of(session, STUDIES))
            if change is not None:
                reader.take(change)
    last = KeptSession.of(session, STUDIES)
    if (change := writer.change(last)) is not None:
        reader.take(change)
    assert writer.change(last) is None
    assert bits(reader.kept.history) == bits(session.history)
    assert reader.kept.view == last.view


def a_session() -> Session:
    """One in which hardly anything is as at first."""
    series = SeriesChoice("1.2.3", 30, "MR")
    session = opened().open_series(series, slice_index=7).set_window(Window(100.5, 33.25))
    viewer = replace(
        session.viewer.choose_tool(Tool.ANGLE).toggle_planes().set_threshold(0.25),
        point=(3, 4),
        probability=1,
    )
    viewer = viewer.add(Measurement(Kind.DISTANCE, "1.2.3", 7, ((0.5, 1.5), (2.0, 3.0))))
    session = session.look(viewer).toggle_label(2).select_layer("mid").select_filter(3)
    session = session.use_lab(session.lab.add(LabKernel.of("Mine", [[0.1, -0.0], [1e-30, 3.0]])))
    return session.edit(SetKernel("mid", 1, 2, np.full((3, 3), 0.1))).compare(
        session.comparing.choose(Way.DELTA)
    )


def test_everything_that_was_selected_and_shown_comes_back() -> None:
    session = a_session()
    kept = read_session(write_session(KeptSession.of(session, STUDIES)), NAME)
    blank = opened().open_series(SeriesChoice("1.2.3", 30, "MR"))
    again = with_series(with_network(blank, kept, kept.history), kept, blank.series or _none())
    unlike = {name for name in kept_fields() if getattr(again, name) != getattr(session, name)}
    assert unlike == {"lab"}  # what was undone in it stays behind
    assert again.lab == replace(session.lab, past=())


def _none() -> SeriesChoice:
    raise AssertionError("no series")


def test_nothing_that_moves_by_itself_moves_again() -> None:
    session = a_session()
    session = session.look(session.viewer.play(True))
    session = session.compare(replace(session.comparing, way=Way.FLICKER, playing=True))
    kept = read_session(write_session(KeptSession.of(session, ())), NAME)
    again = with_network(opened(), kept, kept.history)
    again = with_series(again, kept, SeriesChoice("1.2.3", 30, "MR"))
    assert not again.viewer.playing
    assert not again.comparing.playing


def test_identity_that_is_hidden_now_stays_hidden() -> None:
    kept = read_session(write_session(KeptSession.of(opened(), ())), NAME)
    assert with_network(opened().toggle_identity(), kept, kept.history).identity_hidden


def test_no_pixels_and_no_patient_are_in_it() -> None:
    text = write_session(KeptSession.of(a_session(), STUDIES))
    assert "Doe" not in text
    assert len(text) < 20_000


def test_whole_layers_are_packed() -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 3, 4, 600)), rng.normal(size=600)]
    session = opened()
    history = session.history.record(SetLayerWeights("mid", values))
    text = write_session(KeptSession.of(replace(session, history=history), ()))
    assert values[0].size > WRITTEN_OUT
    assert len(text) < values[0].size * 6
    assert bits(read_session(text, NAME).history) == bits(history)


def test_study_and_model_are_also_named_by_the_way_from_the_file() -> None:
    session = opened(replace(unet(), path=Path("/data/models/a.keras")))
    text = write_session(KeptSession.of(session, (Path("/data/studies/a"),)), Path("/data/saved"))
    kept = read_session(text, NAME)
    assert kept.model is not None
    moved = Path("/elsewhere/saved")
    assert kept.model.candidates(moved) == (
        Path("/elsewhere/models/a.keras"),
        Path("/data/models/a.keras"),
    )
    assert kept.studies[0].candidates(moved)[0] == Path("/elsewhere/studies/a")
    assert kept.model.candidates(None) == (Path("/data/models/a.keras"),)


@pytest.mark.parametrize(
    ("path", "folder", "elsewhere"),
    [
        (r"\\there\share\a.keras", r"C:\work", True),
        (r"\\there\share\a.keras", r"\\here\share\work", True),
        (r"\\here\share\a.keras", r"\\HERE\share\work", False),
        (r"D:\a.keras", r"C:\work", False),
        (r"\\there\share\a.keras", None, False),
    ],
)
def test_a_file_cannot_name_another_computer(
    path: str, folder: str | None, elsewhere: bool
) -> None:
    where = None if folder is None else PureWindowsPath(folder)
    assert is_elsewhere(PureWindowsPath(path), where) is elsewhere


def test_a_path_that_is_no_text_comes_back() -> None:
    path = Path("/studies/\udce4\udcf6 Müller")
    kept = read_session(write_session(KeptSession.of(opened(), (path,))), NAME)
    assert kept.studies[0].path == path


# ---------------------------------------------------------------- never trusted


def document() -> dict[str, Any]:
    content = json.loads(write_session(KeptSession.of(a_session(), STUDIES)))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "damaged at line 1"),
        ("{}", "no session"),
        ("[]", "no session"),
        ('{"format": 99}', "later version"),
        ('{"format": NaN}', "damaged"),
        ('{"format": 1, "view":' + "[" * 100 + "]" * 100 + "}", "damaged"),
        ('{"format": 1, "view":' + "[" * 100_000, "damaged"),
        ('{"format": ' + "9" * 5000 + "}", "damaged"),
    ],
)
def test_what_is_no_session_is_refused_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(SessionError) as refused:
        read_session(text, NAME)
    assert told in refused.value.what
    assert len(str(refused.value)) <= 300


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c["view"].update(slice_index=-1), "slice_index"),
        (lambda c: c["view"].update(opacity="much"), "opacity"),
        (lambda c: c["view"].update(opacity=1e39), "opacity"),
        (lambda c: c["view"].update(opacity=10**400), "opacity"),
        (
            lambda c: c["history"]["steps"][0]["edits"][0]["values"].update(values=[10**400] * 9),
            "step 1 and those after it",
        ),
        (lambda c: c["view"].update(scope="UNIVERSE"), "scope"),
        (lambda c: c["view"]["window"].update(width=0), "window"),
        (lambda c: c["view"]["viewer"].update(point=[1]), "viewer.point"),
        (lambda c: c["view"]["viewer"]["measurements"][0].pop("kind"), "viewer.measurements[0]"),
        (lambda c: c["view"].update(layer=7), "layer"),
        (lambda c: c.update(view=[]), "view"),
        (lambda c: c.update(model={"path": 1}), "model"),
        (lambda c: c.update(studies=[{"path": "a\0b"}]), "studies"),
        (lambda c: c.update(card={"name": "x"}), "card"),
        (lambda c: c["history"].update(keep=3), "history"),
        (lambda c: c["history"].update(done=5), "history"),
        (lambda c: c["history"]["steps"][0].update(edits=[5]), "step 1 and those after it"),
        (lambda c: c["history"]["steps"][0].update(edits=[-1]), "step 1 and those after it"),
        (
            lambda c: c["history"]["steps"][0]["edits"][0].update(layer=["x"]),
            "step 1 and those after it",
        ),
    ],
)
def test_damage_is_named_and_the_rest_opens(
    change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    content = document()
    change(content)
    text = json.dumps(content)
    kept = read_session(text, NAME)
    assert kept.problems == (problem,)
    again = with_network(opened(), kept, kept.history)
    assert again.network is not None
    assert again.hidden_labels == ({2} if problem != "view" else frozenset())


def test_a_step_that_does_not_fit_the_network_ends_the_history() -> None:
    session = opened().edit(SetBias("enc", 0, 1.0))
    wrong = History((*session.history.done,)).record(SetBias("enc", 4, 1.0))
    wrong = wrong.record(SetBias("enc", 1, 1.0)).undo()
    history, misfit = fitting(unet(), wrong)
    assert [step.label for step in history.done] == [session.history.done[0].label]
    assert misfit.startswith("step 2: ")


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.lists(st.integers(-3, 3), max_size=4),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def places(content: object) -> list[tuple[Any, Any]]:
    """Every place of a JSON document that can be given another value."""
    found: list[tuple[Any, Any]] = []
    keys = content.keys() if isinstance(content, dict) else range(len(content))  # type: ignore[arg-type]
    for key in keys:
        found.append((content, key))
        inner = content[key]  # type: ignore[index]
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


@given(st.data())
def test_no_damage_of_the_text_raises_anything_but_a_sentence(data: st.DataObject) -> None:
    content = document()
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(content)))
        holder[key] = data.draw(junk)
    try:
        kept = read_session(json.dumps(content), NAME)
    except SessionError:
        return
    history, _ = fitting(unet(), kept.history)
    session = with_network(opened(), kept, history)
    session = with_series(session, kept, SeriesChoice("1.2.3", 30, "MR"))
    assert session.map_count == 0 or session.filter < session.map_count
    assert 0 <= session.opacity <= 1
    write_session(KeptSession.of(session, ()))  # and it can be saved again
