"""The kernel editor: clicks become edits, and the numbers say what they did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, kinds_network

from unetscope.domain.edits import ScaleFilter, SetBias, SetFilter, SetKernel
from unetscope.domain.ports import LastUpdate, LayerLook
from unetscope.domain.recipes import RECIPE_BY_ID
from unetscope.domain.scopes import Scope
from unetscope.presenters.kernel_editor import KernelPresenter

NETWORK = kinds_network()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def editor(bench: Bench) -> KernelPresenter:
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model(NETWORK)
    return presenter


def steps(bench: Bench) -> list[str]:
    return [step.label for step in bench.session.history.done]


# ----------------------------------------------------------------------- view


def test_without_a_model_the_editor_says_what_to_do(bench: Bench) -> None:
    view = KernelPresenter(bench.store, bench.desk, bench.live).view
    assert (view.kernel, view.empty) == (None, "Open a model to edit its kernels.")


def test_a_layer_without_kernels_says_so(bench: Bench, editor: KernelPresenter) -> None:
    bench.update(lambda s: s.select_layer("image"))
    assert editor.view.kernel is None
    assert editor.view.empty == "image (InputLayer) holds no kernels.\nSelect a convolution."


def test_the_kernel_shown_is_the_one_selected(bench: Bench, editor: KernelPresenter) -> None:
    editor.select_filter(3)
    editor.select_in_channel(1)
    view = editor.view
    trained = NETWORK.trained["conv"]
    assert view.kernel is not None
    assert view.trained is not None
    assert np.array_equal(view.kernel, trained[0][:, :, 1, 3])
    assert view.bias == trained[1][3]
    assert (view.filter, view.filters, view.in_channel, view.in_channels) == (3, 4, 1, 2)
    assert view.limit == pytest.approx(float(np.abs(trained[0][:, :, 1, 3]).max()))
    assert view.title == "Kernel editor · conv · filter 3 · input channel 1"
    assert not view.edited
    editor.set_value(0, 0, 9.0)
    assert editor.view.kernel is not None
    assert editor.view.kernel[0, 0] == 9
    assert np.array_equal(editor.view.trained, view.trained)  # type: ignore[arg-type]
    assert editor.view.limit == 9
    assert editor.view.edited


def test_a_layer_without_a_bias_shows_none(bench: Bench, editor: KernelPresenter) -> None:
    bench.update(lambda s: s.select_layer("bare"))
    assert editor.view.bias is None


# ---------------------------------------------------------------------- edits


def test_a_value_is_set_and_named_in_the_history(bench: Bench, editor: KernelPresenter) -> None:
    editor.set_value(1, 2, 0.5)
    assert bench.session.weights()[0][1, 2, 0, 0] == 0.5
    assert steps(bench) == ["value (1, 2) on conv · filter 0 · input 0"]


def test_a_drag_is_one_step_computed_from_before_it_began(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_scope(Scope.FILTER)
    trained = NETWORK.trained["conv"][0]
    start = float(trained[0, 0, 0, 0])
    for moved in (0.5, 1.5, 1.0):
        editor.set_value(0, 0, start + moved, same_gesture=moved != 0.5)
    assert len(steps(bench)) == 1
    assert bench.session.weights()[0][..., 0] == pytest.approx(trained[..., 0] + 1.0, abs=1e-6)
    bench.update(lambda s: s.undo())
    assert bench.session.weights()[0].tobytes() == trained.tobytes()


def test_a_gain_drag_does_not_multiply_up(bench: Bench, editor: KernelPresenter) -> None:
    editor.set_scope(Scope.FILTER)
    for n, gain in enumerate((0.9, 0.7, 0.5)):
        editor.set_gain(gain, same_gesture=n > 0)
    assert bench.session.edits == (ScaleFilter("conv", 0, 0.5),)
    assert steps(bench) == ["gain ×0.50 on conv · filter 0"]
    editor.set_scope(Scope.KERNEL)
    editor.select_filter(1)
    for n, gain in enumerate((0.9, 0.7, 0.5)):
        editor.set_gain(gain, same_gesture=n > 0)
    expected = NETWORK.trained["conv"][0][:, :, 0, 1] * np.float32(0.5)
    assert np.array_equal(bench.session.weights()[0][:, :, 0, 1], expected)


def test_a_gesture_never_swallows_a_step_of_something_else(
    bench: Bench, editor: KernelPresenter
) -> None:
    """A spin box may call two turns one gesture though a cell was edited between them."""
    editor.set_bias(1.0)
    editor.set_bias(2.0, same_gesture=True)
    editor.set_value(0, 0, 5.0)
    editor.set_bias(3.0, same_gesture=True)
    weights = bench.session.weights()
    assert weights[0][0, 0, 0, 0] == 5
    assert weights[1][0] == 3
    assert len(steps(bench)) == 3


def test_a_gesture_does_not_go_on_at_another_kernel_or_after_undo(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_value(0, 0, 1.0)
    editor.select_filter(1)
    editor.set_value(0, 0, 2.0, same_gesture=True)
    assert len(steps(bench)) == 2
    bench.update(lambda s: s.undo())
    editor.set_value(0, 0, 3.0, same_gesture=True)
    assert len(steps(bench)) == 2
    assert bench.session.weights()[0][0, 0, 0].tolist()[:2] == [1.0, 3.0]


def test_a_gesture_that_began_with_a_refusal_leaves_the_step_before_it_alone(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_value(0, 0, 5.0)
    editor.set_value(1, 1, float("nan"))
    editor.set_value(1, 1, 2.0, same_gesture=True)
    assert bench.session.weights()[0][0, 0, 0, 0] == 5
    assert len(steps(bench)) == 2


def test_a_recipe_goes_into_every_kernel_of_the_scope(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_scope(Scope.FILTER)
    editor.set_keep_norm(False)
    editor.apply_recipe("prewitt_x")
    made = RECIPE_BY_ID["prewitt_x"].kernel((3, 5))
    for channel in range(2):
        assert np.array_equal(bench.session.weights()[0][:, :, channel, 0], made)
    assert steps(bench) == ["Prewitt x on conv · filter 0"]


def test_flipping_negating_and_turning(bench: Bench, editor: KernelPresenter) -> None:
    editor.set_scope(Scope.LAYER)
    editor.change_kernels("negate")
    assert np.array_equal(bench.session.weights()[0], -NETWORK.trained["conv"][0])
    assert steps(bench) == ["Negate on conv"]
    editor.change_kernels("turn")
    assert "has shape (3, 5), but found (5, 3)" in editor.view.problem
    assert len(steps(bench)) == 1


def test_the_bias_that_is_set_is_the_bias_that_is_shown(
    bench: Bench, editor: KernelPresenter
) -> None:
    for name, index in (("conv", 2), ("up", 4), ("depth", 7)):
        bench.update(lambda s, name=name: s.select_layer(name))  # type: ignore[misc]
        editor.select_filter(index)
        assert editor.view.bias == NETWORK.trained[name][1][index]
        editor.set_bias(0.125)
        assert editor.view.bias == 0.125
        assert bench.session.weights(name)[1][index] == 0.125
    assert bench.session.edits[0] == SetBias("conv", 2, 0.125)


def test_a_pasted_kernel_replaces_the_one_shown_whatever_the_scope(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_scope(Scope.LAYER)
    editor.set_kernel(np.ones((3, 5), np.float32))
    assert bench.session.edits == (SetKernel("conv", 0, 0, np.ones((3, 5))),)
    assert steps(bench) == ["pasted kernel on conv · filter 0 · input 0"]


def test_a_refused_edit_changes_nothing_and_says_why_until_the_next_change(
    bench: Bench, editor: KernelPresenter
) -> None:
    editor.set_kernel(np.ones((2, 2), np.float32))
    assert editor.view.problem.startswith("A kernel of conv has shape (3, 5), but found (2, 2).")
    assert bench.session.edits == ()
    editor.set_value(0, 0, float("nan"))
    assert "must be finite" in editor.view.problem
    editor.set_value(0, 0, 1.0)
    assert editor.view.problem == ""
    editor.paste("hello")
    assert editor.view.problem.startswith("This text is no table of numbers.")
    editor.select_filter(1)
    assert editor.view.problem == ""


def test_revert_brings_the_trained_values_back(bench: Bench, editor: KernelPresenter) -> None:
    editor.set_value(0, 0, 1.0)
    editor.revert(Scope.KERNEL)
    assert not editor.view.edited
    bench.update(lambda s: s.select_layer("dense"))
    editor.revert(Scope.LAYER)
    assert bench.session.edits == ()


def test_kernels_of_three_axes_are_edited_plane_by_plane(bench: Bench) -> None:
    from tests.unit.fakes import layer, network_of

    cube = layer("cube", "Conv3D", output=(None, 4, 4, 4, 1), kernel=(2, 3, 4, 1, 1))
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model(network_of(cube))
    assert presenter.view.kernel is not None
    assert presenter.view.kernel.shape == (3, 4)
    assert (presenter.view.plane, presenter.view.planes) == (0, 2)
    presenter.choose(plane=1)
    presenter.set_value(1, 2, 7.0)
    assert presenter.view.kernel[1, 2] == 7
    assert bench.session.weights()[0][1, 1, 2, 0, 0] == 7
    before = bench.session.weights()[0].copy()
    presenter.set_keep_norm(False)
    presenter.apply_recipe("box")
    after = bench.session.weights()[0]
    assert np.allclose(after[1], 1 / 12)
    assert np.array_equal(after[0], before[0])


# --------------------------------------------------------------------- effect


@pytest.fixture
def live(bench: Bench) -> KernelPresenter:
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model()
    bench.open_study()
    return presenter


def look(bench: Bench, change: float = 0.25) -> None:
    """Answer with numbers that can be worked out by hand."""
    trained = np.zeros((8, 8, 4), np.float32)
    trained[..., 0] = 2.0
    edited = trained.copy()
    edited[..., 0] = 3.0
    maps = LayerLook(
        layer="enc", edited=edited, trained=trained, next_layer="mid", next_change=change
    )
    before, after = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    before[0, :4] = 1  # 4 pixels
    after[0, 2:8] = 1  # 6 pixels, 2 of them the same
    bench.engine.answer(
        maps=maps, mask=after, trained_mask=before, update=LastUpdate(6, 12.6), layers_total=8
    )


def lines(presenter: KernelPresenter) -> dict[str, str]:
    return {line.name: line.value for line in presenter.view.effect.lines}


def test_the_effect_is_told_in_numbers_that_can_be_worked_out(
    bench: Bench, live: KernelPresenter
) -> None:
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    look(bench)
    assert lines(live) == {
        "this feature map": "RMS +50.0%",
        "next, mid": "RMS +25.0%",
        "mask, to trained": "6 px",
        # a voxel is 2.0 × 0.5 × 0.5 mm³ = 0.0005 mL; Dice = 2·2 / (4 + 6)
        "CSF": "+0.00 mL · Dice 0.400",
        "Brain": "+0.00 mL",
        "recomputed": "6 of 8",
        "latency": "13 ms",
    }
    effect = live.view.effect
    assert effect.difference is not None
    assert (effect.difference == 1).all()
    assert not effect.stale
    assert effect.advice == ""


def test_volumes_are_told_in_millilitres_where_distances_are_sure(bench: Bench) -> None:
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model()
    bench.open_study(FakeSeries(spacing=(10.0, 10.0, 10.0)))
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    look(bench)
    assert lines(presenter)["CSF"] == "+2.00 mL · Dice 0.400"


def test_volumes_are_told_in_pixels_where_distances_are_not_sure(bench: Bench) -> None:
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model()
    bench.open_study(FakeSeries(geometry_sure=False))
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    look(bench)
    assert lines(presenter)["CSF"] == "+2 px · Dice 0.400"


def test_a_map_that_was_all_zero_has_no_percentage(bench: Bench, live: KernelPresenter) -> None:
    maps = LayerLook(
        layer="enc",
        edited=np.ones((8, 8, 4), np.float32),
        trained=np.zeros((8, 8, 4), np.float32),
    )
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    bench.engine.answer(maps=maps)
    assert lines(live)["this feature map"] == "was all zero"
    bench.update(lambda s: s.edit(SetBias("enc", 0, 2.0)))
    bench.engine.answer(maps=replace(maps, edited=np.full((8, 8, 4), np.inf, np.float32)))
    assert lines(live)["this feature map"] == "not finite"


@pytest.mark.parametrize(("change", "advised"), [(0.002, True), (0.0, False), (0.2, False)])
def test_a_wider_scope_is_advised_when_next_to_nothing_changed(
    bench: Bench, live: KernelPresenter, change: float, advised: bool
) -> None:
    look(bench, 0.002)
    assert live.view.effect.advice == ""  # nothing was edited
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    look(bench, change)
    assert ("widen the scope" in live.view.effect.advice) is advised
    assert live.view.effect.wider is (Scope.FILTER if advised else None)


def test_numbers_of_other_edits_or_another_slice_are_called_stale(
    bench: Bench, live: KernelPresenter
) -> None:
    look(bench)
    assert not live.view.effect.stale
    bench.update(lambda s: s.edit(SetFilter("enc", 0, np.ones((3, 3, 1)))))
    assert live.view.effect.stale
    look(bench)
    assert not live.view.effect.stale
    bench.store.update(lambda s: s.select_slice(3))
    assert live.view.effect.stale


def test_the_numbers_of_another_layer_are_not_shown(bench: Bench, live: KernelPresenter) -> None:
    look(bench)
    bench.update(lambda s: s.select_layer("mid"))
    assert live.view.effect.lines == ()
    assert live.view.effect.stale


def test_a_card_without_classes_still_tells_how_much_of_the_mask_changed(bench: Bench) -> None:
    presenter = KernelPresenter(bench.store, bench.desk, bench.live)
    bench.open_model(card=replace(CARD, classes=()))
    bench.open_study()
    look(bench)
    assert lines(presenter)["mask"] == "as trained: no edits"
    bench.update(lambda s: s.edit(SetBias("enc", 0, 1.0)))
    look(bench)
    assert lines(presenter)["mask, to trained"] == "6 px"


def test_another_filter_of_a_depthwise_layer_keeps_the_input_channel(
    bench: Bench, editor: KernelPresenter
) -> None:
    bench.update(lambda s: s.select_layer("depth"))
    editor.select_in_channel(3)
    editor.select_filter(1)
    view = editor.view
    assert (view.in_channel, view.filter) == (3, 1)
    assert bench.session.filter == 7
    assert view.kernel is not None
    assert np.array_equal(view.kernel, NETWORK.trained["depth"][0][:, :, 3, 1])
