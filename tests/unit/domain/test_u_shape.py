"""Where in the U a layer stands, for networks of many shapes."""

from __future__ import annotations

import random

import pytest
from tests.unit.domain.odd_graphs import (
    ALL,
    classifier,
    gated_u_net,
    nested_u_net,
    odd_u_net,
    residual_encoder,
    squeezed_u_net,
    strided_u_net,
    two_inputs_two_outputs,
)

from unetscope.domain.graph import Graph, Layer, Section
from unetscope.domain.u_shape import standings


def sections(graph: Graph) -> dict[str, str]:
    return {name: one.section.value for name, one in standings(graph).items()}


def levels(graph: Graph) -> dict[str, int]:
    return {name: one.level for name, one in standings(graph).items()}


def named(found: dict[str, str], section: str) -> set[str]:
    return {name for name, one in found.items() if one == section}


def test_dense_skips_belong_to_the_decoder_wherever_they_are_listed() -> None:
    found = sections(nested_u_net())
    assert named(found, "Encoder") == {"x00", "pool1", "x10", "pool2", "x20", "pool3"}
    assert named(found, "Bottleneck") == {"x30"}
    assert {"x01", "x02", "x03", "x11", "x12", "x21"} <= named(found, "Decoder")
    assert named(found, "Head") == {"mask"}
    assert [levels(nested_u_net())[f"x{row}0"] for row in range(4)] == [1, 2, 3, 4]
    assert levels(nested_u_net())["cat12"] == 2


def test_a_gate_stands_beside_the_skip_it_guards() -> None:
    found, at = sections(gated_u_net()), levels(gated_u_net())
    assert named(found, "Encoder") == {"enc1", "pool1", "enc2", "pool2"}
    assert {found[name] for name in ("theta1", "phi1", "psi1", "weight1", "gated1")} == {"Decoder"}
    assert (at["gated1"], at["weight1"], at["theta1"]) == (1, 1, 2)
    assert found["mid"] == "Bottleneck"


def test_what_follows_the_coarsest_grid_of_a_classifier_is_its_head() -> None:
    found = sections(classifier())
    assert named(found, "Head") == {"flat", "dense"}
    assert named(found, "Decoder") == set()
    assert levels(classifier())["conv3"] == 3


@pytest.mark.parametrize("side", [32, None], ids=["fixed", "any size"])
def test_strides_make_the_levels_even_where_no_size_is_known(side: int | None) -> None:
    found, at = sections(strided_u_net(side)), levels(strided_u_net(side))
    assert named(found, "Bottleneck") == {"down2", "mid"}
    assert named(found, "Decoder") == {"up2", "cat2", "dec2", "up1", "cat1", "dec1"}
    assert (at["enc1"], at["enc2"], at["mid"], at["cat2"], at["dec1"]) == (1, 2, 3, 2, 1)


def test_several_inputs_and_outputs_have_their_sections() -> None:
    found = sections(two_inputs_two_outputs())
    assert named(found, "Input") == {"t1", "t2"}
    assert named(found, "Encoder") == {"a", "b", "both", "pool"}
    assert named(found, "Head") == {"mask", "edge"}


def test_a_single_position_is_no_coarser_grid() -> None:
    found, at = sections(squeezed_u_net()), levels(squeezed_u_net())
    assert {found[name] for name in ("squeeze", "weigh", "weighed")} == {"Encoder"}
    assert {found[name] for name in ("mid", "all", "wide", "spread", "pyramid")} == {"Bottleneck"}
    assert set(at.values()) == {1, 2}


def test_odd_sizes_and_cut_borders_make_no_levels() -> None:
    at = levels(odd_u_net())
    assert (at["enc"], at["mid"], at["up"], at["pad"], at["dec"], at["mask"]) == (1, 2, 1, 1, 1, 1)
    assert sections(odd_u_net())["mask"] == "Head"


def test_residual_ways_stay_at_their_level() -> None:
    at = levels(residual_encoder())
    assert (at["stem"], at["s0b3_relu"], at["s1b0_way"], at["s1b3_relu"]) == (2, 2, 3, 3)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_the_list_does_not_matter(name: str) -> None:
    graph = ALL[name]()
    waiting: list[Layer] = list(graph.layers)
    done: list[Layer] = []
    chance = random.Random(3)
    while waiting:  # another topological order
        ready = [one for one in waiting if all(s in {d.name for d in done} for s in one.inputs)]
        done.append(chance.choice(ready))
        waiting.remove(done[-1])
    assert standings(Graph(done, graph.outputs)) == standings(graph)


@pytest.mark.parametrize("name", ALL)
def test_every_layer_stands_somewhere_and_levels_are_counted_from_one(name: str) -> None:
    graph = ALL[name]()
    found = standings(graph)
    assert set(found) == {layer.name for layer in graph.layers}
    used = {one.level for one in found.values()}
    assert used == set(range(1, len(used) + 1))
    assert all(isinstance(one.section, Section) for one in found.values())
