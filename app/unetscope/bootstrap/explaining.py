"""Puts together what explains a mask."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.ports import Engine
from unetscope.domain.sources import Files
from unetscope.domain.text_files import TextFiles
from unetscope.presenters.frame import Background
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.heats import Heats
from unetscope.state.jobs import Jobs
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.probe import Probe
from unetscope.state.references import References
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.shown_maps import ShownMaps
from unetscope.state.store import Store
from unetscope.ui.explain_panels import ExplainPresenters


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """What the explaining tools stand on."""

    store: Store
    jobs: Jobs
    desk: Desk
    live: Live
    engine: Engine
    files: Files
    texts: TextFiles
    display: Display
    segmentation: SeriesSegmentation
    references: References
    sweep: EffectSweep
    shown: ShownMaps
    cursor: LinkedCursor
    probe: Probe
    pace: Pace


def explaining(parts: Parts) -> tuple[ExplainPresenters, tuple[Background, ...]]:
    """The presenters of the explaining tools, and their work that the status line tells of."""
    heats = Heats(parts.store, parts.live)
    return ExplainPresenters(heats), ()
