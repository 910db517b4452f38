"""What a slice is beside what the model was trained on, and whether the two agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ModelCard
from unetscope.domain.geometry import plane_name
from unetscope.domain.input_grid import RADIOLOGICAL, orientation_of, turn_to
from unetscope.domain.network import Network
from unetscope.domain.preprocess_words import channels_to_json
from unetscope.domain.sources import SeriesSource
from unetscope.domain.window import without_padding

_SAME_SPACING = 0.05  # share by which spacings may differ and still count as the same
_SAME_ASPECT = 0.05


class Mark(Enum):
    """Whether slice and model agree; what nobody knows is never a match."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the input card.

    Attributes
    ----------
    name : str
        What is compared.
    slice, model : str
        What the slice is, and what the model was trained on.
    reason : str
        Why the mark is what it is, a sentence.
    """

    name: str
    slice: str
    model: str
    mark: Mark
    reason: str = ""


def check_input(
    source: SeriesSource,
    values: NDArray[np.float32],
    card: ModelCard,
    saved: ModelCard,
    network: Network,
) -> tuple[Check, ...]:
    """Compare a slice ``(rows, columns)`` with what the model was trained on.

    Parameters
    ----------
    card, saved : ModelCard
        The card in force, and as it was read or proposed.
    """
    checks = (
        _modality(source, card),
        *_contrast(card),
        _plane(source, card),
        _orientation(source, card),
        _spacing(source, card),
        _matrix(source, values, card),
        _intensity(source, values, card, saved),
    )
    facts = (_channels(card, network), _classes(card, network))  # the network's own, no guesses
    if not card.confirmed:
        why = "Nobody has confirmed the card."
        checks = tuple(replace(each, mark=Mark.UNKNOWN, reason=why) for each in checks)
    return (*checks, *facts)


def input_note(card: ModelCard | None, saved: ModelCard | None, modality: str = "") -> str:
    """What must be said beside a mask about the input it was made from; empty when all is well.

    Parameters
    ----------
    card, saved : ModelCard, or None
        The card in force, and as it was read or proposed.
    modality : str
        Of the slice, empty where the file does not say.
    """
    if card is None or saved is None:
        return ""
    if not card.confirmed:
        return "input unconfirmed"
    wanted = _text(card, "modality")
    other = modality and wanted and modality.casefold() != wanted.casefold()
    notes = (
        f"{modality}, but trained on {wanted}" if other else "",
        "input steps edited" if card.preprocessing != saved.preprocessing else "",
    )
    return " · ".join(note for note in notes if note)


def _text(card: ModelCard, key: str) -> str:
    value = card.trained_on.get(key)
    return value.strip() if isinstance(value, str) else ""


def _compared(name: str, have: str, want: str) -> Check:
    """Compare two words; what either side does not say is unknown."""
    if not have or not want:
        who = "slice" if not have else "card"
        return Check(name, have, want, Mark.UNKNOWN, f"The {who} does not say.")
    same = have.casefold() == want.casefold()
    return Check(name, have, want, Mark.MATCH if same else Mark.MISMATCH)


def _modality(source: SeriesSource, card: ModelCard) -> Check:
    return _compared("Modality", source.modality, _text(card, "modality"))


def _contrast(card: ModelCard) -> Sequence[Check]:
    """A card may name a contrast, which no file says reliably."""
    contrast = _text(card, "contrast")
    why = "No file says it reliably: look at the picture and the name of the series."
    return [Check("Contrast", "", contrast, Mark.UNKNOWN, why)] if contrast else []


def plane_of(source: SeriesSource) -> str:
    """The plane of a series; empty when it is unknown."""
    if not source.has_orientation:
        return ""
    return plane_name(source.row_direction, source.column_direction)


def slice_orientation(source: SeriesSource) -> str | None:
    """How the slices of a series lie: letters at the right edge and the bottom."""
    if not source.has_orientation:
        return None
    return orientation_of(source.row_direction, source.column_direction)


def _plane(source: SeriesSource, card: ModelCard) -> Check:
    return _compared("Plane", plane_of(source), _text(card, "plane"))


def trained_orientation(card: ModelCard) -> str:
    """The letters of the orientation the model was trained on; empty when they are unknown."""
    said = _text(card, "orientation")
    if said.casefold() == "radiological":
        return RADIOLOGICAL.get(_text(card, "plane").casefold(), "")
    return said.upper()


def _orientation(source: SeriesSource, card: ModelCard) -> Check:
    have, want = slice_orientation(source), trained_orientation(card)
    turned = card.preprocessing.orient
    told = have or ""
    fed = have
    if have and turned and have != turned:
        turns = turn_to(have, turned) is not None
        fed = turned if turns else have
        told = f"{have} → {turned}" if turns else f"{have}, never {turned}"
    check = _compared("Orientation", fed or "", want)
    reason = check.reason or f"{want[0]} at the right edge, {want[1:]} at the bottom."
    return replace(check, slice=told, reason=reason)


def _pair(sides: Sequence[float], unit: str = "") -> str:
    rows, columns = sides
    return f"{rows:.4g} × {columns:.4g}{unit}"


def trained_spacing(card: ModelCard) -> tuple[float, float] | None:
    """Spacing of rows and columns in mm that the model was trained on; None when unknown."""
    pair = two_numbers(card.trained_on.get("spacing_mm"))
    return pair if pair and min(pair) > 0 else None


def two_numbers(said: object) -> tuple[float, float] | None:
    """What a card says in two numbers; None where it says anything else."""
    if not isinstance(said, (list, tuple)) or len(said) != 2:
        return None
    if not all(isinstance(n, (int, float)) and math.isfinite(n) for n in said):
        return None
    return (float(said[0]), float(said[1]))


def _spacing(source: SeriesSource, card: ModelCard) -> Check:
    have, want = source.spacing[1:], trained_spacing(card)
    steps = card.preprocessing
    known = source.geometry_sure and all(side > 0 for side in have)
    told = _pair(have, " mm") if known else ""
    model = _pair(want, " mm") if want else ""
    if not known or want is None:
        who = "spacing of the slice is not sure" if not known else "card does not say"
        return Check("Spacing", told, model, Mark.UNKNOWN, f"The {who}.")
    turn = turn_to(slice_orientation(source), steps.orient)
    fed = turn.pair(have) if turn else have
    if steps.fit == "stretch" and steps.size:
        rows, columns = source.shape[1:]
        turned = turn.pair((rows, columns)) if turn else (float(rows), float(columns))
        sides = zip(fed, turned, steps.size, strict=True)
        fed = tuple(side * n / size for side, n, size in sides)  # type: ignore[assignment]
        told = f"{told} → {_pair(fed, ' mm')}"
    elif steps.does("resample") and steps.spacing:
        fed = steps.spacing
        told = f"{told} → {_pair(fed, ' mm')}" if fed != have else told
    off = max(abs(a / b - 1) for a, b in zip(fed, want, strict=True))
    if off <= _SAME_SPACING:
        return Check("Spacing", told, model, Mark.MATCH)
    why = f"It differs by {off:.0%}; resample to the spacing of the training."
    return Check("Spacing", told, model, Mark.MISMATCH, why)


def _matrix(source: SeriesSource, values: NDArray[np.float32], card: ModelCard) -> Check:
    rows, columns = values.shape
    steps = card.preprocessing
    place = steps.placement((rows, columns), source.spacing[1:], slice_orientation(source))
    have = f"{rows} × {columns}"
    if place.size != (rows, columns):
        have = f"{have} → {place.size[0]} × {place.size[1]}"
    if steps.size is None:
        return Check("Matrix", have, f"multiples of {steps.multiple}", Mark.MATCH)
    model = f"{steps.size[0]} × {steps.size[1]}"
    if place.share_seen < 1:
        why = f"{1 - place.share_seen:.0%} of the slice is cut off and gets no mask."
        return Check("Matrix", have, model, Mark.MISMATCH, why)
    if steps.fit == "stretch":
        scales = [new / old for new, old in zip(place.size, place.turned_shape, strict=True)]
        sides = place.turn.pair(source.spacing[1:])
        aspect = (sides[0] / scales[0]) / (sides[1] / scales[1]) if all(sides) else 1.0
        if abs(aspect - 1) > _SAME_ASPECT:
            why = "The picture is distorted: its pixels are not square when it is fed."
            return Check("Matrix", have, model, Mark.MISMATCH, why)
    return Check("Matrix", have, model, Mark.MATCH)


def _intensity(
    source: SeriesSource, values: NDArray[np.float32], card: ModelCard, saved: ModelCard
) -> Check:
    low, high = value_range(without_padding(values, source.padding_range))
    units = f" {source.units}" if source.units else ""
    have = f"{low:.5g} … {high:.5g}{units}"
    steps = card.preprocessing
    limits = two_numbers(card.trained_on.get("range"))
    model = "any, scaled"
    if limits:
        model = f"{limits[0]:.5g} … {limits[1]:.5g}"
    elif steps.normalise in ("none", "divide"):
        model = ""
    if low == high:
        why = "All pixels have one value, so there is nothing to see."
        return Check("Intensity", have, model, Mark.MISMATCH, why)
    if _values_part(card) != _values_part(saved):
        why = f"The card says: {' '.join(_values_said(saved))}"
        return Check("Intensity", have, model, Mark.MISMATCH, why)
    if not model:
        why = "The values are not scaled, and the card does not say which ones it wants."
        return Check("Intensity", have, model, Mark.UNKNOWN, why)
    if limits and not (limits[0] <= low and high <= limits[1]):
        return Check("Intensity", have, model, Mark.MISMATCH, "Values lie outside.")
    return Check("Intensity", have, model, Mark.MATCH)


def value_range(values: NDArray[np.float32]) -> tuple[float, float]:
    """The smallest and the largest value that is finite; 0 and 0 where none is."""
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = values[np.isfinite(values)]
        return value_range(finite) if finite.size else (0.0, 0.0)
    return low, high


def _values_part(card: ModelCard) -> tuple[object, ...]:
    """All of the steps that changes values."""
    s = card.preprocessing
    normalising = (s.normalise, s.low, s.high, s.divisor, s.foreground, s.zero_background)
    return (s.match, s.clahe, s.clip, s.order, *normalising)


def _values_said(card: ModelCard) -> list[str]:
    steps = replace(card.preprocessing, size=None, multiple=1, spacing=None, orient=None)
    return list(steps.steps)


def _channels(card: ModelCard, network: Network) -> Check:
    wants = network.input_channels
    if wants == 1:
        return Check("Channels", "1", "1", Mark.MATCH)
    steps = card.preprocessing
    told = f"1, repeated {wants} times"
    if steps.channels == "neighbours":
        told = f"{wants} slices, this one in the middle"
    elif steps.channels == "chosen":
        told = _listed(channels_to_json(steps))
    said = card.trained_on.get("channel_source")
    if not card.confirmed or said is None:
        why = "The card does not say what the model's channels are."
        return Check("Channels", told, str(wants), Mark.UNKNOWN, why)
    mark = Mark.MATCH if said == channels_to_json(steps) else Mark.MISMATCH
    return Check("Channels", told, f"{wants}: {_listed(said)}", mark)


def _listed(said: object) -> str:
    """What a card says of the channels: a word, or what each of them is made of."""
    if not isinstance(said, (list, tuple)):
        return str(said)
    named = [
        str(one.get("series") or f"{one.get('step', 0):+d}") for one in said if _is_source(one)
    ]
    return ", ".join(named).replace("+0", "this") or "this"


def _is_source(one: object) -> bool:
    return isinstance(one, Mapping) and isinstance(one.get("step", 0), int)


def _classes(card: ModelCard, network: Network) -> Check:
    outputs = network.graph[network.graph.outputs[0]].channels
    wants = max(outputs or 0, 2)
    have = str(len(card.classes))
    if outputs is None:
        return Check("Classes", f"{have} named", "", Mark.UNKNOWN, "The network does not say.")
    why = "The card does not name each class of the network's output."
    if len(card.classes) == wants:
        mark, why = (Mark.MATCH, "") if card.confirmed else (Mark.UNKNOWN, "The names are guesses.")
    else:
        mark = Mark.MISMATCH
    return Check("Classes", f"{have} named", f"{wants}", mark, why)
