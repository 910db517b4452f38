"""What the window asks of the files: a series of slices, a study of series, and the disk itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ModelCard
from unetscope.domain.network import Network
from unetscope.domain.ports import Floats
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.reference import Reference
from unetscope.domain.stand_ins import Replacements
from unetscope.domain.study import PatientInfo, Skipped, StudyInfo
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window

Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]


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
    def frame_of_reference(self) -> str:
        """Series of one share the patient's space; empty where the file does not say."""

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

    def is_reference(self, path: Path) -> bool:
        """Whether a file says that it holds outlined structures; of NIfTI nobody can tell."""

    def read_reference(
        self,
        path: Path,
        series: SeriesSource,
        cancelled: Callable[[], bool],
        *,
        other_patient: bool = False,
    ) -> Reference:
        """Read masks made by others onto the grid of a series; StudyError when it cannot be.

        One of another patient is refused unless `other_patient` says that it is wanted.
        """

    def read_network(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Network:
        """Read a model file without Keras; ModelError when it cannot be, Cancelled if told so.

        What was remembered for exactly this file stands in for its layers.
        """

    def remember_replacements(self, path: Path, replaced: Replacements) -> None:
        """Remember what stands in for layers of a model file; nothing forgets it. ModelError."""

    def read_card(self, path: Path) -> ModelCard | None:
        """Read the model card beside a model file; None when there is none."""

    def write_card(self, path: Path, card: ModelCard) -> Path:
        """Save the card of a model file; gives where. ModelError when it cannot be saved."""

    def write_arrays(self, path: Path, arrays: Arrays) -> None:
        """Write one array as ``.npy``, several by name as ``.npz``; UnetscopeError if it fails."""

    def write_bytes(self, path: Path, content: bytes) -> None:
        """Write a picture or a table, whole or not at all; UnetscopeError if it fails."""
