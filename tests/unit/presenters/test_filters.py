"""The filter gallery: session in, frozen view out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import effects_of, kinds_network, layer, network_of, unet
from tests.unit.filter_room import Room

from unetscope.domain.edits import SetKernel
from unetscope.domain.explaining.ranking import RankBy, RankKind
from unetscope.domain.filter_gallery import Against, ColourScale, Gallery, Picture, SortBy
from unetscope.domain.interventions import SilenceMap
from unetscope.presenters.filters import FiltersView


@pytest.fixture
def kinds() -> Room:
    return Room(kinds_network())


def shown(view: FiltersView) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The tiles of a gallery of tiles, in the order shown."""
    tiles: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = view.kernels[view.order, 0]
    return tiles


def test_without_a_model_the_filter_gallery_says_what_to_do() -> None:
    assert Room().view.empty == "Open a model to see its filters."


def test_a_layer_without_kernels_says_so() -> None:
    room = Room(unet())
    room.bench.update(lambda s: s.select_layer("pool"))
    assert room.view.empty == "pool (MaxPooling2D) holds no kernels.\nSelect a convolution."


@pytest.mark.parametrize(("name", "axes"), [("conv", (3, 2)), ("up", (2, 3))])
def test_every_tile_is_one_filter_of_the_input_channel_shown(
    kinds: Room, name: str, axes: tuple[int, int]
) -> None:
    kinds.bench.update(lambda s: s.select_layer(name).select_in_channel(1))
    kernels = np.moveaxis(kinds_network().trained[name][0], axes, (0, 1))
    assert np.array_equal(shown(kinds.view), kernels[:, 1])
    assert kinds.view.limits is not None
    assert np.array_equal(kinds.view.limits, np.abs(kernels[:, 1]).max(axis=(1, 2)))
    assert (kinds.view.in_channel, kinds.view.in_channels) == (1, kernels.shape[1])
    view = kinds.arrange(shows=Gallery.INPUTS)
    assert np.array_equal(shown(view), kernels[0])
    view = kinds.arrange(shows=Gallery.ALL)
    assert np.array_equal(view.kernels, kernels)
    assert view.limits is None
    assert (view.row, view.column) == (0, 1)


def test_every_tile_of_a_depthwise_layer_is_the_kernel_of_one_feature_map(kinds: Room) -> None:
    kinds.bench.update(lambda s: s.select_layer("depth").select_filter(7))
    kernels = kinds_network().trained["depth"][0]
    assert len(kinds.view.kernels) == kernels.shape[2] * kernels.shape[3]
    assert np.array_equal(shown(kinds.view)[7], kernels[:, :, 3, 1])
    assert kinds.view.row == 7
    kinds.presenter.select(4)
    session = kinds.bench.session
    assert (session.filter, session.in_channel, session.kernel_filter) == (4, 2, 0)
    kinds.arrange(shows=Gallery.ALL)
    kinds.presenter.select(9, 0)
    assert (kinds.bench.session.filter, kinds.bench.session.in_channel) == (9, 4)
    assert kinds.arrange(shows=Gallery.INPUTS).kernels.shape == (1, 1, 3, 3)
    kinds.presenter.select(0)
    assert kinds.bench.session.filter == 9


def test_a_dense_layer_is_a_matrix_of_single_weights(kinds: Room) -> None:
    kinds.bench.update(lambda s: s.select_layer("dense"))
    view = kinds.arrange(shows=Gallery.ALL)
    assert np.array_equal(view.kernels[:, :, 0, 0], kinds_network().trained["dense"][0].T)
    kinds.presenter.select(1, 3)
    assert kinds.view.row == kinds.bench.session.filter == 1


def test_kernels_of_three_axes_are_shown_slice_by_slice() -> None:
    cube = layer("cube", "Conv3D", output=(None, 4, 4, 4, 3), kernel=(2, 3, 4, 1, 3))
    room = Room(network_of(cube))
    kernels = network_of(cube).trained["cube"][0]
    assert room.view.depths == 2
    for depth in (0, 1):
        view = room.arrange(depth=depth)
        assert np.array_equal(shown(view), np.moveaxis(kernels[depth, :, :, 0], -1, 0))


def test_what_one_colour_scale_covers(kinds: Room) -> None:
    kernels = np.moveaxis(kinds_network().trained["conv"][0], (3, 2), (0, 1))
    strongest = np.abs(kernels).max(axis=(1, 2, 3))
    view = kinds.arrange(scale=ColourScale.LAYER)
    assert view.limits == pytest.approx([strongest.max()] * 4)
    assert view.scale == "one scale for the layer"
    assert view.bar == pytest.approx(strongest.max())
    view = kinds.arrange(scale=ColourScale.FILTER)
    assert view.limits == pytest.approx(strongest)
    assert "scaled per filter" in view.scale
    assert view.bar == pytest.approx(strongest[0])
    assert "scaled per kernel" in kinds.arrange(scale=ColourScale.KERNEL).scale
    heat = kinds.arrange(shows=Gallery.HEAT)  # a single value on its own scale says nothing
    assert heat.scale == "one scale for the layer"
    assert heat.limits == pytest.approx([np.linalg.norm(kernels, axis=(2, 3)).max()] * 4)


