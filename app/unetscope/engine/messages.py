"""What the window's process and the engine's process say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import Floats, LastUpdate
from unetscope.engine.shared_arrays import Packed

TrainedKey = tuple[str, str, str]  # fingerprint, image key, layer


@dataclass(frozen=True, slots=True)
class Describe:
    """Open a model file and tell what is in it."""

    id: int
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class LookAt:
    """A `LookRequest` without what the engine has already.

    Attributes
    ----------
    image : ndarray or None
        None where the image of the last request is meant.
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
    block: str
    has_trained: TrainedKey | None


@dataclass(frozen=True, slots=True)
class SaveTo:
    """Write the edited network to a new file."""

    id: int
    model: ModelRef
    edits: Edits
    path: Path


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine has loaded; memory in bytes (0: unknown)."""

    memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """The answer to `Describe` and `SaveTo`."""

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
    memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """Why there is no answer; ``details`` is for the log."""

    id: int
    error: UnetscopeError
    details: str
    memory: int


Request = Describe | LookAt | SaveTo
Reply = Ready | Done | Looked | Failed


def partial_path(path: Path, process: int) -> Path:
    """Where a process writes a file before it takes its final name."""
    return path.with_name(f".{path.stem}.{process}.partial.keras")
