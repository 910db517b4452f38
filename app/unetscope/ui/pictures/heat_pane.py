"""The heat over the slice as a pane of a figure."""

from __future__ import annotations

import numpy as np

from unetscope.domain.figure import Palette, Pane
from unetscope.presenters.heat_overlay import HeatView
from unetscope.presenters.slice_view import SliceView


def heat_pane(view: HeatView, below: SliceView) -> Pane | None:
    """The heat on the grid of the slice `below`, all of it; None where none lies over that."""
    if view.heat is None:
        return None
    high, wide = below.aspect
    return Pane(
        key="heat",
        caption=view.title,
        values=np.nan_to_num(view.heat),  # 0 where the network was not shown the slice
        limits=view.limits,
        palette=Palette.DIVERGING if view.signed else Palette.VIRIDIS,
        aspect=high / wide,
        mm=wide if below.calibrated else None,
        bar=view.unit or "no unit",
    )