def test_a_tile_is_marked_when_its_own_kernel_was_edited(kinds: Room) -> None:
    kinds.bench.update(lambda s: s.edit(SetKernel("conv", 0, 2, np.ones((3, 5)))))

    def edited() -> set[int]:
        return {row for row, words in kinds.view.marks.of.items() if "edited" in words}

    assert edited() == {2}
    assert shown(kinds.view)[2].tolist() == np.ones((3, 5)).tolist()
    kinds.presenter.select_in_channel(1)
    assert edited() == set()
    kinds.bench.update(lambda s: s.select_filter(2))
    kinds.arrange(shows=Gallery.INPUTS)
    assert edited() == {0}
    kinds.arrange(shows=Gallery.REDUCED)
    assert edited() == {2}
    kinds.arrange(shows=Gallery.ALL)
    assert kinds.view.before is not None
    kinds.bench.update(lambda s: s.undo())
    assert edited() == set()
    assert kinds.view.before is None


def test_picking_a_tile_selects_a_filter_or_an_input_channel(kinds: Room) -> None:
    kinds.presenter.select(3)
    assert (kinds.bench.session.filter, kinds.bench.session.in_channel) == (3, 0)
    assert kinds.view.row == 3
    kinds.arrange(shows=Gallery.INPUTS)
    kinds.presenter.select(1)
    assert (kinds.bench.session.filter, kinds.bench.session.in_channel) == (3, 1)
    assert kinds.view.row == 1
    kinds.arrange(shows=Gallery.ALL)
    kinds.presenter.select(2, 0)
    assert (kinds.bench.session.filter, kinds.bench.session.in_channel) == (2, 0)


def test_the_gallery_is_not_drawn_again_for_what_does_not_concern_it(kinds: Room) -> None:
    views: list[FiltersView] = []

    def hear(view: FiltersView) -> None:
        views.append(view)

    kinds.presenter.view_changed.connect(hear)
    kinds.bench.update(lambda s: s.set_opacity(0.1).toggle_mask())
    assert views == []
    kinds.bench.update(lambda s: s.select_filter(1))
    assert len(views) == 1


# ------------------------------------------------------------- trained, other


def test_the_trained_kernels_and_the_difference_are_shown(kinds: Room) -> None:
    trained = shown(kinds.view).copy()
    kinds.bench.update(lambda s: s.edit(SetKernel("conv", 0, 2, np.ones((3, 5)))))
    now = shown(kinds.view).copy()
    assert np.array_equal(shown(kinds.arrange(picture=Picture.BEFORE)), trained)
    assert "trained" in kinds.view.caption
    assert np.array_equal(shown(kinds.arrange(picture=Picture.DIFFERENCE)), now - trained)
    assert "in force minus trained" in kinds.view.caption
    kinds.bench.update(lambda s: s.undo())
    assert not shown(kinds.view).any()


def test_another_model_is_compared_with_and_not_edited() -> None:
    room = Room(unet())
    path = Path("/other.keras")
    other = unet(1, "sha256:1")
    room.bench.files.networks[path] = other
    room.presenter.compare_with(path)
    room.bench.jobs.run()
    mine, theirs = (n.trained["enc"][0][:, :, 0].transpose(2, 0, 1) for n in (unet(), other))
    assert np.array_equal(shown(room.arrange(picture=Picture.BEFORE)), theirs)
    assert np.array_equal(shown(room.arrange(picture=Picture.DIFFERENCE)), mine - theirs)
    assert room.view.other == "net1.keras"
    assert room.bench.session.network is not other
    room.arrange(against=Against.TRAINED)
    assert not shown(room.view).any()


def test_a_layer_without_counterpart_says_why() -> None:
    room = Room(unet())
    room.arrange(picture=Picture.BEFORE, against=Against.OTHER)
    assert "no other model to compare with" in room.view.empty
    path = Path("/other.keras")
    room.bench.files.networks[path] = network_of(layer("enc", kernel=(5, 5, 1, 4), bias=4), seed=4)
    room.presenter.compare_with(path)
    room.bench.jobs.run()
    assert "enc has no counterpart in net4.keras (of another shape" in room.view.empty


# -------------------------------------------------------------------- effects


def test_filters_are_sorted_by_effect_and_stay_selected() -> None:
    room = Room(unet(), study=True)
    room.bench.update(lambda s: s.select_filter(1))
    assert room.view.can_measure
    assert "not measured" in room.view.effect
    room.arrange(sort=SortBy.EFFECT, descending=True)
    assert room.view.order.tolist() == [0, 1, 2, 3]
    room.presenter.measure()
    assert room.view.order.tolist() == [3, 2, 1, 0]
    assert room.bench.session.filter == room.view.row == 1
    assert room.view.strip == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert room.view.effect == "mean Dice falls by up to 0.3"
    room.presenter.select(3)
    assert room.bench.session.filter == 3
    room.presenter.rank_by(RankBy(label=2))
    assert room.view.effect == "Dice of Brain falls by up to 0.3"
    room.presenter.rank_by(RankBy(RankKind.PIXELS))
    assert room.view.effect == "changed pixels: up to 30"
    assert [said for _, said in room.view.ranks] == [
        "mean Dice",
        "Dice of CSF",
        "Dice of Brain",
        "changed pixels",
        "change of probability",
    ]


