"""The activation viewer: session and answer in, frozen views out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, effects_of, stated_unet

from unetscope.domain.edits import ScaleFilter, SetBias
from unetscope.domain.errors import EngineError
from unetscope.domain.feature_maps import MapOrder, Scaling, Version
from unetscope.domain.map_edits import force, silence
from unetscope.domain.planes import Turn
from unetscope.domain.ports import Floats, LayerLook, Notice
from unetscope.domain.survey import Measure
from unetscope.presenters.feature_map import FeatureMapPresenter
from unetscope.presenters.map_actions import MapActions
from unetscope.presenters.map_overlay import MapOverlayPresenter
from unetscope.presenters.map_series import MapSeriesPresenter
from unetscope.presenters.maps import MapsPresenter
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.map_files import MapFiles
from unetscope.state.map_numbers import MapNumbers
from unetscope.state.series_survey import SeriesSurvey
from unetscope.state.shown_maps import ShownMaps


@dataclass
class Viewer:
    """All presenters of feature maps over one bench."""

    bench: Bench

    def __post_init__(self) -> None:
        b = self.bench
        self.shown, self.cursor = ShownMaps(b.store, b.live, b.desk), LinkedCursor()
        self.survey = SeriesSurvey(b.store, b.jobs, b.desk, b.engine, b.live)
        self.sweep = EffectSweep(b.store, b.desk, b.engine, b.live)
        numbers, files = MapNumbers(b.jobs), MapFiles(b.jobs, b.files, b.desk)
        self.gallery = MapsPresenter(b.store, b.live, b.desk, self.shown, numbers, self.sweep)
        self.large = FeatureMapPresenter(b.store, b.live, b.desk, self.shown, self.cursor)
        self.overlay = MapOverlayPresenter(b.store, b.live, b.desk, self.shown, self.cursor)
        of = (b.store, b.jobs, b.live, b.desk, b.display, self.shown, self.survey)
        self.series = MapSeriesPresenter(*of)
        self.actions = MapActions(b.store, b.desk, self.shown, files)
        self.notices: list[Notice] = []
        b.desk.notice.connect(self._hear)

    def _hear(self, notice: Notice) -> None:
        self.notices.append(notice)

    def answer_with(self, edited: Floats, trained: Floats | None = None) -> None:
        """Have the engine give these maps for the layer shown."""
        layer = self.bench.session.layer
        assert layer is not None
        self.bench.live.ask()
        trained = edited if trained is None else trained
        self.bench.engine.answer(maps=LayerLook(layer=layer, edited=edited, trained=trained))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def viewer(bench: Bench) -> Viewer:
    """Study and model open, the first layer's maps shown."""
    viewer = Viewer(bench)
    bench.open_model(stated_unet())
    bench.open_study()
    bench.engine.answer()
    return viewer


# -------------------------------------------------------------------- gallery


def test_the_activation_viewer_says_what_it_waits_for(bench: Bench) -> None:
    viewer = Viewer(bench)
    assert viewer.gallery.view.empty == "Open a model to see its feature maps."
    bench.open_model()
    assert viewer.gallery.view.empty.startswith("Open a study")
    bench.open_study()
    assert viewer.gallery.view.empty == "Computing enc …"
    assert viewer.large.view.empty == "Computing enc …"
    bench.engine.answer()
    assert viewer.gallery.view.empty == ""


def test_the_feature_maps_are_the_channels_of_the_answer(viewer: Viewer) -> None:
    image = FakeSeries().volume[2]
    view = viewer.gallery.view
    assert view.maps.shape == (4, 8, 8)
    assert np.array_equal(view.maps[3], image * 4)
    assert view.limits.tolist() == [[0.0, 191.0 * 4]] * 4
    assert view.caption == "8×8×4 · relu · one scale for the layer"
    viewer.gallery.set_scaling(Scaling.EACH)
    assert viewer.gallery.view.limits.tolist() == [[0.0, 191.0 * k] for k in (1, 2, 3, 4)]


