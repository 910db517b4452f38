"""Other slices of the series shown, as the network is fed them: activations are taken from them."""

from __future__ import annotations

from collections.abc import Callable

from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput, network_input, read_slices
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store


class Donors:
    """Reads and prepares another slice in a job, by the same steps as the one shown.

    Parameters
    ----------
    job : str
        What its jobs are called; the latest wins.
    """

    def __init__(self, store: Store, jobs: Jobs, desk: Desk, live: Live, job: str) -> None:
        self._store = store
        self._jobs = jobs
        self._desk = desk
        self._live = live
        self._job = job

    def key(self, index: int) -> str | None:
        """A name for what a slice is fed as; None where nothing is fed."""
        session = self._store.session
        if session.network is None or session.card is None or session.series is None:
            return None
        where = SliceKey(session.series.uid, index)
        return self._live.input_key(where, session.card.preprocessing, session.network)

    def take(
        self,
        index: int,
        done: Callable[[NetworkInput], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        """Prepare a slice of the series shown; it fails once steps or network are others."""
        session, series, key = self._store.session, self._desk.shown, self.key(index)
        network, card = session.network, session.card
        if network is None or card is None or series is None or key is None:
            failed(EditError("There is no other slice.", "Open a study and a model first."))
            return
        steps, together = card.preprocessing, self._desk.together(series)

        def work(_: JobContext) -> NetworkInput:
            slices = read_slices(index, series, together, steps, network)
            return network_input(slices, series, steps, network, key)

        def taken(made: NetworkInput) -> None:
            if self.key(index) == key:
                done(made)
            else:
                failed(EditError("What is shown changed meanwhile.", "Try again."))

        self._jobs.submit(self._job, work, done=taken, failed=failed)

    def give_up(self) -> None:
        """It is not wanted any more."""
        self._jobs.cancel(self._job)
