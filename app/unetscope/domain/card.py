"""The model card: what a network was trained on, what it is fed, and what its labels are."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.intensity import Normalisation
from unetscope.domain.preprocess import Preprocessing

FORMAT = 2  # 1 had no turning, stretching, CLAHE, histogram matching, foreground or order

_REPLACED = "replaced_layers"  # the entry that tells of them
_LONGEST = 220  # characters of it that are shown
MOST_LABELS = 256  # a mask has one byte for each pixel
# Okabe and Ito's colours, told apart by the colour-blind too.
CLASS_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")


@dataclass(frozen=True, slots=True)
class ClassLabel:
    """One label of the mask: its number, name and colour; a background has no colour."""

    index: int
    name: str
    colour: str | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known about a model beyond its file.

    Attributes
    ----------
    preprocessing : Preprocessing
        How a slice becomes the network's input.
    classes : tuple of ClassLabel
        In the order of the output channels.
    trained_on : mapping
        The card's ``input`` entry: modality, plane, spacing; empty when unknown.
    confirmed : bool
        False for a card that was guessed from the network's shapes, or made for another file.
    content : mapping
        The JSON it was read from, kept so that nothing in it is lost when it is saved.
    note : str
        What must be known about the card itself, such as that it is a guess.
    """

    name: str
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False
    content: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def from_json(cls, card: object) -> ModelCard:
        """Read a card.

        Raises
        ------
        ModelError
            It was written by a newer version, or an entry is missing or wrong.
        """
        if not isinstance(card, Mapping) or not isinstance(card.get("format"), int):
            raise ModelError(
                "The model card has no format number.", "Compare it with the sample's."
            )
        if card["format"] > FORMAT:
            raise ModelError("The model card was written by a newer version.", "Update Unetscope.")
        try:
            classes = tuple(
                ClassLabel(int(c["index"]), str(c["name"]), class_colour(c.get("colour")))
                for c in card["classes"]
            )
            if [label.index for label in classes] != list(range(len(classes))):
                raise ModelError(
                    "The model card's classes are not numbered 0, 1, 2 and so on.",
                    "List them in the order of the network's output channels.",
                )
            return cls(
                name=str(card["name"]),
                preprocessing=Preprocessing.from_json(card),
                classes=classes,
                trained_on=dict(card["input"]),
                confirmed=bool(card.get("confirmed", True)),
                content=copy.deepcopy(dict(card)),
            )
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise ModelError(
                "The model card lacks a name, an input or its classes.",
                "Compare it with the sample's card.",
            ) from error

    @classmethod
    def proposed(cls, name: str, graph: Graph) -> ModelCard:
        """Guess a card from the network's shapes alone; nothing in it is confirmed."""
        inputs = [layer for layer in graph.layers if layer.kind == "InputLayer"]
        normalise, reason = _first_steps(graph, inputs[0]) if inputs else ("percentile", "")
        size = inputs[0].spatial if inputs else ()
        fixed = (size[0], size[1]) if len(size) == 2 and size[0] and size[1] else None
        channels = graph[graph.outputs[0]].channels or 1
        return cls(
            name=name,
            preprocessing=Preprocessing(
                size=fixed,
                multiple=1 if fixed else _coarsest_step(graph),
                normalise=normalise,
            ),
            classes=proposed_classes(channels),
            note=f"There is no card: this one is guessed from the network. {reason}".strip(),
        )

    def to_json(self, model: str, fingerprint: str) -> dict[str, Any]:
        """Give the card as JSON; entries that nobody here knows stay as they were read.

        Parameters
        ----------
        model : str
            Name of the model file.
        fingerprint : str
            Of that file: it says later whether the card was made for it.
        """
        content = copy.deepcopy(dict(self.content))
        steps = self.preprocessing.to_json()
        if self.preprocessing.channels == "repeat" and "channel_source" not in self.trained_on:
            del steps["input"]["channel_source"]  # nobody has said it
        known = {int(c["index"]): c for c in content.get("classes", ())}
        content.update(
            format=FORMAT,
            name=self.name,
            model=model,
            fingerprint=fingerprint,
            confirmed=self.confirmed,
            input={**self.trained_on, **steps["input"]},
            classes=[
                {**known.get(c.index, {}), "index": c.index, "name": c.name, "colour": c.colour}
                for c in self.classes
            ],
        )
        before = content.get("preprocessing", {})
        normalise = {**before.get("normalise", {}), **steps["preprocessing"]["normalise"]}
        content["preprocessing"] = {**before, **steps["preprocessing"], "normalise": normalise}
        return content

    @property
    def replaced_layers(self) -> str:
        """What stood in for layers of the trained network when it was saved; empty for none."""
        return self.text(_REPLACED)[:_LONGEST]

    def with_replaced_layers(self, sentence: str) -> ModelCard:
        """The card of a network in which other layers stand in for some of the trained one."""
        return replace(self, content={**self.content, _REPLACED: sentence})

    def text(self, key: str) -> str:
        """What the card says under a key such as ``source`` or ``licence``; empty without."""
        value = self.content.get(key, "")
        return value if isinstance(value, str) else ""