def test_maps_with_negative_values_are_drawn_on_a_scale_about_0(viewer: Viewer) -> None:
    viewer.answer_with(np.linspace(-2, 1, 256, dtype=np.float32).reshape(8, 8, 4))
    view = viewer.gallery.view
    assert view.signed
    assert view.limits.tolist() == [[-2.0, 2.0]] * 4
    assert "blue below 0" in view.caption


def test_trained_edited_and_what_differs(viewer: Viewer) -> None:
    trained = np.ones((8, 8, 4), np.float32)
    edited = trained.copy()
    edited[..., 2] = 3
    viewer.answer_with(edited, trained)
    viewer.gallery.set_version(Version.TRAINED)
    assert (viewer.gallery.view.maps == 1).all()
    viewer.gallery.set_version(Version.DIFFERENCE)
    view = viewer.gallery.view
    assert view.signed
    assert view.maps.max(axis=(1, 2)).tolist() == [0, 0, 2, 0]
    assert view.caption.startswith("edited − trained")
    viewer.answer_with(trained)
    assert viewer.gallery.view.caption.startswith("no edit reaches this layer")


def test_maps_are_sorted_once_their_numbers_are_known(viewer: Viewer, bench: Bench) -> None:
    viewer.gallery.set_order(MapOrder.MEAN)
    assert viewer.gallery.view.order is None  # not known yet
    bench.jobs.run()
    view = viewer.gallery.view
    assert view.order == (3, 2, 1, 0)
    assert (view.map_of(0), view.tile_of(0)) == (3, 3)
    viewer.gallery.set_order(MapOrder.INDEX)
    assert viewer.gallery.view.order is None


def test_sorting_by_an_effect_that_was_not_measured_says_how_to(
    viewer: Viewer, bench: Bench
) -> None:
    viewer.gallery.set_order(MapOrder.EFFECT)
    assert bench.session.maps.order is MapOrder.INDEX
    assert "not measured" in viewer.notices[-1].what
    viewer.sweep.start()
    (sweep,) = bench.engine.sweeps
    sweep.done(effects_of(sweep.request))
    viewer.gallery.set_order(MapOrder.EFFECT)
    bench.jobs.run()
    assert viewer.gallery.view.order == (3, 2, 1, 0)


def chosen(viewer: Viewer) -> list[int]:
    return list(viewer.actions.chosen)


def test_several_maps_are_selected_and_another_map_ends_that(viewer: Viewer, bench: Bench) -> None:
    viewer.gallery.select(1)
    viewer.gallery.toggle(3)
    assert chosen(viewer) == [1, 3]
    viewer.gallery.toggle(1)  # the large one goes: the other takes its place
    assert chosen(viewer) == [3]
    viewer.gallery.extend(0)
    assert chosen(viewer) == [0, 1, 2, 3]
    viewer.gallery.select(2)
    assert chosen(viewer) == [2]
    viewer.gallery.select_all()
    assert chosen(viewer) == [0, 1, 2, 3]
    bench.update(lambda s: s.select_layer("mid"))
    assert chosen(viewer) == [0]


def test_the_maps_of_another_layer_are_not_shown_for_this_one(viewer: Viewer, bench: Bench) -> None:
    viewer.gallery.step_layer(2)
    assert bench.session.layer == "mid"
    assert viewer.gallery.view.empty == "Computing mid …"
    bench.engine.answer()
    assert viewer.gallery.view.title == "Activations · mid"


def test_maps_are_called_stale_while_a_newer_answer_is_on_its_way(
    viewer: Viewer, bench: Bench
) -> None:
    assert not viewer.gallery.view.stale
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    bench.update(lambda s: s.edit(SetBias("enc", 0, 2.0)))
    assert viewer.gallery.view.stale
    bench.engine.answer(1)
    assert viewer.gallery.view.stale
    bench.engine.answer(2)
    assert not viewer.gallery.view.stale


def test_a_failure_of_the_engine_is_told_in_place_of_the_maps(viewer: Viewer, bench: Bench) -> None:
    bench.update(lambda s: s.select_layer("mid"))
    bench.engine.looks[-1].failed(EngineError("Out of memory.", "Choose a smaller network."))
    assert viewer.gallery.view.empty == "Out of memory. Choose a smaller network."


