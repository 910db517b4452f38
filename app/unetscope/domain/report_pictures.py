"""The pictures of a report: made of arrays alone, so that they are the same wherever made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import CHANGE_COLOURS, Change, delta
from unetscope.domain.input_check import value_range
from unetscope.domain.metrics import Labels
from unetscope.domain.planes import AS_ACQUIRED, Turn
from unetscope.domain.png import png_bytes
from unetscope.domain.ports import Floats
from unetscope.domain.report import Picture

Grey = NDArray[np.uint8]
RGB = NDArray[np.uint8]

ON_PAGE = 300  # CSS pixels that a picture is wide or high, the larger of the two
SHARP = 600  # pixels of the file at least: what enlarges it later then blurs nothing
_COLOUR_NAMES = {Change.GAINED: "orange", Change.LOST: "blue", Change.OTHER: "purple"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenSlice:
    """A slice and its masks, as they were acquired, and how they are drawn.

    Attributes
    ----------
    grey : (rows, columns) ndarray of uint8
        The slice through its window.
    trained, edited : (rows, columns) ndarray of uint8, or None
        Masks of the network as it was trained, and with its edits; without edits, only the latter.
    reference : (rows, columns) ndarray of uint8, or None
        A mask made by someone else, in the same classes.
    spacing : (float, float)
        Height and width of a pixel, in any unit.
    """

    number: int
    grey: Grey
    classes: tuple[ClassLabel, ...]
    trained: Labels | None = None
    edited: Labels | None = None
    reference: Labels | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    turn: Turn = AS_ACQUIRED
    opacity: float = 0.45


def slice_pictures(seen: SeenSlice) -> list[Picture]:
    """The slice, its masks, what differs between them, and the reference."""
    high, wide = seen.spacing
    aspect = seen.turn.pair((high, wide) if high > 0 and wide > 0 else (1.0, 1.0))
    colours = colours_of(seen.classes)

    def made(title: str, rgb: RGB, caption: str = "") -> Picture:
        return picture(title, seen.turn.apply(rgb), aspect, caption)

    pictures = [made(f"Slice {seen.number}", painted(seen.grey))]
    trained, edited = seen.trained, seen.edited
    beside = []
    if seen.reference is not None:
        theirs = painted(seen.grey, seen.reference, colours, seen.opacity)
        beside = [made("Reference", theirs, "Made by someone else")]
    if edited is None:
        return [*pictures, *beside]
    over = painted(seen.grey, edited, colours, seen.opacity)
    if trained is None:
        return [*pictures, made("Mask", over), *beside]
    before = painted(seen.grey, trained, colours, seen.opacity)
    none = frozenset(one.index for one in seen.classes if not one.colour)
    changes = delta(trained, edited, None, none)
    kinds = {int(kind): rgb_of(colour) for kind, colour in CHANGE_COLOURS.items()}
    caption = ", ".join(
        f"{kind.said} {int((changes == kind).sum()):,} px ({_COLOUR_NAMES[kind]})"
        for kind in CHANGE_COLOURS
    )
    return [
        *pictures,
        made("Mask, trained", before),
        made("Mask, edited", over),
        made("What the edits change", painted(seen.grey, changes, kinds), caption),
        *beside,
    ]


def tensor_picture(fed: Floats) -> Picture:
    """What a network was fed ``(H, W)`` or ``(H, W, C)``: its first channel, with its range."""
    values = fed if fed.ndim == 2 else fed[..., 0]
    low, high = value_range(values)
    scaled = np.nan_to_num((values - low) / ((high - low) or 1.0))
    grey = np.clip(np.rint(scaled * 255), 0, 255).astype(np.uint8)
    channels = 1 if fed.ndim == 2 else fed.shape[-1]
    first = "the first channel, " if channels > 1 else ""
    shape = f"(1, {values.shape[0]}, {values.shape[1]}, {channels})"
    caption = f"{shape}, {first}{low:.4g} black, {high:.4g} white"
    return picture("What the network was fed", painted(grey), (1.0, 1.0), caption)


def picture(title: str, rgb: RGB, aspect: tuple[float, float], caption: str = "") -> Picture:
    """A picture for a page, its pixels as high and wide as in the patient.

    Parameters
    ----------
    rgb : (rows, columns, 3) ndarray of uint8
    aspect : (float, float)
        Height and width of a pixel.
    """
    rows, columns = rgb.shape[:2]
    high, wide = rows * aspect[0], columns * aspect[1]
    scale = ON_PAGE / max(high, wide)
    times = max(round(SHARP / max(rows, columns)), 1)
    enlarged = np.repeat(np.repeat(rgb, times, axis=0), times, axis=1)
    size = (max(round(wide * scale), 1), max(round(high * scale), 1))
    return Picture(title=title, png=png_bytes(enlarged), size=size, caption=caption)


def painted(
    grey: Grey,
    labels: Labels | None = None,
    colours: dict[int, tuple[int, int, int]] | None = None,
    opacity: float = 1.0,
) -> RGB:
    """A slice with a mask over it, pixel by pixel.

    Parameters
    ----------
    grey, labels : (rows, columns) ndarray of uint8
    colours : dict of int to (int, int, int)
        Of the labels that are drawn.
    opacity : float
        Of the mask, 0 to 1.

    Returns
    -------
    rgb : (rows, columns, 3) ndarray of uint8
    """
    rgb = np.repeat(grey[..., None], 3, axis=2)
    if labels is None or not colours:
        return rgb
    over = np.zeros((256, 3), np.float32)
    share = np.zeros((256, 1), np.float32)
    for label, colour in colours.items():
        over[label], share[label] = colour, opacity
    mixed = rgb * (1 - share[labels]) + over[labels] * share[labels]
    return np.rint(mixed).astype(np.uint8)


def colours_of(classes: Iterable[ClassLabel]) -> dict[int, tuple[int, int, int]]:
    """The colours of labels that have one."""
    return {one.index: rgb_of(one.colour) for one in classes if one.colour}


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
