"""The feature maps that are selected together in the layer shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from unetscope.domain.session import Session


def selected_maps(session: Session) -> tuple[int, ...]:
    """The maps that are selected, by their numbers."""
    count = session.map_count
    return tuple(index for index in sorted({session.filter, *session.maps.also}) if index < count)


def toggle_selected(session: Session, index: int) -> Session:
    """Select a map beside the others, or take it out."""
    maps = session.maps
    if index == session.filter:  # the one shown large: another of those selected takes its place
        if not maps.also:
            return session
        heir = min(maps.also)
        return session.select_filter(heir).show_maps(replace(maps, also=maps.also - {heir}))
    return session.show_maps(replace(maps, also=maps.also ^ {index}))


def select_together(session: Session, index: int, others: Collection[int]) -> Session:
    """Select a map, and others beside it."""
    chosen = session.select_filter(index)
    return chosen.show_maps(replace(chosen.maps, also=frozenset(others) - {chosen.filter}))