def test_a_slice_that_cannot_be_fed_is_told_in_place_of_the_maps(bench: Bench) -> None:
    viewer = Viewer(bench)
    bench.open_model()
    bench.open_study(FakeSeries(volume=np.zeros((3, 0, 8), np.float32)))
    assert "found (0, 8)" in viewer.gallery.view.empty


def test_values_without_rows_and_columns_are_shown_as_bars(viewer: Viewer) -> None:
    viewer.answer_with(np.array([0.5, -1.0, 0.25], np.float32))
    view = viewer.gallery.view
    assert view.maps.shape == (3, 1, 1)
    assert view.strip is not None
    assert view.strip.tolist() == [0.5, 1.0, 0.25]
    assert viewer.overlay.view.heat is None


def test_a_row_of_values_is_shown_as_a_row(viewer: Viewer) -> None:
    viewer.answer_with(np.arange(30, dtype=np.float32).reshape(10, 3))
    view = viewer.gallery.view
    assert view.maps.shape == (3, 1, 10)
    assert view.maps[1, 0].tolist() == list(range(1, 30, 3))
    assert view.aspect > 1


def test_a_volume_is_shown_plane_by_plane(viewer: Viewer) -> None:
    values = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
    viewer.answer_with(values)
    assert viewer.gallery.view.planes == 3
    viewer.gallery.set_plane(2)
    assert np.array_equal(viewer.gallery.view.maps, np.moveaxis(values[2], -1, 0))
    assert viewer.gallery.view.limits[0, 1] == values.max()  # one scale for all planes


def test_what_cannot_be_drawn_says_so(viewer: Viewer) -> None:
    viewer.answer_with(np.zeros((2, 2, 2, 2, 3), np.float32))
    assert "nothing that can be drawn: shape (2, 2, 2, 2, 3)" in viewer.gallery.view.empty


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("all_of_it", [True, False])
def test_an_edit_that_makes_the_network_overflow_can_still_be_looked_at(
    bench: Bench, viewer: Viewer, bad: float, all_of_it: bool
) -> None:
    bench.update(lambda s: s.edit(ScaleFilter("enc", 0, 1e30)))
    look = bench.engine.answer(0)
    assert look.maps is not None
    edited = look.maps.edited.copy()
    edited[..., 0] = bad if all_of_it else np.where(edited[..., 0] < 150, bad, edited[..., 0])
    bench.engine.answer(maps=replace(look.maps, edited=edited))
    large = viewer.large.view.large
    assert large is not None
    assert np.isfinite(viewer.gallery.view.limits).all()
    assert np.isfinite(large.numbers.mean).all()
    assert large.counts.sum() == (0 if all_of_it else 42)


# ------------------------------------------------------------------ large map


def test_the_large_map_has_histogram_and_numbers(bench: Bench, viewer: Viewer) -> None:
    viewer.gallery.select(1)
    large = viewer.large.view.large
    assert large is not None
    assert viewer.gallery.view.selected == bench.session.filter == 1
    assert large.title == "Feature map 1 · enc"
    numbers = large.numbers
    assert (numbers.least[0], numbers.greatest[0], numbers.zeros[0]) == (256.0, 382.0, 0.0)
    assert numbers.mean[0] == pytest.approx(319.0)
    assert large.counts.sum() == 64
    assert (len(large.counts), large.edges[0], large.edges[-1]) == (48, 256, 382)


def test_a_drag_gives_the_map_a_window_of_its_own_until_it_is_given_back(viewer: Viewer) -> None:
    before = viewer.large.view.large
    assert before is not None
    viewer.large.drag_window(30.0, 0.0)
    after = viewer.large.view.large
    assert after is not None
    assert after.limits[0] < before.limits[0]
    assert after.limits[1] > before.limits[1]
    assert viewer.large.view.own_window
    viewer.large.drag_window(0.0, -30.0)  # upwards: brighter
    viewer.large.end_drag()
    brighter = viewer.large.view.large
    assert brighter is not None
    assert brighter.limits[1] < after.limits[1]
    viewer.large.reset_window()
    assert viewer.large.view.large is not None
    assert viewer.large.view.large.limits == before.limits
    viewer.large.drag_window(30.0, 0.0)
    viewer.large.end_drag()
    viewer.large.step(1)
    assert not viewer.large.view.own_window  # another map


