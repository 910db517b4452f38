"""The graph: who feeds whom, and where in the U a layer stands."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.fakes import layer, unet

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph, Layer, Section
from unetscope.domain.kernels import first_with_kernels


def sections(*layers: Layer) -> dict[str, str]:
    graph = Graph(layers, (layers[-1].name,))
    return {name: section.value for name, section in graph.sections().items()}


def conv(name: str, source: str, size: int | None, channels: int = 4, window: int = 3) -> Layer:
    shape = (None, size, size, channels)
    return layer(name, inputs=[source], output=shape, kernel=(window, window, 4, channels))


def chain(*sizes: int) -> list[Layer]:
    layers = [layer("image", "InputLayer", output=(None, sizes[0], sizes[0], 1))]
    for i, size in enumerate(sizes):
        layers.append(conv(f"c{i}", layers[-1].name, size))
    return layers


def test_a_u_net_has_encoder_bottleneck_decoder_and_head() -> None:
    assert {k: v.value for k, v in unet().graph.sections().items()} == {
        "image": "Input",
        "enc": "Encoder",
        "pool": "Encoder",
        "mid": "Bottleneck",
        "up": "Decoder",
        "skip": "Decoder",
        "dec": "Decoder",
        "mask": "Head",
    }


def test_an_encoder_alone_ends_in_its_bottleneck() -> None:
    found = sections(
        layer("image", "InputLayer", output=(None, 25, 25, 1)),
        conv("a", "image", 25),
        layer("pool", "MaxPooling2D", ["a"], output=(None, 12, 12, 4)),
        conv("b", "pool", 12),
    )
    assert found == {"image": "Input", "a": "Encoder", "pool": "Encoder", "b": "Bottleneck"}


def test_a_plain_chain_has_no_u() -> None:
    assert sections(*chain(8, 8, 8)) == {
        "image": "Input",
        "c0": "Encoder",
        "c1": "Encoder",
        "c2": "Encoder",
    }


def test_the_head_is_the_last_1x1_convolutions_and_their_activation() -> None:
    found = sections(
        *chain(8, 8),
        conv("one", "c1", 8, window=1),
        conv("two", "one", 8, window=1),
        layer("softmax", "Softmax", ["two"], output=(None, 8, 8, 4)),
    )
    assert [found[name] for name in ("c1", "one", "two", "softmax")] == ["Encoder", *["Head"] * 3]


def test_strided_convolutions_make_a_u_without_any_pooling() -> None:
    found = sections(
        *chain(16, 8, 4),
        layer("up", "Conv2DTranspose", ["c2"], output=(None, 16, 16, 4), kernel=(2, 2, 4, 4)),
        conv("mask", "up", 16, window=1),
    )
    assert found["c1"] == "Encoder"
    assert found["c2"] == "Bottleneck"
    assert found["up"] == "Decoder"
    assert found["mask"] == "Head"


def test_unknown_sizes_and_missing_weights_do_not_stop_the_tree() -> None:
    nothing = sections(layer("image", "InputLayer"), layer("c", inputs=["image"]))
    assert nothing == {"image": "Input", "c": "Encoder"}
    any_size = sections(
        layer("image", "InputLayer", output=(None, None, None, 1)), conv("c", "image", None)
    )
    assert set(any_size) == {"image", "c"}
    assert Graph((), ()).sections() == {}


def test_every_layer_stands_somewhere() -> None:
    for graph in (unet().graph, Graph(chain(8, 4, 2, 4, 8), ("c4",))):
        assert set(graph.sections()) == {each.name for each in graph.layers}


def test_a_layer_is_found_by_name_and_a_missing_one_named() -> None:
    graph = unet().graph
    assert graph["mid"].kind == "Conv2D"
    assert "mid" in graph
    assert "nowhere" not in graph
    with pytest.raises(ModelError, match=r"no layer called 'nowhere'\. Its layers are image, enc"):
        _ = graph["nowhere"]


def test_consumers_are_the_layers_that_read_an_activation() -> None:
    graph = unet().graph
    assert graph.consumers("enc") == ("pool", "skip")
    assert graph.consumers("mask") == ()


def test_downstream_of_a_diamond_names_each_layer_once_and_in_order() -> None:
    assert unet().graph.downstream(["enc"]) == ("enc", "pool", "mid", "up", "skip", "dec", "mask")
    assert unet().graph.downstream(["up"]) == ("up", "skip", "dec", "mask")
    assert unet().graph.downstream(["mask"]) == ("mask",)
    assert unet().graph.downstream([]) == ()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any network at all: each layer reads some of those before it."""
    layers = [layer("n0", "InputLayer")]
    for i in range(1, draw(st.integers(1, 12))):
        sources = draw(st.lists(st.integers(0, i - 1), min_size=1, max_size=3))
        layers.append(layer(f"n{i}", "Add", [f"n{s}" for s in sources]))
    return Graph(layers, (layers[-1].name,))


@given(graphs(), st.data())
def test_downstream_is_what_can_be_reached_and_no_more(graph: Graph, data: st.DataObject) -> None:
    names = [each.name for each in graph.layers]
    start = data.draw(st.sets(st.sampled_from(names)))
    reached, ring = set(start), list(start)
    while ring:
        ring = [user for name in ring for user in graph.consumers(name) if user not in reached]
        reached.update(ring)
    assert graph.downstream(start) == tuple(name for name in names if name in reached)


def test_a_graph_survives_the_way_to_another_process() -> None:
    graph = unet().graph
    again = pickle.loads(pickle.dumps(graph))
    assert again.layers == graph.layers
    assert again.outputs == graph.outputs
    assert again.consumers("enc") == graph.consumers("enc")


def test_parameters_add_up() -> None:
    assert unet().graph.parameters == (9 * 4 + 4) + (9 * 24 + 6) + (9 * 40 + 4) + (12 + 3)


def test_the_first_layer_with_kernels_is_where_an_edit_shows_best() -> None:
    assert first_with_kernels(unet().graph) == "enc"
    assert first_with_kernels(Graph([layer("d", "Dense", kernel=(3, 2), bias=2)], ("d",))) is None


@pytest.mark.parametrize(
    ("kind", "config", "name"),
    [
        ("Conv2D", {"activation": "relu"}, "relu"),
        ("Conv2D", {"activation": {"class_name": "Swish", "config": "swish"}}, "swish"),
        ("Conv2D", {"activation": {"class_name": "Swish", "config": None}}, "Swish"),
        ("Conv2D", {}, None),
        ("ReLU", {}, "relu"),
        ("Softmax", {}, "softmax"),
        ("Activation", {"activation": "tanh"}, "tanh"),
    ],
)
def test_the_activation_is_named(kind: str, config: dict[str, object], name: str | None) -> None:
    assert layer("x", kind, config=config).activation == name


def test_sections_are_called_what_people_call_them() -> None:
    assert [s.value for s in Section] == ["Input", "Encoder", "Bottleneck", "Decoder", "Head"]
