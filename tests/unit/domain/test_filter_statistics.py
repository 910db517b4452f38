"""What is measured about filters, how they are ordered, and what is said of them."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.fakes import effects_of, kinds_network, opened, unet

from unetscope.domain.effects import SweepRequest
from unetscope.domain.filter_bank import (
    filter_bank,
    makes_maps,
    over_inputs,
    over_windows,
    peaks,
    pictured,
)
from unetscope.domain.filter_gallery import FIRST_GALLERY, Reduction, SortBy
from unetscope.domain.filter_marks import marks_of
from unetscope.domain.filter_statistics import (
    activation_statistics,
    effect_of,
    order_of,
    weight_statistics,
)
from unetscope.domain.filter_words import as_text, filter_table


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def kernels(filters: int = 6, inputs: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return rng().standard_normal((filters, inputs, 3, 3)).astype(np.float32)


# -------------------------------------------------------------------- kernels


ALL = slice(None)
KERNELS: dict[str, tuple[tuple[slice | int, ...], tuple[int, int]]] = {
    "conv": ((ALL, ALL, 1, 2), (2, 1)),
    "up": ((ALL, ALL, 2, 1), (2, 1)),
    "depth": ((ALL, ALL, 3, 1), (7, 0)),
    "dense": ((9, 1), (1, 9)),
}
"""Where a kernel lies in Keras's array, and as filter and input channel."""


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv", (4, 2, 3, 5)),
        ("up", (5, 3, 2, 3)),
        ("depth", (10, 1, 3, 3)),
        ("dense", (2, 10, 1, 1)),
    ],
)
def test_every_kind_of_layer_gives_its_kernels_filter_by_filter(
    name: str, shape: tuple[int, ...]
) -> None:
    network = kinds_network()
    weights = network.trained[name]
    bank = filter_bank(network.graph[name], weights)
    assert bank is not None
    assert bank.shape == shape
    assert np.shares_memory(bank, weights[0])
    assert makes_maps(network.graph[name], len(bank))
    one, at = KERNELS[name]
    assert np.array_equal(bank[at], weights[0][one].reshape(shape[2:]))


def test_a_layer_without_kernels_has_none() -> None:
    network = unet()
    assert filter_bank(network.graph["pool"], ()) is None


def test_kernels_of_one_and_three_axes_become_pictures() -> None:
    line = np.arange(30, dtype=np.float32).reshape(3, 2, 5)
    assert np.array_equal(pictured(line)[2, 1, 0], line[2, 1])
    cube = np.arange(3 * 2 * 4 * 3 * 3, dtype=np.float32).reshape(3, 2, 4, 3, 3)
    for depth in range(4):
        assert np.array_equal(pictured(cube, depth), cube[:, :, depth])
    assert np.array_equal(pictured(cube, 99), cube[:, :, 3])


def test_filters_and_kernels_are_reduced_as_said() -> None:
    bank = kernels()
    assert np.allclose(over_inputs(bank, Reduction.NORM), np.linalg.norm(bank, axis=1))
    assert np.allclose(over_inputs(bank, Reduction.MEAN), bank.mean(axis=1), atol=1e-6)
    flat = bank.reshape(6, 4, -1)
    assert np.allclose(over_windows(bank, Reduction.NORM), np.linalg.norm(flat, axis=2))
    assert np.allclose(over_windows(bank, Reduction.MEAN), flat.mean(axis=2), atol=1e-6)
    assert np.allclose(peaks(bank), np.abs(flat).max(axis=(1, 2)))


# ------------------------------------------------------------------ statistics


def test_norm_sparsity_and_zeros_of_filters() -> None:
    bank = kernels()
    bank[2] = 0
    bank[4, :, 0] = 0
    found = weight_statistics(bank)
    assert np.allclose(found.norm, np.linalg.norm(bank.reshape(6, -1), axis=1), rtol=1e-6)
    assert found.zero.tolist() == [False, False, True, False, False, False]
    small = np.abs(bank.reshape(6, -1)) < 0.01 * np.abs(bank).max()
    assert np.allclose(found.sparsity, small.mean(axis=1))
    assert found.sparsity[2] == 1
    assert found.sparsity[4] >= 1 / 3


def test_filters_that_are_multiples_are_duplicates_and_stand_together() -> None:
    bank = kernels(8)
    bank[6] = 2.5 * bank[1]
    bank[3] = -bank[1]  # the opposite is no duplicate
    found = weight_statistics(bank)
    assert found.duplicate_of is not None
    assert found.similar is not None
    assert found.duplicate_of[1] == 6
    assert found.duplicate_of[6] == 1
    assert (np.delete(found.duplicate_of, [1, 6]) == -1).all()
    places = found.similar.tolist()
    assert abs(places.index(1) - places.index(6)) == 1
    assert sorted(places) == list(range(8))


def test_filters_of_few_values_are_not_called_duplicates() -> None:
    found = weight_statistics(rng().standard_normal((5, 3, 1, 1)).astype(np.float32))
    assert found.duplicate_of is None
    assert found.similar is not None


def test_weights_that_are_not_finite_are_measured_as_far_as_they_go() -> None:
    bank = kernels()
    bank[1, 0, 0, 0] = np.nan
    bank[2, 0, 0, 0] = np.inf
    found = weight_statistics(bank)
    assert np.isfinite(found.norm).all()
    assert not found.zero.any()


def maps() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    found = np.abs(rng().standard_normal((10, 12, 5))).astype(np.float32)
    found[..., 1] = 0
    found[..., 2] = 3.0
    found[..., 3] = np.nan
    return found


