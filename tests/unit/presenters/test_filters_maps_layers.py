"""The galleries and the layer tree: session in, frozen view out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, kinds_network, layer, network_of, unet

from unetscope.domain.edits import ScaleFilter, SetBias, SetKernel
from unetscope.domain.errors import EngineError
from unetscope.domain.graph import Section
from unetscope.domain.session import Gallery, Scaling
from unetscope.presenters.filters import FiltersPresenter, FiltersView
from unetscope.presenters.layers import LayersPresenter
from unetscope.presenters.maps import MapsPresenter

# -------------------------------------------------------------------- filters


@pytest.fixture
def bench() -> Bench:
    return Bench()


def filters_of(bench: Bench) -> FiltersPresenter:
    bench.open_model(kinds_network())
    return FiltersPresenter(bench.store)


def test_without_a_model_the_filter_gallery_says_what_to_do(bench: Bench) -> None:
    view = FiltersPresenter(bench.store).view
    assert view.empty == "Open a model to see its filters."
    assert len(view.kernels) == 0


def test_a_layer_without_kernels_says_so(bench: Bench) -> None:
    presenter = filters_of(bench)
    bench.update(lambda s: s.select_layer("dense"))
    assert presenter.view.empty == "dense (Dense) holds no kernels.\nSelect a convolution."


@pytest.mark.parametrize(("name", "axes"), [("conv", (3, 2)), ("up", (2, 3))])
def test_every_tile_is_one_filter_of_the_input_channel_shown(
    bench: Bench, name: str, axes: tuple[int, int]
) -> None:
    presenter = filters_of(bench)
    bench.update(lambda s: s.select_layer(name).select_in_channel(1))
    kernels = np.moveaxis(kinds_network().trained[name][0], axes, (0, 1))
    view = presenter.view
    assert np.array_equal(view.kernels, kernels[:, 1])
    assert np.array_equal(view.limits, np.abs(kernels[:, 1]).max(axis=(1, 2)))
    assert view.labels == tuple(f"filter {i}" for i in range(len(kernels)))
    assert (view.in_channel, view.in_channels) == (1, kernels.shape[1])
    presenter.set_gallery(Gallery.INPUTS)
    presenter.select(0)
    assert np.array_equal(presenter.view.kernels, kernels[0])
    assert presenter.view.labels[1] == "input channel 1"


def test_every_tile_of_a_depthwise_layer_is_the_kernel_of_one_feature_map(bench: Bench) -> None:
    presenter = filters_of(bench)
    bench.update(lambda s: s.select_layer("depth").select_filter(7))
    kernels = kinds_network().trained["depth"][0]
    view = presenter.view
    assert len(view.kernels) == kernels.shape[2] * kernels.shape[3]
    assert np.array_equal(view.kernels[7], kernels[:, :, 3, 1])
    assert view.selected == 7
    presenter.select(4)
    assert (bench.session.filter, bench.session.in_channel) == (4, 2)
    assert bench.session.kernel_filter == 0


def test_one_scale_for_the_layer_covers_its_strongest_value(bench: Bench) -> None:
    presenter = filters_of(bench)
    presenter.set_scaling(Scaling.LAYER)
    strongest = float(np.abs(kinds_network().trained["conv"][0]).max())
    assert presenter.view.limits == pytest.approx([strongest] * 4)
    assert f"one scale, ±{strongest:.3g}" in presenter.view.caption
    presenter.set_scaling(Scaling.EACH)
    assert "scaled per kernel" in presenter.view.caption


def test_a_tile_is_marked_when_its_own_kernel_was_edited(bench: Bench) -> None:
    presenter = filters_of(bench)
    bench.update(lambda s: s.edit(SetKernel("conv", 0, 2, np.ones((3, 5)))))
    assert presenter.view.edited == {2}
    assert presenter.view.kernels[2].tolist() == np.ones((3, 5)).tolist()
    presenter.select_in_channel(1)
    assert presenter.view.edited == frozenset()
    presenter.set_gallery(Gallery.INPUTS)
    bench.update(lambda s: s.select_filter(2))
    assert presenter.view.edited == {0}
    bench.update(lambda s: s.undo())
    assert presenter.view.edited == frozenset()


def test_picking_a_tile_selects_a_filter_or_an_input_channel(bench: Bench) -> None:
    presenter = filters_of(bench)
    presenter.select(3)
    assert (bench.session.filter, bench.session.in_channel) == (3, 0)
    assert presenter.view.selected == 3
    presenter.set_gallery(Gallery.INPUTS)
    presenter.select(1)
    assert (bench.session.filter, bench.session.in_channel) == (3, 1)
    assert presenter.view.selected == 1


def test_the_gallery_is_not_drawn_again_for_what_does_not_concern_it(bench: Bench) -> None:
    presenter = filters_of(bench)
    views: list[FiltersView] = []

    def hear(view: FiltersView) -> None:
        views.append(view)

    presenter.view_changed.connect(hear)
    bench.update(lambda s: s.set_opacity(0.1).toggle_mask())
    assert views == []
    bench.update(lambda s: s.select_filter(1))
    assert len(views) == 1


def test_kernels_of_one_and_three_axes_are_laid_out_as_pictures(bench: Bench) -> None:
    line = layer("line", "Conv1D", output=(None, 8, 3), kernel=(5, 2, 3))
    cube = layer("cube", "Conv3D", ["line"], output=(None, 8, 8, 8, 3), kernel=(2, 3, 4, 2, 3))
    bench.open_model(network_of(line, cube))
    presenter = FiltersPresenter(bench.store)
    assert presenter.view.kernels.shape == (3, 1, 5)
    bench.update(lambda s: s.select_layer("cube"))
    assert presenter.view.kernels.shape == (3, 6, 4)


# ----------------------------------------------------------------------- maps


def test_the_activation_viewer_says_what_it_waits_for(bench: Bench) -> None:
    presenter = MapsPresenter(bench.store, bench.live)
    assert presenter.view.empty == "Open a model to see its feature maps."
    bench.open_model()
    assert presenter.view.empty.startswith("Open a study")
    bench.open_study()
    assert presenter.view.empty == "Computing enc …"
    bench.engine.answer()
    assert presenter.view.empty == ""


@pytest.fixture
def maps(bench: Bench) -> MapsPresenter:
    presenter = MapsPresenter(bench.store, bench.live)
    bench.open_model()
    bench.open_study()
    bench.engine.answer()
    return presenter


def test_the_feature_maps_are_the_channels_of_the_answer(bench: Bench, maps: MapsPresenter) -> None:
    image = FakeSeries().volume[2]
    view = maps.view
    assert view.maps.shape == (4, 8, 8)
    assert np.array_equal(view.maps[3], image * 4)
    assert view.limits.tolist() == [[0.0, 191.0 * 4]] * 4
    assert view.caption == "8×8×4 · relu · one scale for the layer"
    maps.set_scaling(Scaling.EACH)
    assert maps.view.limits.tolist() == [[0.0, 191.0 * k] for k in (1, 2, 3, 4)]


def test_the_large_map_has_histogram_and_statistics(bench: Bench, maps: MapsPresenter) -> None:
    maps.select(1)
    large = maps.view.large
    assert large is not None
    assert maps.view.selected == bench.session.filter == 1
    assert large.title == "Feature map 1 · enc"
    statistics = large.statistics
    assert (statistics.least, statistics.greatest, statistics.zeros) == (256.0, 382.0, 0.0)
    assert statistics.mean == pytest.approx(319.0)
    assert large.counts.sum() == 64
    assert (len(large.counts), large.edges[0], large.edges[-1]) == (48, 256, 382)


def test_the_maps_of_another_layer_are_not_shown_for_this_one(
    bench: Bench, maps: MapsPresenter
) -> None:
    maps.step_layer(2)
    assert bench.session.layer == "mid"
    assert maps.view.empty == "Computing mid …"
    bench.engine.answer()
    assert maps.view.title == "Activations · mid"


def test_maps_are_called_stale_while_a_newer_answer_is_on_its_way(
    bench: Bench, maps: MapsPresenter
) -> None:
    assert not maps.view.stale
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    bench.update(lambda s: s.edit(SetBias("enc", 0, 2.0)))
    assert maps.view.stale
    bench.engine.answer(1)
    assert maps.view.stale
    bench.engine.answer(2)
    assert not maps.view.stale


def test_a_failure_of_the_engine_is_told_in_place_of_the_maps(
    bench: Bench, maps: MapsPresenter
) -> None:
    bench.update(lambda s: s.select_layer("mid"))
    bench.engine.looks[-1].failed(EngineError("Out of memory.", "Choose a smaller network."))
    assert maps.view.empty == "Out of memory. Choose a smaller network."


def test_a_slice_that_cannot_be_fed_is_told_in_place_of_the_maps(bench: Bench) -> None:
    presenter = MapsPresenter(bench.store, bench.live)
    bench.open_model()
    bench.open_study(FakeSeries(volume=np.zeros((3, 0, 8), np.float32)))
    assert "found (0, 8)" in presenter.view.empty


def test_an_activation_without_rows_and_columns_says_so(bench: Bench, maps: MapsPresenter) -> None:
    bench.update(lambda s: s.select_layer("mid"))
    look = bench.engine.answer()
    assert look.maps is not None
    flat = replace(look.maps, edited=np.zeros(7, np.float32))
    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    bench.engine.answer(maps=flat)
    assert maps.view.empty == "mid gives no pictures: shape (7,)."


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("all_of_it", [True, False])
def test_an_edit_that_makes_the_network_overflow_can_still_be_looked_at(
    bench: Bench, maps: MapsPresenter, bad: float, all_of_it: bool
) -> None:
    bench.update(lambda s: s.edit(ScaleFilter("enc", 0, 1e30)))
    look = bench.engine.answer(0)
    assert look.maps is not None
    edited = look.maps.edited.copy()
    edited[..., 0] = bad if all_of_it else np.where(edited[..., 0] < 150, bad, edited[..., 0])
    bench.engine.answer(maps=replace(look.maps, edited=edited))
    assert maps.view.large is not None
    assert np.isfinite(maps.view.limits).all()
    assert maps.view.large.counts.sum() == (0 if all_of_it else 42)


# --------------------------------------------------------------------- layers


def test_without_a_model_the_tree_says_what_to_do(bench: Bench) -> None:
    view = LayersPresenter(bench.store).view
    assert (view.rows, view.empty) == ((), "Open a model to see its layers.")


def test_the_tree_lists_the_layers_as_the_u_they_are(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    rows = {row.name: row for row in presenter.view.rows}
    assert list(rows) == ["image", "enc", "pool", "mid", "up", "skip", "dec", "mask"]
    assert rows["mid"].section is Section.BOTTLENECK
    assert (rows["enc"].shape, rows["enc"].parameters) == ("8×8×4", "40")
    assert (rows["pool"].parameters, rows["pool"].has_kernels) == ("", False)
    assert rows["enc"].has_kernels
    assert "reads up, enc" in rows["skip"].tooltip
    assert presenter.view.summary == "net0: 8 layers, 641 parameters"
    assert presenter.view.selected == "enc"


def test_the_shape_of_the_selected_layer_is_explained(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    presenter.select("mid")
    card = presenter.view.card
    assert card is not None
    assert card.title == "kernel (3, 3, 4, 6)"
    assert card.lines[1] == "3·3·4·6 + 6 bias = 222 parameters"
    presenter.select("pool")
    assert presenter.view.card is not None
    assert presenter.view.card.lines == ("MaxPooling2D gives 4×4×4", "no weights")


def test_an_edited_layer_is_marked_until_it_is_reverted(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()

    def marked() -> list[str]:
        return [row.name for row in presenter.view.rows if row.edited]

    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    assert marked() == ["mid"]
    bench.update(lambda s: s.revert_all())
    assert marked() == []
    bench.update(lambda s: s.undo())
    assert marked() == ["mid"]


def test_another_network_shows_its_own_layers(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    bench.open_model(kinds_network(), card=CARD, path="/k.keras")
    assert [row.name for row in presenter.view.rows][1] == "conv"
    bench.open_model(unet(2, "sha256:2"), path="/u.keras")
    assert presenter.view.summary.startswith("net2")
