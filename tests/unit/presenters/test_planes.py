"""The planes across the slices, linked with the slice by the crosshair."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries

from unetscope.domain.geometry import EdgeLetters
from unetscope.domain.session import Session
from unetscope.domain.viewer import Viewer
from unetscope.domain.window import Window, apply_window
from unetscope.presenters.planes import PlanesPresenter

SHAPE = (5, 6, 7)
VOLUME = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
WINDOW = Window(100.0, 200.0, "LINEAR_EXACT")


@pytest.fixture
def bench() -> Bench:
    return Bench(at_once=True)


@pytest.fixture
def planes(bench: Bench) -> PlanesPresenter:
    """Planes on show, of slice 2, the crosshair in the middle."""
    presenter = bench.planes_presenter()
    bench.open_model()
    bench.open_study(FakeSeries(volume=VOLUME, spacing=(3.0, 1.0, 2.0), from_file=WINDOW))
    bench.update(lambda s: s.look(s.viewer.toggle_planes()))
    return presenter


def where(bench: Bench) -> tuple[int, ...]:
    return bench.session.viewer.voxel(bench.session.slice_index, SHAPE)


def test_before_they_are_wanted_there_are_none(bench: Bench) -> None:
    presenter = bench.planes_presenter()
    bench.open_study()
    assert not presenter.view.shown


def test_both_planes_are_shown_through_the_window_of_the_slice(planes: PlanesPresenter) -> None:
    coronal, sagittal = planes.view.planes
    assert np.array_equal(coronal.grey, apply_window(VOLUME[::-1, 3, :], WINDOW))
    assert np.array_equal(sagittal.grey, apply_window(VOLUME[::-1, :, 3], WINDOW))
    assert (coronal.aspect, sagittal.aspect) == ((3.0, 2.0), (3.0, 1.0))
    assert coronal.letters == EdgeLetters(left="R", right="L", top="H", bottom="F")
    assert sagittal.letters == EdgeLetters(left="A", right="P", top="H", bottom="F")
    assert (coronal.texts, sagittal.texts) == (("coronal 4 / 6",), ("sagittal 4 / 7",))


def test_window_and_inverting_reach_the_planes(bench: Bench, planes: PlanesPresenter) -> None:
    bench.update(lambda s: s.set_window(Window(10, 20, "LINEAR_EXACT")).toggle_inverted())
    expected = 255 - apply_window(VOLUME[::-1, 3, :], Window(10, 20, "LINEAR_EXACT"))
    assert np.array_equal(planes.view.planes[0].grey, expected)


def test_the_crosshair_is_where_the_planes_meet(bench: Bench, planes: PlanesPresenter) -> None:
    coronal, sagittal = planes.view.planes
    assert (coronal.crosshair, sagittal.crosshair) == ((2.5, 3.5), (2.5, 3.5))
    bench.update(lambda s: s.select_slice(0))
    coronal, sagittal = planes.view.planes
    assert (coronal.crosshair, sagittal.crosshair) == ((4.5, 3.5), (4.5, 3.5))
    bench.update(lambda s: s.look(s.viewer.toggle_crosshair()))
    assert planes.view.planes[0].crosshair is None


def test_a_point_in_a_plane_moves_slice_and_crosshair(
    bench: Bench, planes: PlanesPresenter
) -> None:
    planes.point_at(0, 0.2, 6.9)  # the top right of the coronal plane: last slice, last column
    assert where(bench) == (4, 3, 6)
    planes.point_at(1, 4.5, 0.1)  # the bottom left of the sagittal one: first slice, first row
    assert where(bench) == (0, 0, 6)
    assert planes.view.planes[0].texts == ("coronal 1 / 6",)
    assert np.array_equal(planes.view.planes[1].grey, apply_window(VOLUME[::-1, :, 6], WINDOW))


def test_scrolling_a_plane_moves_it_and_stops_at_its_ends(
    bench: Bench, planes: PlanesPresenter
) -> None:
    planes.step(0, 1)
    planes.step(1, -2)
    assert where(bench) == (2, 4, 1)
    planes.step(0, 99)
    planes.step(1, -99)
    assert where(bench) == (2, 5, 0)


def test_scrolling_a_plane_stops_cine(bench: Bench, planes: PlanesPresenter) -> None:
    bench.update(lambda s: s.look(s.viewer.play(True)))
    planes.step(0, 1)
    assert not bench.session.viewer.playing


def test_the_mask_is_drawn_in_the_planes(bench: Bench, planes: PlanesPresenter) -> None:
    bench.segmentation.start()
    bench.jobs.run()
    kept = bench.segmentation.masks("1.2.3")
    masks = np.stack([kept[index] for index in range(SHAPE[0])])
    labels = planes.view.planes[0].labels
    assert labels is not None
    assert np.array_equal(labels, masks[::-1, 3, :])
    bench.update(Session.toggle_mask)
    assert planes.view.planes[0].labels is None


def test_unsure_geometry_is_refused_with_a_sentence(bench: Bench) -> None:
    presenter = bench.planes_presenter()
    bench.open_study(FakeSeries(geometry_sure=False, warnings=("Gaps differ.",)))
    bench.update(lambda s: s.look(s.viewer.toggle_planes()))
    assert (presenter.view.shown, presenter.view.planes) == (True, ())
    assert "Gaps differ." in presenter.view.problem


def test_slices_that_are_not_read_yet_are_black(bench: Bench) -> None:
    presenter = bench.planes_presenter()
    bench.open_study(FakeSeries(volume=VOLUME + 1, from_file=WINDOW))
    bench.store.update(lambda s: s.look(s.viewer.toggle_planes()))
    grey = presenter.view.planes[0].grey
    assert presenter.view.share == 0
    assert not grey.any()
    bench.jobs.run()
    assert presenter.view.share == 1
    assert presenter.view.planes[0].grey.any()


def test_cancelling_hides_them(bench: Bench, planes: PlanesPresenter) -> None:
    planes.cancel()
    assert not planes.view.shown
    assert not bench.session.viewer.planes


def test_few_texts_leave_the_letters_and_none_take_them(
    bench: Bench, planes: PlanesPresenter
) -> None:
    bench.update(lambda s: s.look(s.viewer.next_annotations()))
    assert planes.view.planes[0].letters.top == "H"
    bench.update(lambda s: s.look(s.viewer.next_annotations()))
    assert (planes.view.planes[0].letters.top, planes.view.planes[0].texts) == ("", ())


def test_points_of_planes_that_are_not_there_do_nothing(bench: Bench) -> None:
    presenter = bench.planes_presenter()
    bench.open_study(FakeSeries(volume=VOLUME))
    presenter.point_at(0, 1.0, 1.0)
    presenter.step(1, 3)
    assert bench.session.viewer == Viewer()
