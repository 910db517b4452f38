"""The model card: what a network was trained on, what it is fed, and what its labels are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph
from unetscope.domain.preprocess import Preprocessing

FORMAT = 1

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
        False for a card that was guessed from the network's shapes.
    """

    name: str
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False

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
                ClassLabel(int(c["index"]), str(c["name"]), c.get("colour"))
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
                confirmed=True,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                "The model card lacks a name, an input or its classes.",
                "Compare it with the sample's card.",
            ) from error

    @classmethod
    def proposed(cls, name: str, graph: Graph) -> ModelCard:
        """Guess a card from the network's shapes alone; nothing in it is confirmed."""
        inputs = [layer for layer in graph.layers if layer.kind == "InputLayer"]
        size = inputs[0].spatial if inputs else ()
        fixed = (size[0], size[1]) if len(size) == 2 and size[0] and size[1] else None
        channels = graph[graph.outputs[0]].channels or 1
        return cls(
            name=name,
            preprocessing=Preprocessing(size=fixed, multiple=1 if fixed else _coarsest_step(graph)),
            classes=proposed_classes(channels),
        )


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
    """Name the labels of a mask when nobody has: one channel means background and foreground."""
    count = max(channels, 2)
    names = ["Background", *(["Foreground"] if count == 2 else [])]
    return tuple(
        ClassLabel(
            index,
            names[index] if index < len(names) else f"Class {index}",
            None if index == 0 else CLASS_COLOURS[(index - 1) % len(CLASS_COLOURS)],
        )
        for index in range(count)
    )
