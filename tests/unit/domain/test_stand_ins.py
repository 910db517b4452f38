"""Layers with code of their own, and what the user has stand in for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.faults.model_files import entry, functional, layer_of, unet

from unetscope.domain.errors import ModelError
from unetscope.domain.model_config import Call, parse
from unetscope.domain.stand_ins import (
    Replacement,
    Replacements,
    StandIn,
    UnknownLayersError,
    fingerprint_with,
    from_json,
    named,
    to_json,
    told,
)


def with_lambda(*names: str, nested: bool = False) -> dict[str, Any]:
    """The small U-Net with Lambdas before its head."""
    config = unet()
    layers = config["config"]["layers"]
    source = "join"
    for name in names:
        code = {"class_name": "__lambda__", "config": {"value": "4wEA"}}
        layers.insert(-1, entry("Lambda", name, source, function=code, arguments={}))
        source = name
    layer_of(config, "head")["inbound_nodes"] = [[[source, 0, 0, {}]]]
    if nested:
        config["name"] = "inside"
        config["inbound_nodes"] = [[["outside", 0, 0, {}]]]
        start = entry("InputLayer", "outside", batch_shape=[None, 32, 32, 1])
        config = functional([start, config], "outside", "inside")
        config["config"]["output_layers"] = [["inside", 1, 0]]
    return config


def refused(config: object, replaced: Replacements = ()) -> UnknownLayersError:
    with pytest.raises(UnknownLayersError) as caught:
        parse(config, "net.keras", replaced)
    return caught.value


def test_all_layers_that_are_not_known_are_named() -> None:
    error = refused(with_lambda("one", "two", "three"))
    assert [(each.name, each.kind) for each in error.layers] == [
        ("one", "Lambda"),
        ("two", "Lambda"),
        ("three", "Lambda"),
    ]
    assert error.replaceable
    assert "one (Lambda), two (Lambda), three (Lambda)" in error.what


def test_many_of_them_still_make_a_short_sentence() -> None:
    error = refused(with_lambda(*(f"a_layer_with_a_long_name_{i}" for i in range(40))))
    assert len(error.layers) == 40
    assert len(str(error)) <= 300
    assert "and 37 more" in error.what


@pytest.mark.parametrize(
    ("by", "kind", "config"),
    [
        (StandIn.IDENTITY, "Activation", {"activation": "linear"}),
        (StandIn.SOFTMAX, "Activation", {"activation": "softmax"}),
        (StandIn.SCALE, "Rescaling", {"scale": 0.25, "offset": 0.0}),
        (
            StandIn.STANDARDISE,
            "LayerNormalization",
            {"axis": [1, 2, 3], "epsilon": 1e-7, "center": False, "scale": False},
        ),
    ],
)
def test_a_layer_of_keras_takes_its_place(by: StandIn, kind: str, config: dict[str, Any]) -> None:
    replaced = (Replacement("norm_it", "Lambda", by, 0.25),)
    calls = {call.name: call for call in parse(with_lambda("norm_it"), "x", replaced).calls}
    found: Call = calls["norm_it"]
    assert (found.kind, found.stands_for) == (kind, "Lambda")
    assert found.config == {"name": "norm_it", **config}
    assert found.inputs == ("join",)
    assert calls["head"].inputs == ("norm_it",)


def test_one_that_is_left_out_is_refused_still() -> None:
    replaced = (Replacement("one", "Lambda", StandIn.IDENTITY),)
    error = refused(with_lambda("one", "two"), replaced)
    assert [each.name for each in error.layers] == ["two"]


def test_a_layer_that_is_known_is_never_replaced() -> None:
    replaced = (Replacement("middle", "Conv2D", StandIn.IDENTITY),)
    calls = {call.name: call for call in parse(unet(), "net.keras", replaced).calls}
    assert calls["middle"].kind == "Conv2D"


def test_a_nested_one_is_named_by_its_whole_path() -> None:
    error = refused(with_lambda("one", nested=True))
    assert [each.name for each in error.layers] == ["inside/one"]
    replaced = (Replacement("inside/one", "Lambda", StandIn.IDENTITY),)
    assert parse(with_lambda("one", nested=True), "net.keras", replaced).listed


def test_one_that_reads_two_tensors_cannot_be_replaced() -> None:
    config = with_lambda("both")
    layer_of(config, "both")["inbound_nodes"] = [[["join", 0, 0, {}], ["down", 0, 0, {}]]]
    error = refused(config, (Replacement("both", "Lambda", StandIn.IDENTITY),))
    assert not error.replaceable


def test_code_as_an_activation_is_named_by_its_layer() -> None:
    config = unet()
    layer_of(config, "down")["config"]["activation"] = {"class_name": "__lambda__", "config": {}}
    with pytest.raises(ModelError, match="down"):
        parse(config, "net.keras")


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_factor_is_a_number(factor: float) -> None:
    with pytest.raises(ModelError, match="finite"):
        Replacement("one", "Lambda", StandIn.SCALE, factor)


REPLACED = st.lists(
    st.builds(
        Replacement,
        st.text(min_size=1, max_size=8),
        st.just("Lambda"),
        st.sampled_from(StandIn),
        st.floats(-10, 10),
    ),
    max_size=5,
    unique_by=lambda each: each.layer,
).map(tuple)


@given(replaced=REPLACED)
def test_they_come_back_from_json(replaced: Replacements) -> None:
    assert sorted(from_json(to_json(replaced)), key=lambda e: e.layer) == sorted(
        replaced, key=lambda e: e.layer
    )


@given(one=REPLACED, other=REPLACED)
def test_other_replacements_make_another_network(one: Replacements, other: Replacements) -> None:
    same = to_json(one) == to_json(other)
    assert (fingerprint_with("sha256:1", one) == fingerprint_with("sha256:1", other)) == same
    assert fingerprint_with("sha256:1", ()) == "sha256:1"


def test_what_is_told_names_layers_and_what_stands_in() -> None:
    assert told(()) == ""
    sentence = told((Replacement("to_one", "Lambda", StandIn.SCALE, 1 / 255),))
    assert "to_one (Lambda) by a factor of 0.00392157" in sentence


def test_names_that_do_not_fit_are_counted() -> None:
    error = refused(with_lambda("a" * 300, "b"))
    assert len(named(error.layers)) < 160


@pytest.mark.parametrize("length", [3, 60, 500])
def test_however_long_the_names_are_the_sentence_is_short(length: int) -> None:
    replaced = tuple(
        Replacement(f"{i}{'x' * length}", "Lambda", StandIn.SCALE, 1 / 255) for i in range(9)
    )
    sentence = told(replaced)
    assert len(sentence) <= 220
    shown = sentence.count("(Lambda) by a factor")
    assert sentence.endswith(f" and {9 - max(shown, 1)} more.")
