"""The series read for the planes across its slices: in the background, bounded, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries

from unetscope.domain.viewer import Viewer
from unetscope.state import series_volume

SHAPE = (5, 6, 7)
VOLUME = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.open_study(FakeSeries(volume=VOLUME))
    return bench


def show(bench: Bench) -> None:
    bench.update(lambda s: s.look(s.viewer.toggle_planes()))


def test_nothing_is_read_before_planes_are_wanted(bench: Bench) -> None:
    assert not bench.volume.planes
    assert bench.volume.share == 0
    show(bench)
    assert [plane.name for plane in bench.volume.planes] == ["coronal", "sagittal"]
    assert bench.volume.share == 1


def test_the_planes_show_the_values_of_the_series_head_up(bench: Bench) -> None:
    show(bench)
    coronal, sagittal = bench.volume.planes
    voxel = (2, 4, 3)
    picture = bench.volume.picture(coronal, voxel)
    assert picture is not None
    assert np.array_equal(picture, VOLUME[::-1, 4, :])
    picture = bench.volume.picture(sagittal, voxel)
    assert picture is not None
    assert np.array_equal(picture, VOLUME[::-1, :, 3])


def test_slices_are_read_from_the_one_shown_outwards_and_tell_how_far_they_are() -> None:
    bench = Bench()
    source = FakeSeries(volume=np.zeros((60, 4, 4), np.float32))
    bench.open_study(source)
    source.reads.clear()
    bench.store.update(lambda s: s.look(s.viewer.toggle_planes()))
    shares: list[float] = []

    def told() -> None:
        shares.append(bench.volume.share)

    bench.volume.changed.connect(told)
    bench.jobs.run()
    assert source.reads[:3] == [30, 29, 31]
    assert sorted(source.reads) == list(range(60))
    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_cancelling_shows_one_plane_again_and_what_was_read_is_not_read_twice() -> None:
    bench = Bench()
    source = FakeSeries(volume=np.zeros((60, 4, 4), np.float32))
    bench.open_study(source)
    bench.store.update(lambda s: s.look(s.viewer.toggle_planes()))
    bench.volume.cancel()
    source.reads.clear()
    bench.jobs.run()
    assert source.reads == []
    assert not bench.session.viewer.planes
    show(bench)
    show(bench)
    source.reads.clear()
    show(bench)
    assert source.reads == []


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (FakeSeries(geometry_sure=False, warnings=("Gaps differ.",)), "Gaps differ."),
        (FakeSeries(has_orientation=False), "how slices lie"),
        (FakeSeries(spacing=(0.0, 1.0, 1.0)), "how slices lie"),
        (FakeSeries(volume=np.zeros((1, 4, 4), np.float32)), "single slice"),
    ],
)
def test_a_series_whose_geometry_is_not_sure_has_no_planes_and_says_why(
    series: FakeSeries, why: str
) -> None:
    bench = Bench()
    bench.open_study(series)
    show(bench)
    assert not bench.volume.planes
    assert why in bench.volume.problem


def test_a_slice_that_cannot_be_read_leaves_a_gap() -> None:
    bench = Bench()
    bench.open_study(FakeSeries(volume=VOLUME, broken=frozenset({1})))
    show(bench)
    picture = bench.volume.picture(bench.volume.planes[0], (2, 4, 3))
    assert picture is not None
    assert np.isnan(picture[::-1][1]).all()
    assert np.array_equal(picture[::-1][2], VOLUME[2, 4])


def test_a_large_series_is_kept_coarser_and_its_planes_keep_their_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(series_volume, "MOST", 5 * 3 * 4 * 4)
    bench = Bench()
    bench.open_study(FakeSeries(volume=VOLUME))
    show(bench)
    assert bench.volume.step == 2
    coronal, sagittal = bench.volume.planes
    picture = bench.volume.picture(coronal, (2, 5, 3))
    assert picture is not None
    assert np.array_equal(picture, VOLUME[::-1, 4, [0, 0, 2, 2, 4, 4, 6]])
    picture = bench.volume.picture(sagittal, (2, 5, 3))
    assert picture is not None
    assert np.array_equal(picture, VOLUME[::-1][:, [0, 0, 2, 2, 4, 4], 2])


def test_another_series_is_read_anew(bench: Bench) -> None:
    show(bench)
    other = FakeSeries("9", VOLUME[:3] + 1)
    bench.open_study(other, path="/other")
    picture = bench.volume.picture(bench.volume.planes[0], (1, 0, 0))
    assert picture is not None
    assert np.array_equal(picture, VOLUME[:3][::-1, 0] + 1)


def test_planes_that_are_not_wanted_are_not_read_of_the_next_series(bench: Bench) -> None:
    show(bench)
    bench.update(lambda s: s.look(Viewer()))
    bench.open_study(FakeSeries("9", VOLUME[:3]), path="/other")
    assert not bench.volume.planes
