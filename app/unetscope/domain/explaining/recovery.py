"""Activation patching: which layer, taken from a good run, brings a bad one's mask back.

The network runs on the slice shown; one layer's whole activation is replaced by what the same layer
gives in another run, the *donor*: the network on another slice, or as it was trained on the same.

References
----------
Meng et al., "Locating and editing factual associations in GPT", NeurIPS 2022: causal tracing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.explaining.question import Question
from unetscope.domain.explaining.target import Target
from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import Network

Floats = NDArray[np.float32]
LEAST = 1e-3  # of a score between slice and donor; with less there is nothing to recover


class RecoveryMeasure(Enum):
    """What is measured of a patched run; the value is what people call it."""

    AGREEMENT = "agreement with the donor"
    REFERENCE = "Dice with the reference"
    TARGET = "probability of the target"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryChoice:
    """How a recovery curve is asked for; part of the session.

    Attributes
    ----------
    donor : int or None
        The slice that activations are taken from; None for the one after the slice shown.
    trained : bool
        They are taken from the trained network on the slice shown instead.
    with_skips : bool
        With a layer, all that goes around it to later layers is taken from the donor too.
    """

    donor: int | None = None
    trained: bool = False
    measure: RecoveryMeasure = RecoveryMeasure.AGREEMENT
    with_skips: bool = False

    def open_series(self) -> RecoveryChoice:
        """Another series is shown: its slices are others."""
        return replace(self, donor=None)

    def from_slice(self, index: int) -> RecoveryChoice:
        """Take activations from a slice."""
        return replace(self, donor=index, trained=False)

    def from_trained(self, trained: bool) -> RecoveryChoice:
        """Take activations from the trained network, or from a slice again."""
        return replace(self, trained=trained)

    def by(self, measure: RecoveryMeasure) -> RecoveryChoice:
        """RecoveryMeasure something else."""
        return replace(self, measure=measure)

    def pass_skips(self, with_skips: bool) -> RecoveryChoice:
        """Patch what goes around a layer too, or the layer alone."""
        return replace(self, with_skips=with_skips)


FIRST_RECOVERY = RecoveryChoice()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecoveryQuestion(Question):
    """Patch layer after layer from another run, and tell how far the mask follows: `Recovery`.

    Attributes
    ----------
    donor : (H, W) or (H, W, C) ndarray of float32, or None
        Another image, preprocessed like `image`; the network runs on it with the same edits. None:
        the network as it was trained runs on `image`.
    donor_name : str
        What to call it, for example ``slice 40``.
    measure : RecoveryMeasure
    with_skips : bool
        Patch also what later layers read past the patched one.
    labels : tuple of int, or None
        The labels of the mask that count; None stands for all but 0.
    reference : (H, W) ndarray of uint8, or None
        Labels of the slice shown, on the network's output grid; for `RecoveryMeasure.REFERENCE`.
    target : Target or None
        For `RecoveryMeasure.TARGET`.
    layers : tuple of str, or None
        Which layers; None stands for all that make a picture of their own.
    """

    donor: Floats | None = None
    donor_name: str = "another slice"
    measure: RecoveryMeasure = RecoveryMeasure.AGREEMENT
    with_skips: bool = False
    labels: tuple[int, ...] | None = None
    reference: Labels | None = None
    target: Target | None = None
    layers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recovery:
    """How far the mask comes to the donor's when one layer is taken from the donor.

    Attributes
    ----------
    layers : tuple of str
        Patched one by one, in the order in which they are run.
    skips : tuple of (str, str)
        (layer that reads, its source): then, one by one, only what passes over a skip connection
        is patched. None with the skips that pass a layer.
    labels : tuple of int
        Labels of the mask that count, the second axis; with `RecoveryMeasure.TARGET` one channel
        of the output.
    bad, good : (labels,) ndarray of float32
        The measure of the slice's own run, and of the donor's.
    scores : (layers and skips, labels) ndarray of float32
        The measure with that patched; NaN where it is not measured yet.
    differing : (layers and skips,) ndarray of int64
        Pixels in which the mask differs from the donor's; -1 where it is not measured yet.
    differing_before : int
        The same with nothing patched.
    donor : str
        What the donor is called.
    """

    layers: tuple[str, ...]
    skips: tuple[tuple[str, str], ...] = ()
    labels: tuple[int, ...]
    bad: Floats
    good: Floats
    scores: Floats
    differing: NDArray[np.int64]
    differing_before: int
    measure: RecoveryMeasure
    with_skips: bool
    donor: str

    @property
    def places(self) -> tuple[str, ...]:
        """What is patched, as it is called: a layer, or ``source → reader``."""
        return (*self.layers, *(f"{source} → {reader}" for reader, source in self.skips))

    @property
    def by_label(self) -> Floats:
        """Of each label: 0 is the slice's own run, 1 the donor's, ``(places, labels)``.

        NaN where it is not measured yet, or both score the same, so that nothing can be recovered.
        """
        return _share(self.scores, self.bad, self.good)

    @property
    def mean(self) -> Floats:
        """The same of the mean score over the labels, ``(places,)``."""
        if not self.labels:
            return np.full(len(self.places), np.nan, np.float32)
        scores, bad, good = (each.mean(-1) for each in (self.scores, self.bad, self.good))
        return _share(scores, bad, good)

    @property
    def is_empty(self) -> bool:
        """Whether slice and donor score the same, so that there is nothing to recover."""
        return not self.labels or abs(float(self.good.mean() - self.bad.mean())) < LEAST

    @property
    def is_backwards(self) -> bool:
        """Whether the donor scores lower: the curve then tells what takes the mask away."""
        return not self.is_empty and float(self.good.mean()) < float(self.bad.mean())


def _share(scores: Floats, bad: Floats, good: Floats) -> Floats:
    gap = np.asarray(good - bad, np.float64)
    gap = np.where(np.abs(gap) < LEAST, np.nan, gap)
    share: Floats = ((scores - bad) / gap).astype(np.float32)
    return share


def recovery_csv(
    found: Recovery, network: Network, edits: Edits = (), names: Mapping[int, str] | None = None
) -> str:
    """The curve as CSV; no patient is named.

    Parameters
    ----------
    names : mapping of int to str
        Names of the labels.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(("Unetscope", "recovery by activation patching, on one slice", "research use only"))
    write(("model", network.path.name, network.fingerprint))
    for edit in edits:
        write(("edit", edit.label))
    patched = "each layer with what goes around it" if found.with_skips else "each layer alone"
    write(("donor", found.donor))
    write(("measure", found.measure.value))
    write(("patched", patched))
    called = [(names or {}).get(label, f"label {label}") for label in found.labels]
    head = ["patched", "recovery", *(f"recovery {name}" for name in called)]
    write((*head, *(f"score {name}" for name in called), "pixels unlike the donor's mask"))
    rows = zip(found.places, found.mean, found.by_label, found.scores, found.differing, strict=True)
    write(("nothing patched", *_told([0.0] * (1 + len(called))), *_told(found.bad),
           found.differing_before))  # fmt: skip
    for layer, mean, shares, scores, differing in rows:
        if differing >= 0:
            write((layer, *_told([mean, *shares, *scores]), int(differing)))
    write(("the donor", *_told([1.0] * (1 + len(called))), *_told(found.good), 0))
    return out.getvalue()


def _told(numbers: object) -> list[str]:
    values = np.asarray(numbers, np.float64).ravel()
    return ["" if np.isnan(number) else f"{number:.6g}" for number in values]
