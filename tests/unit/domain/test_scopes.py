"""How far a change reaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.fakes import kinds_network, layer, network_of, opened

from unetscope.domain import scopes
from unetscope.domain.editor import ONE_CELL
from unetscope.domain.edits import Edit, ScaleFilter, SetBias, SetKernel, SetLayerWeights
from unetscope.domain.errors import EditError
from unetscope.domain.kernels import Weights
from unetscope.domain.pages import KernelPage
from unetscope.domain.recipes import RECIPE_BY_ID
from unetscope.domain.scopes import Scope, Target

NETWORK = kinds_network()
Floats = NDArray[np.float32]
WIDE = [Scope.FILTER, Scope.INPUT_CHANNEL, Scope.LAYER]


def target(scope: Scope, name: str = "conv", in_channel: int = 1, filter: int = 2) -> Target:  # noqa: A002
    return Target(NETWORK.graph[name], in_channel, filter, scope)


def after(edit: Edit) -> Weights:
    return NETWORK.weights(edit.layer, (edit,))


def inside(kernels: Floats, name: str, scope: Scope, in_channel: int, at: int) -> NDArray[np.bool_]:
    """Where the scope reaches, worked out apart from the code: by name of the axes."""
    marked = np.zeros(kernels.shape, bool)
    in_axis, filter_axis = (3, 2) if name == "up" else (2, 3)
    for index in np.ndindex(kernels.shape):
        same_in, same_filter = index[in_axis] == in_channel, index[filter_axis] == at
        marked[index] = {
            Scope.VALUE: same_in and same_filter,
            Scope.KERNEL: same_in and same_filter,
            Scope.FILTER: same_filter,
            Scope.INPUT_CHANNEL: same_in,
            Scope.LAYER: True,
        }[scope]
    return marked


def one_by_one(kernels: Floats) -> Floats:
    """Every kernel of a (kh, kw, a, b) array: ``(a·b, kh, kw)``."""
    return np.moveaxis(kernels.reshape(*kernels.shape[:2], -1), -1, 0)


def test_a_value_is_set_alone() -> None:
    edit = scopes.set_value(target(Scope.VALUE), NETWORK.trained["conv"], (0, 4), 2.5)
    expected = NETWORK.trained["conv"][0].copy()
    expected[0, 4, 1, 2] = 2.5
    assert np.array_equal(after(edit)[0], expected)


@pytest.mark.parametrize("name", ["conv", "up", "depth"])
@pytest.mark.parametrize("scope", [Scope.KERNEL, *WIDE])
def test_in_a_wider_scope_everything_moves_by_as_much_as_the_value(name: str, scope: Scope) -> None:
    trained = NETWORK.trained[name]
    at = (1, 2, 0, 1) if name == "up" else (1, 2, 1, 0)
    value = float(trained[0][at]) + 0.75
    edit = scopes.set_value(target(scope, name, 1, 0), trained, (1, 2), value)
    new = after(edit)
    reach = inside(trained[0], name, scope, 1, 0)
    assert new[0][reach] == pytest.approx(trained[0][reach] + 0.75, abs=1e-6)
    assert np.array_equal(new[0][~reach], trained[0][~reach])
    assert [a.tobytes() for a in new[1:]] == [a.tobytes() for a in trained[1:]]


@given(st.sampled_from(list(Scope)), st.floats(-100, 100, width=32))
def test_the_value_that_was_typed_is_exactly_the_value_that_is_there(
    scope: Scope, value: float
) -> None:
    edit = scopes.set_value(target(scope), NETWORK.trained["conv"], (2, 3), value)
    assert after(edit)[0][2, 3, 1, 2] == np.float32(value)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_value_too_large_for_single_precision_is_refused(scope: Scope) -> None:
    session = opened(NETWORK).select_layer("conv")
    with pytest.raises(EditError, match="must be finite"):
        session.edit(scopes.set_value(target(scope), NETWORK.trained["conv"], (0, 0), 1e39))


@pytest.mark.parametrize("name", ["conv", "up", "depth"])
@pytest.mark.parametrize("scope", list(Scope))
def test_each_kernel_of_the_scope_is_changed_by_its_own(name: str, scope: Scope) -> None:
    trained = NETWORK.trained[name]
    edit = scopes.each_kernel(
        target(scope, name, 1, 1), trained, lambda k: k[::-1] - k.mean(axis=(0, 1))
    )
    new = after(edit)[0]
    reach = inside(trained[0], name, scope, 1, 1)
    expected = trained[0][::-1] - trained[0].mean(axis=(0, 1), keepdims=True)
    assert new[reach] == pytest.approx(expected[reach], abs=1e-6)
    assert np.array_equal(new[~reach], trained[0][~reach])


@pytest.mark.parametrize("name", ["conv", "up", "depth"])
@pytest.mark.parametrize("scope", WIDE)
def test_a_recipe_keeps_the_norm_and_mean_of_every_single_kernel(name: str, scope: Scope) -> None:
    trained = NETWORK.trained[name]
    page = KernelPage(ONE_CELL, target(scope, name, 1, 1))
    edit = page.put_recipe(trained, RECIPE_BY_ID["sobel_x"], keep_norm=True)
    for old, new in zip(one_by_one(trained[0]), one_by_one(after(edit)[0]), strict=True):
        assert np.linalg.norm(new) == pytest.approx(np.linalg.norm(old), rel=1e-6)
        assert new.mean() == pytest.approx(old.mean(), abs=1e-6)


def test_without_keeping_the_norm_every_kernel_becomes_the_recipe_itself() -> None:
    recipe = RECIPE_BY_ID["laplacian"]
    page = KernelPage(ONE_CELL, target(Scope.LAYER))
    edit = page.put_recipe(NETWORK.trained["conv"], recipe, keep_norm=False)
    for kernel in one_by_one(after(edit)[0]):
        assert np.array_equal(kernel, recipe.kernel((3, 5)))


@pytest.mark.parametrize("scope", list(Scope))
def test_scaling_multiplies_the_whole_scope_and_nothing_else(scope: Scope) -> None:
    trained = NETWORK.trained["up"]
    new = after(scopes.scale(target(scope, "up", 1, 3), trained, -2.0))[0]
    reach = inside(trained[0], "up", scope, 1, 3)
    assert np.array_equal(new[reach], trained[0][reach] * -2)
    assert np.array_equal(new[~reach], trained[0][~reach])


def test_a_change_that_turns_a_kernel_to_another_shape_is_refused() -> None:
    with pytest.raises(EditError, match=r"\(3, 5\).*found \(5, 3\)"):
        scopes.each_kernel(target(Scope.FILTER), NETWORK.trained["conv"], np.rot90)


def test_a_square_kernel_can_be_turned() -> None:
    edit = scopes.each_kernel(
        target(Scope.KERNEL, "depth", 1, 1), NETWORK.trained["depth"], np.rot90
    )
    assert isinstance(edit, SetKernel)
    assert np.array_equal(edit.values, np.rot90(NETWORK.trained["depth"][0][:, :, 1, 1]))


def test_a_recipe_that_would_only_silence_so_small_a_kernel_is_refused() -> None:
    page = KernelPage(ONE_CELL, target(Scope.LAYER, "bare", 0, 0))
    for keep_norm in (True, False):
        with pytest.raises(EditError, match="Sobel x gives only zeros at 1×1"):
            page.put_recipe(NETWORK.trained["bare"], RECIPE_BY_ID["sobel_x"], keep_norm=keep_norm)


def test_a_kernel_of_one_axis_takes_a_recipe_as_one_row() -> None:
    network = network_of(layer("line", "Conv1D", output=(None, 8, 2), kernel=(3, 1, 2), bias=2))
    page = KernelPage(ONE_CELL, Target(network.graph["line"], 0, 0, Scope.KERNEL))
    edit = page.put_recipe(network.trained["line"], RECIPE_BY_ID["box"], keep_norm=False)
    assert isinstance(edit, SetKernel)
    assert np.allclose(edit.values, 1 / 3)


def test_a_layer_without_kernels_has_no_layout() -> None:
    with pytest.raises(EditError, match="Layer dense holds no kernels"):
        _ = target(Scope.KERNEL, "dense").layout


def test_a_gain_on_a_layer_takes_its_biases_along() -> None:
    session = opened(kinds_network()).select_layer("conv").set_scope(Scope.LAYER)
    kernels, bias = session.weights()
    edited = session.edit(scopes.scale(session.target(), session.weights(), 2.0))
    assert np.array_equal(edited.weights()[0], kernels * 2)
    assert np.array_equal(edited.weights()[1], bias * 2)


def test_reverting_one_filter_leaves_no_edit_of_it_and_keeps_the_others() -> None:
    session = opened(kinds_network()).select_layer("conv")
    other = SetBias("conv", 1, 0.5)
    edited = session.edit(SetBias("conv", 0, 0.5)).edit(ScaleFilter("conv", 0, 3.0)).edit(other)
    reverted = edited.revert(Scope.FILTER)
    assert reverted.edits == (other,)
    assert reverted.undo().edits == edited.edits


def test_reverting_what_is_as_trained_is_no_step() -> None:
    session = opened(kinds_network()).select_layer("conv").edit(SetBias("conv", 1, 0.5))
    assert session.revert(Scope.KERNEL) is session
    assert session.revert(Scope.FILTER) is session


def test_setting_a_whole_layer_replaces_its_earlier_edits() -> None:
    session = opened(kinds_network()).select_layer("conv")
    whole = SetLayerWeights("conv", [w * 2 for w in session.weights()])
    edited = session.edit(SetBias("conv", 0, 1.0)).edit(whole)
    assert edited.edits == (whole,)
    assert edited.undo().edits == (SetBias("conv", 0, 1.0),)
