"""Measurements on the slice shown, as they lie in its picture."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.measurements import Kind, Measurement, Point, describe
from unetscope.domain.viewer import Viewer
from unetscope.state.desk import Desk
from unetscope.state.live import Live, ShownSlice, SliceKey
from unetscope.state.store import Store

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A measurement as it is drawn: its number, points in the picture, and what it says."""

    number: int
    kind: Kind
    points: tuple[Point, ...]
    lines: Lines
    selected: bool


class Measuring:
    """Makes, moves and tells of measurements; points are those of the picture as it is turned."""

    def __init__(self, store: Store, desk: Desk, live: Live) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._said: dict[tuple[Measurement, ShownSlice, bool], Lines] = {}

    def begin(self, points: tuple[Point, ...]) -> None:
        """Begin to measure with the tool chosen; the measurement is there at once."""
        session, shown = self._store.session, self._live.shown
        kind = session.viewer.tool.kind if session.viewer.tool else None
        if kind is not None and shown is not None:
            key = shown.key
            made = Measurement(kind, key.series, key.index, self._on_slice(points, shown))
            self._store.update(lambda s: s.look(s.viewer.add(made)))

    def move(self, number: int, points: tuple[Point, ...]) -> None:
        """Move a measurement, or some of its points."""
        shown = self._live.shown
        if shown is not None and number < len(self._store.session.viewer.measurements):
            there = self._on_slice(points, shown)
            self._store.update(lambda s: s.look(s.viewer.move(number, there)))

    def select(self, number: int | None) -> None:
        """Select a measurement, or none."""
        self._store.update(lambda s: s.look(s.viewer.select(number)))

    def remove(self, number: int) -> None:
        """Remove a measurement."""
        self._store.update(lambda s: s.look(s.viewer.remove(number)))

    def shapes(self) -> tuple[Shape, ...]:
        """The measurements of the slice shown."""
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None:
            return ()
        viewer: Viewer = self._store.session.viewer
        size = shown.values.shape[0], shown.values.shape[1]
        calibrated = series.calibrated
        spacing = series.spacing[1:] if calibrated else None
        kept, self._said = self._said, {}
        shapes = []
        for number, made in enumerate(viewer.measurements):
            if SliceKey(made.series, made.index) != shown.key:
                continue
            what = (made, shown, calibrated)
            said = kept.get(what) or describe(made, shown.values, spacing, series.units)
            self._said[what] = said
            points = tuple(viewer.turn.to_picture(point, size) for point in made.points)
            shapes.append(Shape(number, made.kind, points, said, number == viewer.selected))
        return tuple(shapes)

    def _on_slice(self, points: tuple[Point, ...], shown: ShownSlice) -> tuple[Point, ...]:
        turn, size = self._store.session.viewer.turn, (shown.values.shape[0], shown.values.shape[1])
        return tuple(turn.to_slice(point, size) for point in points)
