"""What was chosen for explaining a mask; part of the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from unetscope.domain.effects import How
from unetscope.domain.explaining.ranking import FIRST_RANK, RankBy
from unetscope.domain.explaining.recovery import FIRST_RECOVERY, RecoveryChoice
from unetscope.domain.explaining.target import FIRST_TARGET, Point, TargetChoice
from unetscope.domain.explaining.uncertainty import FIRST_UNCERTAINTY, UncertaintyChoice


class Method(Enum):
    """How a target is traced back to the image or to a layer; the value is what people call it."""

    SEG_GRAD_CAM = "Seg-Grad-CAM"
    SALIENCY = "Saliency"
    INTEGRATED_GRADIENTS = "Integrated gradients"
    SMOOTH_GRAD = "SmoothGrad"
    OCCLUSION = "Occlusion"


QUICK = frozenset({Method.SEG_GRAD_CAM, Method.SALIENCY})
"""One look back each, so that they can follow whatever changes."""
AT_ANY_LAYER = QUICK
"""Those that can be traced back to any layer; the others go back to the image."""


GRAINY = frozenset({Method.SALIENCY, Method.INTEGRATED_GRADIENTS, Method.SMOOTH_GRAD})
"""A few of their values stand far above all others."""


class Overlay(Enum):
    """Which heat lies over the slice; the value is what people call it."""

    ATTRIBUTION = "explanation"
    RANDOMISED = "the same with random weights"
    ENTROPY = "entropy"
    SPREAD = "spread over augmentations"
    DROPOUT = "spread over dropout"


ATTRIBUTIONS = frozenset({Overlay.ATTRIBUTION, Overlay.RANDOMISED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explaining:
    """The target, how it is explained, and what of that is seen.

    Attributes
    ----------
    at_layer : bool
        Trace back to the layer that is selected; else to where the method usually does: the last
        layer before the output, or the image.
    honest : bool
        Make the twin of random weights too, and compare.
    overlay : Overlay or None
        The heat over the slice.
    opacity, threshold : float
        Of the heat, 0 to 1; what is below that share of the scale is not drawn.
    field : bool
        The receptive fields of the selected map pixel are drawn, theoretical and effective.
    voxel : (float, float) or None
        Row and column of the slice that the voxel inquiry stays at; None: it follows the cursor.
    voxel_class : int or None
        The class that it explains; None for the one that the mask shows there.
    rank_by : RankBy
        What feature maps are ranked by, in the chart and in both galleries.
    silence_to : str
        What a map becomes whose effect is measured: ``"zero"`` or ``"mean"``.
    dissect_own : bool
        Maps are compared with the network's own mask, even where there is a reference.
    dissected_label : int or None
        The one label whose overlap with maps is listed; None for all.
    uncertainty : UncertaintyChoice
        How uncertainty is measured, and what of it is told.
    recovery : RecoveryChoice
        What layers are patched from, and what is measured of that.
    """

    target: TargetChoice = FIRST_TARGET
    method: Method = Method.SEG_GRAD_CAM
    at_layer: bool = False
    honest: bool = False
    overlay: Overlay | None = None
    opacity: float = 0.6
    threshold: float = 0.2
    field: bool = False
    voxel: Point | None = None
    voxel_class: int | None = None
    rank_by: RankBy = FIRST_RANK
    silence_to: How = "zero"
    dissect_own: bool = False
    dissected_label: int | None = None
    uncertainty: UncertaintyChoice = FIRST_UNCERTAINTY
    recovery: RecoveryChoice = FIRST_RECOVERY

    def open_series(self) -> Explaining:
        """Another series is shown: what was pointed at or drawn on the last one is gone."""
        target = TargetChoice(label=self.target.label)
        return replace(self, target=target, recovery=self.recovery.open_series())

    def open_network(self) -> Explaining:
        """Another network is shown: it may have other classes."""
        return replace(
            self,
            target=replace(self.target, label=None),
            overlay=None,
            voxel_class=None,
            rank_by=replace(self.rank_by, label=None),
            dissected_label=None,
        )

    def about(self, target: TargetChoice) -> Explaining:
        """Explain something else."""
        return replace(self, target=target)

    def by(self, method: Method) -> Explaining:
        """Explain by another method."""
        return replace(self, method=method)

    def back_to_layer(self, selected: bool) -> Explaining:
        """Trace back to the layer that is selected, or to the usual place."""
        return replace(self, at_layer=selected)

    def be_honest(self, honest: bool) -> Explaining:
        """Make the twin of random weights too, or not; without it, it cannot be looked at."""
        overlay = self.overlay
        if not honest and overlay is Overlay.RANDOMISED:
            overlay = Overlay.ATTRIBUTION
        return replace(self, honest=honest, overlay=overlay)

    def lay_over(self, overlay: Overlay | None) -> Explaining:
        """Have another heat over the slice, or none."""
        return replace(self, overlay=overlay)

    def set_opacity(self, opacity: float) -> Explaining:
        """Set the heat's opacity, 0 to 1."""
        return replace(self, opacity=min(max(opacity, 0.0), 1.0))

    def set_threshold(self, threshold: float) -> Explaining:
        """Draw the heat from this share of the scale on, 0 to 1."""
        return replace(self, threshold=min(max(threshold, 0.0), 1.0))

    def compare_with_own(self, own: bool) -> Explaining:
        """Compare maps with the network's own mask, or with the reference where there is one."""
        return replace(self, dissect_own=own)

    def list_label(self, label: int | None) -> Explaining:
        """List the overlap of maps with one label, or with all."""
        return replace(self, dissected_label=label)

    def rank_maps(self, by: RankBy) -> Explaining:
        """Rank feature maps by something else."""
        return replace(self, rank_by=by)

    def silence_with(self, how: How) -> Explaining:
        """Measure what maps do by putting 0, or their mean, in their place."""
        return replace(self, silence_to=how)

    def recover(self, recovery: RecoveryChoice) -> Explaining:
        """Ask for the recovery curve in another way."""
        return replace(self, recovery=recovery)

    def show_field(self, shown: bool) -> Explaining:
        """Draw receptive fields, or not."""
        return replace(self, field=shown)

    def pin(self, voxel: Point | None) -> Explaining:
        """Have the voxel inquiry stay at a pixel of the slice, or follow the cursor."""
        return replace(self, voxel=voxel)

    def inquire_about(self, label: int | None) -> Explaining:
        """Have the voxel inquiry explain another class, or the one that the mask shows."""
        return replace(self, voxel_class=label)


FIRST_EXPLAINING = Explaining()
