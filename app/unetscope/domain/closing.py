"""Sessions in which something is open no longer: all that was chosen about it goes with it."""

from __future__ import annotations

from dataclasses import replace

from unetscope.domain.session import NO_HISTORY, Session


def without_series(session: Session) -> Session:
    """No series is shown."""
    viewer = session.viewer.open_series()
    return replace(session, series=None, slice_index=0, window=None, viewer=viewer)


def without_network(session: Session) -> Session:
    """No network is open, and none of its edits is left."""
    return replace(
        session,
        network=None,
        opened_card=None,
        saved_card=None,
        layer=None,
        filter=0,
        in_channel=0,
        maps=session.maps.of_layer(),
        hidden_labels=frozenset(),
        comparing=session.comparing.open_network(),
        viewer=session.viewer.show_probability(None),
        history=NO_HISTORY,
    )
