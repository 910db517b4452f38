"""What the window's process and the engine's process say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unetscope.domain.effects import How
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.question import Question
from unetscope.domain.history import Edits
from unetscope.domain.lab import LabLayer
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Floats, LastUpdate, Rectangle
from unetscope.domain.presets import NewModel
from unetscope.engine.shared_arrays import Packed
from unetscope.processes.sandbox import NO_GUARD, Guard

IMAGES = 16  # images that the engine's process holds, and need not be sent again

TrainedKey = tuple[str, str, str]  # fingerprint, image key, layer


@dataclass(frozen=True, slots=True)
class FileAt:
    """Where a model file lies for the engine's process, which cannot read it in its own place."""

    path: Path
    place: Path


@dataclass(frozen=True, slots=True)
class Describe:
    """Open a model file and tell what is in it; only the very one that is known, if any is."""

    id: int
    path: Path
    known: ModelRef | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LookAt:
    """A `LookRequest` without what the engine has already.

    Attributes
    ----------
    image : ndarray or None
        None where the engine still holds the image of this key.
    block : str
        Name of the shared memory for the answer, where that of the last one is too small.
    has_trained : TrainedKey or None
        The trained activation that need not be sent again.
    """

    id: int
    model: ModelRef
    image: Floats | None
    image_key: str
    edits: Edits
    layer: str | None
    dragging: bool
    visible: Rectangle | None
    block: str
    has_trained: TrainedKey | None


@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """One request that is likely next; the fields are those of `LookAt`."""

    model: ModelRef
    image: Floats | None
    image_key: str
    edits: Edits
    layer: str | None


@dataclass(frozen=True, slots=True, eq=False)
class LookAhead:
    """Answer these in idle moments, the first one first, and keep the answers."""

    id: int
    requests: tuple[Likely, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SweepOver:
    """Answer a `SweepRequest` in idle moments; ``image`` as in `LookAt`."""

    id: int
    model: ModelRef
    image: Floats | None
    image_key: str
    edits: Edits
    layer: str
    how: How
    reference: Labels | None
    channels: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSlice:
    """Give the mask of one slice of many in an idle moment; ``image`` as in `LookAt`."""

    id: int
    model: ModelRef
    image: Floats | None
    image_key: str
    edits: Edits


@dataclass(frozen=True, slots=True, eq=False)
class Convolve:
    """Answer a `LabRequest`; ``image`` and ``block`` as in `LookAt`."""

    id: int
    image: Floats | None
    image_key: str
    kernels: tuple[Floats, ...]
    layer: LabLayer
    block: str


@dataclass(frozen=True, slots=True, eq=False)
class SurveySlice:
    """Describe the feature maps of a layer in an idle moment; ``image`` as in `LookAt`."""

    id: int
    model: ModelRef
    image: Floats | None
    image_key: str
    edits: Edits
    layer: str


@dataclass(frozen=True, slots=True, eq=False)
class Explain:
    """Answer a question in an idle moment; its own image is empty, ``image`` is as in `LookAt`."""

    id: int
    question: Question
    image: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Answer a question at once; the fields are those of `Explain`."""

    id: int
    question: Question
    image: Floats | None


@dataclass(frozen=True, slots=True)
class Stop:
    """The background work of this id is not wanted any more."""

    id: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Say `Free` when this is read: when nothing is being computed."""


@dataclass(frozen=True, slots=True)
class SaveTo:
    """Write the edited network to a new file: to ``made``, for ``path``."""

    id: int
    model: ModelRef
    edits: Edits
    path: Path
    made: Path


@dataclass(frozen=True, slots=True)
class CreateAt:
    """Build a new network and write it to a file: to ``made``, for ``path``."""

    id: int
    new: NewModel
    path: Path
    made: Path


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine has loaded; memory in bytes (0: unknown), and what keeps it from doing harm."""

    memory: int
    guard: Guard = NO_GUARD


@dataclass(frozen=True, slots=True)
class Speeds:
    """How fast the machine is: another process that is told so answers the same to the bit."""

    speeds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Alive:
    """The engine is in the midst of something long, and gets on with it."""


@dataclass(frozen=True, slots=True)
class Free:
    """The answer to `Pause`."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """The answer to all requests but `LookAt`, `Convolve`, `Stop` and `Pause`."""

    id: int
    value: object
    memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The answer to `LookAt`: its arrays by name, and the rest."""

    id: int
    arrays: Packed
    layer: str | None
    next_layer: str | None
    next_change: float
    update: LastUpdate
    layers_total: int
    exact_in: Rectangle | None
    memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Convolved:
    """The answer to `Convolve`: its maps by their number, and the rest of `LabMaps`."""

    id: int
    arrays: Packed
    ranges: tuple[tuple[float, float], ...]
    refusals: tuple[str, ...]
    milliseconds: float
    memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far background work is: pieces done, of how many, and what is known by now."""

    id: int
    done: int
    total: int
    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """Why there is no answer; ``details`` is for the log."""

    id: int
    error: UnetscopeError
    details: str
    memory: int


Background = LookAhead | SweepOver | SegmentSlice | SurveySlice | Explain
Foreground = Describe | LookAt | SaveTo | CreateAt | Convolve | Ask
Request = FileAt | Foreground | Background | Stop | Pause
Told = Done | Looked | Convolved | Progress | Failed
Reply = Ready | Speeds | Alive | Free | Told
