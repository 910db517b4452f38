"""Feature maps in the order of what silencing them does, beside maps taken at random."""

from __future__ import annotations

import csv
from itertools import combinations

import numpy as np
import pytest
from tests.unit.fakes import kinds_network, stated_unet

from unetscope.domain.effects import Effects
from unetscope.domain.explaining.grouping import GroupEffect, random_groups
from unetscope.domain.explaining.ranking import (
    RankBy,
    RankKind,
    bars_of,
    change_by,
    choices,
    end_of_maps,
    layers_to_rank,
    need_of,
    rank,
)
from unetscope.domain.explaining.ranking_words import (
    axis_of,
    line_of,
    ranking_csv,
    table_of,
    tip_of,
)

NAMES = {1: "CSF", 2: "Brain"}
NAN = float("nan")


def effects(reference: bool = True) -> Effects:
    """Four maps, of which the last is not measured; with a reference map 2 does harm."""
    current = [[1.0, 0.9, 0.8], [1.0, 0.5, 0.9], [1.0, 0.9, 1.0], [NAN, NAN, NAN]]
    others = [[0.9, 0.6, 0.5], [0.9, 0.3, 0.6], [0.9, 0.8, 0.7], [NAN, NAN, NAN]]
    return Effects(
        layer="enc",
        changed_pixels=np.array([5, 30, 7, -1]),
        mean_probability_change=np.array([0.01, 0.02, 0.05, NAN], np.float32),
        dice_with_current=np.array(current, np.float32),
        dice_with_reference=np.array(others, np.float32) if reference else None,
        dice_now=np.array([0.9, 0.7, 0.7], np.float32) if reference else None,
    )


def test_with_a_reference_it_is_dice_silenced_minus_dice_now() -> None:
    found = effects()
    assert change_by(found, RankBy(label=1))[:3] == pytest.approx([-0.1, -0.4, 0.1])
    assert change_by(found, RankBy())[:3] == pytest.approx([-0.15, -0.25, 0.05])
    assert change_by(found, RankBy(), [2])[:3] == pytest.approx([-0.2, -0.1, 0.0])
    assert np.isnan(change_by(found, RankBy())[3])
    assert rank(found).maps == (1, 0, 2)
    assert rank(found).has_reference


def test_without_one_it_is_against_the_mask_as_it_is() -> None:
    found = effects(reference=False)
    assert change_by(found, RankBy(label=2))[:3] == pytest.approx([-0.2, -0.1, 0.0])
    assert change_by(found, RankBy())[:3] == pytest.approx([-0.15, -0.3, -0.05])
    assert not rank(found).has_reference


@pytest.mark.parametrize(
    ("by", "maps"),
    [
        (RankBy(RankKind.PIXELS), (1, 2, 0)),
        (RankBy(RankKind.PROBABILITY), (2, 1, 0)),
        (RankBy(label=2), (0, 1, 2)),
        (RankBy(label=9), ()),
    ],
)
def test_maps_are_ranked_by_what_the_mask_needs_most(by: RankBy, maps: tuple[int, ...]) -> None:
    found = rank(effects(), by)
    assert found.maps == maps
    assert [found.rank_of(index) for index in maps] == [n + 1 for n in range(len(maps))]
    assert found.rank_of(3) is None
    need = need_of(effects(), by)[list(maps)]
    assert (np.diff(need) <= 0).all()


def test_a_class_that_neither_holds_is_left_out_of_the_mean() -> None:
    found = effects()
    assert found.dice_now is not None
    found.dice_now[1] = NAN
    assert change_by(found, RankBy())[:3] == pytest.approx([-0.2, -0.1, 0.0])
    assert np.isnan(change_by(found, RankBy(label=1))).all()


def test_a_class_that_the_reference_has_nothing_for_has_no_number() -> None:
    assert np.isnan(change_by(effects(), RankBy(label=2), [1])).all()
    assert rank(effects(), RankBy(), [1]).per_class(0) == pytest.approx({1: -0.1})


def test_bars_are_shares_of_the_greatest_need() -> None:
    by = RankBy()
    bars = bars_of(need_of(effects(), by), by, NAMES)
    assert bars is not None
    assert bars.lengths[:3] == pytest.approx([0.6, 1.0, 0.0])
    assert np.isnan(bars.lengths[3])
    assert bars.said == "bar: mean Dice lost when silenced, up to 0.250"
    assert bars_of(np.full(3, NAN), by, NAMES) is None


