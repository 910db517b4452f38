"""The masks of a whole series: every slice once, of one network, and nothing stale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, unet

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import EngineError
from unetscope.domain.ports import Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.session import Session
from unetscope.state.kept_masks import KeptMasks, Version
from unetscope.state.live import SliceKey

EDIT = SetBias("enc", 0, 1.0)
UID = "1.2.3"


class Ears:
    """Hears what is told."""

    def __init__(self, bench: Bench) -> None:
        self.notices: list[Notice] = []
        self.progress: list[tuple[float, str]] = []
        self.came: list[int] = []
        bench.desk.notice.connect(self.on_notice)
        bench.segmentation.progress_changed.connect(self.on_progress)
        bench.segmentation.mask_came.connect(self.on_mask)

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def on_progress(self, share: float, sentence: str) -> None:
        self.progress.append((share, sentence))

    def on_mask(self, key: SliceKey) -> None:
        self.came.append(key.index)

    @property
    def said(self) -> str:
        return self.notices[-1].what


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.open_model()
    bench.open_study()
    bench.engine.answer()
    bench.jobs.run()
    return bench


@pytest.fixture
def ears(bench: Bench) -> Ears:
    return Ears(bench)


def go_on(bench: Bench, slices: int = 100) -> None:
    """Let so many rounds of reading and answering go by."""
    for _ in range(slices):
        bench.jobs.run()
        if not bench.engine.segments:
            return
        bench.engine.answer_segments()


def kept(bench: Bench, uid: str = UID) -> list[int]:
    return [i for i in range(40) if bench.segmentation.mask(SliceKey(uid, i)) is not None]


def test_every_slice_is_segmented_from_the_one_shown_outwards(bench: Bench, ears: Ears) -> None:
    bench.segmentation.start()
    go_on(bench)

    assert ears.came == [2, 1, 3, 0, 4]
    assert kept(bench) == [0, 1, 2, 3, 4]
    volume = FakeSeries().volume
    for index in range(5):
        mask = bench.segmentation.mask(SliceKey(UID, index))
        assert mask is not None
        assert np.array_equal(mask, (volume[index] % 3).astype(np.uint8))
    assert not bench.segmentation.running
    shares = [share for share, _ in ears.progress]
    assert shares == sorted(shares)
    assert ears.progress[0] == (0.0, "Segmenting the series: 0 of 5 slices")
    assert ears.progress[-1] == (1.0, "")
    # of 320 pixels that count up, 107 are 1 and 106 are 2 modulo 3; each is 2 x 0.5 x 0.5 mm
    assert ears.said == "Segmented 5 slices: CSF 0.1 mL, Brain 0.1 mL."
    assert not ears.notices[-1].trouble


def test_without_sure_geometry_voxels_are_told(bench: Bench, ears: Ears) -> None:
    bench.open_study(FakeSeries(geometry_sure=False))
    bench.segmentation.start()
    go_on(bench)
    assert ears.said == "Segmented 5 slices: CSF 107 voxels, Brain 106 voxels."


def test_only_as_much_is_read_as_the_engine_can_take(bench: Bench) -> None:
    volume = np.zeros((40, 8, 8), np.float32)
    (series,) = bench.open_study(FakeSeries(volume=volume)).series
    bench.engine.answer()
    bench.jobs.run()
    series.reads.clear()
    bench.segmentation.start()
    bench.jobs.run()
    assert len(series.reads) == len(bench.engine.segments) == 2
    bench.engine.answer_segments()
    bench.jobs.run()
    assert len(series.reads) == 4


def test_cancelling_keeps_what_is_made_and_starting_again_makes_the_rest(
    bench: Bench, ears: Ears
) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    bench.engine.answer_segments()
    bench.jobs.run()
    waiting = list(bench.engine.segments)
    bench.segmentation.cancel()
    assert all(asked.cancelled for asked in waiting)
    assert ears.said == "Stopped after 2 of 5 slices; those are kept."
    assert ears.progress[-1] == (1.0, "")
    assert kept(bench) == [1, 2]

    bench.segmentation.start()
    go_on(bench)
    assert ears.came == [2, 1, 3, 0, 4]
    assert ears.said.startswith("Segmented 5 slices")


CHANGES = {
    "edit": lambda s: s.edit(EDIT),
    "network": lambda s: s.open_network(unet(1, "sha256:1"), CARD),
    "card": lambda s: s.use_card(replace(CARD, preprocessing=Preprocessing(size=(8, 8)))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_masks_of_another_network_or_other_edits_are_dropped(
    bench: Bench, ears: Ears, change: str
) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    bench.engine.answer_segments()
    bench.jobs.run()
    late = list(bench.engine.segments)

    bench.update(CHANGES[change])

    assert kept(bench) == []
    assert all(asked.cancelled for asked in late)
    for asked in late:
        asked.done(np.zeros((8, 8), np.uint8))  # had it been under way already
    assert kept(bench) == []
    assert not bench.segmentation.running
    assert ears.said == "The network was changed, so segmenting the series was stopped."


def test_display_changes_and_other_slices_keep_the_masks(bench: Bench) -> None:
    bench.segmentation.start()
    go_on(bench)
    for change in (lambda s: s.select_slice(4), Session.toggle_mask, lambda s: s.set_opacity(0.1)):
        bench.update(change)
    assert kept(bench) == [0, 1, 2, 3, 4]


def test_with_edits_the_sentence_says_that_the_network_is_edited(bench: Bench, ears: Ears) -> None:
    bench.update(lambda s: s.edit(EDIT))
    bench.segmentation.start()
    go_on(bench)
    assert ears.said.startswith("Segmented 5 slices with the edited network: CSF")
    assert [asked.request.edits for asked in bench.engine.looks][-1] == (EDIT,)


def test_a_damaged_slice_is_left_out_and_told(bench: Bench, ears: Ears) -> None:
    bench.open_study(FakeSeries(broken=frozenset({3})))
    bench.segmentation.start()
    go_on(bench)
    assert kept(bench) == [0, 1, 2, 4]
    assert ears.said.startswith("Segmented 4 of 5 slices: CSF")
    assert "Slice 3 is damaged" in ears.notices[-1].hint
    assert ears.notices[-1].trouble


def test_trouble_in_the_engine_ends_it_with_the_reason(bench: Bench, ears: Ears) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    first, second = bench.engine.segments
    first.failed(EngineError("Out of memory.", "Choose a smaller network."))
    assert second.cancelled
    assert (ears.said, ears.notices[-1].hint) == ("Out of memory.", "Choose a smaller network.")
    assert ears.notices[-1].trouble
    assert not bench.segmentation.running


def test_another_series_is_segmented_beside_the_first(bench: Bench, ears: Ears) -> None:
    bench.open_study(FakeSeries("a"), FakeSeries("b", np.ones((7, 8, 8), np.float32)), path="/ab")
    bench.segmentation.start()
    bench.segmentation.start()  # it runs already
    go_on(bench)
    assert kept(bench, "b") == list(range(7))
    bench.desk.show_series("a")
    bench.segmentation.start()
    go_on(bench)
    assert kept(bench, "a") == list(range(5))
    assert kept(bench, "b") == list(range(7))


def test_masks_of_a_series_that_was_read_again_are_dropped(bench: Bench) -> None:
    bench.segmentation.start()
    go_on(bench)
    bench.segmentation.start()
    bench.open_study(FakeSeries(volume=FakeSeries().volume + 1))
    assert kept(bench) == []
    assert not bench.segmentation.running


def test_without_a_study_or_a_network_it_says_what_is_missing() -> None:
    bench = Bench()
    ears = Ears(bench)
    bench.segmentation.start()
    assert ears.said == "There is nothing to segment."
    assert not bench.segmentation.running


def test_the_mask_of_a_slice_that_was_shown_is_there_when_it_is_shown_again(bench: Bench) -> None:
    answer = bench.live.answer
    assert answer is not None
    assert bench.segmentation.seen(answer.key) is answer.mask
    assert kept(bench) == [], "it counts for no volume"
    bench.update(lambda s: s.select_slice(0))
    assert bench.segmentation.seen(answer.key) is answer.mask
    bench.update(CHANGES["edit"])
    assert bench.segmentation.seen(answer.key) is None


def test_a_mask_that_was_seen_goes_with_its_study(bench: Bench) -> None:
    assert bench.live.answer is not None
    key = bench.live.answer.key
    bench.open_study(FakeSeries())
    assert bench.segmentation.seen(key) is None


# ------------------------------------------------------------------ comparing


def versions(bench: Bench) -> list[int]:
    """How many edits each slice that is being segmented is to see."""
    return [len(asked.request.edits) for asked in bench.engine.segments]


def test_a_comparison_segments_every_slice_with_both_networks(bench: Bench, ears: Ears) -> None:
    bench.update(lambda s: s.edit(EDIT))
    bench.segmentation.start(compare=True)
    bench.jobs.run()
    assert versions(bench) == [0, 1]  # of the slice shown, the trained network first
    go_on(bench)
    assert kept(bench) == [0, 1, 2, 3, 4]
    assert sorted(bench.segmentation.trained_masks(UID)) == [0, 1, 2, 3, 4]
    assert ears.progress[0][1] == ("Segmenting the series: 0 of 10 masks, trained and edited")
    assert "Segmented 5 slices with the trained and the edited network" in ears.said


def test_after_another_edit_only_the_edited_masks_are_made_again(bench: Bench) -> None:
    bench.update(lambda s: s.edit(EDIT))
    bench.segmentation.start(compare=True)
    go_on(bench)
    trained = dict(bench.segmentation.trained_masks(UID))
    bench.update(lambda s: s.edit(SetBias("enc", 1, 2.0)))
    assert kept(bench) == []
    assert bench.segmentation.trained_masks(UID) == trained
    bench.segmentation.start(compare=True)
    seen: list[int] = []
    for _ in range(20):
        bench.jobs.run()
        seen += versions(bench)
        bench.engine.answer_segments()
    assert seen == [2] * 5
    assert kept(bench) == [0, 1, 2, 3, 4]


def test_taking_the_edits_back_brings_the_trained_masks_back(bench: Bench) -> None:
    bench.segmentation.start()
    go_on(bench)
    bench.update(lambda s: s.edit(EDIT))
    assert kept(bench) == []
    bench.update(Session.undo)
    assert kept(bench) == [0, 1, 2, 3, 4]


def test_other_steps_before_the_network_drop_the_trained_masks_too(bench: Bench) -> None:
    bench.segmentation.start()
    go_on(bench)
    steps = replace(CARD, preprocessing=Preprocessing(size=(8, 8), normalise="zscore", clip=None))
    bench.update(lambda s: s.use_card(steps))
    assert not bench.segmentation.trained_masks(UID)


def test_without_edits_a_comparison_needs_the_trained_network_only(bench: Bench) -> None:
    bench.segmentation.start(compare=True)
    bench.jobs.run()
    assert versions(bench) == [0, 0]
    bench.segmentation.cancel()


def test_a_cancelled_comparison_says_how_many_masks_there_are(bench: Bench, ears: Ears) -> None:
    bench.update(lambda s: s.edit(EDIT))
    bench.segmentation.start(compare=True)
    bench.jobs.run()
    bench.engine.answer_segments()
    bench.segmentation.cancel()
    assert ears.said == "Stopped after 2 of 10 masks, trained and edited; those are kept."


def test_undo_brings_the_masks_back_and_a_stopped_run_goes_on(bench: Bench) -> None:
    bench.update(lambda s: s.edit(EDIT))
    bench.segmentation.start()
    go_on(bench, 2)
    begun = kept(bench)
    assert 0 < len(begun) < bench.desk.series(UID).shape[0]
    bench.update(lambda s: s.edit(SetBias("enc", 0, 2.0)))
    bench.jobs.run()
    assert not bench.segmentation.running
    assert not kept(bench)
    bench.update(Session.undo)
    assert kept(bench) == begun
    bench.segmentation.start()
    bench.jobs.run()
    again = [asked.request.image_key for asked in bench.engine.segments]
    assert not any(f"/{UID}/{index}/" in key for key in again for index in begun)
    go_on(bench)
    assert len(kept(bench)) == bench.desk.series(UID).shape[0]


def test_masks_used_longest_ago_go_when_there_is_no_room() -> None:
    mask = np.zeros((10, 10), np.uint8)
    held = KeptMasks(most=250)
    versions = [Version(unet().ref, Preprocessing(), (SetBias("enc", 0, n),)) for n in range(4)]
    for version in versions[:3]:
        held.put(version, UID, 0, mask)
    assert held.of(versions[0], UID)  # used: the second is the oldest now
    held.put(versions[3], UID, 0, mask)
    assert [bool(held.of(version, UID)) for version in versions] == [True, False, True, True]


def test_looking_for_masks_that_are_not_there_keeps_nothing() -> None:
    held = KeptMasks()
    for number in range(100):  # a drag asks at each event
        edits = (SetBias("enc", 0, number),)
        assert not held.of(Version(unet().ref, Preprocessing(), edits), UID)
    assert not held._held