def test_the_statistics_are_copied_as_two_columns(viewer: Viewer) -> None:
    rows = [line.split("\t") for line in viewer.large.statistics().split("\n")]
    assert rows[0] == ["layer and map", "Feature map 0 · enc"]
    assert ["maximum", "191"] in rows


# --------------------------------------------------------------------- linked


def same(found: object, expected: Floats) -> bool:
    return isinstance(found, np.ndarray) and np.array_equal(found, expected)


def test_the_mouse_over_the_slice_marks_the_pixel_of_the_map(viewer: Viewer) -> None:
    viewer.overlay.hover(2.5, 5.5)  # the middle of pixel (2, 5)
    view = viewer.large.view
    assert view.under == (2, 5)
    assert view.place == "row 2  column 5   R 7.5  A 19.0  H 34.0 mm"
    viewer.overlay.leave()
    assert viewer.large.view.under is None


def test_the_mouse_over_the_map_draws_what_its_pixel_sees(viewer: Viewer) -> None:
    viewer.large.hover((3, 4))
    view = viewer.overlay.view
    assert view.box == (2.0, 3.0, 3.0, 3.0)
    assert view.pixel == (3.0, 4.0, 1.0, 1.0)
    assert view.box_text == "receptive field 3×3 px · 1.5 mm"
    assert view.heat is None
    viewer.large.hover(None)
    assert viewer.overlay.view.box is None
    viewer.large.pick((3, 4))
    assert viewer.overlay.view.box == (2.0, 3.0, 3.0, 3.0)
    viewer.large.pick((3, 4))
    assert viewer.overlay.view.box is None


def test_a_turned_slice_turns_box_and_overlay(viewer: Viewer, bench: Bench) -> None:
    turn = Turn().rotate_right()
    bench.update(lambda s: s.look(s.viewer.turned(turn)).show_maps(s.maps.toggle_overlay()))
    viewer.large.hover((0, 7))
    view = viewer.overlay.view
    assert view.pixel == (7.0, 7.0, 1.0, 1.0)
    assert same(view.heat, turn.apply(viewer.gallery.view.maps[0]))
    viewer.overlay.hover(7.5, 7.5)
    assert viewer.large.view.under == (0, 7)


def test_the_overlay_is_the_map_on_the_slice_and_goes_with_it(viewer: Viewer, bench: Bench) -> None:
    assert viewer.overlay.view.heat is None
    bench.update(lambda s: s.show_maps(s.maps.toggle_overlay()))
    view = viewer.overlay.view
    assert view.legend == "feature map 0 · enc on slice"
    assert same(view.heat, FakeSeries().volume[2])
    bench.update(lambda s: s.select_slice(3))
    assert viewer.overlay.view.heat is None  # the answer is of another slice
    bench.engine.answer()
    assert same(viewer.overlay.view.heat, FakeSeries().volume[3])


# -------------------------------------------------------------------- actions


def test_selected_maps_are_silenced_in_one_step_and_marked(viewer: Viewer, bench: Bench) -> None:
    viewer.gallery.select(1)
    viewer.gallery.toggle(2)
    viewer.actions.intervene(silence("zero"))
    assert [step.label for step in bench.session.history.done] == ["silenced 2 maps of enc"]
    assert dict(viewer.gallery.view.marks) == {1: "silenced", 2: "silenced"}
    viewer.actions.intervene(force(float("nan")))
    assert "finite" in viewer.notices[-1].what
    viewer.actions.bring_back()
    assert viewer.gallery.view.marks == {}
    viewer.actions.bring_back()
    assert "nothing to bring back" in viewer.notices[-1].what
    bench.update(lambda s: s.undo())
    assert set(viewer.gallery.view.marks) == {1, 2}


