"""The model card: read, refused, guessed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.fakes import layer, network_of, unet

from unetscope.domain.card import CLASS_COLOURS, FORMAT, ClassLabel, ModelCard, proposed_classes
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.graph import Graph, Layer

GOOD: dict[str, Any] = {
    "format": 1,
    "name": "Brain",
    "input": {"size": [256, 200], "modality": "MR", "spacing_mm": [1.0, 0.5]},
    "preprocessing": {
        "resample": True,
        "normalise": {"kind": "percentile", "low": 2, "high": 98, "clip": [0, 1.5]},
    },
    "classes": [
        {"index": 0, "name": "Background", "colour": None},
        {"index": 1, "name": "CSF", "colour": "#e05a6d"},
    ],
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    card = copy.deepcopy(GOOD)
    change(card)
    return card


def test_a_good_card_is_read_and_confirmed() -> None:
    card = ModelCard.from_json(GOOD)
    assert (card.name, card.confirmed) == ("Brain", True)
    assert card.classes == (ClassLabel(0, "Background", None), ClassLabel(1, "CSF", "#e05a6d"))
    steps = card.preprocessing
    assert (steps.size, steps.spacing) == ((256, 200), (1.0, 0.5))
    assert (steps.normalise, steps.low, steps.high, steps.clip) == ("percentile", 2, 98, (0, 1.5))
    assert card.trained_on["modality"] == "MR"


def test_a_card_may_leave_out_what_is_not_done() -> None:
    card = ModelCard.from_json(
        changed(
            lambda c: c.update(
                input={"modality": "MR", "spacing_mm": [1, 1]},
                preprocessing={"normalise": {"kind": "zscore"}},
            )
        )
    )
    steps = card.preprocessing
    assert (steps.size, steps.spacing, steps.normalise, steps.clip) == (None, None, "zscore", None)


def test_a_card_of_a_newer_version_says_so() -> None:
    with pytest.raises(UnetscopeError, match=r"written by a newer version\. Update Unetscope\."):
        ModelCard.from_json({"format": FORMAT + 1})


@pytest.mark.parametrize("card", [None, [], "card", 1, {}, {"format": "1"}, {"name": "Brain"}])
def test_what_has_no_format_number_is_no_card(card: object) -> None:
    with pytest.raises(UnetscopeError, match="no format number"):
        ModelCard.from_json(card)


BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "no name": lambda c: c.pop("name"),
    "no input": lambda c: c.pop("input"),
    "no preprocessing": lambda c: c.pop("preprocessing"),
    "no classes": lambda c: c.pop("classes"),
    "no normalisation": lambda c: c["preprocessing"].pop("normalise"),
    "input is a word": lambda c: c.update(input="MR"),
    "classes are a number": lambda c: c.update(classes=3),
    "a class is a word": lambda c: c.update(classes=["CSF"]),
    "a class without a name": lambda c: c["classes"][1].pop("name"),
    "size of one number": lambda c: c["input"].update(size=[256]),
    "size of words": lambda c: c["input"].update(size=["a", "b"]),
    "size 0": lambda c: c["input"].update(size=[0, 256]),
    "spacing 0": lambda c: c["input"].update(spacing_mm=[0, 1]),
    "unknown normalisation": lambda c: c["preprocessing"]["normalise"].update(kind="magic"),
    "percentiles swapped": lambda c: c["preprocessing"]["normalise"].update(low=99, high=1),
    "clip of one number": lambda c: c["preprocessing"]["normalise"].update(clip=[1]),
    "normalisation is a word": lambda c: c["preprocessing"].update(normalise="zscore"),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_card_with_a_wrong_entry_is_refused_with_a_hint(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(UnetscopeError) as refusal:
        ModelCard.from_json(changed(change))
    assert refusal.value.what.endswith(".")
    assert refusal.value.hint


def test_a_card_is_proposed_from_the_shapes_alone() -> None:
    card = ModelCard.proposed("Tiny", unet().graph)
    assert not card.confirmed
    assert card.preprocessing.size == (8, 8)
    assert [label.name for label in card.classes] == ["Background", "Class 1", "Class 2"]
    assert [label.colour for label in card.classes] == [None, *CLASS_COLOURS[:2]]


def test_one_output_channel_means_background_and_foreground() -> None:
    network = network_of(
        layer("image", "InputLayer", output=(None, None, None, 1)),
        layer("mask", inputs=["image"], output=(None, None, None, 1), kernel=(1, 1, 1, 1)),
    )
    card = ModelCard.proposed("Binary", network.graph)
    assert [label.name for label in card.classes] == ["Background", "Foreground"]
    assert card.preprocessing.size is None


def test_the_channels_of_an_encoder_are_no_classes() -> None:
    assert [label.name for label in proposed_classes(512)] == ["Background", "Foreground"]
    assert len(proposed_classes(256)) == 256


def test_many_proposed_classes_all_have_a_colour_but_the_background() -> None:
    labels = proposed_classes(20)
    assert [label.index for label in labels] == list(range(20))
    assert labels[0].colour is None
    assert all(label.colour for label in labels[1:])


def test_without_a_fixed_size_slices_are_padded_to_what_the_network_can_halve() -> None:
    halved = {"pool_size": [2, 2], "strides": [2, 2]}
    layers = [
        Layer("image", "InputLayer", (None, None, None, 1)),
        Layer("pool", "MaxPooling2D", (None, None, None, 1), ("image",), config=halved),
        Layer("down", "Conv2D", (None, None, None, 1), ("pool",), config={"strides": 2}),
        Layer("up", "UpSampling2D", (None, None, None, 1), ("down",), config={"size": [4, 4]}),
        Layer("again", "AveragePooling2D", (None, None, None, 1), ("up",), config=halved),
    ]

    steps = ModelCard.proposed("any", Graph(layers, ["again"])).preprocessing

    assert steps.multiple == 4
    assert steps.apply([[1.0] * 9] * 8).shape == (8, 12)
    assert steps.invert([[7] * 12] * 8).shape == (8, 9)
    assert "multiples of 4" in " ".join(steps.steps)


# ------------------------------------------------------------------------ save


def test_a_saved_card_keeps_what_nobody_here_knows() -> None:
    strange = changed(
        lambda c: c.update(
            training={"loss": "Dice"},
            input={**c["input"], "field_strength": 3},
            preprocessing={
                **c["preprocessing"],
                "skull": "stripped",
                "normalise": {**c["preprocessing"]["normalise"], "why": "tails"},
            },
            classes=[c["classes"][0], {**c["classes"][1], "snomed": "T-A1230"}],
        )
    )
    card = ModelCard.from_json(strange)
    steps = replace(card.preprocessing, normalise="zscore")
    saved = json.loads(
        json.dumps(replace(card, preprocessing=steps).to_json("m.keras", "sha256:1"))
    )

    assert saved["training"] == {"loss": "Dice"}
    assert saved["input"]["field_strength"] == 3
    assert saved["preprocessing"]["skull"] == "stripped"
    assert saved["preprocessing"]["normalise"]["why"] == "tails"
    assert saved["preprocessing"]["normalise"]["kind"] == "zscore"
    assert saved["classes"][1] == {**strange["classes"][1]}
    assert (saved["format"], saved["model"], saved["fingerprint"]) == (
        FORMAT,
        "m.keras",
        "sha256:1",
    )
    again = ModelCard.from_json(saved)
    assert again.preprocessing == steps
    assert (again.name, again.classes, again.confirmed) == (card.name, card.classes, True)
    assert again.to_json("m.keras", "sha256:1") == saved


def test_saving_changes_no_card_that_was_read() -> None:
    card = ModelCard.from_json(GOOD)
    before = copy.deepcopy(card.content)
    card.to_json("m.keras", "sha256:1")["input"]["size"] = [1, 1]
    assert card.content == before == GOOD


def test_a_card_that_nobody_confirmed_is_not_confirmed_by_saving_it() -> None:
    proposed = ModelCard.proposed("Tiny", unet().graph)
    again = ModelCard.from_json(proposed.to_json("m.keras", "sha256:1"))
    assert not again.confirmed
    assert again.classes == proposed.classes
    assert again.preprocessing == proposed.preprocessing


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", 7, ""])
def test_a_colour_that_is_none_is_refused(colour: object) -> None:
    with pytest.raises(UnetscopeError, match=re.escape(repr(str(colour)))) as refusal:
        ModelCard.from_json(changed(lambda c: c["classes"][1].update(colour=colour)))
    assert "#rrggbb" in refusal.value.hint


NEW_STEPS: dict[str, Callable[[dict[str, Any]], object]] = {
    "CLAHE of another library": lambda s: s.update(clahe={"convention": "OpenCV"}),
    "clip limit of a word": lambda s: s.update(clahe={"clip_limit": "low"}),
    "tile of one number": lambda s: s.update(clahe={"tile": [8]}),
    "reference without counts": lambda s: s.update(match={"values": [1]}),
    "reference descending": lambda s: s.update(match={"values": [2, 1], "counts": [1, 1]}),
    "unknown step": lambda s: s.update(order=["fold"]),
    "unknown orientation": lambda s: s.update(orient="up"),
}


@pytest.mark.parametrize("change", NEW_STEPS.values(), ids=NEW_STEPS)
def test_a_step_that_is_wrong_is_refused_with_a_hint(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(UnetscopeError) as refusal:
        ModelCard.from_json(changed(lambda c: change(c["preprocessing"])))
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("Rescaling", {"scale": 1 / 255}, "scales its input by 0.003922 itself"),
        ("Normalization", {}, "normalises its input itself"),
        ("BatchNormalization", {}, "normalises its input itself"),
    ],
)
def test_a_network_that_scales_its_input_is_proposed_raw_values(
    kind: str, config: dict[str, object], said: str
) -> None:
    network = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("first", kind, ["image"], output=(None, 8, 8, 1), config=config),
        layer("mask", inputs=["first"], output=(None, 8, 8, 1), kernel=(1, 1, 1, 1)),
    )
    card = ModelCard.proposed("any", network.graph)
    assert card.preprocessing.normalise == "none"
    assert said in card.note