def class_colour(colour: object) -> str | None:
    """A class's colour as a card has it; ModelError where it is none."""
    if colour is not None and not re.fullmatch("#[0-9a-fA-F]{6}", str(colour)):
        raise ModelError(
            f"The model card gives a class the colour {str(colour)[:40]!r}.",
            "A colour is #rrggbb, such as #3d8fd1, or null for the background.",
        )
    return None if colour is None else str(colour)


def _first_steps(graph: Graph, image: Layer) -> tuple[Normalisation, str]:
    """Guess the normalisation from what the network itself does first, with the reason."""
    for name in graph.consumers(image.name):
        first = graph[name]
        if first.kind == "Rescaling":
            scale = first.config.get("scale")
            by = f" by {scale:.4g}" if isinstance(scale, (int, float)) else ""
            return "none", f"The network scales its input{by} itself, so it may want raw values."
        if first.kind in ("Normalization", "BatchNormalization"):
            return "none", "The network normalises its input itself, so it may want raw values."
    return "percentile", ""


def _coarsest_step(graph: Graph) -> int:
    """How many pixels of the image one position of the network's coarsest grid spans."""
    steps: dict[str, float] = {}
    for layer in graph.layers:
        step = max((steps[name] for name in layer.inputs), default=1.0)
        if layer.kind.startswith("UpSampling"):
            step /= _longest(layer.config.get("size"))
        elif layer.kind.endswith("Transpose"):
            step /= _longest(layer.config.get("strides"))
        elif layer.kind.startswith(("MaxPooling", "AveragePooling")):
            step *= _longest(layer.config.get("strides") or layer.config.get("pool_size"))
        elif "Conv" in layer.kind:
            step *= _longest(layer.config.get("strides"))
        steps[layer.name] = step
    return max(1, round(max(steps.values(), default=1)))


def _longest(sides: object) -> int:
    lengths = sides if isinstance(sides, (list, tuple)) else [sides]
    return max((n for n in lengths if isinstance(n, int)), default=1)


def proposed_classes(channels: int) -> tuple[ClassLabel, ...]:
    """Name the labels of a mask when nobody has: one channel means background and foreground.

    So do more channels than a mask has labels, as those of an encoder: they are no classes.
    """
    count = max(channels, 2) if channels <= MOST_LABELS else 2
    names = ["Background", *(["Foreground"] if count == 2 else [])]
    return tuple(
        ClassLabel(
            index,
            names[index] if index < len(names) else f"Class {index}",
            None if index == 0 else CLASS_COLOURS[(index - 1) % len(CLASS_COLOURS)],
        )
        for index in range(count)
    )
