"""The window's frame and the list of studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries

from unetscope.domain.edits import ScaleFilter, SetBias
from unetscope.domain.errors import EngineError, StoppedError
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.domain.session import Session
from unetscope.domain.study import PatientInfo, Skipped
from unetscope.domain.window import Window
from unetscope.presenters.frame import FramePresenter, FrameView
from unetscope.presenters.studies import StudiesPresenter


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def frame(bench: Bench) -> FramePresenter:
    return FramePresenter(bench.store, bench.desk, bench.live, bench.segmentation)


# ---------------------------------------------------------------------- frame


def test_at_the_start_the_frame_is_ready(frame: FramePresenter) -> None:
    assert (frame.view.title, frame.view.status, frame.view.banner) == ("Unetscope", "Ready", "")


def test_the_title_names_series_model_and_edits(bench: Bench, frame: FramePresenter) -> None:
    bench.open_model()
    assert frame.view.title == "net0.keras — Unetscope"
    bench.open_study()
    assert frame.view.title == "T1 axial — net0.keras — Unetscope"
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    assert frame.view.title == "T1 axial — net0.keras (edited ●1) — Unetscope"


def test_a_banner_is_up_while_edits_are_in_force(bench: Bench, frame: FramePresenter) -> None:
    bench.open_model()
    bench.update(lambda s: s.edit(ScaleFilter("enc", 0, 1.0)))
    assert frame.view.banner == ""  # it changed no value
    bench.update(lambda s: s.revert_all().edit(SetBias("enc", 0, 1.0)))
    assert frame.view.banner == "Edited model · 1 edit · research use only"
    bench.update(lambda s: s.edit(SetBias("enc", 1, 1.0)))
    assert frame.view.banner == "Edited model · 2 edits · research use only"
    bench.update(Session.revert_all)
    assert frame.view.banner == ""
    bench.update(Session.undo)
    assert "2 edits" in frame.view.banner


def test_the_status_names_the_step(bench: Bench, frame: FramePresenter) -> None:
    bench.open_model()
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    assert (frame.view.status, frame.view.trouble) == ("bias on enc · filter 0", False)
    bench.update(Session.undo)
    assert frame.view.status == "Undid: bias on enc · filter 0"
    bench.update(Session.redo)
    assert frame.view.status == "Redid: bias on enc · filter 0"
    bench.update(Session.undo)
    bench.update(lambda s: s.edit(SetBias("enc", 1, 1.0)))
    assert frame.view.status == "bias on enc · filter 1"


def test_trouble_is_told_with_its_hint(bench: Bench, frame: FramePresenter) -> None:
    bench.desk.open_study(Path("/empty"))
    assert (frame.view.busy, frame.view.share) == ("Opening the study", 0.0)
    bench.jobs.run()
    view = frame.view
    assert (view.status, view.hint) == (
        "There is nothing to show in empty.",
        "Choose another folder.",
    )
    assert view.trouble
    assert view.busy == ""


def test_files_that_were_left_out_are_told(bench: Bench, frame: FramePresenter) -> None:
    bench.open_study(skipped=(Skipped(Path("a.pdf"), "not a DICOM file"),))
    assert frame.view.status == "1 file could not be shown."
    assert frame.view.hint == "a.pdf: not a DICOM file."


def test_a_problem_of_the_engine_is_told(bench: Bench, frame: FramePresenter) -> None:
    bench.open_model()
    bench.open_study()
    bench.engine.looks[-1].failed(EngineError("Out of memory.", "Choose a smaller network."))
    assert (frame.view.status, frame.view.trouble) == ("Out of memory.", True)


def test_progress_is_shown_and_can_be_cancelled(bench: Bench, frame: FramePresenter) -> None:
    heard: list[FrameView] = []

    def hear(view: FrameView) -> None:
        heard.append(view)

    frame.view_changed.connect(hear)
    bench.open_study()
    assert [(v.busy, v.share) for v in heard][:2] == [
        ("Opening the study", 0.0),
        ("Reading 1 of 2 files", 0.5),
    ]
    bench.desk.open_study(Path("/study"))
    frame.cancel()
    assert frame.view.busy == ""
    assert frame.view.status == "Cancelled; what was open stays open."
    assert not frame.view.trouble


def test_a_dead_engine_is_told_of_once_and_that_it_lives_again(
    bench: Bench, frame: FramePresenter
) -> None:
    sentence = "The engine was ended from outside; it is being started again."
    bench.desk.start_engine()
    bench.engine.on_status(EngineStatus(EngineState.RESTARTING, sentence))
    assert (frame.view.status, frame.view.trouble) == (sentence, True)
    assert frame.view.engine == "Engine starts again …"
    bench.engine.on_status(EngineStatus(EngineState.READY, "The engine is ready.", guard="Safe."))
    assert frame.view.status == "The engine works again; nothing is lost."
    assert not frame.view.trouble
    assert (frame.view.engine_does, frame.view.guard) == ("The engine is ready.", "Safe.")


def test_what_the_engine_does_for_long_can_be_stopped(bench: Bench, frame: FramePresenter) -> None:
    bench.desk.start_engine()
    bench.engine.on_status(EngineStatus(EngineState.BUSY, "", doing="Running the network"))
    assert (frame.view.busy, frame.view.share) == ("Running the network", -1)
    frame.cancel()
    assert bench.engine.interrupted == [True]
    assert frame.view.busy == ""
    assert "stays open" not in frame.view.status  # the one who asked is told
    bench.engine.on_status(EngineStatus(EngineState.READY))
    assert frame.view.busy == ""


def test_what_the_user_stopped_is_told_calmly(bench: Bench, frame: FramePresenter) -> None:
    bench.desk.start_engine()
    bench.live.problem_changed.emit(StoppedError("Running the network was stopped."))
    assert (frame.view.status, frame.view.trouble) == ("Running the network was stopped.", False)
    sentence = "The engine was stopped; it is being started again."
    bench.engine.on_status(EngineStatus(EngineState.RESTARTING, sentence, on_demand=True))
    assert (frame.view.status, frame.view.trouble) == (sentence, False)
    bench.live.problem_changed.emit(EngineError("The engine crashed on the same request."))
    assert frame.view.trouble


def test_a_save_that_the_user_stopped_is_told_calmly(
    bench: Bench, frame: FramePresenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open_model()

    def save(*asked: Any) -> None:
        asked[-1](StoppedError("Saving a.keras was stopped."))

    monkeypatch.setattr(bench.engine, "save", save)
    bench.desk.save_model(Path("/out/a.keras"))
    assert (frame.view.status, frame.view.trouble) == ("Saving a.keras was stopped.", False)


def test_the_engine_goes_on_while_reading_a_study_is_cancelled(
    bench: Bench, frame: FramePresenter
) -> None:
    bench.desk.start_engine()
    bench.engine.on_status(EngineStatus(EngineState.BUSY, "", doing="Running the network"))
    bench.desk.open_study(Path("/study"))
    assert frame.view.busy == "Opening the study"
    frame.cancel()
    assert bench.engine.interrupted == []
    assert frame.view.status == "Cancelled; what was open stays open."


def test_the_engine_is_described_in_a_few_words(bench: Bench, frame: FramePresenter) -> None:
    assert frame.view.engine == "Engine starting …"
    bench.desk.start_engine()
    assert frame.view.engine == "Engine ready"
    bench.engine.on_status(EngineStatus(EngineState.RESTARTING, "It is being started again."))
    assert frame.view.engine == "It is being started again."
    bench.engine.on_status(EngineStatus(EngineState.READY, "", 1_234_000_000))
    assert frame.view.engine == "Engine ready · 1.2 GB"
    bench.open_model()
    bench.open_study()
    bench.engine.answer()
    assert frame.view.engine == "engine 12 ms · 1.2 GB"


# -------------------------------------------------------------------- studies


@pytest.fixture
def studies(bench: Bench) -> StudiesPresenter:
    return StudiesPresenter(bench.store, bench.desk, bench.jobs)


def test_without_a_study_the_list_says_what_to_do(studies: StudiesPresenter) -> None:
    assert (studies.view.studies, studies.view.selected) == ((), None)
    assert studies.view.empty.startswith("No study is open.")


def test_a_study_is_listed_with_its_series_and_a_picture_of_each(
    bench: Bench, studies: StudiesPresenter
) -> None:
    tall = np.random.default_rng(0).random((7, 200, 100)).astype(np.float32)
    bench.open_study(FakeSeries("a"), FakeSeries("b", tall, description="", warnings=("Uneven.",)))
    (study,) = studies.view.studies
    assert (study.title, study.details) == ("Doe Jane · F · 042Y", "2026-01-02 · Head")
    first, second = study.series
    assert (first.title, first.details) == ("T1 axial", "MR · 5 slices · 2.0 mm")
    assert first.geometry == "8 × 8 pixels of 0.5 × 0.5 mm"
    assert (second.title, second.warnings) == ("MR", ("Uneven.",))
    assert first.thumbnail is not None
    assert second.thumbnail is not None
    assert first.thumbnail.shape == (8, 8)
    assert second.thumbnail.shape == (64, 32)
    assert second.thumbnail.dtype == np.uint8
    assert studies.view.selected == "b"


def test_a_series_without_a_readable_picture_is_listed_all_the_same(
    bench: Bench, studies: StudiesPresenter
) -> None:
    bench.open_study(FakeSeries(broken=frozenset({2})))
    assert studies.view.studies[0].series[0].thumbnail is None


def test_picking_a_series_shows_it(bench: Bench, studies: StudiesPresenter) -> None:
    bench.open_study(FakeSeries("a"), FakeSeries("b"))
    studies.select("b")
    assert bench.session.series is not None
    assert (bench.session.series.uid, studies.view.selected) == ("b", "b")


def test_thumbnails_are_read_once(bench: Bench, studies: StudiesPresenter) -> None:
    first = bench.open_study(FakeSeries("a"), path="/a").series[0]
    before = first.reads.count(2)
    bench.open_study(FakeSeries("b"), path="/b")
    assert first.reads.count(2) == before
    assert len(studies.view.studies) == 2


def test_a_hidden_identity_is_shown_nowhere(bench: Bench, studies: StudiesPresenter) -> None:
    frame = FramePresenter(bench.store, bench.desk, bench.live, bench.segmentation)
    viewer = bench.slice_presenter()
    bench.open_model()
    bench.open_study()
    bench.engine.answer()
    assert "Doe" in repr((studies.view.studies[0].title, viewer.view.corners))
    bench.update(Session.toggle_identity)
    shown = repr((studies.view.studies[0], viewer.view.corners, frame.view))
    assert not any(secret in shown for secret in ("Doe", "Jane", "P-17", "19840203"))
    assert studies.view.studies[0].title == "Identity hidden"
    bench.update(Session.toggle_identity)
    assert studies.view.studies[0].title == "Doe Jane · F · 042Y"


def test_a_patient_without_a_name_is_called_by_the_number(
    bench: Bench, studies: StudiesPresenter
) -> None:
    bench.open_study(FakeSeries(patient=PatientInfo(identity="P-9")))
    assert studies.view.studies[0].title.startswith("P-9")
    bench.open_study(FakeSeries("z", patient=PatientInfo()), path="/z")
    assert studies.view.studies[0].title == "No name"


def test_each_patient_of_a_folder_has_a_heading(bench: Bench, studies: StudiesPresenter) -> None:
    other = PatientInfo(name="Roe^Ann", identity="P-18")
    bench.open_study(FakeSeries("a"), FakeSeries("b", patient=other), FakeSeries("c"))
    first, second = studies.view.studies
    assert ([row.uid for row in first.series], [row.uid for row in second.series]) == (
        ["a", "c"],
        ["b"],
    )
    assert second.title == "Roe Ann"


def test_steps_lead_from_series_to_series_across_studies(
    bench: Bench, studies: StudiesPresenter
) -> None:
    bench.open_study(FakeSeries("a"), FakeSeries("b"))
    studies.select("a")
    studies.step(1)
    assert studies.view.selected == "b"
    studies.step(5)
    assert studies.view.selected == "b"
    studies.step(-9)
    assert studies.view.selected == "a"


def test_a_thumbnail_has_the_shape_of_the_slice_in_mm_and_its_own_window(
    bench: Bench, studies: StudiesPresenter
) -> None:
    values = np.linspace(0, 100, 3 * 40 * 40, dtype=np.float32).reshape(3, 40, 40)
    wide = FakeSeries("a", values, spacing=(1.0, 1.0, 4.0), from_file=Window(1000.0, 1.0))
    bright = FakeSeries("b", values, monochrome1=True, from_file=Window(1000.0, 1.0))
    bench.open_study(wide, bright)
    first, second = (row.thumbnail for row in studies.view.studies[0].series)
    assert first is not None
    assert second is not None
    assert first.shape == (16, 64)
    assert not first.any()  # all values are below the window of the file
    assert (second == 255).all()  # and shown bright where low values are
