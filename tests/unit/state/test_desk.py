"""Opening, and failing to open: what was open stays open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, unet

from unetscope.domain.edits import SetBias
from unetscope.domain.errors import ModelError
from unetscope.domain.ports import EngineState, EngineStatus, Notice
from unetscope.domain.session import SeriesChoice
from unetscope.domain.study import Skipped


class Ears:
    """Hears what the desk says."""

    def __init__(self, bench: Bench) -> None:
        self.notices: list[Notice] = []
        self.busy: list[tuple[float, str]] = []
        self.engine: list[EngineStatus] = []
        self.studies = 0
        bench.desk.notice.connect(self.on_notice)
        bench.desk.busy_changed.connect(self.on_busy)
        bench.desk.engine_changed.connect(self.on_engine)
        bench.desk.studies_changed.connect(self.on_studies)

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def on_busy(self, share: float, sentence: str) -> None:
        self.busy.append((share, sentence))

    def on_engine(self, status: EngineStatus) -> None:
        self.engine.append(status)

    def on_studies(self) -> None:
        self.studies += 1


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ears(bench: Bench) -> Ears:
    return Ears(bench)


def of(slices: int, uid: str) -> FakeSeries:
    return FakeSeries(uid, np.zeros((slices, 8, 8), np.float32))


def test_a_study_opens_at_the_middle_of_its_largest_series(bench: Bench, ears: Ears) -> None:
    study = bench.open_study(of(2, "a"), of(9, "b"), of(3, "c"))
    assert bench.desk.studies == (study,)
    assert bench.session.series == SeriesChoice("b", 9, "MR")
    assert bench.session.slice_index == 4
    assert bench.desk.shown is study.series[1]
    assert ears.studies == 1
    assert ears.busy == [(0.0, "Opening the study"), (0.5, "Reading 1 of 2 files"), (1.0, "")]
    assert ears.notices == []


def test_a_study_that_fails_to_open_leaves_the_open_one_and_says_why(
    bench: Bench, ears: Ears
) -> None:
    study = bench.open_study()
    before = bench.session
    bench.desk.open_study(Path("/empty"))
    bench.jobs.run()
    assert bench.desk.studies == (study,)
    assert bench.session == before
    assert ears.notices == [
        Notice("There is nothing to show in empty.", "Choose another folder.", private=True)
    ]
    assert ears.busy[-1] == (1.0, "")


def test_files_that_were_left_out_are_named_with_their_reasons(bench: Bench, ears: Ears) -> None:
    skipped = (
        Skipped(Path("/s/report.pdf"), "not a DICOM file"),
        Skipped(Path("/s/b.dcm"), "a colour image"),
    )
    bench.open_study(skipped=skipped)
    (notice,) = ears.notices
    assert notice.what == "2 files could not be shown."
    assert notice.hint == "report.pdf: not a DICOM file."
    assert notice.details == {"/s/report.pdf": "not a DICOM file", "/s/b.dcm": "a colour image"}
    bench.open_study(skipped=skipped[:1])
    assert ears.notices[-1].what == "1 file could not be shown."


def test_files_that_nobody_takes_for_slices_are_not_counted(bench: Bench, ears: Ears) -> None:
    texts = tuple(Skipped(Path(f"/s/{n}.txt"), "not a DICOM file", expected=True) for n in "ab")
    bench.open_study(skipped=texts)
    assert ears.notices == []
    bench.open_study(skipped=(Skipped(Path("/s/c.dcm"), "cut short"), *texts))
    (notice,) = ears.notices
    assert (notice.what, notice.hint) == ("1 file could not be shown.", "c.dcm: cut short.")
    assert list(notice.details) == ["/s/c.dcm", "/s/a.txt", "/s/b.txt"]


def test_a_second_study_is_added_and_one_that_is_opened_again_replaces_itself(
    bench: Bench,
) -> None:
    first = bench.open_study(of(2, "a"))
    second = bench.open_study(of(3, "b"), path="/b")
    assert bench.desk.studies == (second, first)
    assert bench.desk.series("a") is first.series[0]
    again = bench.open_study(of(4, "a"))
    assert bench.desk.studies == (again, second)
    assert bench.desk.series("a") is again.series[0]
    assert bench.session.series == SeriesChoice("a", 4, "MR")


def test_cancelling_leaves_what_was_open(bench: Bench, ears: Ears) -> None:
    study = bench.open_study(of(2, "a"))
    bench.files.studies[Path("/b")] = bench.files.studies[Path("/study")]
    bench.desk.open_study(Path("/b"))
    bench.desk.cancel()
    bench.jobs.run()
    assert bench.desk.studies == (study,)
    assert ears.busy[-1] == (1.0, "")
    assert ears.studies == 1


def test_the_study_asked_for_last_wins(bench: Bench) -> None:
    bench.open_study(of(2, "a"), path="/a")
    bench.open_study(of(2, "b"), path="/b")
    bench.desk.open_study(Path("/a"))
    bench.desk.open_study(Path("/b"))
    bench.jobs.run()
    assert bench.desk.shown is bench.desk.series("b")


def test_a_model_opens_with_its_card_and_the_engine_is_asked_to_confirm_it(bench: Bench) -> None:
    network = bench.open_model()
    assert bench.session.network is network
    assert bench.session.card is CARD
    (path, done, _) = bench.engine.described[0]
    assert path == Path("/m.keras")
    done(confirmed := unet())
    assert bench.session.network is confirmed


def test_a_model_without_a_card_gets_a_proposed_one(bench: Bench) -> None:
    bench.open_model(card=None)
    assert bench.session.card is not None
    assert not bench.session.card.confirmed


def test_a_model_that_fails_to_open_leaves_the_open_one_with_its_edits(
    bench: Bench, ears: Ears
) -> None:
    bench.open_model()
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    before = bench.session
    bench.desk.open_model(Path("/photo.jpg"))
    bench.jobs.run()
    assert bench.session == before
    assert ears.notices == [Notice("photo.jpg is no model.", "Choose a .keras file.")]


def test_a_damaged_card_is_told_and_the_model_opens_with_a_proposed_one(
    bench: Bench, ears: Ears
) -> None:
    bench.open_model()
    bench.files.cards[Path("/other.keras")] = ModelError("The card is damaged.", "Mend it.")
    bench.files.networks[Path("/other.keras")] = unet(1, "sha256:1")
    bench.desk.open_model(Path("/other.keras"))
    bench.jobs.run()
    card, network = bench.session.card, bench.session.network
    assert network is not None
    assert network.fingerprint == "sha256:1"
    assert card is not None
    assert not card.confirmed
    assert ears.notices == [
        Notice("The card is damaged.", "Mend it. Until then the card is guessed.")
    ]


def test_a_failure_to_confirm_a_model_that_is_gone_is_not_told(bench: Bench, ears: Ears) -> None:
    bench.open_model()
    bench.open_model(unet(1, "sha256:1"), path="/n.keras")
    (_, _, failed) = bench.engine.described[0]
    failed(ModelError("It broke.", "Open it again."))
    assert ears.notices == []
    (_, _, failed) = bench.engine.described[1]
    failed(ModelError("It broke.", "Open it again."))
    assert ears.notices == [Notice("It broke.", "Open it again.")]


def test_what_the_engine_says_about_a_model_that_is_gone_changes_nothing(bench: Bench) -> None:
    bench.open_model()
    other = bench.open_model(unet(1, "sha256:1"), path="/n.keras")
    bench.engine.described[0][1](unet())
    assert bench.session.network is other


def test_saving_tells_what_was_written_and_compared(bench: Bench, ears: Ears) -> None:
    network = bench.open_model()
    edit = SetBias("enc", 0, 1.0)
    bench.update(lambda s: s.edit(edit))
    bench.desk.save_model(Path("/new.keras"))
    assert bench.engine.saved == [(network.ref, (edit,), Path("/new.keras"))]
    assert ears.notices[-1].what.startswith("Saved new.keras; all 8 weight arrays")
    assert not ears.notices[-1].trouble
    bench.desk.save_model(Path("/new.png"))
    assert ears.notices[-1] == Notice("new.png should end in .keras.", "Choose another name.")


def test_without_a_network_there_is_nothing_to_save(bench: Bench, ears: Ears) -> None:
    bench.desk.save_model(Path("/new.keras"))
    assert bench.engine.saved == []
    assert ears.notices == [Notice("There is no network to save.", "Open a model first.")]


def test_what_the_engine_does_is_passed_on(bench: Bench, ears: Ears) -> None:
    bench.desk.start_engine()
    bench.engine.on_status(EngineStatus(EngineState.BUSY))
    assert [status.state for status in ears.engine] == [EngineState.READY, EngineState.BUSY]
