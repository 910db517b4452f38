"""Curves over the series as panes of a figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.figure import Pane
from unetscope.presenters.evaluation.view import EvaluationView
from unetscope.presenters.map_series import MapSeriesView

EDITED = ClassLabel(0, "edited network", "#d55e00")
TRAINED = ClassLabel(1, "trained network", "#0072b2")


def map_curve(view: MapSeriesView) -> Pane | None:
    """The selected map in every slice; None unless that is known of the weights in force."""
    if view.stale:
        return None
    return _pane(
        "curve of the map", view.title, view.curve[None], view.measure.value, view.slice_index
    )


def evaluation_curve(view: EvaluationView) -> Pane | None:
    """The measure that the evaluation shows; None without a reference or masks."""
    name = dict(view.labels).get(view.label, "")
    caption = f"{view.measure.value} against the reference{f', {name}' if name else ''}"
    curves = [view.curve]
    if view.trained_curve.size == view.curve.size:
        curves.append(view.trained_curve)
    pane = _pane("curve of the evaluation", caption, np.stack(curves), view.unit, view.index)
    if pane is None or len(curves) < 2:
        return pane
    return replace(pane, legend=(EDITED, TRAINED))


def _pane(
    key: str, caption: str, curves: NDArray[np.floating], unit: str, mark: int
) -> Pane | None:
    known = curves[np.isfinite(curves)]
    if known.size < 2:
        return None
    return Pane(
        key=key,
        caption=caption,
        values=curves.astype(np.float32),
        limits=(float(known.min()), float(known.max())),
        bar=unit,
        curve=True,
        mark=mark,
    )
