"""Skip connections as switches, and recovery curves as numbers."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import layer, network_of, opened, unet

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import EditError
from unetscope.domain.explaining.counting import counted, reference_of
from unetscope.domain.explaining.recovery import (
    Recovery,
    RecoveryChoice,
    RecoveryMeasure,
    recovery_csv,
)
from unetscope.domain.explaining.switches import (
    SkipEffects,
    skip_effects_csv,
    switches,
    turn,
    turn_all,
    without_switches,
)
from unetscope.domain.explaining.targeting import Segmented
from unetscope.domain.input_grid import Placement
from unetscope.domain.interventions import CutSkip, PatchSkip
from unetscope.domain.session import Session
from unetscope.domain.session_file import KeptSession, SessionWriter, read_session

SKIP = ("skip", "enc")
EDIT = ScaleFilter("enc", 1, 0.5)
IMAGE = np.ones((8, 8), np.float32)


def state(session: Session) -> tuple[str, str]:
    assert session.network is not None
    (one,) = switches(session.network.graph, session.edits)
    return one.state, one.donor


def test_a_switch_says_what_passes_and_where_it_stands() -> None:
    session = opened()
    assert session.network is not None
    (one,) = switches(session.network.graph, ())
    assert (one.text, one.size, one.skip) == ("enc → skip", (8, 8, 4), SKIP)
    assert state(session) == ("on", "")
    assert state(session.edit(CutSkip(*SKIP))) == ("zero", "")
    assert state(session.edit(CutSkip(*SKIP, "mean"))) == ("mean", "")
    assert state(session.edit(PatchSkip(*SKIP, IMAGE, "slice 4"))) == ("patched", "slice 4")
    twice = session.edit(CutSkip(*SKIP)).edit(CutSkip(*SKIP, "mean"))
    assert state(twice) == ("several", "")


def test_each_turn_is_one_step_and_takes_the_place_of_the_last() -> None:
    session = opened().edit(EDIT)
    cut = turn(session, SKIP, CutSkip(*SKIP))
    mean = turn(cut, SKIP, CutSkip(*SKIP, "mean"))
    on = turn(mean, SKIP, None)
    assert [state(each)[0] for each in (cut, mean, on)] == ["zero", "mean", "on"]
    assert mean.edits == (EDIT, CutSkip(*SKIP, "mean"))
    assert on.edits == (EDIT,)
    assert [step.label for step in on.history.done[1:]] == [
        "cut enc → skip",
        "cut enc → skip to its means",
        "switched on enc → skip",
    ]
    assert on.undo().edits == mean.edits
    assert turn(on, SKIP, None) is on
    with pytest.raises(EditError):
        turn(session, SKIP, CutSkip("skip", "image"))


def test_all_are_turned_in_one_step_and_other_edits_stay() -> None:
    session = opened().edit(EDIT)
    off = turn_all(session, "zero")
    assert (state(off)[0], len(off.history.done)) == ("zero", 2)
    assert off.history.done[-1].label == "cut all skip connections"
    assert turn_all(off, "mean").history.done[-1].label.endswith("to their means")
    assert turn_all(off, None).edits == without_switches(off.edits) == (EDIT,)
    assert turn_all(Session(), "zero") == Session()
    flat = network_of(layer("image", "InputLayer", output=(None, 8, 8, 1)))
    assert not switches(flat.graph, ())


def test_the_trained_mask_is_not_shown_any_more_when_a_switch_is_turned() -> None:
    session = opened().edit(EDIT).compare_trained(True)
    assert not turn(session, SKIP, CutSkip(*SKIP)).show_trained


def effects(**changes: Any) -> SkipEffects:
    mask = np.array([[0, 1], [1, 2]], np.uint8)
    given: dict[str, Any] = {
        "skips": (SKIP, ("other", "mid")),
        "how": ("zero", "mean"),
        "mask": mask,
        "changed_pixels": np.array([[3, 0], [-1, -1]]),
        "dice": np.array([[[1, 0.5, np.nan], [1, 1, 1]], [[np.nan] * 3] * 2], np.float32),
    }
    return SkipEffects(**(given | changes))


def test_what_a_skip_is_worth_is_a_share_of_the_pixels_with_a_class() -> None:
    found = effects()
    assert found.labelled == 3
    assert found.share(0, 0) == 1.0
    assert found.share(0, 1) == 0.0
    assert np.isnan(found.share(1, 0))
    assert effects(mask=np.zeros((2, 2), np.uint8)).labelled == 1


def test_effects_as_a_table() -> None:
    found = effects(dice_with_reference=np.full((2, 2, 3), 0.25, np.float32))
    text = skip_effects_csv(found, unet(), (EDIT,), ("Background", "CSF"))
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][2] == "research use only"
    assert ["edit", EDIT.label] in rows
    head = rows[3]
    assert head[5:8] == [
        "Dice Background with all on",
        "Dice CSF with all on",
        "Dice label 2 with all on",
    ]
    assert rows[4][:7] == ["enc", "skip", "zero", "3", "1", "1", "0.5"]
    assert rows[4][7:] == ["", "0.25", "0.25", "0.25"]
    assert len(rows) == 6, "what is not measured is left out"


def recovery(**changes: Any) -> Recovery:
    given: dict[str, Any] = {
        "layers": ("image", "mid", "mask"),
        "skips": (SKIP,),
        "labels": (1, 2),
        "bad": np.array([0.2, 0.5], np.float32),
        "good": np.array([1.0, 0.5], np.float32),
        "scores": np.array([[1, 0.5], [0.4, 0.7], [np.nan] * 2, [0.2, 0.1]], np.float32),
        "differing": np.array([0, 7, -1, 9]),
        "differing_before": 8,
        "measure": RecoveryMeasure.AGREEMENT,
        "with_skips": False,
        "donor": "slice 4",
    }
    return Recovery(**(given | changes))


def test_a_recovery_is_the_way_from_the_slice_to_the_donor() -> None:
    found = recovery()
    assert found.places == ("image", "mid", "mask", "enc → skip")
    np.testing.assert_allclose(found.by_label[:, 0], [1, 0.25, np.nan, 0], atol=1e-6)
    assert np.isnan(found.by_label[:, 1]).all(), "there is nothing to recover of class 2"
    np.testing.assert_allclose(found.mean, [1, 0.5, np.nan, -0.5], atol=1e-6)
    assert not found.is_empty
    assert not found.is_backwards


def test_what_cannot_be_recovered_is_said() -> None:
    same = recovery(good=np.array([0.2, 0.5], np.float32))
    assert same.is_empty
    assert np.isnan(same.mean).all()
    worse = recovery(good=np.array([0.1, 0.1], np.float32))
    assert worse.is_backwards
    nothing = recovery(
        labels=(), bad=np.zeros(0), good=np.zeros(0), scores=np.zeros((4, 0), np.float32)
    )
    assert nothing.is_empty
    assert np.isnan(nothing.mean).all()


def test_a_curve_as_a_table() -> None:
    text = recovery_csv(recovery(), unet(), (EDIT,), {1: "CSF"})
    rows = list(csv.reader(io.StringIO(text)))
    assert ["donor", "slice 4"] in rows
    assert ["measure", "agreement with the donor"] in rows
    start = rows.index(next(row for row in rows if row[0] == "patched" and len(row) > 2))
    assert rows[start][2:6] == ["recovery CSF", "recovery label 2", "score CSF", "score label 2"]
    assert rows[start + 1] == ["nothing patched", "0", "0", "0", "0.2", "0.5", "8"]
    assert rows[start + 3][0] == "mid"
    assert rows[start + 3][3] == "", "nothing to recover is no number"
    assert [row[0] for row in rows[start + 4 :]] == ["enc → skip", "the donor"]


def test_the_choice_starts_afresh_with_another_series() -> None:
    choice = RecoveryChoice().from_trained(True).from_slice(7)
    assert (choice.donor, choice.trained) == (7, False)
    assert choice.open_series().donor is None
    session = opened()
    session = session.explain(session.explaining.recover(choice.pass_skips(True)))
    after = session.explaining.open_series().recovery
    assert (after.donor, after.with_skips) == (None, True)


def test_the_choice_is_kept_with_the_session() -> None:
    choice = RecoveryChoice().from_slice(7).by(RecoveryMeasure.REFERENCE).pass_skips(True)
    session = opened()
    session = session.explain(session.explaining.recover(choice))
    kept = read_session(SessionWriter().whole(KeptSession.of(session, ())), "a.unetscope")
    assert not kept.problems
    assert kept.view["explaining"].recovery == choice


def test_which_classes_count() -> None:
    classes = opened().card.classes  # type: ignore[union-attr]
    mask = np.zeros((4, 4), np.uint8)
    here = Segmented(
        mask=mask, placement=Placement((8, 8), (8, 8), (8, 8)), index=0, channels=3, classes=classes
    )
    assert counted(here) == (1, 2)
    assert reference_of(here) is None
    unnamed = Segmented(mask=mask, placement=here.placement, index=0, channels=3)
    assert counted(unnamed) == (1, 2, 3)
    labels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    given = Segmented(mask=mask, placement=here.placement, index=0, channels=3, reference=labels)
    np.testing.assert_array_equal(reference_of(given), labels[1::2, 1::2])
