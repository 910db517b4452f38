"""What the gestures of the kernel editor make of a page of weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.fakes import CARD, kinds_network, layer, network_of

from unetscope.domain.editing import page_of, put_edits
from unetscope.domain.editor import Cells, Editor
from unetscope.domain.edits import SetBias, SetValues
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer, WeightSpec
from unetscope.domain.kernel_changes import CHANGE_BY_ID
from unetscope.domain.network import Network
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.table_pages import TablePage
from unetscope.domain.weight_tables import parts_of, tables_of

NETWORK = kinds_network()


def norm(channels: int = 20) -> Layer:
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    specs = tuple(WeightSpec(name, (channels,)) for name in names)
    return Layer("norm", "BatchNormalization", (None, 8, 8, channels), ("image",), specs)


def norm_network() -> Network:
    image = layer("image", "InputLayer", output=(None, 8, 8, 20))
    made = network_of(image, norm())
    trained = {**made.trained, "norm": tuple(np.abs(w) for w in made.trained["norm"])}
    return replace(made, trained=trained)


def separable() -> Network:
    specs = (
        WeightSpec("depthwise_kernel", (3, 3, 4, 2)),
        WeightSpec("pointwise_kernel", (1, 1, 8, 5)),
        WeightSpec("bias", (5,)),
    )
    image = layer("image", "InputLayer", output=(None, 8, 8, 4))
    return network_of(image, Layer("sep", "SeparableConv2D", (None, 8, 8, 5), ("image",), specs))


def session(network: Network, name: str, scope: Scope = Scope.VALUE, **editor: object) -> Session:
    opened = Session().open_network(network, CARD).select_layer(name).set_scope(scope)
    return opened.use_editor(Editor(**editor))  # type: ignore[arg-type]


def test_the_parts_of_a_layer_are_its_kernels_and_all_else() -> None:
    assert parts_of(NETWORK.graph["conv"]) == ("kernels", "bias")
    assert parts_of(NETWORK.graph["bare"]) == ("kernels",)
    assert parts_of(NETWORK.graph["dense"]) == ("kernel", "bias")
    assert parts_of(NETWORK.graph["image"]) == ()
    assert parts_of(norm()) == ("gamma, beta, mean, variance",)
    assert parts_of(separable().graph["sep"]) == ("kernels", "pointwise kernel", "bias")


def test_a_table_is_the_array_with_its_last_axis_along_the_rows() -> None:
    network = separable()
    table = tables_of(network.graph["sep"])[0]
    assert (table.rows, table.columns) == (8, 5)
    weights = network.trained["sep"]
    assert np.array_equal(table.of(weights), weights[1].reshape(8, 5))


def test_one_value_of_a_normalisation_is_set_by_its_row_and_channel() -> None:
    network = norm_network()
    here = session(network, "norm").select_filter(17)
    page = page_of(here)
    shown = page.shown(here.weights())
    assert shown.shape == (4, 4)
    assert np.array_equal(shown[2], network.trained["norm"][2][16:20])
    edited = here.edit(page.set_value(here.weights(), (2, 1), 7.0))
    assert edited.weights()[2][17] == 7
    changed = [int((a != b).sum()) for a, b in zip(edited.weights(), here.weights(), strict=True)]
    assert changed == [0, 0, 1, 0]


def test_a_row_moves_by_the_same_difference() -> None:
    here = session(norm_network(), "norm", Scope.INPUT_CHANNEL)
    edited = here.edit(page_of(here).set_value(here.weights(), (1, 0), 3.0))
    shift = 3.0 - here.weights()[1][0]
    assert edited.weights()[1] == pytest.approx(here.weights()[1] + shift, abs=1e-6)
    assert np.array_equal(edited.weights()[0], here.weights()[0])


def test_scopes_that_mean_nothing_in_a_table_are_refused_with_a_reason() -> None:
    page = page_of(session(norm_network(), "norm", Scope.LAYER))
    refused = {choice.scope: choice.refused for choice in page.scopes if choice.refused}
    assert set(refused) == {Scope.KERNEL, Scope.FILTER, Scope.LAYER}
    assert all(reason.endswith(".") for reason in refused.values())
    assert page.scope is Scope.VALUE


def test_a_variance_below_0_is_refused() -> None:
    here = session(norm_network(), "norm")
    with pytest.raises(EditError, match="variance cannot be below 0"):
        here.edit(page_of(here).set_value(here.weights(), (3, 0), -0.1))
    together = replace(here.editor, cells=Cells(0, 0, 4, 2))
    page = page_of(here.use_editor(together))
    with pytest.raises(EditError, match="variance cannot be below 0"):
        page.scaled(here.weights(), -1.0)


def test_a_column_of_a_dense_matrix_is_one_unit() -> None:
    here = session(NETWORK, "dense", Scope.FILTER, row=9)
    page = page_of(here)
    before = here.weights()[0]
    edited = here.edit(page.scaled(here.weights(), 2.0))
    assert np.array_equal(edited.weights()[0][:, 0], before[:, 0] * 2)
    assert np.array_equal(edited.weights()[0][:, 1], before[:, 1])
    choice = next(c for c in page.scopes if c.scope is Scope.FILTER)
    assert (choice.name, choice.values, choice.refused) == ("column", 10, "")
    assert np.array_equal(page.shown(here.weights()), before[8:10])


def test_selecting_any_cell_of_a_table_leaves_the_page_where_it_is() -> None:
    network = norm_network()
    for channel in range(20):
        here = session(network, "norm").select_filter(channel)
        page = page_of(here)
        assert isinstance(page, TablePage)
        assert page.column <= channel < page.column + 4
        for column in range(page.shown(here.weights()).shape[1]):
            moved = page_of(here.select_filter(page.column + column))
            assert moved == page


def test_a_bias_is_a_row_of_its_own() -> None:
    here = session(NETWORK, "conv", part=1)
    edited = here.edit(page_of(here).set_value(here.weights(), (0, 3), 0.5))
    assert edited.weights()[1].tolist()[3] == 0.5
    assert np.array_equal(edited.weights()[0], here.weights()[0])


def test_selected_cells_move_together_and_the_others_stay() -> None:
    here = session(NETWORK, "conv", cells=Cells(0, 1, 2, 3))
    before = here.weights()[0][:, :, 0, 0]
    after = here.edit(page_of(here).set_value(here.weights(), (1, 2), 4.0)).weights()[0][:, :, 0, 0]
    shift = np.zeros((3, 5), np.float32)
    shift[0:2, 1:4] = 4.0 - before[1, 2]
    assert after == pytest.approx(before + shift, abs=1e-6)
    assert after[1, 2] == 4
    gained = here.edit(page_of(here).scaled(here.weights(), 0.0)).weights()[0][:, :, 0, 0]
    assert (gained[0:2, 1:4] == 0).all()
    assert np.array_equal(gained[2], before[2])


def test_painting_in_a_wider_scope_paints_every_kernel_of_it() -> None:
    here = session(NETWORK, "conv", Scope.FILTER)
    edit = page_of(here).fill(here.weights(), [(0, 0), (2, 4)], 0.25)
    after = here.edit(edit).weights()[0]
    changed = after != here.weights()[0]
    assert changed.sum() == 4
    assert (after[[0, 2], [0, 4]][..., 0] == 0.25).all()
    assert not changed[..., 1:].any()


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("name", ["conv", "up", "depth"])
def test_blending_gives_trained_and_edited_values_exactly_at_its_ends(
    name: str, scope: Scope
) -> None:
    here = session(NETWORK, name, scope)
    edited = here.edit(page_of(here).scaled(here.weights(), 3.7))
    trained, now = here.weights(), edited.weights()
    whole, nothing = (page_of(edited).blended(now, trained, share) for share in (1.0, 0.0))
    assert all(map(np.array_equal, edited.edit(whole).weights(), now))
    assert np.array_equal(edited.edit(nothing).weights()[0], trained[0])
    half = edited.edit(page_of(edited).blended(now, trained, 0.5)).weights()[0]
    assert half == pytest.approx((trained[0] + now[0]) / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("change_id", "expected"),
    [
        ("left", [[2, 3, 0], [5, 6, 0], [8, 9, 0]]),
        ("right", [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        ("up", [[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        ("down", [[0, 0, 0], [1, 2, 3], [4, 5, 6]]),
        ("mirror", [[2, 2, 2], [5, 5, 5], [8, 8, 8]]),
        ("mirror_down", [[4, 5, 6], [4, 5, 6], [4, 5, 6]]),
        ("zero_mean", [[-4, -3, -2], [-1, 0, 1], [2, 3, 4]]),
        ("turn", [[7, 4, 1], [8, 5, 2], [9, 6, 3]]),
    ],
)
def test_changes_do_to_a_kernel_what_they_say(change_id: str, expected: list[list[int]]) -> None:
    kernel = np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1)
    assert CHANGE_BY_ID[change_id].of(kernel)[..., 0].tolist() == expected


def test_a_norm_becomes_1_and_that_of_zeros_stays_0() -> None:
    kernels = np.zeros((3, 3, 2), np.float32)
    kernels[..., 0] = 5
    made = CHANGE_BY_ID["norm_one"].of(kernels)
    assert np.linalg.norm(made[..., 0]) == pytest.approx(1)
    assert not made[..., 1].any()


def test_a_page_of_another_shape_is_refused_and_one_of_the_whole_table_taken() -> None:
    here = session(norm_network(), "norm")
    page = page_of(here)
    with pytest.raises(EditError, match=r"has 4 rows and 20 columns.*found \(3, 3\)"):
        page.put(here.weights(), np.ones((3, 3), np.float32))
    assert here.edit(page.put(here.weights(), np.ones((4, 20), np.float32))).weights()[3][19] == 1


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (SetValues("conv", 5, 0, 0, [[1]]), "expects array from 0 to 1"),
        (SetValues("conv", 1, 1, 0, [[1]]), "expects row from 0 to 0"),
        (SetValues("conv", 1, 0, 4, [[1]]), "expects column from 0 to 3"),
        (SetValues("conv", 1, 0, 2, [[1, 2, 3]]), "does not fit at row 0, column 2"),
        (SetValues("conv", 1, 0, 0, [1, 2]), "does not fit"),
        (SetValues("conv", 1, 0, 0, [[]]), "does not fit"),
        (SetValues("conv", 1, 0, 0, [[float("nan")]]), "must be finite"),
        (SetValues("image", 0, 0, 0, [[1]]), "holds no weights"),
    ],
)
def test_a_block_that_does_not_fit_is_refused(edit: SetValues, told: str) -> None:
    here = session(NETWORK, "conv")
    with pytest.raises(EditError, match=told):
        here.edit(edit)


def test_edits_are_put_in_force_all_or_none() -> None:
    here = session(NETWORK, "conv").edit(SetBias("conv", 0, 9.0))
    with pytest.raises(EditError, match="no layer called gone"):
        put_edits(here, "Edits", (SetBias("conv", 1, 1.0), SetBias("gone", 0, 1.0)))
    put = put_edits(here, "Edits", (SetBias("conv", 1, 1.0),))
    assert put.edits == (SetBias("conv", 1, 1.0),)
    assert put.undo().edits == here.edits
