"""All slices of the series shown, read in the background for the planes across them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.domain.planes import Plane, Voxel, across
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store

MOST = 512 * 1024 * 1024  # bytes; of a larger series every second, third … row and column is kept


@dataclass(slots=True, eq=False)
class _Read:
    """What is read of one series.

    Attributes
    ----------
    values : (slices, rows / step, columns / step) ndarray of float32
        Zero where nothing was read yet, NaN where nothing can be read.
    done : ndarray of bool
        Which slices are read.
    """

    source: SeriesSource
    planes: tuple[Plane, Plane]
    values: Floats
    done: NDArray[np.bool_]
    step: int


class SeriesVolume:
    """Reads the series shown while its planes are wanted, and keeps one series.

    Attributes
    ----------
    problem : str
        Why there are no planes; empty if there are, or will be.
    share : float
        How much of the series is read, 0 to 1.
    """

    changed = Signal()

    def __init__(self, store: Store, jobs: Jobs, desk: Desk) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._read: _Read | None = None
        self.problem = ""
        self.share = 0.0
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._follow)

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes across the slices; none before there is anything to show."""
        return self._read.planes if self._read else ()

    @property
    def step(self) -> int:
        """Every how many rows and columns are kept."""
        return self._read.step if self._read else 1

    def picture(self, plane: Plane, voxel: Voxel) -> Floats | None:
        """Values of a plane across the slices through a voxel, turned; None without any."""
        read = self._read
        if read is None:
            return None
        met: Floats = np.moveaxis(read.values, plane.axis, 0)[voxel[plane.axis] // read.step]
        if read.step > 1:
            (along,) = set(plane.others) - {0}
            where = plane.others.index(along)
            met = met.repeat(read.step, where).take(range(read.source.shape[along]), where)
        turned: Floats = plane.turn.apply(met)
        return turned

    def cancel(self) -> None:
        """Stop reading, and show one plane again."""
        self._store.update(lambda s: s.look(s.viewer.toggle_planes()) if s.viewer.planes else s)

    # ---------------------------------------------------------------- reading

    def _on_session(self, old: Session, new: Session) -> None:
        if (old.series, old.viewer.planes) != (new.series, new.viewer.planes):
            self._follow()

    def _follow(self) -> None:
        """Read what is wanted, drop what belongs to another series."""
        source = self._desk.shown
        wanted = self._store.session.viewer.planes
        if self._read is not None and self._read.source is not source:
            self._read = None
        if not wanted or self._read is None:
            self._jobs.cancel("volume")
        if not wanted or source is None:
            return
        if self._read is None:
            self._begin(source)
        elif not self._read.done.all():
            self._continue(self._read)
        self.changed.emit()

    def _begin(self, source: SeriesSource) -> None:
        self.problem, self.share = _refusal(source), 0.0
        if self.problem:
            return
        step = _step(source.shape)
        slices, rows, columns = source.shape
        shape = (slices, len(range(0, rows, step)), len(range(0, columns, step)))
        try:
            values = np.zeros(shape, np.float32)
        except MemoryError:
            self.problem = "There is not enough memory for the planes across the slices."
            return
        planes = across(source.affine)
        self._read = _Read(source, planes, values, np.zeros(slices, bool), step)
        self._continue(self._read)

    def _continue(self, read: _Read) -> None:
        """Read what is missing, from the slice shown outwards."""
        here = self._store.session.slice_index
        left = sorted(np.flatnonzero(~read.done).tolist(), key=lambda index: abs(index - here))

        def work(job: JobContext) -> None:
            for index in left:
                job.step(float(read.done.mean()))
                try:
                    read.values[index] = read.source.slice(index)[:: read.step, :: read.step]
                except StudyError:  # it is told of when the slice itself is shown
                    read.values[index] = np.nan
                read.done[index] = True

        self._jobs.submit(
            "volume",
            work,
            done=lambda _: self._progress(1.0),
            failed=self._failed,
            progress=lambda share, _: self._progress(share),
        )

    def _progress(self, share: float) -> None:
        self.share = share
        self.changed.emit()

    def _failed(self, error: UnetscopeError) -> None:
        self._read, self.problem = None, str(error)
        self.changed.emit()


def _step(shape: Voxel) -> int:
    """Every how many rows and columns fit into the memory allowed."""
    step = 1
    while shape[0] * -(-shape[1] // step) * -(-shape[2] // step) * 4 > MOST:
        step += 1
    return step


def _refusal(source: SeriesSource) -> str:
    """Why a series has no planes across its slices; empty if it has."""
    if source.shape[0] < 2:
        return "A single slice has no planes across it."
    if not source.has_orientation or not source.geometry_sure or min(source.spacing) <= 0:
        why = source.warnings[0] if source.warnings else "The file does not say how slices lie."
        return f"No planes across the slices: distances are not sure. {why}"
    return ""
