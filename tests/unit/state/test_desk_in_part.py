"""A study that takes long to read is shown while it is read, and nothing is lost when it grows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries, FakeStudy, unet

from unetscope.domain.measurements import Kind, Measurement
from unetscope.domain.window import Window

PATH = Path("/long")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def of(uid: str, *slices: int) -> FakeSeries:
    """A series of slices of which each has its own number for pixels and for a name."""
    numbers = np.array(slices, np.float32)[:, None, None]
    ids = tuple(f"slice {number}" for number in slices)
    return FakeSeries(uid, np.broadcast_to(numbers, (len(slices), 8, 8)), slice_ids=ids)


def begin(bench: Bench, whole: FakeStudy, *parts: FakeStudy) -> None:
    """Begin to read a study; its parts are told, but the end is not there yet."""
    bench.files.studies[PATH] = whole
    bench.files.in_part[PATH] = parts
    bench.desk.open_study(PATH)
    bench.jobs.work()


def tell(bench: Bench) -> None:
    """Deliver the next thing that the reading tells, and have its picture read."""
    bench.jobs.letters.pop(0)()
    later, bench.jobs.letters = bench.jobs.letters, []
    bench.jobs.run()
    bench.jobs.letters = later


def number_shown(bench: Bench) -> float | None:
    return float(bench.live.shown.values[0, 0]) if bench.live.shown else None


def test_the_first_part_is_shown_and_the_study_ends_where_it_would_have_opened(
    bench: Bench,
) -> None:
    whole = FakeStudy((of("a", 1, 2, 3, 4, 5, 6, 7),))
    begin(bench, whole, FakeStudy((of("a", 3),)), FakeStudy((of("a", 2, 3, 5),)))
    tell(bench)
    assert number_shown(bench) == 3
    assert bench.session.slice_index == 0
    tell(bench)
    assert number_shown(bench) == 3
    assert bench.session.slice_index == 1
    bench.jobs.run()
    assert number_shown(bench) == 4
    assert bench.desk.studies == (whole,)


def test_once_the_user_moved_the_slice_and_all_choices_about_it_stay(bench: Bench) -> None:
    whole = FakeStudy((of("a/echo 1", 1, 3, 5, 7, 9, 11), of("a/echo 2", 2, 4, 6)))
    begin(bench, whole, FakeStudy((of("a", 3, 6),)))
    tell(bench)
    bench.store.update(lambda s: s.select_slice(0).set_window(Window(10, 20)))
    made = Measurement(Kind.DISTANCE, "a", 1, ((0.0, 0.0), (1.0, 1.0)))
    bench.store.update(lambda s: s.look(s.viewer.add(made)))
    bench.jobs.run()
    assert bench.session.series is not None
    assert bench.session.series.uid == "a/echo 1"
    assert bench.session.slice_index == 1
    assert number_shown(bench) == 3
    assert bench.session.window == Window(10, 20)
    assert bench.session.viewer.measurements == (replace(made, series="a/echo 2", index=2),)


def test_a_slice_that_stays_is_neither_read_again_nor_loses_its_mask(bench: Bench) -> None:
    bench.open_model(unet())
    whole = FakeStudy((of("a", 1, 2, 3, 4, 5),))
    begin(bench, whole, FakeStudy((of("a", 3),)), part := FakeStudy((of("a", 3, 4),)))
    tell(bench)
    bench.engine.answer()
    before = bench.live.answer
    assert before is not None
    blank: list[object] = []

    def on_slice() -> None:
        blank.append(bench.live.shown)

    bench.live.slice_changed.connect(on_slice)
    tell(bench)
    assert None not in blank
    assert 0 not in part.series[0].reads
    assert bench.live.answer is not None
    assert bench.live.answer.mask is before.mask
    assert bench.live.answer.key == bench.live.shown.key  # type: ignore[union-attr]
    assert bench.engine.looks[-1].request.image_key != before.look.request.image_key


def test_a_cancelled_study_stays_as_far_as_it_was_read(bench: Bench) -> None:
    begin(bench, FakeStudy((of("a", 1, 2, 3),)), part := FakeStudy((of("a", 2),)))
    tell(bench)
    bench.desk.cancel()
    bench.jobs.run()
    assert bench.desk.studies == (part,)
    assert number_shown(bench) == 2
    again = FakeStudy((of("a", 1, 2, 3),))
    begin(bench, again)
    bench.jobs.run()
    assert bench.desk.studies == (again,)


def test_nothing_is_told_of_a_reading_that_was_cancelled(bench: Bench) -> None:
    begin(bench, FakeStudy((of("a", 1, 2, 3),)), FakeStudy((of("a", 2),)))
    bench.desk.cancel()
    bench.jobs.run()
    assert bench.desk.studies == ()


def test_what_is_open_whole_is_not_replaced_by_a_part(bench: Bench) -> None:
    whole = FakeStudy((of("a", 1, 2, 3),))
    begin(bench, whole)
    bench.jobs.run()
    begin(bench, again := FakeStudy((of("a", 1, 2, 3),)), FakeStudy((of("a", 2),)))
    tell(bench)
    assert bench.desk.studies == (whole,)
    bench.jobs.run()
    assert bench.desk.studies == (again,)


def test_a_user_who_looks_at_another_study_is_left_there(bench: Bench) -> None:
    begin(bench, FakeStudy((of("other", 11, 12, 13),)))
    bench.jobs.run()
    begin(bench, FakeStudy((of("a", 1, 2, 3),)), FakeStudy((of("a", 2),)))
    tell(bench)
    assert number_shown(bench) == 2
    bench.desk.show_series("other")
    bench.jobs.run()
    assert bench.session.series is not None
    assert bench.session.series.uid == "other"
    assert number_shown(bench) == 12
