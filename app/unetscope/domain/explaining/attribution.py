"""Which pixels or positions a target goes back to: the question, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.honesty import Honesty
from unetscope.domain.explaining.question import Question
from unetscope.domain.explaining.target import Target

Nothing = Literal["zero", "mean", "blurred"]
"""What stands for nothing to be seen: 0, the image's mean, or the image out of focus."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AttributionQuestion(Question):
    """Ask where a target's score comes from.

    Attributes
    ----------
    target : Target
        What is explained.
    method : Method
    layer : str or None
        Where to go back to. Seg-Grad-CAM and saliency: any layer with rows and columns; the others:
        an input. None: for Seg-Grad-CAM the last layer with kernels before the output's own (with
        the normalisation and activation after it); for the others the first input with a grid.
    signed : bool
        Saliency and SmoothGrad keep the sign of gradients, which are summed over channels then.
        Integrated gradients and occlusion have a sign anyway, Seg-Grad-CAM has none.
    randomised : bool
        Make the twin of random weights too, and compare.
    seed : int
        Of SmoothGrad's noise and of random weights.
    steps : int
        Integrated gradients: how many images between baseline and image, to begin with.
    baseline : str
        Integrated gradients: where they start.
    samples : int
        SmoothGrad: how many noisy images.
    noise : float
        SmoothGrad: standard deviation, as a share of the image's range.
    patch, stride : int or None
        Occlusion: side of the square that is covered and distance to the next, in input pixels.
        None: a sixteenth of the image's shorter side, and half the patch.
    fill : str
        Occlusion: what it is covered with.
    """

    target: Target
    method: Method = Method.SEG_GRAD_CAM
    layer: str | None = None
    signed: bool = False
    randomised: bool = False
    seed: int = 0
    steps: int = 32
    baseline: Nothing = "zero"
    samples: int = 24
    noise: float = 0.1
    patch: int | None = None
    stride: int | None = None
    fill: Nothing = "mean"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Attribution:
    """Where a target's score comes from.

    Attributes
    ----------
    method : Method
    layer : str
        What the score was traced back to; `heat` lies on its grid.
    heat : Heat
    score : float
        Of the target: logits where those are known, summed over its pixels.
    completeness : float or None
        Integrated gradients: the sum of the map as a share of the change of the score from baseline
        to image; 1 means that nothing is missing. NaN where the score does not change.
    note : str
        What has to be known to read it; empty where nothing has.
    twin : Heat or None
        The same with every weight random.
    honesty : Honesty or None
        The two compared.
    """

    method: Method
    layer: str
    heat: Heat
    score: float
    completeness: float | None = None
    note: str = ""
    twin: Heat | None = None
    honesty: Honesty | None = None
