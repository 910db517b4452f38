"""The two planes across the slices, beside the slice they are linked with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.geometry import EdgeLetters
from unetscope.domain.measurements import Point
from unetscope.domain.metrics import Labels
from unetscope.domain.overlay import Overlay, opacity, overlay
from unetscope.domain.planes import Plane, Voxel
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.viewer import Annotations, Tool
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.series_volume import SeriesVolume
from unetscope.state.store import Store

NO_LETTERS = EdgeLetters("", "", "", "")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlaneView:
    """One plane, turned as is customary.

    Attributes
    ----------
    grey, labels : (rows, columns) ndarray of uint8, or None
        Slices that are not read yet are black; labels are None where there is no mask.
    aspect : (float, float)
        Height and width of a pixel, in mm.
    crosshair : (float, float), or None
        Row and column, in pixel edges.
    texts : tuple of str
        Which plane it is.
    legend : tuple of ClassLabel
        The labels with their colours; in a delta, kinds of change.
    """

    grey: NDArray[np.uint8]
    labels: Labels | None
    aspect: tuple[float, float]
    letters: EdgeLetters
    crosshair: Point | None
    texts: tuple[str, ...]
    legend: tuple[ClassLabel, ...] = ()
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlanesView:
    """Both planes, or why there are none.

    Attributes
    ----------
    shown : bool
        The user wants to see them.
    share : float
        How much of the series is read, 0 to 1.
    """

    shown: bool = False
    planes: tuple[PlaneView, ...] = ()
    problem: str = ""
    share: float = 0.0
    opacity: float = 0.45
    outlined: bool = False
    smooth: bool = True
    tool: Tool | None = None


class PlanesPresenter:
    """Turns the series read and the crosshair into a `PlanesView`."""

    view_changed = Signal(PlanesView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        segmentation: SeriesSegmentation,
        display: Display,
        volume: SeriesVolume,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._pace = pace or Pace()
        self._desk = desk
        self._live = live
        self._display = display
        self._volume = volume
        self._pictures: dict[Plane, tuple[object, NDArray[np.uint8]]] = {}
        self.view = PlanesView()
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._follow)
        live.answered.connect(self._follow)
        segmentation.mask_came.connect(self._follow)
        volume.changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def point_at(self, number: int, row: float, column: float) -> None:
        """The user put the crosshair to a point of a plane."""
        plane, series = self._plane(number), self._desk.shown
        if plane is not None and series is not None:
            here = self._voxel(series)[plane.axis]
            self._go(plane.voxel((row, column), here, series.shape), series)

    def step(self, number: int, steps: int) -> None:
        """The user scrolled through a plane."""
        plane, series = self._plane(number), self._desk.shown
        if plane is not None and series is not None:
            moved = list(self._voxel(series))
            moved[plane.axis] += steps
            self._go((moved[0], moved[1], moved[2]), series)

    def cancel(self) -> None:
        """The user wants the reading to stop, and one plane only."""
        self._volume.cancel()

    def _go(self, voxel: Voxel, series: SeriesSource) -> None:
        index, row, column = (
            min(max(at, 0), n - 1) for at, n in zip(voxel, series.shape, strict=True)
        )
        self._store.update(
            lambda s: s.select_slice(index).look(
                replace(s.viewer, point=(row, column), playing=False)
            )
        )

    def _plane(self, number: int) -> Plane | None:
        planes = self._volume.planes
        return planes[number] if number < len(planes) else None

    def _voxel(self, series: SeriesSource) -> Voxel:
        session = self._store.session
        return session.viewer.voxel(session.slice_index, series.shape)

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _display(old) != _display(new):
            self._follow()

    def _follow(self) -> None:
        if self._store.session.viewer.planes or self.view.shown:
            self._pace.each_frame(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> PlanesView:
        session, series = self._store.session, self._desk.shown
        viewer = session.viewer
        if not viewer.planes or series is None:
            return PlanesView()
        planes = tuple(self._plane_view(plane, series) for plane in self._volume.planes)
        return PlanesView(
            shown=True,
            planes=planes,
            problem=self._volume.problem,
            share=self._volume.share,
            opacity=opacity(session),
            outlined=session.outlined,
            smooth=viewer.smooth,
            tool=viewer.tool,
        )

    def _plane_view(self, plane: Plane, series: SeriesSource) -> PlaneView:
        session = self._store.session
        viewer, voxel = session.viewer, self._voxel(series)
        over = Overlay()
        if session.mask_shown:
            masks = self._display.plane_masks(plane, voxel, series.shape)
            over = overlay(session, masks, plane.turn, alone=True)
        letters, texts = NO_LETTERS, tuple[str, ...]()
        if viewer.annotations is not Annotations.NONE:
            letters, texts = plane.letters(series.affine), self._texts(plane, voxel, series)
        return PlaneView(
            grey=self._grey(plane, voxel, series),
            labels=over.labels,
            legend=over.legend,
            hidden=over.hidden,
            aspect=plane.aspect(series.spacing),
            letters=letters,
            crosshair=plane.point(voxel, series.shape) if viewer.crosshair else None,
            texts=texts,
        )

    def _texts(self, plane: Plane, voxel: Voxel, series: SeriesSource) -> tuple[str, ...]:
        name = f"{plane.name} {voxel[plane.axis] + 1} / {series.shape[plane.axis]}"
        step = self._volume.step
        return (name, f"every {step}. row and column, to fit into memory") if step > 1 else (name,)

    def _grey(self, plane: Plane, voxel: Voxel, series: SeriesSource) -> NDArray[np.uint8]:
        """The plane through the window of the slice, made again only when something changed."""
        shown, picture = self._live.shown, None
        inverted = series.monochrome1 != self._store.session.inverted
        window = self._display.window(shown) if shown else self._store.session.window
        made_of = (series, self._volume.share, voxel[plane.axis], window, inverted)
        kept = self._pictures.get(plane)
        if kept is not None and kept[0] == made_of:
            return kept[1]
        picture = self._volume.picture(plane, voxel)
        if picture is None or window is None:
            first, second = plane.turn.pair(plane.shape(series.shape))
            return np.zeros((int(first), int(second)), np.uint8)
        grey = grey_levels(picture, window, series, inverted=inverted)
        self._pictures = {p: self._pictures[p] for p in self._volume.planes if p in self._pictures}
        self._pictures[plane] = (made_of, grey)
        return grey


def _display(session: Session) -> tuple[object, ...]:
    """All that changes the planes without a new slice or answer."""
    s, v = session, session.viewer
    seen = (v.planes, v.crosshair, v.point, v.annotations, v.smooth, v.tool)
    shown = (s.mask_shown, s.outlined, s.opacity, s.hidden_labels, s.comparing)
    return (*seen, *shown, s.window, s.inverted, s.card, s.series, s.slice_index)
