"""What each feature map does to the mask: the question and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef

Floats = NDArray[np.float32]

How = Literal["zero", "mean"]
"""What a silenced feature map becomes: nothing, or its own mean."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SweepRequest:
    """Silence each feature map of a layer in turn, and tell what that does to the mask.

    Attributes
    ----------
    model, image, image_key, edits
        As in `ports.LookRequest`.
    layer : str
        The layer whose feature maps are silenced.
    how : str
        ``"zero"`` or ``"mean"``.
    reference : (H, W) ndarray of uint8, or None
        Labels on the network's output grid to compare with.
    channels : tuple of int, or None
        The feature maps to silence; None stands for all.
    """

    model: ModelRef
    image: Floats
    image_key: str
    edits: Edits
    layer: str
    how: How = "zero"
    reference: Labels | None = None
    channels: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effects:
    """What silencing each feature map of a layer does to the mask, a row for each map.

    Rows that are not computed yet, or were not asked for, hold -1 pixels and NaN. Where groups of
    maps were silenced together there is a row for each group.

    Attributes
    ----------
    layer : str
        Its name.
    changed_pixels : (maps,) ndarray of int64
        Pixels of the mask that get another label.
    mean_probability_change : (maps,) ndarray of float32
        Mean over pixels and classes of the absolute change of the probability.
    dice_with_current : (maps, classes) ndarray of float32
        Overlap with the mask that nothing is silenced for; NaN where neither holds the class.
    dice_with_reference : (maps, classes) ndarray of float32, or None
        Overlap with the reference; None without one.
    dice_now : (classes,) ndarray of float32, or None
        Overlap with the reference while nothing is silenced; None without one.
    """

    layer: str
    changed_pixels: NDArray[np.int64]
    mean_probability_change: Floats
    dice_with_current: Floats
    dice_with_reference: Floats | None = None
    dice_now: Floats | None = None
