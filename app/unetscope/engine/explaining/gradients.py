"""Attribution by gradients: each needs one way back through a pass for every image it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.honesty import placed_on
from unetscope.engine import backward
from unetscope.engine.explaining.score import Array
from unetscope.engine.explaining.subject import Found, Subject, nothing_of
from unetscope.engine.explaining.work import Work, part

COMPLETE = 0.01  # integrated gradients may miss this share of the change of the score
REPEATED = 0.75  # of a map on the target's own positions: it tells little beyond the mask
FINEST = 8  # times as many steps as asked for, at most, until they are complete


def seg_grad_cam(subject: Subject) -> Work[Found]:
    """Vinogradova, Dibrov, Myers. AAAI 2020."""
    _, slope, value = yield from subject.slope()
    heat = backward.seg_grad_cam(value, slope)
    own = placed_on(subject.asked.target.region, heat.shape)
    total, on_it = float(heat.sum(dtype=np.float64)), float(heat[own].sum(dtype=np.float64))
    if not total:
        return Found(heat, note="Nothing in this layer speaks for the target: the map is empty.")
    if on_it < REPEATED * total or own.mean() > REPEATED:
        return Found(heat)
    note = f"{on_it / total:.0%} of the map lies on the target itself: it repeats the mask."
    return Found(heat, note=f"{note} A layer farther from the output tells more.")


def saliency(subject: Subject) -> Work[Found]:
    """Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks. ICLR Workshop 2014."""
    _, slope, _ = yield from subject.slope()
    return Found(_over_channels(slope[0], subject.asked.signed))


def smooth_grad(subject: Subject) -> Work[Found]:
    """Smilkov et al.: SmoothGrad: removing noise by adding noise. 2017."""
    asked, image = subject.asked, subject.image
    if asked.samples < 1 or not 0 <= asked.noise < np.inf:
        raise ModelError(
            f"SmoothGrad takes 1 sample or more and noise of 0 or more, but found {asked.samples} "
            f"and {asked.noise}.",
        )
    noise = np.random.default_rng(asked.seed)
    deviation = np.float32(asked.noise * float(np.ptp(image)))
    total = np.zeros(image.shape, np.float64)
    for n in range(asked.samples):
        noisy = image + deviation * noise.standard_normal(image.shape, np.float32)
        _, slope, _ = yield from part(subject.slope(noisy), n, asked.samples)
        total += slope
    return Found(_over_channels((total / asked.samples).astype(np.float32)[0], asked.signed))


def integrated_gradients(subject: Subject) -> Work[Found]:
    """Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks. ICML 2017.

    By the midpoint rule along the line from baseline to image. Of each stretch the change of the
    score is known, so the one that misses most of it is halved, until the whole misses less than
    `COMPLETE`.
    """
    asked, image = subject.asked, subject.image.astype(np.float64)
    if asked.steps < 1:
        raise ModelError(f"Integrated gradients take 1 step or more, but found {asked.steps}.")
    start = nothing_of(subject.image, asked.baseline).astype(np.float64)
    way, looks = image - start, 2 * asked.steps + 1

    def at(share: float) -> Array:
        return (start + share * way).astype(np.float32)

    def stretch(a: float, b: float, before: float, after: float, n: int) -> Work[_Stretch]:
        middle, slope, _ = yield from part(
            subject.slope(at((a + b) / 2)), n, n + 1 if n >= looks else looks
        )
        return _Stretch(a, b, before, middle, after, (b - a) * (way * slope)[0].sum(-1))

    ends, scores = np.linspace(0, 1, asked.steps + 1).tolist(), []
    for n, end in enumerate(ends):
        scores.append((yield from part(subject.scored(at(end)), n, looks)))
    stretches = []
    for n, ((a, b), (before, after)) in enumerate(
        zip(pairwise(ends), pairwise(scores), strict=True)
    ):
        stretches.append((yield from stretch(a, b, before, after, asked.steps + 1 + n)))
    change, n = scores[-1] - scores[0], looks
    # Not on random weights: they are compared by order and structure, and it takes long.
    while subject.edits is None and len(stretches) < FINEST * asked.steps:
        if abs(sum(each.missing for each in stretches)) <= COMPLETE * abs(change):
            break
        worst = max(stretches, key=lambda each: abs(each.missing))
        stretches.remove(worst)
        middle = (worst.a + worst.b) / 2
        stretches.append((yield from stretch(worst.a, middle, worst.before, worst.middle, n)))
        stretches.append((yield from stretch(middle, worst.b, worst.middle, worst.after, n + 1)))
        n += 2

    values = np.sum([each.parts for each in stretches], 0)
    if not change:
        note = "The score is the same without the image: there is nothing to attribute."
        return Found(values.astype(np.float32), float("nan"), note)
    completeness = float(values.sum() / change)
    note = ""
    if abs(completeness - 1) > COMPLETE:
        note = (
            f"Not complete: after {len(stretches)} steps the map adds up to {completeness:.0%} of "
            "the change of the score. Take more steps."
        )
    return Found(values.astype(np.float32), completeness, note)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """A part of the way from baseline to image: scores at its ends and middle, and its share."""

    a: float
    b: float
    before: float
    middle: float
    after: float
    parts: NDArray[np.float64]

    @property
    def missing(self) -> float:
        return self.after - self.before - float(self.parts.sum())


def _over_channels(slope: Array, signed: bool) -> Array:
    """One value a position: the sum over channels, or the largest magnitude."""
    result: Array = slope.sum(-1) if signed else np.abs(slope).max(-1)
    return result
