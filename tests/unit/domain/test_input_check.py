"""The slice beside what the model was trained on: what matches, what does not, what is unknown."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.fakes import CLASSES, FakeSeries, unet

from unetscope.domain.card import ModelCard
from unetscope.domain.channels import ChannelSource
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.input_check import Check, Mark, check_input, input_note
from unetscope.domain.intensity import Clahe, ReferenceHistogram
from unetscope.domain.network import Network
from unetscope.domain.preprocess import Preprocessing

TRAINED: dict[str, Any] = {
    "modality": "MR",
    "plane": "axial",
    "orientation": "radiological",
    "spacing_mm": [0.5, 0.5],
}
CARD = ModelCard(
    name="Tiny",
    preprocessing=Preprocessing(size=(8, 8)),
    classes=CLASSES,
    trained_on=TRAINED,
    confirmed=True,
)
SERIES = FakeSeries()  # axial, L at the right, P at the bottom, 8 by 8 pixels of 0.5 mm


def checks(
    series: FakeSeries = SERIES,
    card: ModelCard = CARD,
    saved: ModelCard | None = None,
    network: Network | None = None,
) -> dict[str, Check]:
    found = check_input(series, series.volume[0], card, saved or card, network or unet())
    return {check.name: check for check in found}


def with_steps(**steps: Any) -> ModelCard:
    return replace(CARD, preprocessing=replace(CARD.preprocessing, **steps))


def trained(**facts: Any) -> ModelCard:
    return replace(CARD, trained_on={**TRAINED, **facts})


class TurnedSeries(FakeSeries):
    """Coronal: the rows go down to the feet."""

    @property
    def column_direction(self) -> Any:
        return np.array([0.0, 0.0, -1.0])


def test_a_slice_like_those_of_the_training_matches_in_everything() -> None:
    assert {check.mark for check in checks().values()} == {Mark.MATCH}
    assert list(checks()) == [
        "Modality",
        "Plane",
        "Orientation",
        "Spacing",
        "Matrix",
        "Intensity",
        "Channels",
        "Classes",
    ]


def test_nothing_that_nobody_confirmed_matches_but_what_the_network_says_itself() -> None:
    found = checks(card=replace(CARD, confirmed=False))
    matching = {name for name, check in found.items() if check.mark is Mark.MATCH}
    assert matching == {"Channels"}
    assert all(c.mark is Mark.UNKNOWN for n, c in found.items() if n not in matching)


def test_what_either_side_does_not_say_is_unknown() -> None:
    for empty in ("modality", "plane", "orientation", "spacing_mm"):
        facts = {key: value for key, value in TRAINED.items() if key != empty}
        found = checks(card=replace(CARD, trained_on=facts))
        names = {"spacing_mm": {"Spacing"}, "plane": {"Plane", "Orientation"}}
        unknown = {name for name, check in found.items() if check.mark is Mark.UNKNOWN}
        assert unknown == names.get(empty, {empty.capitalize()})
    lost = replace(SERIES, has_orientation=False, geometry_sure=False, modality="")
    found = checks(lost)
    for name in ("Modality", "Plane", "Orientation", "Spacing"):
        assert found[name].mark is Mark.UNKNOWN
    assert checks(card=trained(contrast="T1"))["Contrast"].mark is Mark.UNKNOWN


@pytest.mark.parametrize("wrong", ["1 mm", [1], [0, 1], ["a", "b"], 1.0, {"rows": 1}])
def test_a_spacing_that_is_none_is_unknown(wrong: object) -> None:
    assert checks(card=trained(spacing_mm=wrong))["Spacing"].mark is Mark.UNKNOWN


MISMATCHES = {
    "Modality": (replace(SERIES, modality="CT"), CARD),
    "Plane": (TurnedSeries(), CARD),
    "Orientation": (SERIES, trained(orientation="RA")),
    "Spacing": (replace(SERIES, spacing=(2.0, 0.5, 0.6)), CARD),
    "Intensity": (replace(SERIES, volume=np.full((2, 8, 8), 7, np.float32)), CARD),
    "Matrix": (SERIES, with_steps(size=(8, 4))),
    "Classes": (SERIES, replace(CARD, classes=CLASSES[:2])),
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_what_differs_is_a_mismatch(name: str) -> None:
    found = checks(*MISMATCHES[name])
    assert found[name].mark is Mark.MISMATCH
    told = found[name]
    assert told.slice != told.model or told.reason


def test_steps_that_bring_the_slice_to_the_training_make_it_match() -> None:
    coarse = replace(SERIES, spacing=(2.0, 1.0, 1.0))
    assert checks(coarse)["Spacing"].mark is Mark.MISMATCH
    resampled = checks(coarse, with_steps(spacing=(0.5, 0.5), size=(16, 16)))["Spacing"]
    assert (resampled.mark, resampled.slice) == (Mark.MATCH, "1 × 1 mm → 0.5 × 0.5 mm")
    stretched = checks(coarse, with_steps(size=(16, 16), fit="stretch"))
    assert stretched["Spacing"].mark is Mark.MATCH
    assert stretched["Matrix"].mark is Mark.MATCH

    other = replace(trained(orientation="RA"), preprocessing=with_steps(orient="RA").preprocessing)
    turned = checks(card=other)["Orientation"]
    assert (turned.mark, turned.slice) == (Mark.MATCH, "LP → RA")


def test_a_slice_that_is_squeezed_or_cut_says_how_much() -> None:
    cut = checks(card=with_steps(size=(8, 6)))["Matrix"]
    assert (cut.mark, cut.reason) == (
        Mark.MISMATCH,
        "25% of the slice is cut off and gets no mask.",
    )
    squeezed = checks(card=with_steps(size=(8, 4), fit="stretch"))["Matrix"]
    assert squeezed.mark is Mark.MISMATCH
    assert "distorted" in squeezed.reason


def test_values_that_are_not_scaled_match_only_in_the_range_the_card_names() -> None:
    raw = with_steps(normalise="none")
    assert checks(card=raw)["Intensity"].mark is Mark.UNKNOWN
    for limits, mark in (([0, 100], Mark.MATCH), ([0, 50], Mark.MISMATCH)):
        card = replace(raw, trained_on={**TRAINED, "range": limits})
        assert checks(card=card)["Intensity"].mark is mark


def test_other_steps_than_the_cards_are_a_mismatch_that_says_the_cards() -> None:
    told = checks(card=with_steps(normalise="zscore"), saved=CARD)["Intensity"]
    assert told.mark is Mark.MISMATCH
    assert "Percentiles 1 and 99 become 0 and 1." in told.reason


@pytest.mark.parametrize(
    ("said", "steps", "mark"),
    [
        (None, "repeat", Mark.UNKNOWN),
        ("repeat", "repeat", Mark.MATCH),
        ("neighbours", "neighbours", Mark.MATCH),
        ("neighbours", "repeat", Mark.MISMATCH),
    ],
)
def test_what_several_channels_are_is_unknown_until_the_card_says_it(
    said: str | None, steps: Any, mark: Mark
) -> None:
    network = unet()
    first = replace(network.graph.layers[0], output_shape=(None, 8, 8, 3))
    graph = type(network.graph)((first, *network.graph.layers[1:]), network.graph.outputs)
    facts = {"channel_source": said} if said else {}
    card = replace(with_steps(channels=steps), trained_on={**TRAINED, **facts})
    assert checks(card=card, network=replace(network, graph=graph))["Channels"].mark is mark


def test_a_mask_says_when_its_input_is_not_confirmed_or_not_the_cards() -> None:
    assert input_note(CARD, CARD) == ""
    assert input_note(None, None) == ""
    assert input_note(replace(CARD, confirmed=False), CARD) == "input unconfirmed"
    assert input_note(with_steps(normalise="none"), CARD) == "input steps edited"
    assert input_note(replace(CARD, name="Other"), CARD) == ""


def test_a_mask_says_when_the_modality_is_not_the_one_trained_on() -> None:
    assert input_note(CARD, CARD, "MR") == input_note(CARD, CARD, "") == ""
    assert input_note(CARD, CARD, "CT") == "CT, but trained on MR"
    both = input_note(with_steps(normalise="none"), CARD, "CT")
    assert both == "CT, but trained on MR · input steps edited"


# ------------------------------------------------------------------- any card

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.sampled_from(["", "a", "zscore", "LP", "#ffffff", "neighbours", "1 × 1"]),
    st.lists(st.one_of(st.floats(), st.integers(-(10**9), 10**9), st.just("a")), max_size=3),
    st.just({}),
)
WHOLE = replace(
    CARD,
    preprocessing=Preprocessing(
        size=(8, 8),
        spacing=(0.5, 0.5),
        clip=(0, 1),
        clahe=Clahe(tile=(4, 4)),
        match=ReferenceHistogram((0.0, 1.0, 2.0), (3, 2, 1)),
        orient="LP",
        channels="chosen",
        sources=(ChannelSource("FLAIR"), ChannelSource(step=-1)),
    ),
    trained_on={**TRAINED, "range": [0, 100], "contrast": "T1"},
).to_json("m.keras", "sha256:0")


def paths(value: object, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [p for key, v in inside for p in ((*before, key), *paths(v, (*before, key)))]


@given(st.lists(st.tuples(st.sampled_from(paths(WHOLE)), ANYTHING), min_size=1, max_size=3))
def test_any_card_is_used_or_refused_in_a_sentence(changes: list[tuple[Any, Any]]) -> None:
    content = copy.deepcopy(WHOLE)
    for path, value in changes:
        inside: Any = content
        for key in path[:-1]:
            try:
                inside = inside[key]
            except (KeyError, IndexError, TypeError):
                inside = None
                break
        if isinstance(inside, dict) or (
            isinstance(inside, list) and isinstance(path[-1], int) and path[-1] < len(inside)
        ):
            inside[path[-1]] = copy.deepcopy(value)  # one may be put into another
    card = read(content)
    if isinstance(card, UnetscopeError):
        assert card.what.endswith(".")
        return
    assert check_input(SERIES, SERIES.volume[0], card, card, unet())
    assert card.preprocessing.steps
    again = json.loads(json.dumps(card.to_json("m.keras", "sha256:0")))
    assert repr(ModelCard.from_json(again).preprocessing) == repr(card.preprocessing)


def read(content: object) -> ModelCard | UnetscopeError:
    """The card if a slice can be prepared with it, else why not."""
    try:
        card = ModelCard.from_json(content)
        card.preprocessing.apply(SERIES.volume[0], (0.5, 0.5), "LP")
    except UnetscopeError as refusal:
        return refusal
    return card
