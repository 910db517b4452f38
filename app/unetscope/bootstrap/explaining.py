"""Puts together what explains a mask."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.ports import Engine
from unetscope.domain.sources import Files
from unetscope.domain.text_files import TextFiles
from unetscope.presenters.attribution import AttributionPresenter
from unetscope.presenters.dissection import DissectionPresenter
from unetscope.presenters.frame import Background
from unetscope.presenters.heat_overlay import HeatOverlayPresenter
from unetscope.presenters.inquiry import InquiryPresenter
from unetscope.presenters.ranking import RankingPresenter
from unetscope.presenters.skips import SkipsPresenter
from unetscope.presenters.target_overlay import TargetOverlayPresenter
from unetscope.presenters.uncertainty import UncertaintyPresenter
from unetscope.state.attributions import Attributions
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.dissecting import Dissecting
from unetscope.state.dissections import Dissections
from unetscope.state.donors import Donors
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.group_effects import GroupEffects
from unetscope.state.heats import Heats
from unetscope.state.inquiring import Inquiring
from unetscope.state.jobs import Jobs
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.map_files import MapFiles
from unetscope.state.output_reference import OutputReference
from unetscope.state.pace import Pace
from unetscope.state.placed_heats import PlacedHeats
from unetscope.state.probe import Probe
from unetscope.state.recovering import Recovering
from unetscope.state.references import References
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.series_uncertainty import SeriesUncertainty
from unetscope.state.shown_maps import ShownMaps
from unetscope.state.skip_measuring import SkipMeasuring
from unetscope.state.store import Store
from unetscope.state.targets import Targets
from unetscope.state.uncertainty import SliceUncertainty
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
    dissections: Dissections
    shown: ShownMaps
    cursor: LinkedCursor
    probe: Probe
    pace: Pace


def explaining(parts: Parts) -> tuple[ExplainPresenters, tuple[Background, ...]]:
    """The presenters of the explaining tools, and their work that the status line tells of."""
    heats = Heats(parts.store, parts.live)
    placed = PlacedHeats(parts.store, parts.live)
    overlay = HeatOverlayPresenter(parts.store, parts.live, heats, placed, parts.cursor, parts.pace)
    targets = Targets(parts.store, parts.live, parts.references)
    attributions = Attributions(
        parts.store, parts.desk, parts.engine, parts.live, targets, heats, parts.pace
    )
    target_overlay = TargetOverlayPresenter(
        parts.store, parts.live, targets, attributions, parts.pace
    )
    attribution = AttributionPresenter(
        parts.store,
        parts.live,
        parts.desk,
        parts.display,
        targets,
        attributions,
        placed,
        MapFiles(parts.jobs, parts.files, parts.desk),
        parts.pace,
    )
    dissecting = Dissecting(
        parts.store,
        parts.jobs,
        parts.desk,
        parts.engine,
        parts.live,
        parts.references,
        parts.dissections,
    )
    dissection = DissectionPresenter(
        parts.store, parts.desk, dissecting, parts.dissections, parts.references, parts.pace
    )
    unsure = SliceUncertainty(
        parts.store,
        parts.jobs,
        parts.desk,
        parts.engine,
        parts.live,
        parts.references,
        heats,
        parts.pace,
    )
    unsure_series = SeriesUncertainty(
        parts.store, parts.jobs, parts.desk, parts.engine, parts.live, parts.references
    )
    uncertainty = UncertaintyPresenter(
        parts.store, parts.desk, parts.live, unsure, unsure_series, parts.pace
    )
    given = OutputReference(parts.live, parts.references)
    groups = GroupEffects(parts.store, parts.desk, parts.engine, parts.live, parts.sweep, given)
    ranking = RankingPresenter(parts.store, parts.desk, parts.live, parts.sweep, groups, parts.pace)
    inquiring = Inquiring(parts.store, parts.live, parts.engine, parts.cursor, parts.pace)
    inquiry = InquiryPresenter(parts.store, parts.live, inquiring, parts.probe, parts.pace)
    measuring = SkipMeasuring(parts.store, parts.desk, parts.engine, parts.live, targets)
    recovering = Recovering(parts.store, parts.jobs, parts.desk, parts.engine, parts.live, targets)
    donors = Donors(parts.store, parts.jobs, parts.desk, parts.live, "skip donor")
    skips = SkipsPresenter(
        parts.store, parts.desk, targets, donors, measuring, recovering, parts.pace
    )
    return ExplainPresenters(
        heats=heats,
        heat_overlay=overlay,
        target_overlay=target_overlay,
        attribution=attribution,
        dissection=dissection,
        inquiry=inquiry,
        ranking=ranking,
        skips=skips,
        uncertainty=uncertainty,
    ), (
        attributions,
        dissecting,
        groups,
        unsure,
        unsure_series,
        measuring,
        recovering,
    )
