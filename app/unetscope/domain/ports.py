"""What the window asks of the engine, and how it answers.

A request is a complete value: it can be dropped, superseded, or sent again to a new engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.effects import Effects as Effects
from unetscope.domain.effects import SweepRequest as SweepRequest
from unetscope.domain.errors import StoppedError, StudyError, UnetscopeError
from unetscope.domain.evaluation import Evaluation, Grid
from unetscope.domain.explaining.question import Question
from unetscope.domain.history import Edits
from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.presets import NewModel
from unetscope.domain.survey import MapPeaks

Floats = NDArray[np.float32]
Rectangle = tuple[int, int, int, int]  # first row, first column, rows, columns
Cancel = Callable[[], None]
"""Stops background work; none of its callbacks comes afterwards."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LookRequest:
    """Everything one look through the network needs.

    Attributes
    ----------
    model : ModelRef
        The network.
    image : (H, W) or (H, W, C) ndarray of float32
        Preprocessed, dimensionless.
    image_key : str
        Equal keys mean equal images, so that the engine need not compare pixels.
    edits : tuple of Edit
        All edits in force.
    layer : str or None
        The layer whose feature maps are wanted.
    dragging : bool
        A gesture is under way: an answer that is exact only where it is seen will do.
    visible : Rectangle or None
        The part of the input grid that is on screen; None stands for all of it.
    """

    model: ModelRef
    image: Floats
    image_key: str
    edits: Edits = ()
    layer: str | None = None
    dragging: bool = False
    visible: Rectangle | None = None


class LastUpdate(NamedTuple):
    """What the last look cost.

    Attributes
    ----------
    layers_recomputed : int
        Layers that had to be run again.
    milliseconds : float
        From the request to the last array, in the engine.
    """

    layers_recomputed: int
    milliseconds: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerLook:
    """One layer's activation for the image, with the edits and as trained.

    Attributes
    ----------
    layer : str
        Its name.
    edited, trained : (H, W, C) ndarray of float32
        The same array where no edit reaches the layer.
    next_layer : str or None
        The next layer with kernels that reads this one.
    next_change : float
        RMS change of that layer's activation, as a share of the trained one's RMS.
    """

    layer: str
    edited: Floats
    trained: Floats
    next_layer: str | None = None
    next_change: float = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Look:
    """The answer to one `LookRequest`; every array in it belongs to the same weights.

    Attributes
    ----------
    mask, trained_mask : (H, W) ndarray of uint8, or None
        Labels on the network's output grid; None when the output is no segmentation.
    probabilities : (H, W, classes) ndarray of float32, or None
        With the edits in force.
    maps : LayerLook or None
        The layer asked for.
    exact_in : Rectangle or None
        The part of the input grid in which the answer is exact; outside it is the last exact one.
        None: it is exact everywhere.
    """

    request: LookRequest
    mask: Labels | None
    trained_mask: Labels | None
    probabilities: Floats | None
    maps: LayerLook | None
    update: LastUpdate
    layers_total: int
    exact_in: Rectangle | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A file written, opened again and compared with what was in force."""

    path: Path
    fingerprint: str
    arrays_compared: int


class EngineState(Enum):
    """What the engine is doing, as the status bar says it."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    RESTARTING = "restarting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's state, for the user.

    Attributes
    ----------
    sentence : str
        What it does, or what has happened to it.
    memory : int
        Its memory in bytes; 0: unknown.
    doing : str
        What has been under way for so long that the user should see it, and may stop it.
    guard : str
        What keeps it from doing harm, and what does not; empty until that is known.
    on_demand : bool
        It came to that because the user stopped it, not by a fault.
    """

    state: EngineState
    sentence: str = ""
    memory: int = 0
    doing: str = ""
    guard: str = ""
    on_demand: bool = False


class Engine(Protocol):
    """The network's engine, wherever it runs. Every callback comes on the caller's thread."""

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        """Begin to load; the window need not wait."""

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
        *,
        known: ModelRef | None = None,
    ) -> None:
        """Open a model file with Keras and tell what is in it; only what is known, if it is."""

    def look(
        self,
        request: LookRequest,
        done: Callable[[Look], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Answer a request; a newer one replaces one that waits, which then gets no answer."""

    def save(
        self,
        model: ModelRef,
        edits: Edits,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Write the edited network to a new ``.keras`` file, reopen it and compare."""

    def create(
        self,
        new: NewModel,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Build a new network and write it to a ``.keras`` file where none stands."""

    def ahead(self, requests: Sequence[LookRequest]) -> None:
        """Tell which requests are likely next: they are answered in idle moments and kept.

        The list replaces the former one. A `look` for one of them is then answered at once.
        """

    def sweep(
        self,
        request: SweepRequest,
        progress: Callable[[int, int, Effects], None],
        done: Callable[[Effects], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """Measure the effect of each feature map in idle moments.

        Parameters
        ----------
        progress : callable
            Told now and then how many maps are done, of how many, and the effects so far.
        """

    def segment(
        self,
        request: LookRequest,
        done: Callable[[Labels], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """Give the mask of one slice of many, in idle moments, after all that is more urgent.

        The mask is ``(H, W)`` uint8 on the network's output grid; ModelError where the output is
        no segmentation.
        """

    def convolve(
        self,
        request: LabRequest,
        done: Callable[[LabMaps], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Run the filter lab's kernels over a picture; a newer request replaces one that waits."""

    def survey(
        self,
        request: LookRequest,
        done: Callable[[MapPeaks], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """Tell how strong all feature maps of the layer are in one slice of many, when idle."""

    def explain(
        self,
        question: Question,
        progress: Callable[[int, int, Any], None],
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        """Answer a question about the mask in idle moments; nothing of the network is changed.

        Parameters
        ----------
        question : Question
            Its docstring says what the answer is.
        progress : callable
            Told now and then how much is done, of how much, and the answer so far.
        """

    def ask(
        self,
        question: Question,
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Answer a quick question at once; a newer one of the same kind replaces one that waits."""

    def interrupt(self, *, foreground: bool = True) -> None:
        """Stop what is under way: within some two seconds the engine is free for other work.

        The request that it works at fails, as stopped. Where the engine is in the midst of
        something that cannot be stopped it is started again.

        Parameters
        ----------
        foreground : bool
            If not, it is only background work, already cancelled, that is to be stopped, and
            nothing happens where the engine works at something else.
        """

    def stop(self) -> None:
        """End it; nothing is answered any more."""


class Evaluator(Protocol):
    """Measures masks against a reference. It takes seconds for a series: call it in a job."""

    def evaluate(
        self,
        mask: Labels,
        reference: Labels,
        spacing: Grid,
        classes: Sequence[ClassLabel],
        *,
        step: Callable[[float], None] | None = None,
    ) -> Evaluation:
        """See `unetscope.evaluation.evaluating.evaluate`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user: a sentence, a hint, and whether it is trouble.

    Attributes
    ----------
    details : dict of str to str
        From each file that it is about to what is to be said of it.
    private : bool
        It may name files of a study, whose names may tell who the patient is.
    report : bool
        There is a report of trouble behind it.
    """

    what: str
    hint: str = ""
    trouble: bool = True
    details: Mapping[str, str] = field(default_factory=dict)
    private: bool = False
    report: bool = False

    @classmethod
    def of(cls, error: UnetscopeError) -> Notice:
        """What is told of an error."""
        wrong = not isinstance(error, StoppedError)
        return cls(error.what, error.hint, wrong, private=isinstance(error, StudyError))
