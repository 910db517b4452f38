"""Uncertainty by numpy: entropies, spreads, zones, and whether errors are where it is high."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.explaining.error_finding import ErrorFinding, judged
from unetscope.domain.explaining.uncertainty import (
    Runs,
    Spread,
    Uncertainty,
    UncertaintyKind,
    Zone,
    entropy,
    has_dropout,
    is_distribution,
    most_entropy,
    of_probabilities,
)
from unetscope.domain.explaining.uncertainty_numbers import (
    Judge,
    all_numbers,
    border_of,
    by_class,
    means,
    numbers_of,
)
from unetscope.domain.graph import Layer
from unetscope.domain.input_grid import Placement

Floats = NDArray[np.float32]


def softmax(seed: int = 0, shape: tuple[int, ...] = (6, 5, 4)) -> Floats:
    raised = np.exp(2 * np.random.default_rng(seed).normal(size=shape))
    made: Floats = (raised / raised.sum(-1, keepdims=True)).astype(np.float32)
    return made


# ------------------------------------------------------------------------- entropy


@pytest.mark.parametrize(
    ("probabilities", "exclusive", "bits"),
    [
        ([1, 0, 0, 0], True, 0.0),
        ([0.25, 0.25, 0.25, 0.25], True, 2.0),
        ([0.5, 0.5, 0, 0], True, 1.0),
        ([0.5, 0.25, 0.25], True, 1.5),
        ([0.5], False, 1.0),
        ([0.0], False, 0.0),
        ([1.0], False, 0.0),
        ([0.25], False, 2 - 0.75 * np.log2(3)),
        ([0.5, 0.5, 1.0], False, 2.0),
    ],
)
def test_entropy_is_what_arithmetic_says(
    probabilities: list[float], exclusive: bool, bits: float
) -> None:
    values = np.array(probabilities, np.float32)[None, None]
    found = entropy(values, exclusive=exclusive)
    assert found.dtype == np.float32
    assert found[0, 0] == pytest.approx(bits, abs=1e-6)
    assert bits <= most_entropy(len(probabilities), exclusive=exclusive)


def test_channels_that_add_up_to_one_are_classes_of_which_each_pixel_has_one() -> None:
    assert is_distribution(softmax())
    assert not is_distribution(np.full((3, 3, 1), 1, np.float32))
    sigmoid = np.full((3, 3, 2), 0.5, np.float32)
    assert is_distribution(sigmoid)
    sigmoid[1, 1, 0] = 0.9
    assert not is_distribution(sigmoid)


@pytest.mark.parametrize(
    ("channels", "most", "labels"), [(4, 2.0, 4), (1, 1.0, 2)], ids=["softmax", "one channel"]
)
def test_one_pass_tells_its_entropy_and_what_it_could_be_at_most(
    channels: int, most: float, labels: int
) -> None:
    probabilities = softmax(shape=(6, 5, 4))[..., :channels]
    found = of_probabilities(probabilities, np.zeros((6, 5), np.uint8), "head")
    assert (found.most, found.labels) == (most, labels)
    heat = found.heat()
    assert heat.layer == "head"
    assert heat.unit == "bits"
    assert heat.scale == (0.0, most)
    assert "uncalibrated" in heat.title
    assert (found.entropy <= most + 1e-6).all()


# ------------------------------------------------------------------- repeated runs


def test_runs_that_are_all_the_same_spread_by_exactly_nothing() -> None:
    plain = softmax()
    mask = plain.argmax(-1).astype(np.uint8)
    runs = Runs(plain, mask)
    for _ in range(7):
        runs.add(plain.copy(), mask)
    found = runs.result()
    assert found.runs == 7
    for values in (found.deviation, found.votes, found.information):
        assert not values.any()
    assert np.array_equal(found.mean, plain)
    assert np.array_equal(found.entropy, entropy(plain, exclusive=True))


def test_spreads_are_those_of_numpy_over_all_runs_at_once() -> None:
    plain = softmax(0)
    mask = plain.argmax(-1).astype(np.uint8)
    all_runs = np.stack([softmax(seed) for seed in range(1, 10)])
    runs = Runs(plain, mask)
    for one in all_runs:
        runs.add(one, one.argmax(-1).astype(np.uint8))
    found = runs.result()

    chosen = np.take_along_axis(all_runs, mask[None, ..., None].astype(int), -1)[..., 0]
    np.testing.assert_allclose(found.mean, all_runs.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.deviation, chosen.std(0), atol=1e-6)
    np.testing.assert_allclose(found.votes, (all_runs.argmax(-1) != mask).mean(0), atol=1e-6)
    of_mean = entropy(all_runs.mean(0), exclusive=True)
    np.testing.assert_allclose(found.entropy, of_mean, atol=1e-5)
    of_each = np.stack([entropy(one, exclusive=True) for one in all_runs]).mean(0)
    np.testing.assert_allclose(found.information, of_mean - of_each, atol=1e-5)
    assert (found.information > 0).all()
    counted = [np.bincount(one.argmax(-1).ravel(), minlength=4) for one in all_runs]
    assert found.pixels.tolist() == [each.tolist() for each in counted]


def test_runs_that_disagree_wholly_are_all_information_and_alike_ones_none() -> None:
    """Two runs, sure of opposite things: 1 bit. Two runs that both waver: entropy, nothing else."""
    plain = np.full((1, 1, 2), 0.5, np.float32)
    mask = np.zeros((1, 1), np.uint8)
    sure, unsure = Runs(plain, mask), Runs(plain, mask)
    for p in (0.0, 1.0):
        sure.add(np.array([[[p, 1 - p]]], np.float32), np.array([[p < 0.5]], np.uint8))
        unsure.add(plain, mask)
    found = sure.result()
    assert found.information[0, 0] == pytest.approx(1)
    assert found.votes[0, 0] == 0.5
    assert found.deviation[0, 0] == pytest.approx(0.5)
    assert unsure.result().information[0, 0] == 0
    assert unsure.result().entropy[0, 0] == 1


def test_where_a_run_does_not_count_the_others_do() -> None:
    plain = np.full((2, 2, 1), 0.2, np.float32)
    mask = np.zeros((2, 2), np.uint8)
    runs = Runs(plain, mask)
    known = np.array([[True, True], [True, False]])
    runs.add(np.full_like(plain, 0.8), mask + np.uint8(1), known)
    runs.add(plain, mask)
    found = runs.result()
    assert found.votes.tolist() == [[0.5, 0.5], [0.5, 0.0]]
    np.testing.assert_allclose(found.deviation, [[0.3, 0.3], [0.3, 0.0]], atol=1e-6)
    assert found.pixels.tolist() == [[1, 3], [4, 0]]


def test_of_sigmoid_channels_the_one_of_the_label_is_followed_and_of_none_the_likeliest() -> None:
    plain = np.array([[[0.9, 0.3], [0.1, 0.4]]], np.float32)  # label 1, and none
    mask = np.array([[1, 0]], np.uint8)
    runs = Runs(plain, mask)
    for change in (-0.1, 0.1):
        runs.add(plain + np.array([change, 2 * change], np.float32), mask)
    np.testing.assert_allclose(runs.result().deviation, [[0.1, 0.2]], atol=1e-6)
    assert runs.result().pixels.shape == (2, 3)


# ------------------------------------------------------------------------- numbers

MASK = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], np.uint8)


def test_borders_are_pixels_with_another_label_beside_them() -> None:
    expected = [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert border_of(MASK).astype(int).tolist() == expected
    assert not border_of(np.ones((3, 3), np.uint8)).any()


def test_means_are_taken_in_each_zone() -> None:
    values = np.arange(20, dtype=np.float32).reshape(5, 4)
    found = means(values, MASK)
    assert found.inside == values[MASK == 1].mean()
    assert found.border == values[border_of(MASK)].mean()
    assert found.whole == values.mean()
    assert found.pixels == 4
    assert [found.of(zone) for zone in Zone] == [found.inside, found.border, found.whole]


def test_an_empty_mask_has_no_mean_and_no_division_by_zero() -> None:
    found = means(np.ones((4, 4), np.float32), np.zeros((4, 4), np.uint8))
    assert np.isnan(found.inside)
    assert np.isnan(found.border)
    assert found.whole == 1
    assert found.pixels == 0


def test_of_each_class_volume_and_spread_are_counted() -> None:
    plain = np.zeros((5, 4, 2), np.float32)
    np.put_along_axis(plain, MASK[..., None].astype(int), 1, -1)
    runs = Runs(plain, MASK)
    grown = border_of(MASK).astype(np.uint8)  # 12 pixels
    for mask in (MASK, grown):
        runs.add(plain, mask)
    rows = by_class(runs.uncertainty(UncertaintyKind.DROPOUT, "head"), Spread.VOTES)
    assert [row.label for row in rows] == [0, 1]
    assert (rows[1].pixels, rows[1].mean_pixels, rows[1].deviation) == (4, 8.0, 4.0)
    assert rows[1].mean == 0
    assert rows[0].mean == pytest.approx(8 * 0.5 / 16)


def test_without_runs_classes_have_no_spread_and_without_pixels_no_mean() -> None:
    rows = by_class(of_probabilities(softmax(shape=(5, 4, 3)), MASK))
    assert [row.pixels for row in rows] == [16, 4, 0]
    assert np.isnan([row.deviation for row in rows]).all()
    assert np.isnan(rows[2].mean)


# --------------------------------------------------------------------- beside errors


def exact_auroc(values: Floats, wrong: NDArray[np.bool_]) -> float:
    right, bad = values[~wrong], values[wrong]
    above = (bad[:, None] > right).mean()
    return float(above + 0.5 * (bad[:, None] == right).mean())


@pytest.mark.parametrize("seed", range(3))
def test_the_auroc_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wrong = rng.random((40, 30)) < 0.1
    values = (rng.random((40, 30)) + 0.4 * wrong).astype(np.float32) ** 4
    values[rng.random((40, 30)) < 0.2] = 0
    found = ErrorFinding.of(values, wrong, np.ones((40, 30), bool))
    assert found.pixels == 1200
    assert found.error == pytest.approx(wrong.mean())
    assert found.auroc == pytest.approx(exact_auroc(values.ravel(), wrong.ravel()), abs=2e-3)


def test_the_most_uncertain_twentieth_is_told_beside_all() -> None:
    values = np.geomspace(1e-3, 1, 100).astype(np.float32).reshape(10, 10)
    wrong = np.zeros((10, 10), bool)
    wrong.flat[[97, 98, 99, 40, 50]] = True
    found = ErrorFinding.of(values, wrong, np.ones((10, 10), bool))
    assert found.error_in_top() == pytest.approx(3 / 5)
    sentence = found.sentence()
    assert "12 times as frequent among the 5 % most uncertain" in sentence
    assert "(60%)" in sentence
    assert "5.0%" in sentence


def test_of_pixels_that_are_equally_uncertain_a_share_counts() -> None:
    wrong = np.zeros((10, 10), bool)
    wrong[:, :3] = True
    found = ErrorFinding.of(np.full((10, 10), 0.5, np.float32), wrong, np.ones((10, 10), bool))
    assert found.error_in_top() == pytest.approx(0.3)
    assert "wrong pixels are as frequent among the 5 % most uncertain (30%)" in found.sentence()
    assert found.auroc == 0.5


def test_slices_add_up() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((8, 10)).astype(np.float32)
    wrong = rng.random((8, 10)) < values
    everywhere = np.ones((4, 10), bool)
    both = ErrorFinding.of(values[:4], wrong[:4], everywhere) + ErrorFinding.of(
        values[4:], wrong[4:], everywhere
    )
    whole = ErrorFinding.of(values, wrong, np.ones((8, 10), bool))
    assert both.auroc == whole.auroc
    assert both.error_in_top() == whole.error_in_top()


def test_without_errors_or_pixels_that_is_said() -> None:
    values, none = np.ones((3, 3), np.float32), np.zeros((3, 3), bool)
    assert "the same" in ErrorFinding.of(values, none, ~none).sentence()
    assert "Every pixel differs" in ErrorFinding.of(values, ~none, ~none).sentence()
    empty = ErrorFinding.of(values, none, none)
    assert empty.sentence() == ""
    assert np.isnan([empty.auroc, empty.error, empty.error_in_top()]).all()


def test_only_pixels_that_can_be_judged_count() -> None:
    """In the air it is easy to be right; of class 3 the reference knows nothing."""
    mask = np.array([[0, 1, 3, 0, 2]], np.uint8)
    reference = np.array([[0, 1, 0, 2, 2]], np.uint8)
    assert judged(mask, reference, (1, 2)).tolist() == [[False, True, False, True, True]]


def test_the_reference_is_brought_to_the_grid_of_the_output() -> None:
    mask = np.repeat(np.repeat(MASK[:4], 2, 0), 2, 1)  # 8 by 8
    values = (border_of(mask) + np.float32(0.01)).astype(np.float32)
    found = Uncertainty(
        kind=UncertaintyKind.ENTROPY, mask=mask, labels=2, entropy=values, most=1.0, layer="head"
    )
    reference = MASK[:4].copy()
    reference[3, 1] = 1
    judge = Judge(reference=reference, classes=(1,), placement=Placement((4, 4), (4, 4), (4, 4)))
    finding = numbers_of(found, Spread.DEVIATION, judge).finding
    assert finding is not None
    assert (finding.pixels, int(finding.wrong.sum())) == (20, 4)
    assert numbers_of(found, Spread.DEVIATION, Judge()).finding is None
    assert list(all_numbers(found, Judge())) == [Spread.ENTROPY]


@pytest.mark.parametrize(
    ("kind", "rate", "drops"),
    [
        ("Dropout", 0.3, True),
        ("SpatialDropout2D", 0.1, True),
        ("GaussianDropout", 0.5, True),
        ("Dropout", 0.0, False),
        ("GaussianNoise", 0.3, False),
        ("Conv2D", 2, False),
    ],
)
def test_a_layer_drops_values_if_it_is_a_dropout_with_a_rate(
    kind: str, rate: float, drops: bool
) -> None:
    assert has_dropout(Layer("x", kind, (None, 4, 4, 1), config={"rate": rate})) is drops
