"""The filter gallery's presenter with all that it listens to, over stand-ins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.fakes import Bench

from unetscope.domain.network import Network
from unetscope.presenters.filters import FiltersPresenter, FiltersView
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.filter_statistics import FilterStatistics
from unetscope.state.other_network import OtherNetwork


class Room:
    """A presenter with all that it listens to."""

    def __init__(self, network: Network | None = None, *, study: bool = False) -> None:
        self.bench = Bench(at_once=study)
        store, desk, jobs, live = (
            self.bench.store,
            self.bench.desk,
            self.bench.jobs,
            self.bench.live,
        )
        self.sweep = EffectSweep(store, desk, self.bench.engine, live)
        self.statistics = FilterStatistics(store, jobs, live)
        self.other = OtherNetwork(store, jobs, desk, self.bench.files)
        self.presenter = FiltersPresenter(store, desk, self.statistics, self.sweep, self.other)
        if network is not None:
            self.bench.open_model(network)
        if study:
            self.bench.open_study()

    @property
    def view(self) -> FiltersView:
        return self.presenter.view

    def arrange(self, **choices: Any) -> FiltersView:
        """Change some fields of the gallery, and let what follows be done."""
        self.presenter.arrange(replace(self.bench.session.gallery, **choices))
        self.bench.jobs.run()
        return self.view
