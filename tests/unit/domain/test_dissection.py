"""What dissection counts equals enlarging, thresholding and comparing pixel by pixel."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.fakes import CLASSES, layer, network_of

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.dissection import Dissection, Tally
from unetscope.domain.explaining.dissection_table import badges, dissection_csv, structures, summary
from unetscope.domain.explaining.label_counts import (
    SHARES,
    LabelsOverMap,
    SliceCounts,
    count,
    first_look,
    is_learned,
    thresholds_of,
    values_of,
)
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.input_grid import Placement
from unetscope.domain.map_grid import MapGrid

Labels = NDArray[np.uint8]
LAYERS = {"image": (24, 24), "conv": (24, 24), "pool": (12, 12), "deep": (4, 4), "valid": (8, 8)}


def graph() -> Graph:
    """Grids as coarse as the image, half and a sixth of it, and one that does not reach the rim."""

    def conv(name: str, reads: str, side: int, padding: str, dilation: int = 1) -> Layer:
        config = {"kernel_size": (3, 3), "padding": padding, "dilation_rate": (dilation, dilation)}
        output = (None, side, side, 2)
        return layer(name, inputs=[reads], output=output, kernel=(3, 3, 2, 2), config=config)

    def pool(name: str, reads: str, side: int, factor: int) -> Layer:
        config = {"pool_size": (factor, factor), "strides": (factor, factor), "padding": "valid"}
        return layer(name, "MaxPooling2D", [reads], output=(None, side, side, 2), config=config)

    return network_of(
        layer("image", "InputLayer", output=(None, 24, 24, 2)),
        conv("conv", "image", 24, "same"),
        pool("pool", "conv", 12, 2),
        conv("valid", "pool", 8, "valid", 2),
        pool("deep", "pool", 4, 3),
        outputs=["conv"],
    ).graph


def enlarged(found: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """A map on the grid of the image, by its place on a slice that is the image itself."""
    whole = Placement((24, 24), (24, 24), (24, 24))
    return MapGrid.of(graph(), name, LAYERS[name], whole).on_slice(found)


def brute(
    maps: NDArray[np.float32], thresholds: NDArray[np.float32], labels: Labels, name: str
) -> NDArray[np.int64]:
    """Pixel by pixel: enlarge each map, compare with each threshold, count by label."""
    both = np.zeros((*thresholds.shape, int(labels.max()) + 1), np.int64)
    for m, t in np.ndindex(*thresholds.shape):
        large = enlarged(maps[..., m], name)
        for k in range(both.shape[-1]):
            both[m, t, k] = ((large > thresholds[m, t]) & (labels == k)).sum()
    return both


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_every_pixel_looked_at(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = np.maximum(rng.normal(size=(*LAYERS[name], 5)), 0).astype(np.float32)  # many are 0
    maps[0, 0, 0] = np.nan
    labels = rng.integers(0, 4, (24, 24)).astype(np.uint8)
    thresholds = np.sort(np.stack([rng.choice(maps[..., m].ravel(), 6) for m in range(5)]), axis=1)
    thresholds = np.nan_to_num(thresholds)
    thresholds.sort(axis=1)

    over = LabelsOverMap.of(labels, graph(), name, LAYERS[name], "conv", (24, 24))
    found = count(maps.reshape(-1, 5), thresholds, over)

    np.testing.assert_array_equal(found, brute(maps, thresholds, labels, name))
    np.testing.assert_array_equal(over.sizes, np.bincount(labels.ravel()))


def test_labels_beside_a_map_count_as_missed() -> None:
    labels = np.ones((24, 24), np.uint8)
    over = LabelsOverMap.of(labels, graph(), "valid", (8, 8), "conv", (24, 24))
    found = count(np.ones((64, 1), np.float32), np.zeros((1, 1), np.float32), over)

    assert found[0, 0, 1] == 16 * 16  # 2 pixels of the image to one of the map, 8 of them
    assert over.sizes[1] == 24 * 24


def test_labels_on_a_coarser_grid_lie_where_they_are() -> None:
    labels = np.zeros((12, 12), np.uint8)
    labels[3:7, 5:9] = 1
    over = LabelsOverMap.of(labels, graph(), "conv", (24, 24), "pool", (24, 24))
    inside = np.zeros((24, 24), np.float32)
    inside[6:14, 10:18] = 1
    found = count(inside.reshape(-1, 1), np.array([[0.5]], np.float32), over)

    assert found[0, 0].tolist() == [0, 16]  # a pixel of the labels takes one of the map's four


@given(
    values=st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=40),
    slices=st.integers(1, 3),
)
def test_thresholds_leave_the_share_above_them(values: list[float], slices: int) -> None:
    one = np.array(values, np.float32)[:, None]
    thresholds = thresholds_of([one] * slices)

    assert thresholds.shape == (1, len(SHARES))
    assert (np.diff(thresholds[0]) >= 0).all()
    pixels = len(values) * slices
    for share, threshold in zip(SHARES, thresholds[0], strict=True):
        assert (np.concatenate([one] * slices) > threshold).sum() <= np.ceil(share * pixels)


def test_values_that_are_no_numbers_give_thresholds_all_the_same() -> None:
    values = np.array([[np.nan, np.inf], [-np.inf, 1.0], [2.0, 3.0]], np.float32)
    thresholds = thresholds_of([values])
    assert not np.isnan(thresholds).any()
    assert (np.diff(thresholds, axis=1) >= 0).all()


@pytest.mark.parametrize("shape", [(1, 1, 2), (3, 40, 2), (256, 256, 2), (64, 64, 2)])
def test_a_first_look_takes_values_from_all_over_the_map(shape: tuple[int, int, int]) -> None:
    rows, columns, _ = shape
    activation = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    values = values_of(activation)

    assert values.shape[1] == 2
    assert 1 <= len(values) <= 2048
    spread = float(np.ptp(values[:, 0])) / max(float(np.ptp(activation[..., 0])), 1.0)
    assert rows * columns == 1 or spread > 0.9


def test_thresholds_are_taken_from_the_slices_that_are_learned_from() -> None:
    looked_at = first_look(range(181))
    assert len(looked_at) == len({*looked_at}) == 12
    assert all(is_learned(index) for index in looked_at)
    assert looked_at[0] == 0
    assert looked_at[-1] == 180
    assert first_look(range(1)) == (0,)
    assert first_look([1]) == (1,)


# ------------------------------------------------------------------- the series


def tally_of(
    maps: NDArray[np.float32], labels: NDArray[np.uint8], thresholds: NDArray[np.float32]
) -> Tally:
    """Count slices ``(slices, 24, 24, maps)`` of the layer ``conv``."""
    tally = Tally.start("conv", thresholds)
    for index, (activation, here) in enumerate(zip(maps, labels, strict=True)):
        over = LabelsOverMap.of(here, graph(), "conv", (24, 24), "conv", (24, 24))
        counts = count(activation.reshape(-1, activation.shape[-1]), thresholds, over)
        tally = tally.with_slice(index, SliceCounts(counts, over.sizes))
    return tally


def test_the_overlap_told_is_of_slices_that_had_no_say() -> None:
    rng = np.random.default_rng(4)
    maps = rng.normal(size=(6, 24, 24, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (6, 24, 24)).astype(np.uint8)
    maps[..., 1] += 2 * (labels == 2)
    thresholds = np.linspace(-1, 3, 9, dtype=np.float32)[None].repeat(3, axis=0)

    found = tally_of(maps, labels, thresholds).dissection()

    for m, k in np.ndindex(3, 3):

        def iou(which: slice, t: int, m: int = m, k: int = k) -> float:
            above, is_label = maps[which][..., m] > thresholds[m, t], labels[which] == k
            return float((above & is_label).sum() / (above | is_label).sum())

        learned, tested = slice(0, None, 2), slice(1, None, 2)
        best = max(range(9), key=lambda t: iou(learned, t))
        assert found.thresholds[m, k] == thresholds[m, best]
        assert found.chosen_iou[m, k] == pytest.approx(iou(learned, best))
        assert found.iou[m, k] == pytest.approx(iou(tested, best))
        slices = [iou(slice(i, i + 1), best) >= 0.1 for i in range(6)]
        assert found.shares[m, k] == pytest.approx(np.mean(slices))
    assert found.ranked()[0] == found.best(1)
    best_of = found.best(1)
    assert best_of is not None
    assert best_of.label == 2
    assert found.held_out.all()


def test_a_label_that_only_one_half_of_the_slices_holds_is_told_from_that_half() -> None:
    labels = np.zeros((4, 24, 24), np.uint8)
    labels[1, :12] = 1  # only in a slice that is not learned from
    labels[2, 12:] = 2  # only in one that is
    maps = np.stack([labels == 1, labels == 2], axis=-1).astype(np.float32)
    found = tally_of(maps, labels, np.array([[0.5], [0.5]], np.float32)).dissection()

    assert found.held_out.tolist() == [True, False, False]
    assert found.iou[0, 1] == found.iou[1, 2] == 1
    assert found.shares[0, 1] == found.shares[1, 2] == 1
    assert found.iou[0, 2] == 0


def test_a_label_that_no_slice_holds_has_no_overlap() -> None:
    labels = np.zeros((2, 24, 24), np.uint8)
    labels[:, 0, 0] = 2
    maps = np.ones((2, 24, 24, 1), np.float32)
    found = tally_of(maps, labels, np.zeros((1, 1), np.float32)).dissection()

    assert np.isnan(found.iou[0, 1])
    assert np.isnan(found.shares[0, 1])
    assert found.best(0, [1]) is None
    best = found.best(0)
    assert best is not None
    assert best.label == 2


def test_more_labels_may_come_with_a_later_slice_in_any_order() -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, 24, 24, 2)).astype(np.float32)
    labels = np.zeros((4, 24, 24), np.uint8)
    labels[2, :5], labels[3, 5:9] = 3, 1
    thresholds = np.array([[0.0, 1.0]] * 2, np.float32)
    forward = tally_of(maps, labels, thresholds)
    backward = Tally.start("conv", thresholds)
    for index in (3, 0, 2, 1):
        over = LabelsOverMap.of(labels[index], graph(), "conv", (24, 24), "conv", (24, 24))
        counts = count(maps[index].reshape(-1, 2), thresholds, over)
        backward = backward.with_slice(index, SliceCounts(counts, over.sizes))

    one, other = forward.dissection(), backward.dissection()
    for name in ("iou", "chosen_iou", "top_iou", "thresholds", "shares", "pixels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_nothing_counted_and_counts_of_other_maps_are_refused() -> None:
    tally = Tally.start("conv", np.zeros((2, 3), np.float32))
    with pytest.raises(ModelError, match="No slice"):
        tally.dissection()
    with pytest.raises(ModelError, match="3 maps"):
        tally.with_slice(0, SliceCounts(np.zeros((3, 3, 1), np.int64), np.ones(1, np.int64)))


# ------------------------------------------------------------------------ words


def a_dissection() -> Dissection:
    labels = np.zeros((2, 24, 24), np.uint8)
    labels[:, :12], labels[:, 18:] = 1, 2
    maps = np.zeros((2, 24, 24, 3), np.float32)
    maps[:, :6, :, 0] = 1
    maps[:, 18:, :, 1] = 1
    maps[:, 0, 0, 2] = 1
    return tally_of(maps, labels, np.full((3, 1), 0.5, np.float32)).dissection()


def test_badges_and_the_summary_say_it_in_words() -> None:
    found = a_dissection()
    among = structures(CLASSES)
    assert among == (1, 2)
    told = badges(found, CLASSES)
    assert {index: one.text for index, one in told.items()} == {
        0: "CSF, IoU 0.50",
        1: "Brain, IoU 1.00",
    }, "the third map is one pixel, no overlap to speak of"
    assert told[0].colour == CLASSES[1].colour
    assert badges(found, ()) == {}
    assert found.following(among) == 2
    assert summary(found, among, "the reference", 2) == (
        "2 of 3 maps follow a label (IoU 0.1 or more) · 2 slices against the reference"
    )
    assert "2 of 9 slices" in summary(found, among, "the reference", 9)


def test_the_table_has_a_row_for_each_map_and_label() -> None:
    found = a_dissection()
    rows = list(csv.DictReader(io.StringIO(dissection_csv([found], CLASSES, "the reference"))))

    assert len(rows) == 3 * 3
    row = next(r for r in rows if r["feature map"] == "1" and r["label"] == "2")
    assert (row["name"], row["IoU"], row["layer"]) == ("Brain", "1", "conv")
    assert row["labels from"] == "the reference"
    assert "research use only" in row["note"]
    assert {r["network"] for r in rows} == {"trained"}


def test_the_overlap_of_the_top_half_percent_is_told_too() -> None:
    rng = np.random.default_rng(1)
    maps = rng.normal(size=(4, 24, 24, 2)).astype(np.float32)
    labels = np.zeros((4, 24, 24), np.uint8)
    labels[:, 4:6, 4:6] = 1
    maps[..., 0] += 5 * (labels == 1)
    thresholds = thresholds_of(list(maps.reshape(4, -1, 2)))
    found = tally_of(maps, labels, thresholds).dissection()

    for m in range(2):
        above = maps[..., m] > np.quantile(maps[..., m], 0.995)
        iou = (above & (labels == 1)).sum() / (above | (labels == 1)).sum()
        assert found.top_iou[m, 1] == pytest.approx(iou)
