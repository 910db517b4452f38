"""Uncertainty of the slice and of the series: asked for, kept, called stale, told, jumped to."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, layer, network_of, unet
from tests.unit.reference_room import PATH, Memory, masks_of, reference_of

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.augmenting import HARMLESS, Augmentation
from unetscope.domain.explaining.choice import Overlay
from unetscope.domain.explaining.uncertainty import (
    UNCALIBRATED,
    Runs,
    Spread,
    Uncertainty,
    UncertaintyChoice,
    UncertaintyKind,
    UncertaintyQuestion,
    Zone,
    entropy,
    of_probabilities,
)
from unetscope.domain.explaining.uncertainty_numbers import SliceUncertaintyQuestion, all_numbers
from unetscope.domain.ports import Notice
from unetscope.domain.session_file import KeptSession, read_session, write_session
from unetscope.presenters.uncertainty import UncertaintyPresenter, UncertaintyView
from unetscope.state.heats import Heats
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.series_uncertainty import SeriesUncertainty
from unetscope.state.shown import SliceKey
from unetscope.state.uncertainty import SliceUncertainty

ENTROPY, AUGMENTATIONS, DROPOUT = UncertaintyKind
EDIT = ScaleFilter("enc", 1, 0.5)


def probabilities_of(question: UncertaintyQuestion) -> Any:
    """As `a_look` has them, but of each slice with doubts of its own."""
    labels = (np.floor(question.image) % 3).astype(np.uint8)
    doubt = 0.05 + 0.02 * (int(question.image.sum()) % 7)
    classes = [np.where(labels == k, 1 - 2 * doubt, doubt) for k in range(3)]
    return np.stack(classes, -1).astype(np.float32), labels


def uncertainty_of(question: UncertaintyQuestion, doubt: float = 0.1) -> Uncertainty:
    """What runs that disagree on the first row give."""
    plain, mask = probabilities_of(question)
    if question.kind is ENTROPY:
        return of_probabilities(plain, mask, "mask")
    runs = Runs(plain, mask)
    for run in range(question.repeats):
        other, labels = plain.copy(), mask.copy()
        if run % 2:
            other[0] = np.roll(plain[0], 1, -1) * (1 - doubt) + plain[0] * doubt
            labels[0] = (mask[0] + 1) % 3
        runs.add(other, labels)
    return runs.uncertainty(question.kind, "mask")


class Room:
    """A bench with all that tells of uncertainty; somebody watches."""

    def __init__(self, *, at_once: bool = False, series: FakeSeries | None = None) -> None:
        self.bench = bench = Bench(at_once=at_once)
        self.pace = Pace()
        self.references = References(bench.store, bench.jobs, bench.desk, bench.files, Memory())
        self.heats = Heats(bench.store, bench.live)
        of = (bench.store, bench.jobs, bench.desk, bench.engine, bench.live, self.references)
        self.here = SliceUncertainty(*of, self.heats, self.pace)
        self.series = SeriesUncertainty(*of)
        self.presenter = UncertaintyPresenter(
            bench.store, bench.desk, bench.live, self.here, self.series, self.pace
        )
        self.told: list[Notice] = []
        self.progress: list[tuple[float, str]] = []
        bench.desk.notice.connect(self._hear)
        self.here.progress_changed.connect(self._see)
        self.series.progress_changed.connect(self._see)
        self.presenter.watch(True)

    def _hear(self, notice: Notice) -> None:
        self.told.append(notice)

    def _see(self, share: float, sentence: str) -> None:
        self.progress.append((share, sentence))

    @property
    def view(self) -> UncertaintyView:
        return self.presenter.view

    @property
    def choice(self) -> UncertaintyChoice:
        return self.bench.session.explaining.uncertainty

    def open(self, **about: Any) -> Room:
        self.bench.open_model(**about)
        self.bench.open_study(FakeSeries())
        self.answer()
        return self

    def answer(self) -> None:
        if not self.bench.engine.at_once:
            self.bench.engine.answer()
        self.bench.jobs.run()

    def choose(self, **chosen: Any) -> None:
        self.presenter.choose(replace(self.choice, **chosen))
        self.bench.jobs.run()

    def finish(self, which: int = -1) -> None:
        asked = self.bench.engine.explained[which]
        asked.done(uncertainty_of(asked.request))
        self.bench.jobs.run()

    def measure(self, *, slices: int = 100) -> list[SliceUncertaintyQuestion]:
        """Have the series measured, or so many slices of it."""
        self.presenter.start_series()
        asked = []
        while slices:
            self.bench.jobs.run()
            waiting = [
                one
                for one in self.bench.engine.explained
                if not one.cancelled and one.request.of_many
            ]
            self.bench.engine.explained.clear()
            if not waiting:
                break
            for one in waiting[:slices]:
                asked.append(one.request)
                one.done(all_numbers(uncertainty_of(one.request), one.request.judge))
                slices -= 1
            self.bench.engine.explained += waiting[len(asked) :]
        self.bench.jobs.run()
        return asked


def overlay_of(room: Room) -> Overlay | None:
    return room.bench.session.explaining.overlay


@pytest.fixture
def room() -> Room:
    return Room().open()


# ------------------------------------------------------------------------ the slice


def test_the_entropy_is_told_without_asking_the_engine(room: Room) -> None:
    look = room.bench.live.answer
    assert look is not None
    assert look.look.probabilities is not None
    expected = entropy(look.look.probabilities, exclusive=True)
    known = room.here.known()
    assert known is not None
    assert np.array_equal(known.found.entropy, expected)
    assert not room.bench.engine.explained
    names = [name for name, _ in room.view.rows]
    assert names == ["CSF", "Brain", *(zone.value for zone in Zone)]
    assert f"{expected.mean():.3f} bits" in dict(room.view.rows)[Zone.WHOLE.value]
    assert room.view.empty == ""


def test_it_follows_every_answer_and_lies_over_the_slice_when_wanted(room: Room) -> None:
    assert room.heats.shown is None
    room.presenter.toggle_entropy()
    heat = room.heats.shown
    assert heat is not None
    assert heat.layer == "mask"
    assert "uncalibrated" in heat.title
    assert room.view.laid

    room.bench.update(lambda s: s.edit(EDIT))
    look = room.bench.engine.answer(probabilities=np.full((8, 8, 3), 1 / 3, np.float32))
    room.bench.jobs.run()
    assert look.request.edits == (EDIT,)
    heat = room.heats.shown
    assert heat is not None
    np.testing.assert_allclose(heat.values, np.log2(3), rtol=1e-6)
    room.presenter.toggle_entropy()
    assert room.heats.shown is None


def test_while_dragging_the_last_exact_entropy_stays(room: Room) -> None:
    room.presenter.toggle_entropy()
    heat = room.heats.shown
    room.bench.live.set_dragging(True)
    room.bench.update(lambda s: s.edit(EDIT))
    room.bench.engine.answer(probabilities=None)
    room.bench.jobs.run()
    assert room.heats.shown is heat
    assert heat is not None


def test_nothing_is_counted_for_nobody(room: Room) -> None:
    room.presenter.watch(False)
    before = room.here.known()
    room.bench.update(lambda s: s.edit(EDIT))
    room.answer()
    assert room.here.known() is before
    room.presenter.watch(True)
    room.bench.jobs.run()
    assert room.here.known() is not before


def test_runs_are_asked_for_with_all_that_is_chosen(room: Room) -> None:
    room.bench.update(lambda s: s.edit(EDIT))
    room.answer()
    room.choose(kind=AUGMENTATIONS, repeats=8)
    assert room.view.can_run
    assert "slightly changed copies" in room.view.empty
    room.presenter.start()
    asked, look = room.bench.engine.explained[-1].request, room.bench.engine.looks[-1].request
    assert type(asked) is UncertaintyQuestion
    assert (asked.kind, asked.repeats, asked.augmentations) == (AUGMENTATIONS, 8, HARMLESS)
    assert (asked.model, asked.edits, asked.image_key) == (look.model, (EDIT,), look.image_key)
    assert asked.image is look.image
    assert room.view.running
    assert room.bench.session.explaining.overlay is Overlay.SPREAD
    room.bench.engine.explained[-1].progress(3, 8, None)
    assert room.progress[-1] == (3 / 8, "Running the network over augmentations: 3 of 8")
    room.finish()
    assert room.progress[-1] == (1.0, "")
    assert not room.view.running
    rows = dict(room.view.rows)
    assert "±" in rows["Brain"]
    heat = room.heats.shown
    assert heat is not None
    assert heat.values[0].all()
    assert not heat.values[1:].any()
    room.choose(spread=Spread.VOTES)
    heat = room.heats.shown
    assert heat is not None
    assert (heat.values[0] == 0.5).all()
    assert len(room.bench.engine.explained) == 1


def test_what_is_measured_is_kept_and_said_to_be_stale(room: Room) -> None:
    room.choose(kind=AUGMENTATIONS)
    room.presenter.start()
    room.finish()
    known = room.here.known()
    assert known is not None
    assert room.view.note == ""

    room.bench.update(lambda s: s.edit(EDIT))
    room.answer()
    assert room.here.known() is known
    assert room.view.note == "Measured before the latest edits"
    heat = room.heats.get(Overlay.SPREAD)
    assert heat is not None
    assert heat.title.endswith("measured before the latest edits")

    room.bench.update(lambda s: s.undo())
    room.answer()
    assert room.view.note == ""
    room.bench.update(lambda s: s.select_slice(s.slice_index + 1))
    room.answer()
    assert room.view.note.startswith("Measured on slice ")
    assert room.heats.get(Overlay.SPREAD) is None
    room.bench.update(lambda s: s.select_slice(s.slice_index - 1))
    room.answer()
    room.choose(repeats=32)
    assert room.view.note == "Measured with other options"
    room.choose(repeats=16)
    room.presenter.start()
    assert len(room.bench.engine.explained) == 1  # it is known


def test_stopped_runs_and_failed_ones_leave_nothing(room: Room) -> None:
    room.choose(kind=AUGMENTATIONS)
    room.presenter.start()
    room.presenter.cancel()
    asked = room.bench.engine.explained[-1]
    assert asked.cancelled
    assert room.told[-1].what.startswith("Stopped")
    asked.done(uncertainty_of(asked.request))
    assert room.here.known() is None

    room.presenter.start()
    asked = room.bench.engine.explained[-1]
    asked.failed(ModelError("Quarter turns need a square grid.", "Leave them out."))
    assert room.told[-1].hint == "Leave them out."
    assert not room.view.running
    room.bench.open_model(network_of(layer("other", output=(None, 8, 8, 3))), path="/o.keras")
    assert not room.here.running


def test_another_network_forgets_all(room: Room) -> None:
    room.choose(kind=AUGMENTATIONS)
    room.presenter.start()
    room.finish()
    assert room.heats.get(Overlay.SPREAD) is not None
    room.bench.open_model(unet(1, "sha256:1"), path="/other.keras")
    room.answer()
    assert room.here.known() is None
    assert room.heats.get(Overlay.SPREAD) is None


def test_augmentations_are_chosen_one_by_one(room: Room) -> None:
    room.presenter.augment(Augmentation.TURN, True)
    room.presenter.augment(Augmentation.NOISE, False)
    assert room.choice.augmentations == (*HARMLESS[:3], Augmentation.TURN)


def test_the_overlay_follows_the_kind_but_no_other_tool_is_disturbed(room: Room) -> None:
    room.presenter.lay_over(True)
    room.choose(kind=AUGMENTATIONS)
    assert overlay_of(room) is Overlay.SPREAD
    room.bench.update(lambda s: s.explain(s.explaining.lay_over(Overlay.ATTRIBUTION)))
    room.choose(kind=ENTROPY)
    assert overlay_of(room) is Overlay.ATTRIBUTION


# ------------------------------------------------------------------ what cannot be


def test_without_study_or_model_it_says_what_to_do() -> None:
    room = Room()
    assert "Open a study and a model" in room.view.empty
    room.presenter.start()
    assert room.told[-1].hint.startswith("Open")
    room.presenter.start_series()
    assert room.told[-1].hint.startswith("Open")
    room.presenter.go_to_most()
    assert "measured yet" in room.told[-1].what


def test_without_dropout_that_is_said(room: Room) -> None:
    room.choose(kind=DROPOUT)
    assert room.view.empty.startswith("This network has no dropout.")
    assert not room.view.can_run


def test_with_dropout_it_can_be_run() -> None:
    network = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("drop", "Dropout", ["image"], output=(None, 8, 8, 1), config={"rate": 0.2}),
        layer(
            "mask", inputs=["drop"], output=(None, 8, 8, 3), kernel=(1, 1, 1, 3), bias=3,
            config={"activation": "softmax"},
        ),
    )  # fmt: skip
    room = Room().open(network=network)
    room.choose(kind=DROPOUT)
    assert room.view.can_run
    room.presenter.start()
    assert room.bench.engine.explained[-1].request.kind is DROPOUT
    room.finish()
    assert room.heats.shown is not None
    assert "dropout" in room.heats.shown.title


def test_an_output_that_is_no_segmentation_is_told(room: Room) -> None:
    room.bench.update(lambda s: s.edit(EDIT))
    room.bench.engine.answer(mask=None, trained_mask=None, probabilities=None)
    room.bench.jobs.run()
    assert "no segmentation" in room.view.empty
    assert room.heats.get(Overlay.ENTROPY) is None


def test_an_empty_mask_is_told() -> None:
    room = Room().open()
    sure = np.zeros((8, 8, 3), np.float32)
    sure[..., 0] = 1
    room.bench.update(lambda s: s.edit(EDIT))
    room.bench.engine.answer(mask=np.zeros((8, 8), np.uint8), probabilities=sure)
    room.bench.jobs.run()
    assert [name for name, _ in room.view.rows] == [Zone.WHOLE.value]
    assert "The mask is empty here" in room.view.note


# ---------------------------------------------------------------------- the series


def test_every_slice_is_measured_and_the_most_uncertain_one_is_gone_to(room: Room) -> None:
    slices = room.bench.desk.shown.shape[0]  # type: ignore[union-attr]
    asked = room.measure()
    assert len(asked) == slices
    assert all(type(one) is SliceUncertaintyQuestion for one in asked)
    assert room.told[-1].what == f"Measured the uncertainty of {slices} slices."
    curve = room.view.curve
    assert len(curve) == slices
    assert np.isfinite(curve).all()
    assert room.view.complete

    order = sorted(range(slices), key=lambda index: (-curve[index], index))
    assert [index for index, _ in room.view.most] == order[:5]
    visited = []
    for _ in range(3):
        room.presenter.go_to_most()
        visited.append(room.bench.session.slice_index)
    assert visited == order[:3]
    room.presenter.go_to(order[-1])
    room.presenter.go_to_most()
    assert room.bench.session.slice_index == order[0]


def test_a_stopped_series_goes_on_where_it_was(room: Room) -> None:
    room.measure(slices=3)
    room.presenter.cancel_series()
    assert room.told[-1].what.startswith("Stopped after 3 of ")
    assert all(one.cancelled for one in room.bench.engine.explained)
    assert "3 of" in room.view.series_note
    again = room.measure()
    slices = len(room.view.curve)
    assert len(again) == slices - 3
    assert np.isfinite(room.view.curve).all()


def test_edits_stop_the_series_and_make_it_stale(room: Room) -> None:
    room.measure()
    room.bench.update(lambda s: s.edit(EDIT))
    room.answer()
    assert room.view.series_note == "Measured before the latest edits"
    room.presenter.start_series()
    room.bench.jobs.run()
    assert room.series.running
    room.bench.update(lambda s: s.undo())
    assert not room.series.running
    assert "was stopped" in room.told[-1].what
    assert room.view.series_note == ""


def test_slices_without_a_mask_have_no_mean_inside_it(room: Room) -> None:
    room.presenter.start_series()
    room.bench.jobs.run()
    asked = room.bench.engine.explained[0]
    nothing = of_probabilities(np.full((8, 8, 3), 1 / 3, np.float32), np.zeros((8, 8), np.uint8))
    asked.done(all_numbers(nothing, asked.request.judge))
    assert "1 slice has no mask" in room.view.series_note
    assert np.isnan(room.view.curve).all()
    assert room.view.most == ()
    room.choose(zone=Zone.WHOLE)
    assert np.isfinite(room.view.curve).sum() == 1


def test_a_failing_engine_ends_it(room: Room) -> None:
    room.presenter.start_series()
    room.bench.jobs.run()
    room.bench.engine.explained[0].failed(ModelError("This network has no dropout."))
    assert room.told[-1].what == "This network has no dropout."
    assert not room.view.measuring


# ------------------------------------------------------------------- with a reference


def with_reference(room: Room) -> None:
    series = FakeSeries()
    labels = masks_of(series)
    labels[:, 0] = (labels[:, 0] + 1) % 3  # the first row is wrong
    room.bench.files.references[PATH] = reference_of(labels)
    room.references.open(PATH)
    room.bench.jobs.run()


def test_with_a_reference_it_is_told_whether_errors_are_where_it_is_unsure(room: Room) -> None:
    with_reference(room)
    room.choose(kind=AUGMENTATIONS)
    room.presenter.start()
    room.finish()
    assert "wrong pixels are" in room.view.finding
    assert "AUROC 1.00" in room.view.finding  # the runs disagree on just that row
    room.measure()
    assert "AUROC 1.00" in room.view.series_finding
    room.references.close()
    room.bench.jobs.run()
    assert room.view.finding == ""
    assert room.view.series_finding == ""
    assert room.view.complete  # nothing is missing, but there is nothing to compare with


def test_the_numbers_of_every_slice_are_a_table(room: Room) -> None:
    with_reference(room)
    room.bench.update(lambda s: s.edit(EDIT))
    room.answer()
    room.measure(slices=3)
    about, model, edit, head, *rows = csv.reader(io.StringIO(room.presenter.as_csv()))
    assert about[1:] == ["entropy, uncalibrated", UNCALIBRATED, "research use only"]
    assert model[:2] == ["model", "net0.keras"]
    assert edit == ["edit", EDIT.label]
    assert len(rows) == 3
    known = room.series.known()
    assert known is not None
    index = sorted(known.found)[0]
    numbers = known.numbers(Spread.DEVIATION)[index]
    row = dict(zip(head, rows[0], strict=True))
    assert int(row["slice"]) == index + 1
    assert int(row["mask pixels"]) == numbers.means.pixels
    assert float(row["mean inside the mask bits"]) == pytest.approx(numbers.means.inside, rel=1e-5)
    assert numbers.finding is not None
    assert float(row["wrong"]) == pytest.approx(numbers.finding.error, rel=1e-5)
    assert "Doe" not in room.presenter.as_csv()


def test_a_reference_that_comes_later_has_the_series_measured_anew(room: Room) -> None:
    room.measure()
    assert room.view.series_finding == ""
    assert room.view.complete
    with_reference(room)
    assert room.view.finding
    assert not room.view.complete
    assert "Measure again" in room.view.series_note
    assert len(room.measure()) == len(room.view.curve)
    assert "AUROC" in room.view.series_finding


def test_the_card_tells_which_labels_are_background() -> None:
    classes = tuple(replace(each, colour=None) if each.index < 2 else each for each in CARD.classes)
    room = Room().open(card=replace(CARD, classes=classes))
    assert next(name for name, _ in room.view.rows) == classes[2].name
    asked = room.measure(slices=1)
    assert asked[0].judge.background == (0, 1)


def test_what_is_chosen_comes_back_with_the_session(room: Room) -> None:
    room.choose(kind=DROPOUT, repeats=64, spread=Spread.VOTES, zone=Zone.BORDER)
    room.presenter.augment(Augmentation.TURN, True)
    kept = read_session(write_session(KeptSession.of(room.bench.session, ())), "one")
    assert not kept.problems
    assert kept.view["explaining"].uncertainty == room.choice


def test_heats_are_of_their_slice(room: Room) -> None:
    room.presenter.toggle_entropy()
    shown = room.bench.live.shown
    assert shown is not None
    assert shown.key == SliceKey(shown.key.series, room.bench.session.slice_index)
    room.bench.update(lambda s: s.select_slice(s.slice_index + 1))
    assert room.heats.shown is None
    room.answer()
    assert room.heats.shown is not None


def test_nothing_that_is_told_claims_to_be_calibrated(room: Room) -> None:
    assert "does not mean right" in UNCALIBRATED
    assert "confidence" not in str(room.view).lower()
