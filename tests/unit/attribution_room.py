"""A bench with everything that explains a target; the engine answers questions when told to."""

from __future__ import annotations

from typing import Any

import numpy as np
from psygnal import SignalInstance
from tests.unit.fakes import InBackground
from tests.unit.reference_room import EvaluationRoom

from unetscope.domain.explaining.attribution import Attribution, AttributionQuestion
from unetscope.domain.explaining.choice import Explaining, Method
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.honesty import Honesty
from unetscope.presenters.attribution import AttributionPresenter, AttributionView
from unetscope.presenters.heat_overlay import HeatOverlayPresenter
from unetscope.presenters.target_overlay import TargetOverlayPresenter
from unetscope.state.attributions import Attributions
from unetscope.state.heats import Heats
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.map_files import MapFiles
from unetscope.state.placed_heats import PlacedHeats
from unetscope.state.targets import Targets

VERDICT = "With random weights the map is another one."


def attribution_of(question: AttributionQuestion, **parts: Any) -> Attribution:
    """An answer whose map is the region itself, from the output's grid; its twin is even."""
    values = question.target.region.astype(np.float32) * 4
    heat = Heat(values=values, layer="mask", title=question.method.value, unit="logit")
    twin = honesty = None
    if question.randomised:
        twin = Heat(values=np.ones_like(values), layer="mask", title="twin")
        honesty = Honesty(
            rank_correlation=0.1,
            ssim=0.2,
            cascade=(("mask", 0.8, 0.7), ("enc", 0.1, 0.2)),
            verdict=VERDICT,
            depends_on_weights=True,
        )
    made: dict[str, Any] = {
        "method": question.method,
        "layer": "mask",
        "heat": heat,
        "score": 12.0,
        "twin": twin,
        "honesty": honesty,
    }
    return Attribution(**(made | parts))


class Counted:
    """Counts what a signal tells."""

    def __init__(self, signal: SignalInstance) -> None:
        self.told: list[tuple[Any, ...]] = []
        signal.connect(self.hear)

    def hear(self, *what: Any) -> None:
        self.told.append(what)


class AttributionRoom(EvaluationRoom):
    """Series and network are open, the mask of slice 2 is there."""

    def __init__(self) -> None:
        super().__init__()
        bench, pace = self.bench, self.pace
        self.heats = Heats(bench.store, bench.live)
        self.placed = PlacedHeats(bench.store, bench.live)
        self.cursor = LinkedCursor()
        self.targets = Targets(bench.store, bench.live, self.references)
        self.attributions = Attributions(
            bench.store, bench.desk, bench.engine, bench.live, self.targets, self.heats, pace
        )
        self.overlay = HeatOverlayPresenter(
            bench.store, bench.live, self.heats, self.placed, self.cursor, pace
        )
        self.target = TargetOverlayPresenter(
            bench.store, bench.live, self.targets, self.attributions, pace
        )
        self.panel = AttributionPresenter(
            bench.store,
            bench.live,
            bench.desk,
            bench.display,
            self.targets,
            self.attributions,
            self.placed,
            MapFiles(bench.jobs, bench.files, bench.desk),
            pace,
        )

    @property
    def shown(self) -> AttributionView:
        """What the panel shows."""
        return self.panel.view

    @property
    def explaining(self) -> Explaining:
        """What is chosen."""
        return self.bench.session.explaining

    @property
    def questions(self) -> list[InBackground[Any, Any]]:
        """All that was asked of the engine."""
        return self.bench.engine.explained

    @property
    def latest(self) -> AttributionQuestion:
        """The question asked last."""
        question = self.questions[-1].request
        assert isinstance(question, AttributionQuestion)
        return question

    def answer(self, **parts: Any) -> Attribution:
        """Answer the latest question, unless it was cancelled."""
        assert not self.questions[-1].cancelled
        made = attribution_of(self.latest, **parts)
        self.questions[-1].done(made)
        return made

    def by(self, method: Method) -> None:
        """Choose a method."""
        self.panel.choose(lambda e: e.by(method))
