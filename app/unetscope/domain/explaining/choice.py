"""What was chosen for explaining a mask; part of the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from unetscope.domain.explaining.target import FIRST_TARGET, TargetChoice


class Method(Enum):
    """How a target is traced back to the image or to a layer; the value is what people call it."""

    SEG_GRAD_CAM = "Seg-Grad-CAM"
    SALIENCY = "Saliency"
    INTEGRATED_GRADIENTS = "Integrated gradients"
    SMOOTH_GRAD = "SmoothGrad"
    OCCLUSION = "Occlusion"


class Overlay(Enum):
    """Which heat lies over the slice; the value is what people call it."""

    ATTRIBUTION = "explanation"
    RANDOMISED = "the same with random weights"
    ENTROPY = "entropy"
    SPREAD = "spread over augmentations"
    DROPOUT = "spread over dropout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explaining:
    """The target, how it is explained, and what of that is seen.

    Attributes
    ----------
    overlay : Overlay or None
        The heat over the slice.
    opacity, threshold : float
        Of the heat, 0 to 1; what is below that share of the scale is not drawn.
    field : bool
        The receptive fields of the selected map pixel are drawn, theoretical and effective.
    """

    target: TargetChoice = FIRST_TARGET
    method: Method = Method.SEG_GRAD_CAM
    overlay: Overlay | None = None
    opacity: float = 0.6
    threshold: float = 0.2
    field: bool = False

    def open_series(self) -> Explaining:
        """Another series is shown: what was pointed at or drawn on the last one is gone."""
        return replace(self, target=TargetChoice(label=self.target.label))

    def open_network(self) -> Explaining:
        """Another network is shown: it may have other classes."""
        return replace(self, target=replace(self.target, label=None), overlay=None)

    def about(self, target: TargetChoice) -> Explaining:
        """Explain something else."""
        return replace(self, target=target)

    def by(self, method: Method) -> Explaining:
        """Explain by another method."""
        return replace(self, method=method)

    def lay_over(self, overlay: Overlay | None) -> Explaining:
        """Have another heat over the slice, or none."""
        return replace(self, overlay=overlay)

    def set_opacity(self, opacity: float) -> Explaining:
        """Set the heat's opacity, 0 to 1."""
        return replace(self, opacity=min(max(opacity, 0.0), 1.0))

    def set_threshold(self, threshold: float) -> Explaining:
        """Draw the heat from this share of the scale on, 0 to 1."""
        return replace(self, threshold=min(max(threshold, 0.0), 1.0))

    def show_field(self, shown: bool) -> Explaining:
        """Draw receptive fields, or not."""
        return replace(self, field=shown)


FIRST_EXPLAINING = Explaining()
