"""What lies over a picture of a series: a mask, two of them, or what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import CHANGE_COLOURS, Change, Way, delta
from unetscope.domain.metrics import Labels
from unetscope.domain.planes import Turn
from unetscope.domain.session import Session

Pair = tuple[Labels | None, Labels | None]
"""The masks of the trained and of the edited network, ``(rows, columns)`` uint8."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Overlay:
    """Labels over a picture, turned as it is, and what they are called.

    Attributes
    ----------
    labels : (rows, columns) ndarray of uint8, or None
        None where there is nothing to show.
    beside : (rows, columns) ndarray of uint8, or None
        The trained network's mask, for a picture of its own.
    legend : tuple of ClassLabel
        Labels that can be shown, with their colours.
    hidden : frozenset of int
        Labels of the legend that are not shown.
    split : int or None
        The first column of the edited network's mask; before it is the trained one's.
    """

    labels: Labels | None = None
    beside: Labels | None = None
    legend: tuple[ClassLabel, ...] = ()
    hidden: frozenset[int] = frozenset()
    split: int | None = None


def overlay(
    session: Session, masks: Pair, turn: Turn, *, area: float | None = None, alone: bool = False
) -> Overlay:
    """Choose what lies over a picture.

    Parameters
    ----------
    masks : Pair
        As they were acquired.
    area : float or None
        Of a pixel, in mm²; None where it is not known.
    alone : bool
        There is no room for two: swipe and side by side give the edited network's mask.
    """
    trained, edited = (_without(mask, session.hidden_labels) for mask in masks)
    way, label = session.comparing.seen, session.comparing.label
    classes = session.card.classes if session.card else ()
    if way is Way.DELTA:
        if trained is None or edited is None:
            return Overlay()
        none = frozenset(each.index for each in classes if not each.colour)
        changes = delta(trained, edited, label, none)
        hidden = session.comparing.hidden
        legend = _change_legend(changes, area, all_classes=label is None)
        return Overlay(labels=_turned(changes, turn), legend=legend, hidden=hidden)
    legend = tuple(each for each in classes if each.colour)
    if way in (Way.SWIPE, Way.SIDE_BY_SIDE) and not alone:
        beside, labels, split = _turned(trained, turn), _turned(edited, turn), None
        if way is Way.SWIPE and beside is not None and labels is not None:
            split = round(session.comparing.split * labels.shape[1])
            labels, beside = np.concatenate([beside[:, :split], labels[:, split:]], axis=1), None
        return Overlay(
            labels=labels, beside=beside, legend=legend, hidden=session.hidden_labels, split=split
        )
    shown = trained if session.show_trained else edited
    return Overlay(labels=_turned(shown, turn), legend=legend, hidden=session.hidden_labels)


def _without(mask: Labels | None, hidden: frozenset[int]) -> Labels | None:
    """The mask without the labels whose eyes are closed."""
    if mask is None or not hidden:
        return mask
    kept = np.arange(256, dtype=np.uint8)
    kept[list(hidden)] = 0
    return kept[mask]


def _turned(labels: Labels | None, turn: Turn) -> Labels | None:
    return None if labels is None else turn.apply(labels)


def _change_legend(
    changes: Labels, area: float | None, *, all_classes: bool
) -> tuple[ClassLabel, ...]:
    """Each kind of change with how much there is of it."""
    found = np.bincount(changes.ravel(), minlength=len(Change))
    kinds = (Change.GAINED, Change.LOST, Change.OTHER)
    return tuple(
        ClassLabel(kind, f"{kind.said} {amount(int(found[kind]), area)}", CHANGE_COLOURS[kind])
        for kind in kinds
        if all_classes or kind is not Change.OTHER
    )


def amount(pixels: int, area: float | None) -> str:
    """So many pixels, and in mm² where one is known to be `area` large."""
    said = f"{pixels:,} px"
    return said if area is None else f"{said} · {pixels * area:,.0f} mm²"


def opacity(session: Session) -> float:
    """Of what lies over a picture: changes are a few voxels, and shown stronger than a mask."""
    is_delta = session.comparing.seen is Way.DELTA
    return (1.0 + session.opacity) / 2.0 if is_delta else session.opacity


def what_is_shown(session: Session) -> str:
    """Which network's mask is shown, where that is not plain."""
    comparing = session.comparing
    if comparing.way is Way.OFF and not (comparing.trained and session.edits):
        return ""
    if not session.edits:
        return f"{comparing.way.value}: nothing is edited"
    if comparing.trained and comparing.way is not Way.SIDE_BY_SIDE:
        return "trained result"
    if comparing.way is Way.FLICKER:
        return "edited result"
    if comparing.way is Way.DELTA:
        return f"changes of {class_name(session, comparing.label) or 'all classes'}"
    return ""


def class_name(session: Session, label: int | None) -> str:
    """What the card calls a label; empty for none."""
    classes = session.card.classes if session.card else ()
    if label is None:
        return ""
    return classes[label].name if label < len(classes) else f"Class {label}"