def test_what_is_said_of_a_ranking() -> None:
    found = rank(effects(), RankBy(label=1))
    assert axis_of(found, NAMES) == (
        "Change of Dice of CSF with the reference; below 0 the map helps"
    )
    assert line_of(found, 1, NAMES) == (
        "Map 1, rank 1 of 3: CSF −0.400, Brain −0.100, mean −0.250; 30 pixels change"
    )
    assert "Brain −0.100" in tip_of(found, 1, NAMES)
    assert tip_of(found, 3, NAMES) == line_of(found, 3, NAMES) == ""
    rows = [line.split("\t") for line in table_of(found, NAMES).splitlines()]
    assert rows[0][:4] == ["rank", "feature map", "mean Dice", "Dice of CSF"]
    assert [row[1] for row in rows[1:]] == ["1", "0", "2"]
    assert [float(row[3]) for row in rows[1:]] == pytest.approx([-0.4, -0.1, 0.1])


def test_the_table_is_tidy() -> None:
    about = {"network": "trained", "slice": "3"}
    text = ranking_csv(
        [(effects(), "zero"), (effects(reference=False), "mean")], NAMES, None, about
    )
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 2 * 3 * len(choices((1, 2)))
    assert {row["network"] for row in rows} == {"trained"}
    assert {row["note"] for row in rows} == {"research use only"}
    (one,) = (
        row
        for row in rows
        if (row["feature map"], row["class"], row["silenced to"]) == ("1", "CSF", "zero")
    )
    assert one["measure"] == "change of Dice with the reference"
    assert float(one["change"]) == pytest.approx(-0.4)
    assert one["rank"] == "1"
    assert {row["measure"] for row in rows if row["silenced to"] == "mean"} == {
        "change of Dice with the mask as it is",
        "changed pixels",
        "change of probability",
    }


# ----------------------------------------------------------------- the control


def test_random_groups_are_of_other_maps_all_different_and_the_same_each_time() -> None:
    group = (3, 5, 9)
    drawn = random_groups(group, 32)
    assert len(set(drawn)) == len(drawn) == 20
    for each in drawn:
        assert len(set(each)) == 3
        assert not set(each) & set(group)
        assert all(0 <= index < 32 for index in each)
    assert random_groups(group, 32) == drawn
    assert random_groups(group, 32, seed=1) != drawn


def test_where_there_are_few_choices_all_are_taken() -> None:
    assert random_groups((0, 1), 5) == tuple(combinations((2, 3, 4), 2))
    assert random_groups((0,), 3, draws=2) == ((1,), (2,))
    assert random_groups((0, 1, 2), 5) == ()
    assert random_groups((), 5) == ()


def a_group(changes: list[float], maps: tuple[int, ...] = (0, 1, 2)) -> GroupEffect:
    rows = np.array([[1.0, 1.0, 1.0 + change] for change in changes], np.float32)
    found = Effects(
        layer="enc",
        changed_pixels=np.zeros(len(rows), np.int64),
        mean_probability_change=np.zeros(len(rows), np.float32),
        dice_with_current=rows,
    )
    drawn = tuple((10 + n, 20 + n, 30 + n) for n in range(len(changes) - 1))
    return GroupEffect(maps, drawn, found)


def test_the_control_is_told_as_median_and_range() -> None:
    found = a_group([-0.31, -0.08, -0.02, 0.0])
    by = RankBy(label=2)
    assert found.change(by) == pytest.approx(-0.31)
    assert found.at_random(by) == pytest.approx((-0.02, -0.08, 0.0))
    assert found.told(by, NAMES) == (
        "These 3 maps together: Dice of Brain −0.310; "
        "3 other maps at random: −0.020 (−0.080 to 0.000, 3 draws)."
    )


def test_a_layer_without_enough_other_maps_has_no_control() -> None:
    told = a_group([-0.5]).told(RankBy(label=2), NAMES)
    assert "No control: the layer has fewer than 3 other maps" in told
    assert "not known" in a_group([NAN, -0.1]).told(RankBy(label=2), NAMES)
    assert a_group([-0.1, 0.0], (4,)).told(RankBy(label=2), NAMES) == (
        "Map 4: Dice of Brain −0.100; "
        "another map at random: 0.000 (0.000 to 0.000, the only choice)."
    )


# ------------------------------------------------------------------ the layers


def test_maps_end_after_normalisation_and_activation() -> None:
    graph = stated_unet().graph
    ends = layers_to_rank(graph)
    assert ends
    assert not set(ends) & set(graph.outputs)
    for name in ends:
        assert end_of_maps(graph, name) == name
    order = [layer.name for layer in graph.layers]
    assert [order.index(name) for name in ends] == sorted(map(order.index, ends), reverse=True)
    kinds = kinds_network().graph
    assert "dense" not in layers_to_rank(kinds)