def test_dead_and_saturated_maps_are_told_from_those_that_are_neither() -> None:
    found = activation_statistics(maps())
    assert found.dead.tolist() == [False, True, False, False, False]
    assert found.saturated.tolist() == [False, False, True, False, False]
    assert found.mean[2] == 3.0


def test_a_sigmoid_is_saturated_at_either_end_but_not_as_the_output() -> None:
    both = np.zeros((10, 10, 3), np.float32)
    both[..., 0], both[..., 1] = 0.999, 0.001
    both[:5, :, 2] = 1.0
    assert activation_statistics(both, "sigmoid").saturated.tolist() == [True, True, False]
    output = activation_statistics(both, "sigmoid", is_output=True)
    assert not output.saturated.any()


def test_marks_say_nothing_of_what_was_not_measured() -> None:
    none = marks_of((), (), None, None, per_map=True)
    assert none.of == {}
    assert none.unknown
    weights, activation = weight_statistics(kernels(5)), activation_statistics(maps())
    known = marks_of([4], [0], weights, activation, per_map=True)
    assert known.of == {0: ("silenced",), 1: ("dead",), 2: ("saturated",), 4: ("edited",)}
    assert known.legend == "1 edited · 1 silenced · 1 dead · 1 saturated"
    assert not known.unknown
    mixed = marks_of([], [0], weights, activation, per_map=False)
    assert mixed.of == {}  # a pointwise step makes the maps


def test_a_map_that_the_user_silenced_is_not_called_dead() -> None:
    found = marks_of([], [1], None, activation_statistics(maps()), per_map=True)
    assert found.of[1] == ("silenced",)


# ----------------------------------------------------------------------- order


@given(
    values=st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=12),
    down=st.booleans(),
)
def test_the_order_is_a_permutation_sorted_by_what_was_asked(
    values: list[float], down: bool
) -> None:
    effect = np.array(values)
    effect[::3] = np.nan
    gallery = replace(FIRST_GALLERY, sort=SortBy.EFFECT, descending=down)
    order = order_of(len(effect), gallery, None, None, effect)
    assert sorted(order.tolist()) == list(range(len(effect)))
    ranked = effect[order]
    known = ranked[~np.isnan(ranked)]
    assert np.isnan(ranked[len(known) :]).all()
    steps = np.diff(known)
    assert (steps <= 0).all() if down else (steps >= 0).all()


@pytest.mark.parametrize("sort", [s for s in SortBy if s is not SortBy.INDEX])
def test_without_a_measure_filters_stay_where_they_are(sort: SortBy) -> None:
    gallery = replace(FIRST_GALLERY, sort=sort, descending=True)
    assert order_of(4, gallery, None, None, None).tolist() == [0, 1, 2, 3]


def test_each_order_follows_its_own_measure() -> None:
    weights, activation = weight_statistics(kernels(5)), activation_statistics(maps())
    for sort, by in (
        (SortBy.NORM, weights.norm),
        (SortBy.SPARSITY, weights.sparsity),
        (SortBy.ACTIVATION, activation.mean),
    ):
        gallery = replace(FIRST_GALLERY, sort=sort)
        order = order_of(5, gallery, weights, activation, None)
        assert order.tolist() == np.argsort(by, kind="stable").tolist()
    gallery = replace(FIRST_GALLERY, sort=SortBy.SIMILARITY)
    assert weights.similar is not None
    assert order_of(5, gallery, weights, None, None).tolist() == weights.similar.tolist()
    backwards = replace(FIRST_GALLERY, descending=True)
    assert order_of(3, backwards, None, None, None).tolist() == [2, 1, 0]


# --------------------------------------------------------------------- effects


def request() -> SweepRequest:
    image = np.zeros((8, 8), np.float32)
    return SweepRequest(model=unet().ref, image=image, image_key="k", edits=(), layer="enc")


def test_the_effect_is_pixels_or_what_is_missing_of_the_dice() -> None:
    effects = effects_of(request(), done=3)
    assert np.array_equal(effect_of(effects, None), [0, 10, 20, np.nan], equal_nan=True)
    assert np.allclose(effect_of(effects, 1), [0, 0.1, 0.2, np.nan], equal_nan=True)
    assert np.isnan(effect_of(effects, 9)).all()


def test_the_table_holds_every_filter_and_leaves_out_what_is_not_known() -> None:
    session = opened()
    bank = filter_bank(session.network.graph["enc"], session.weights())  # type: ignore[union-attr]
    assert bank is not None
    weights = weight_statistics(bank)
    marks = marks_of([], [2], weights, None, per_map=True)
    text = filter_table(session, marks, weights, None, effects_of(request(), done=3), "")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["filter"] for row in rows] == ["0", "1", "2", "3"]
    assert [row["changed pixels"] for row in rows] == ["0", "10", "20", ""]
    assert [row["1 - Dice CSF"] for row in rows][:2] == ["0", "0.1"]
    assert {row["mean activation"] for row in rows} == {""}
    assert rows[2]["marks"] == "silenced"
    assert float(rows[1]["norm"]) == pytest.approx(float(weights.norm[1]))
    assert {row["note"] for row in rows} == {"research use only"}


def test_a_kernel_as_text_is_exact() -> None:
    kernel = kernels()[0, 0]
    read = np.array([[float(v) for v in row.split("\t")] for row in as_text(kernel).split("\n")])
    assert np.array_equal(read.astype(np.float32), kernel)
