"""What the window asks of the engine and the files, and how they answer.

A request is a complete value: it can be dropped, superseded, or sent again to a new engine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ModelCard
from unetscope.domain.effects import Effects as Effects
from unetscope.domain.effects import SweepRequest as SweepRequest
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.presets import NewModel
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.study import PatientInfo, Skipped, StudyInfo
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window

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
    """The engine's state with a sentence for the user, and its memory in bytes (0: unknown)."""

    state: EngineState
    sentence: str = ""
    memory: int = 0


class Engine(Protocol):
    """The network's engine, wherever it runs. Every callback comes on the caller's thread."""

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        """Begin to load; the window need not wait."""

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Open a model file with Keras and tell what is in it."""

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

    def stop(self) -> None:
        """End it; nothing is answered any more."""


class SeriesSource(Protocol):
    """One series of slices, as the window needs it; the ``io`` package has the real one."""

    @property
    def uid(self) -> str:
        """A key, unique among what is open."""

    @property
    def description(self) -> str:
        """What the scanner called it."""

    @property
    def modality(self) -> str:
        """``MR``, ``CT`` and so on."""

    @property
    def units(self) -> str:
        """Units of the values; empty where they are arbitrary."""

    @property
    def date(self) -> str:
        """``YYYYMMDD``, or empty."""

    @property
    def patient(self) -> PatientInfo:
        """Who it is."""

    @property
    def study(self) -> StudyInfo:
        """The visit; a path may hold several."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unsure about it, a sentence each."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Between slices, rows and columns, in mm."""

    @property
    def affine(self) -> NDArray[np.float64]:
        """4×4: (slice, row, column) index to patient LPS mm."""

    @property
    def geometry_sure(self) -> bool:
        """Whether distances in mm can be trusted."""

    @property
    def calibrated(self) -> bool:
        """Whether distances within a slice are known in mm of the patient."""

    @property
    def has_orientation(self) -> bool:
        """Whether the directions of rows and columns are known."""

    @property
    def row_direction(self) -> NDArray[np.float64]:
        """Unit vector along a row, patient LPS."""

    @property
    def column_direction(self) -> NDArray[np.float64]:
        """Unit vector along a column, patient LPS."""

    @property
    def monochrome1(self) -> bool:
        """Whether low values are shown bright."""

    def slice_id(self, index: int) -> Hashable:
        """What tells a slice from all others, in whatever series of the same opening it is."""

    def find(self, slice_id: Hashable) -> int | None:
        """Index of the slice that has this `slice_id`; None if it is not here."""

    def position(self, index: int) -> float:
        """Position of a slice along the normal, in mm."""

    def window(self, index: int) -> Window | None:
        """Centre and width from the file."""

    def raw(self, index: int) -> NDArray[np.generic]:
        """Read ``(rows, columns)`` as stored."""

    def slice(self, index: int) -> Floats:
        """Read ``(rows, columns)`` float32, rescaled, in the modality's units."""

    def real_world(self, index: int) -> RealWorldMap | None:
        """What stored values of a slice are as a physical quantity; None where not said."""

    @property
    def padding_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of pixels that hold no picture; None when all of them do."""

    def tags(self, index: int) -> tuple[TagRow, ...]:
        """List the header of the file a slice is in; takes milliseconds, rarely a second."""


class StudySource(Protocol):
    """What one path held: its series, and what could not be read."""

    @property
    def series(self) -> tuple[SeriesSource, ...]:
        """In the order of acquisition."""

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files that were left out, with the reason."""

    @property
    def patient(self) -> PatientInfo:
        """Who it is."""

    @property
    def description(self) -> str:
        """What the visit was for."""

    @property
    def date(self) -> str:
        """``YYYYMMDD``, or empty."""


class Files(Protocol):
    """Studies, networks and cards from disk. Everything here may take time: call it in a job."""

    def open_study(
        self,
        path: Path,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        so_far: Callable[[StudySource], None],
    ) -> StudySource:
        """Open a file or folder; StudyError when there is nothing to show.

        Where there is much to read, `so_far` is called now and then with what is known already;
        a warning of those series says that they are not complete.
        """

    def read_network(self, path: Path) -> Network:
        """Read a model file without Keras; ModelError when it cannot be."""

    def read_card(self, path: Path) -> ModelCard | None:
        """Read the model card beside a model file; None when there is none."""

    def write_card(self, path: Path, card: ModelCard) -> Path:
        """Save the card of a model file; gives where. ModelError when it cannot be saved."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user: a sentence, a hint, and whether it is trouble."""

    what: str
    hint: str = ""
    trouble: bool = True
    details: Mapping[str, str] = field(default_factory=dict)
