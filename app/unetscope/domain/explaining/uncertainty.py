"""How sure a network is of its mask, as far as its own probabilities tell.

These numbers are not calibrated: a network can be sure and wrong. They say where it wavers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.augmenting import HARMLESS, Augmentation, Known
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.question import Question
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.metrics import Labels

Floats = NDArray[np.float32]
Region = NDArray[np.bool_]

WHOLE_MAPS = frozenset({"SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"})
DROPOUTS = WHOLE_MAPS | {"Dropout", "GaussianDropout", "AlphaDropout"}
UNCALIBRATED = "Uncalibrated: high certainty does not mean right."


class UncertaintyKind(Enum):
    """Where the numbers come from; the value is what people call it."""

    ENTROPY = "entropy"
    AUGMENTATIONS = "augmentations"
    DROPOUT = "dropout"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ModelError(
            f"There is no uncertainty by {value!r}.", "Choose entropy, augmentations or dropout."
        )


class Spread(Enum):
    """What of repeated runs is told; the value is what people call it."""

    DEVIATION = "standard deviation"
    VOTES = "another label"
    INFORMATION = "mutual information"
    ENTROPY = "entropy of the mean"


class Zone(Enum):
    """Where a mean is taken; the value is what people call it."""

    INSIDE = "inside the mask"
    BORDER = "along its borders"
    WHOLE = "the whole slice"


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyChoice:
    """What was chosen to be measured and told; part of the session.

    Attributes
    ----------
    repeats : int
        Runs of the network over the same slice, with augmentations or dropout.
    """

    kind: UncertaintyKind = UncertaintyKind.ENTROPY
    repeats: int = 16
    augmentations: tuple[Augmentation, ...] = HARMLESS
    spread: Spread = Spread.DEVIATION
    zone: Zone = Zone.INSIDE


FIRST_UNCERTAINTY = UncertaintyChoice()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UncertaintyQuestion(Question):
    """How sure the network is of the mask of an image; the answer is an `Uncertainty`.

    Attributes
    ----------
    repeats : int
        Runs with augmentations or dropout.
    seed : int
        Of all that is drawn: the same seed gives the same answer.
    augmentations : tuple of Augmentation
        Of which each run draws a change.
    """

    kind: UncertaintyKind = UncertaintyKind.ENTROPY
    repeats: int = 16
    seed: int = 0
    augmentations: tuple[Augmentation, ...] = HARMLESS


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Repeated:
    """What repeated runs gave.

    Attributes
    ----------
    runs : int
        How many.
    mean : (H, W, classes) ndarray of float32
        Mean probabilities.
    deviation : (H, W) ndarray of float32
        Standard deviation, over the runs, of the probability of the class that the mask shows.
    votes : (H, W) ndarray of float32
        Share of the runs that give another label than the mask.
    entropy : (H, W) ndarray of float32
        Of the mean probabilities, in bits: predictive entropy.
    information : (H, W) ndarray of float32
        That less the mean of the runs' entropies, in bits: what the runs disagree on (BALD).
    pixels : (runs, labels) ndarray of int64
        How many pixels each run gave each label.

    References
    ----------
    Houlsby et al., arXiv 1112.5745 (2011); Gal and Ghahramani, ICML 2016; Wang et al.,
    Neurocomputing 338 (2019) for test-time augmentation.
    """

    runs: int
    mean: Floats
    deviation: Floats
    votes: Floats
    entropy: Floats
    information: Floats
    pixels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Uncertainty:
    """How sure a network is of one mask. Nothing in it is calibrated.

    Attributes
    ----------
    mask : (H, W) ndarray of uint8
        Labels on the grid of the network's output, of the plain pass.
    labels : int
        How many labels a mask can show.
    entropy : (H, W) ndarray of float32
        Of the probabilities of the plain pass, in bits.
    most : float
        The greatest entropy there can be, in bits.
    layer : str
        The output, on whose grid all maps lie.
    repeated : Repeated or None
        None where only the plain pass was asked for.
    """

    kind: UncertaintyKind
    mask: Labels
    labels: int
    entropy: Floats
    most: float
    layer: str = ""
    repeated: Repeated | None = None

    def values(self, spread: Spread = Spread.DEVIATION) -> Floats:
        """A number for each pixel, ``(H, W)``: of repeated runs as chosen, else the entropy."""
        found = self.repeated
        if found is None:
            return self.entropy
        return {
            Spread.DEVIATION: found.deviation,
            Spread.VOTES: found.votes,
            Spread.INFORMATION: found.information,
            Spread.ENTROPY: found.entropy,
        }[spread]

    def heat(self, spread: Spread = Spread.DEVIATION) -> Heat:
        """The same to be laid over the slice, in colours that mean the same on every slice."""
        return Heat(
            values=self.values(spread),
            layer=self.layer,
            title=told(self.kind, spread),
            unit=unit_of(self.kind, spread),
            limits=(0.0, self.limit(spread)),
        )

    def limit(self, spread: Spread) -> float:
        """The greatest value that there can be."""
        if self.repeated is None or spread in (Spread.ENTROPY, Spread.INFORMATION):
            return self.most
        return 0.5 if spread is Spread.DEVIATION else 1.0


def told(kind: UncertaintyKind, spread: Spread) -> str:
    """What is measured, for titles: ``spread over dropout, uncalibrated``."""
    if kind is UncertaintyKind.ENTROPY:
        return "entropy, uncalibrated"
    what = "spread" if spread is Spread.DEVIATION else spread.value
    return f"{what} over {kind.value}, uncalibrated"


def meaning(kind: UncertaintyKind, spread: Spread, most: float) -> str:
    """What the numbers say, in a sentence for those who do not know them."""
    if kind is UncertaintyKind.ENTROPY or spread is Spread.ENTROPY:
        told = "0 bits: sure of one class; 1: torn between two"
        return f"{told}; {most:.3g}: all are alike." if most > 1 else f"{told}."
    if spread is Spread.DEVIATION:
        return "How far the probability of the class shown moves from run to run: 0 to 0.5."
    if spread is Spread.VOTES:
        return "Share of the runs in which a pixel gets another label: 0 to 1."
    return "What the runs disagree on, in bits; what all of them doubt alike is left out."


def unit_of(kind: UncertaintyKind, spread: Spread) -> str:
    """What the numbers are in."""
    in_bits = kind is UncertaintyKind.ENTROPY or spread in (Spread.ENTROPY, Spread.INFORMATION)
    return "bits" if in_bits else ""


# ------------------------------------------------------------------------- entropy


def is_distribution(probabilities: Floats) -> bool:
    """Whether the channels of ``(H, W, C)`` exclude each other: they add up to 1 everywhere."""
    if probabilities.shape[-1] < 2:
        return False
    return bool(np.abs(probabilities.sum(axis=-1) - 1).max(initial=0.0) < 1e-3)


def entropy(probabilities: Floats, *, exclusive: bool) -> Floats:
    """Entropy of each pixel in bits.

    Parameters
    ----------
    probabilities : (H, W, C) ndarray of float
        0 to 1.
    exclusive : bool
        The channels are classes of which each pixel has one (softmax): ``-Σ p log2 p``. Else each
        channel says yes or no by itself (sigmoid), and their binary entropies add up.

    Returns
    -------
    entropy : (H, W) ndarray of float32
        0 to `most_entropy`.

    References
    ----------
    Shannon, Bell System Technical Journal 27 (1948).
    """
    found = _surprise(probabilities).sum(axis=-1)
    if not exclusive:
        found = found + _surprise(1 - probabilities).sum(axis=-1)
    made: Floats = np.asarray(np.maximum(found, 0), np.float32)
    return made


def most_entropy(channels: int, *, exclusive: bool) -> float:
    """The greatest entropy of so many channels, in bits."""
    return float(np.log2(channels)) if exclusive else float(channels)


def _surprise(p: Floats) -> NDArray[np.floating]:
    """``-p log2 p``, 0 at 0."""
    safe = np.maximum(p, np.finfo(np.float32).tiny)
    found: NDArray[np.floating] = -p * np.log2(safe)
    return found


def of_probabilities(probabilities: Floats, mask: Labels, layer: str = "") -> Uncertainty:
    """What the probabilities of one pass say: ``(H, W, C)``, with the mask that is shown."""
    channels = probabilities.shape[-1]
    exclusive = is_distribution(probabilities)
    return Uncertainty(
        kind=UncertaintyKind.ENTROPY,
        mask=mask,
        labels=labels_of(channels, exclusive=exclusive),
        entropy=entropy(probabilities, exclusive=exclusive),
        most=most_entropy(channels, exclusive=exclusive),
        layer=layer,
    )


def labels_of(channels: int, *, exclusive: bool) -> int:
    """How many labels a mask of so many channels can show, a background included."""
    return channels if exclusive else channels + 1


def has_dropout(layer: Layer) -> bool:
    """Whether a layer drops values in training; not so where its rate is 0."""
    rate = layer.config.get("rate")
    return layer.kind in DROPOUTS and isinstance(rate, float | int) and rate > 0


def output_of(graph: Graph) -> str:
    """The output that the mask is made of: the first with rows and columns; empty without one."""
    return next((name for name in graph.outputs if len(graph[name].output_shape) == 4), "")


# ------------------------------------------------------------------- repeated runs


class Runs:
    """Takes runs one by one, and tells how they spread.

    All is summed as differences from the plain pass, so that runs that are all the same spread by
    exactly nothing.

    Parameters
    ----------
    plain : (H, W, C) ndarray of float32
        Probabilities of the plain pass.
    mask : (H, W) ndarray of uint8
        Its labels.
    """

    def __init__(self, plain: Floats, mask: Labels) -> None:
        self._plain, self._mask = plain, mask
        self._exclusive = is_distribution(plain)
        self._labels = labels_of(plain.shape[-1], exclusive=self._exclusive)
        self._chosen = self._channel_of(plain, mask)[..., None]
        self._entropy = entropy(plain, exclusive=self._exclusive)
        self._counted = np.zeros(mask.shape, np.int32)
        self._sum = np.zeros(plain.shape)
        self._first = np.zeros(mask.shape)  # of the chosen class: sum of differences,
        self._second = np.zeros(mask.shape)  # and of their squares
        self._surprise = np.zeros(mask.shape)
        self._others = np.zeros(mask.shape, np.int32)
        self._pixels: list[NDArray[np.int64]] = []

    def add(self, probabilities: Floats, mask: Labels, known: Known | None = None) -> None:
        """Take a run: ``(H, W, C)``, its labels, and where it counts (None: everywhere)."""
        counts = np.ones(self._mask.shape, bool) if known is None else known
        change = np.where(counts[..., None], probabilities - self._plain, 0)
        chosen = np.take_along_axis(change, self._chosen, -1)[..., 0].astype(np.float64)
        self._counted += counts
        self._sum += change
        self._first += chosen
        self._second += chosen**2
        surprise = entropy(probabilities, exclusive=self._exclusive) - self._entropy
        self._surprise += np.where(counts, surprise, 0)
        self._others += counts & (mask != self._mask)
        labels = np.where(counts, mask, self._mask)
        pixels = np.bincount(labels.ravel(), minlength=self._labels)[: self._labels]
        self._pixels.append(pixels.astype(np.int64))

    def result(self) -> Repeated:
        """How they spread; where no run counts, by nothing."""
        runs = np.maximum(self._counted, 1)
        mean = (self._plain + self._sum / runs[..., None]).astype(np.float32)
        variance = self._second / runs - (self._first / runs) ** 2
        of_mean = entropy(mean, exclusive=self._exclusive)
        least = self._entropy + self._surprise / runs
        return Repeated(
            runs=len(self._pixels),
            mean=mean,
            deviation=np.sqrt(np.maximum(variance, 0)).astype(np.float32),
            votes=(self._others / runs).astype(np.float32),
            entropy=of_mean,
            information=np.maximum(of_mean - least, 0).astype(np.float32),
            pixels=np.array(self._pixels, np.int64).reshape(-1, self._labels),
        )

    def uncertainty(self, kind: UncertaintyKind, layer: str) -> Uncertainty:
        """The same with what the plain pass says."""
        return Uncertainty(
            kind=kind,
            mask=self._mask,
            labels=self._labels,
            entropy=self._entropy,
            most=most_entropy(self._plain.shape[-1], exclusive=self._exclusive),
            layer=layer,
            repeated=self.result(),
        )

    def _channel_of(self, plain: Floats, mask: Labels) -> NDArray[np.intp]:
        """The channel of the label that the mask shows; of none, the most probable one."""
        if self._exclusive:
            return mask.astype(np.intp)
        if plain.shape[-1] == 1:
            return np.zeros(mask.shape, np.intp)
        most: NDArray[np.intp] = plain.argmax(axis=-1)
        return np.where(mask > 0, mask.astype(np.intp) - 1, most)
