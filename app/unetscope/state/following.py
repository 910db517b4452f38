"""A study that is being read grows: what was chosen about its slices goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.sources import SeriesSource

_Place = tuple[SeriesSource, int]


def followed(
    session: Session, before: Sequence[SeriesSource], now: Sequence[SeriesSource]
) -> Session:
    """Show the same slice and measure on the same slices, in whatever series they are now.

    Parameters
    ----------
    before, now : sequence of SeriesSource
        Series of one study, earlier and later in its reading.
    """
    old = {series.uid: series for series in before}

    def new_place(uid: str, index: int) -> _Place | None:
        series = old.get(uid)
        return None if series is None else _find(series, index, now)

    measurements = []
    for made in session.viewer.measurements:
        place = new_place(made.series, made.index)
        measurements.append(replace(made, series=place[0].uid, index=place[1]) if place else made)
    viewer = replace(session.viewer, measurements=tuple(measurements))
    chosen = session.series
    place = new_place(chosen.uid, session.slice_index) if chosen else None
    if place is None:
        return session.look(viewer)
    series, index = place

    def new_index(index: int) -> int | None:
        there = new_place(chosen.uid, index) if chosen else None
        return there[1] if there and there[0] is series else None

    explaining = session.explaining
    return session.follow_slices(
        SeriesChoice(series.uid, series.shape[0], series.modality), index, viewer
    ).explain(explaining.about(explaining.target.moved(new_index)))


def _find(series: SeriesSource, index: int, now: Sequence[SeriesSource]) -> _Place | None:
    """Where a slice is now; None if it was left out, as a copy is."""
    slice_id = series.slice_id(index)
    likely = sorted(now, key=lambda other: other.uid != series.uid)
    for other in likely:
        found = other.find(slice_id)
        if found is not None:
            return other, found
    return None
