"""The steps of preprocessing in a model card's JSON, and in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unetscope.domain.channels import ChannelSource
from unetscope.domain.intensity import Clahe, ReferenceHistogram

if TYPE_CHECKING:
    from unetscope.domain.preprocess import Preprocessing, Step

CLAHE_CONVENTION = "scikit-image equalize_adapthist"


def steps_from_json(card: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Preprocessing` from a card's ``input`` and ``preprocessing``.

    What is wrong raises KeyError, TypeError, ValueError, IndexError or AttributeError.
    """
    given, steps = card["input"], card["preprocessing"]
    normalise = steps["normalise"]
    size, clip = given.get("size"), normalise.get("clip")
    resample = steps.get("resample")
    spacing = resample if isinstance(resample, (list, tuple)) else given.get("spacing_mm")
    fields: dict[str, Any] = {
        "size": (int(size[0]), int(size[1])) if size else None,
        "spacing": (float(spacing[0]), float(spacing[1])) if spacing and resample else None,
        "normalise": normalise["kind"],
        "low": float(normalise.get("low", 1.0)),
        "high": float(normalise.get("high", 99.0)),
        "clip": (float(clip[0]), float(clip[1])) if clip else None,
        "multiple": int(given.get("multiple", 1)),
        "divisor": float(normalise.get("divisor", 255.0)),
        "foreground": normalise.get("foreground", "all"),
        "zero_background": bool(normalise.get("zero_background", False)),
        "fit": steps.get("fit", "centre"),
        "orient": steps.get("orient"),
    }
    fields["channels"], fields["sources"] = _channels_from_json(given.get("channel_source"))
    if clahe := steps.get("clahe"):
        fields["clahe"] = _clahe_from_json(clahe)
    if match := steps.get("match"):
        fields["match"] = ReferenceHistogram(
            tuple(map(float, match["values"])), tuple(map(int, match["counts"]))
        )
    if order := steps.get("order"):
        fields["order"] = tuple(map(str, order))
    return fields


def _channels_from_json(said: object) -> tuple[str, tuple[ChannelSource, ...]]:
    """A word, or a list with one entry for each channel."""
    if not isinstance(said, (list, tuple)):
        return ("repeat" if said is None else str(said)), ()
    sources = (ChannelSource(str(one.get("series", "")), int(one.get("step", 0))) for one in said)
    return "chosen", tuple(sources)


def channels_to_json(steps: Preprocessing) -> object:
    """What a card says of the channels: a word, or a list with one entry for each."""
    if steps.channels != "chosen":
        return steps.channels
    return [{"series": source.series, "step": source.step} for source in steps.sources]


def _clahe_from_json(clahe: Mapping[str, Any]) -> Clahe:
    if clahe.get("convention", CLAHE_CONVENTION) != CLAHE_CONVENTION:
        raise ValueError(f"CLAHE by {clahe['convention']}")
    tile = clahe.get("tile")
    return Clahe(
        float(clahe.get("clip_limit", 0.01)),
        (int(tile[0]), int(tile[1])) if tile else None,
        int(clahe.get("bins", 256)),
    )


def steps_to_json(steps: Preprocessing) -> dict[str, dict[str, Any]]:
    """Give the ``input`` and ``preprocessing`` entries of a card."""
    clahe = steps.clahe and {
        "convention": CLAHE_CONVENTION,
        "clip_limit": steps.clahe.clip_limit,
        "tile": steps.clahe.tile and list(steps.clahe.tile),
        "bins": steps.clahe.bins,
    }
    match = steps.match and {
        "values": list(steps.match.values),
        "counts": list(steps.match.counts),
    }
    return {
        "input": {
            "size": steps.size and list(steps.size),
            "multiple": steps.multiple,
            "channel_source": channels_to_json(steps),
        },
        "preprocessing": {
            "resample": list(steps.spacing) if steps.spacing else False,
            "orient": steps.orient,
            "fit": steps.fit,
            "match": match,
            "clahe": clahe,
            "normalise": {
                "kind": steps.normalise,
                "low": steps.low,
                "high": steps.high,
                "divisor": steps.divisor,
                "foreground": steps.foreground,
                "zero_background": steps.zero_background,
                "clip": steps.clip and list(steps.clip),
            },
            "order": list(steps.order),
        },
    }


def sentence_of(step: Step, steps: Preprocessing) -> str:
    """Say what one step does."""
    if step == "orient" and steps.orient:
        return (
            f"Turn so that {steps.orient[0]} is at the right and {steps.orient[1]} at the bottom."
        )
    if step == "resample" and steps.spacing:
        return f"Resample to {steps.spacing[0]:g} × {steps.spacing[1]:g} mm (linear)."
    if step == "match" and steps.match:
        return f"Match the histogram of the reference ({len(steps.match.values)} values)."
    if step == "clahe" and steps.clahe:
        tile = steps.clahe.tile
        tiles = f"tiles of {tile[0]} × {tile[1]}" if tile else "tiles of an eighth"
        return f"CLAHE, clip limit {steps.clahe.clip_limit:g}, {tiles} (scikit-image); 0 … 1."
    if step == "clip" and steps.clip:
        return f"Clip to {steps.clip[0]:g} … {steps.clip[1]:g}."
    if step == "normalise":
        return _normalising(steps)
    if steps.size is None:
        return f"Pad with 0 to multiples of {steps.multiple}."
    rows, columns = steps.size
    if steps.fit == "stretch":
        return f"Resample to {rows} × {columns} (linear)."
    return f"Centre, crop or pad with 0 to {rows} × {columns}."


_CHANGES = {
    "size": "size",
    "fit": "fit",
    "spacing": "resample",
    "normalise": "normalise",
    "low": "percentiles",
    "high": "percentiles",
    "divisor": "divisor",
    "foreground": "foreground",
    "zero_background": "background",
    "clip": "clip",
    "orient": "orient",
    "clahe": "CLAHE",
    "match": "match histogram",
    "channels": "channels",
    "sources": "channels",
    "order": "order of the steps",
}


def name_of_change(steps: Preprocessing, fields: Mapping[str, Any]) -> str:
    """What undo calls it that fields of `steps` become others: one name for turns of one number."""
    field, value = next(iter(fields.items()))
    name = f"Input: {_CHANGES.get(field, field)}"
    before = getattr(steps, field)
    if (before is None) is not (value is None):
        return f"{name} {'off' if value is None else 'on'}"
    return f"{name} {value}" if isinstance(value, str) else name


def _normalising(steps: Preprocessing) -> str:
    said = {
        "percentile": f"Percentiles {steps.low:g} and {steps.high:g} become 0 and 1.",
        "zscore": "Zero mean, unit standard deviation.",
        "minmax": "Smallest and largest value become 0 and 1.",
        "divide": f"Divide by {steps.divisor:g}.",
        "none": "Values as they are.",
    }[steps.normalise]
    if steps.foreground != "all" and steps.normalise not in ("none", "divide"):
        said = f"{said[:-1]}, by the pixels {_PIXELS[steps.foreground]}."
    if steps.zero_background and steps.foreground != "all":
        said = f"{said[:-1]}; all others become 0."
    return said


_PIXELS = {"nonzero": "other than 0", "above mean": "above the mean"}
