"""The drawing of a network: a U of boxes that do not cover each other."""

from __future__ import annotations

import itertools
import time

import pytest
from tests.unit.domain.odd_graphs import ALL, Drawn, nested_u_net, residual_encoder
from tests.unit.fakes import layer, network_of, unet

from unetscope.domain.diagram import Diagram, Family
from unetscope.domain.graph import Graph
from unetscope.state.diagram_layout import lay_out


@pytest.fixture
def drawn() -> Diagram:
    return lay_out(unet().graph)


def test_the_encoder_goes_down_on_the_left_and_the_decoder_up_on_the_right(drawn: Diagram) -> None:
    left, right = drawn["enc"].centre[0], drawn["dec"].centre[0]
    assert drawn["image"].centre[0] == left < drawn["mid"].centre[0] < right
    assert drawn["image"].y < drawn["enc"].y < drawn["pool"].y < drawn["mid"].y
    assert drawn["mid"].y > drawn["up"].y > drawn["skip"].y > drawn["dec"].y > drawn["mask"].y


def test_a_skip_connection_is_a_level_line_across(drawn: Diagram) -> None:
    (skip,) = (line for line in drawn.lines if line.is_skip)
    assert (skip.source, skip.target) == ("enc", "skip")
    (x1, y1), (x2, y2) = skip.curve[0], skip.curve[-1]
    assert x1 == drawn["enc"].x + drawn["enc"].width
    assert x2 == drawn["skip"].x
    assert y1 == pytest.approx(y2, abs=6)


def test_coarser_grids_are_narrower_and_more_channels_higher(drawn: Diagram) -> None:
    assert drawn["mid"].width < drawn["enc"].width == drawn["dec"].width
    assert drawn["skip"].height > drawn["enc"].height > drawn["image"].height


def test_each_level_is_named_by_its_grid(drawn: Diagram) -> None:
    assert [band.text for band in drawn.bands] == ["8×8", "4×4"]
    assert drawn.bands[0].bottom < drawn.bands[1].top


@pytest.mark.parametrize("name", ALL)
def test_no_box_covers_another_and_every_line_ends_at_its_boxes(name: str) -> None:
    graph = ALL[name]()
    found = lay_out(graph)
    assert [box.name for box in found.boxes] == [each.name for each in graph.layers]
    for one, other in itertools.combinations(found.boxes, 2):
        apart = (
            one.x + one.width <= other.x + 0.01
            or other.x + other.width <= one.x + 0.01
            or one.y + one.height <= other.y + 0.01
            or other.y + other.height <= one.y + 0.01
        )
        assert apart, f"{one.name} covers {other.name}"
    wanted = {(source, each.name) for each in graph.layers for source in each.inputs}
    assert {(line.source, line.target) for line in found.lines} == wanted
    for line in found.lines:
        for end, point in ((line.source, line.curve[0]), (line.target, line.curve[-1])):
            box = found[end]
            assert box.x - 0.01 <= point[0] <= box.x + box.width + 0.01
            assert box.y - 0.01 <= point[1] <= box.y + box.height + 0.01
    for box in found.boxes:
        assert found.left <= box.x
        assert box.x + box.width <= found.right
        assert found.top <= box.y
        assert box.y + box.height <= found.bottom + 0.01


@pytest.mark.parametrize("name", ALL)
def test_the_same_network_is_always_drawn_the_same(name: str) -> None:
    one, other = lay_out(ALL[name]()), lay_out(ALL[name]())
    assert (one.boxes, one.lines) == (other.boxes, other.lines)


def test_a_network_without_a_u_goes_down_in_one_column() -> None:
    found = lay_out(residual_encoder(2))
    order = ["image", "stem", "s0b0_conv1", "s0b0_add", "s1b0_add", "s1b1_relu"]
    assert [found[name].y for name in order] == sorted(found[name].y for name in order)
    assert not any(line.is_skip for line in found.lines)


def test_strips_stand_on_the_layer_they_follow() -> None:
    found = lay_out(residual_encoder(1))
    conv, norm = found["s0b0_conv1"], found["s0b0_bn1"]
    assert norm.family is Family.NORMALISATION
    assert norm.y == pytest.approx(conv.y + conv.height)
    assert norm.height < conv.height


def test_layers_without_connections_and_networks_of_one_layer_are_drawn() -> None:
    assert lay_out(Graph((), ())).boxes == ()
    lone = network_of(layer("a", "InputLayer"), layer("b", "InputLayer")).graph
    assert lay_out(lone)["a"].y == lay_out(lone)["b"].y


def test_the_arrow_keys_lead_to_the_box_beside(drawn: Diagram) -> None:
    assert drawn.nearest("enc", 0, 1) == "pool"
    assert drawn.nearest("enc", 0, -1) == "image"
    assert drawn.nearest("enc", 1, 0) == "skip"
    assert drawn.nearest("skip", -1, 0) == "enc"
    assert drawn.nearest("image", -1, 0) == "image"


def test_the_way_through_a_layer_is_what_leads_to_it_and_what_follows() -> None:
    found = lay_out(nested_u_net())
    pairs = [(line.source, line.target) for line in found.lines]
    way = found.way_through("x01", pairs)
    assert {"image", "x00", "x10", "up01", "x02", "mask"} <= way
    assert not {"x20", "x11", "up12"} & way


def test_a_deep_network_with_long_ways_is_laid_out_at_once() -> None:
    net = Drawn()
    here = net.image("image", 64)
    for i in range(600):
        here = net.conv(f"c{i}", here, 8)
        if i > 80:
            here = net.merge(f"m{i}", here, f"c{i - 70}", kind="Add")
    start = time.perf_counter()
    found = lay_out(net.graph())
    assert time.perf_counter() - start < 5
    assert len(found.boxes) == len(net.layers)