def test_effects_come_part_by_part_and_are_called_stale_on_another_slice() -> None:
    room = Room(unet(), study=True)
    room.bench.engine.at_once = False
    room.arrange(sort=SortBy.EFFECT, descending=True)
    room.presenter.measure()
    asked = room.bench.engine.sweeps[-1]
    assert room.view.measuring
    asked.progress(2, 4, effects_of(asked.request, done=2))
    assert room.view.order.tolist() == [1, 0, 2, 3]
    assert "measuring, 2 of 4" in room.view.effect
    assert "not measured yet" in room.presenter.tip(3)
    asked.done(effects_of(asked.request))
    assert not room.view.measuring
    assert not room.view.strip_stale
    place = room.bench.session.slice_index
    room.bench.update(lambda s: s.select_slice(place + 1))
    room.bench.engine.answer()
    room.bench.jobs.run()
    assert room.view.strip_stale
    assert f"measured on slice {place + 1}" in room.view.effect


def test_filters_have_the_effect_of_what_normalisation_and_activation_make_of_their_maps() -> None:
    conv = layer("conv", inputs=["image"], output=(None, 8, 8, 4), kernel=(3, 3, 1, 4))
    norm = layer("norm", "BatchNormalization", ["conv"], output=(None, 8, 8, 4))
    relu = layer("relu", "ReLU", ["norm"], output=(None, 8, 8, 4))
    head = layer("head", inputs=["relu"], output=(None, 8, 8, 3), kernel=(1, 1, 4, 3))
    image = layer("image", "InputLayer", output=(None, 8, 8, 1))
    room = Room(network_of(image, conv, norm, relu, head), study=True)
    room.bench.update(lambda s: s.select_layer("relu"))
    room.sweep.start()
    room.bench.update(lambda s: s.select_layer("conv"))
    assert room.view.strip == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert room.view.effect == "mean Dice falls by up to 0.3, silenced in relu"
    assert not room.view.strip_stale
    room.presenter.measure()  # of its own maps
    assert room.view.effect == "mean Dice falls by up to 0.3"


def test_kernels_before_a_pointwise_step_have_no_effect_of_their_own() -> None:
    separable = layer("sep", "SeparableConv2D", output=(None, 8, 8, 6), kernel=(3, 3, 2, 1), bias=6)
    room = Room(network_of(separable), study=True)
    assert not room.view.can_measure
    assert "pointwise" in room.view.effect
    room.presenter.measure()
    assert not room.bench.engine.sweeps


def test_a_map_is_silenced_and_brought_back_by_name() -> None:
    room = Room(unet(), study=True)
    room.presenter.toggle_silence(2)
    (edit,) = room.bench.session.edits
    assert isinstance(edit, SilenceMap)
    assert (edit.layer, edit.feature_map) == ("enc", 2)
    assert room.view.marks.of[2] == ("silenced",)
    room.presenter.toggle_silence(2)
    assert room.bench.session.edits == ()
    assert room.view.marks.of == {}
    assert [step.label for step in room.bench.session.history.done] == [
        "silenced map 2 of enc",
        "brought back map 2 of enc",
    ]
    room.bench.update(lambda s: s.undo())
    assert room.view.marks.of[2] == ("silenced",)


# ---------------------------------------------------------------------- files


def test_the_table_is_written_in_the_background(tmp_path: Path) -> None:
    room = Room(unet(), study=True)
    room.presenter.measure()
    text = room.presenter.table()
    assert text.splitlines()[0].startswith("layer,filter,norm,sparsity")
    assert len(text.splitlines()) == 5
    room.presenter.save(tmp_path / "filters.csv", text.encode)
    room.bench.jobs.run()
    assert (tmp_path / "filters.csv").read_text() == text


def test_a_table_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    room = Room(unet())
    said: list[str] = []

    def hear(notice: Any) -> None:
        said.append(notice.what)

    room.bench.desk.notice.connect(hear)
    room.presenter.save(tmp_path / "no" / "filters.csv", lambda: b"")
    room.bench.jobs.run()
    assert "filters.csv could not be written" in said[-1]


def test_a_kernel_is_dragged_as_rows_of_numbers(kinds: Room) -> None:
    kernel = kinds.view.kernels[2, 0]
    text = kinds.presenter.text_of(2)
    read = np.array([[float(v) for v in row.split("\t")] for row in text.split("\n")], np.float32)
    assert np.array_equal(read, kernel)
    assert kinds.presenter.text_of(99) == ""