def test_maps_and_numbers_are_saved(viewer: Viewer, bench: Bench, tmp_path: Path) -> None:
    viewer.gallery.select(1)
    viewer.actions.save_arrays(tmp_path / "one.npy")
    viewer.gallery.toggle(3)
    assert viewer.actions.proposed(".npy") == "enc_2_maps.npy"
    viewer.actions.save_arrays(tmp_path / "two.npy")
    viewer.actions.save_numbers(tmp_path / "all.csv")
    bench.jobs.run()
    image = FakeSeries().volume[2]
    written = {path.name: arrays for path, arrays in bench.files.arrays.items()}
    assert same(written["one.npy"], image * 2)
    assert same(written["two.npy"], np.stack([image * 2, image * 4]))
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0].startswith("layer,map,minimum,maximum,mean")
    assert lines[2].split(",")[:4] == ["enc", "1", "256", "382"]
    assert len(lines) == 5
    viewer.actions.save_numbers(tmp_path / "nowhere" / "all.csv")
    bench.jobs.run()
    assert viewer.notices[-1].trouble


# --------------------------------------------------------------------- series


def survey(viewer: Viewer) -> None:
    """Let a survey go to its end."""
    viewer.series.start()
    while viewer.survey.running:
        viewer.bench.jobs.run()
        viewer.bench.engine.answer_surveys()
    viewer.bench.jobs.run()


def test_the_strongest_slices_come_first_with_picture_and_patch(
    viewer: Viewer, bench: Bench
) -> None:
    assert not viewer.series.view.strongest
    assert "Find where feature map 0 · enc" in viewer.series.view.empty
    survey(viewer)
    view = viewer.series.view
    assert [strong.index for strong in view.strongest] == [4, 3, 2, 1, 0]
    assert [strong.value for strong in view.strongest] == [319, 255, 191, 127, 63]
    assert view.curve.tolist() == [63, 127, 191, 255, 319]
    first = view.strongest[0]
    assert first.cell == (7, 7)
    assert first.picture is not None
    assert first.patch is not None
    assert first.place == (0, 0, 8, 8)  # small slices: all of it
    assert "Surveyed enc over 5 slices" in viewer.notices[-1].what
    viewer.gallery.select(2)
    assert viewer.series.view.strongest[0].value == 319 * 3
    viewer.series.set_measure(Measure.MEAN)
    assert viewer.series.view.curve[0] == pytest.approx(31.5 * 3)


def test_a_click_on_a_strong_slice_goes_there_and_marks_the_pixel(
    viewer: Viewer, bench: Bench
) -> None:
    survey(viewer)
    viewer.series.go_to(4)
    assert bench.session.slice_index == 4
    assert bench.session.maps.cell == (7, 7)


def test_an_edit_makes_what_was_found_stale_and_stops_the_survey(
    viewer: Viewer, bench: Bench
) -> None:
    survey(viewer)
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    assert viewer.series.view.stale
    assert "before the latest change" in viewer.series.view.remark
    viewer.series.start()
    bench.update(lambda s: s.edit(SetBias("enc", 0, 2.0)))
    assert not viewer.survey.running
    assert "stopped" in viewer.notices[-1].what
    assert all(asked.cancelled for asked in bench.engine.surveys)
    bench.update(lambda s: s.undo().undo())
    assert not viewer.series.view.stale  # what was found before is kept


def test_a_survey_can_be_stopped_and_goes_on_where_it_was(viewer: Viewer, bench: Bench) -> None:
    viewer.series.start()
    bench.jobs.run()
    bench.engine.answer_surveys()
    viewer.series.start()  # the same button
    assert not viewer.survey.running
    found = viewer.survey.survey()
    assert found is not None
    before = set(found.peaks)
    assert 0 < len(before) < 5
    asked: list[int] = []
    viewer.series.start()
    while viewer.survey.running:
        bench.jobs.run()
        asked += [int(one.request.image_key.split("/")[2]) for one in bench.engine.surveys]
        bench.engine.answer_surveys()
    assert sorted(asked) == sorted(set(range(5)) - before)


def test_a_damaged_slice_is_told_and_the_others_are_found(bench: Bench) -> None:
    viewer = Viewer(bench)
    bench.open_model(card=CARD)
    bench.open_study(FakeSeries(broken=frozenset({1})))
    bench.engine.answer()
    survey(viewer)
    assert [strong.index for strong in viewer.series.view.strongest] == [4, 3, 2, 0]
    assert viewer.notices[-1].what == "Surveyed enc over 4 of 5 slices."
    assert "damaged" in viewer.notices[-1].hint
