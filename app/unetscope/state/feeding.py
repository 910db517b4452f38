"""What the network is fed for a slice: made once, at once where that is quick, else in a job."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.network import Network
from unetscope.domain.ports import Floats
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.kept_slices import KeptSlices
from unetscope.state.network_input import (
    NetworkInput,
    has_other_series,
    network_input,
    read_slices,
    slices_fed,
)
from unetscope.state.shown import SliceKey

KEPT_INPUTS = 8
QUICK = 2**18  # pixels that are prepared in some milliseconds, unless a step is slow
Make = Callable[[], NetworkInput]


class Feeding:
    """Makes inputs of the network and keeps the ones used last.

    Parameters
    ----------
    kept : KeptSlices
        Slices that were read.
    came : callable
        Called when an input is there that was wanted last and had to be made in the background.
    failed : callable
        Called when it cannot be made.
    """

    def __init__(
        self,
        jobs: Jobs,
        desk: Desk,
        kept: KeptSlices,
        came: Callable[[], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self._jobs = jobs
        self._desk = desk
        self._kept = kept
        self._came = came
        self._failed = failed
        self._inputs: OrderedDict[str, NetworkInput] = OrderedDict()
        self._wanted = ""  # name of the input that is being made

    def input(
        self,
        name: str,
        key: SliceKey,
        source: SeriesSource,
        steps: Preprocessing,
        network: Network,
    ) -> NetworkInput | None:
        """What the network is fed for a slice; None while it is made in the background.

        Parameters
        ----------
        name : str
            Equal names mean equal images.

        Raises
        ------
        PreprocessingError
            It cannot be made.
        """
        if name == self._wanted:
            return None
        self.give_up()
        made = self._inputs.get(name)
        if made is None:
            slices = self._slices(key, source, steps, network)
            if slices is None or is_slow(source, steps, network):
                self._begin(name, key, source, steps, network)
                return None
            made = network_input(slices, source, steps, network, name)
        self.keep(made)
        return made

    def give_up(self) -> None:
        """Make no input that is under way: another slice is wanted."""
        self._wanted = ""
        self._jobs.cancel("input")

    def make(
        self,
        name: str,
        key: SliceKey,
        source: SeriesSource,
        steps: Preprocessing,
        network: Network,
    ) -> Make | None:
        """What makes an input, in any thread; None where slices for it are not read yet."""
        if (made := self._inputs.get(name)) is not None:
            return lambda: made
        slices = self._slices(key, source, steps, network)
        if slices is not None:
            return lambda: network_input(slices, source, steps, network, name)
        if has_other_series(steps, network):
            return lambda: self._read(name, key, source, steps, network)
        return None

    def keep(self, made: NetworkInput) -> None:
        """Keep an input for the next time, in the place of the one used longest ago."""
        self._inputs[made.key] = made
        self._inputs.move_to_end(made.key)
        while len(self._inputs) > KEPT_INPUTS:
            self._inputs.popitem(last=False)

    def _begin(
        self,
        name: str,
        key: SliceKey,
        source: SeriesSource,
        steps: Preprocessing,
        network: Network,
    ) -> None:
        self._wanted = name

        def work(job: JobContext) -> NetworkInput:
            job.step(0)  # one that nobody wants any more is not begun
            return self._read(name, key, source, steps, network)

        def done(made: NetworkInput) -> None:
            self._wanted = ""
            self.keep(made)
            self._came()

        def failed(error: UnetscopeError) -> None:
            self._wanted = ""
            self._failed(error)

        self._jobs.submit("input", work, done=done, failed=failed)

    def _read(
        self,
        name: str,
        key: SliceKey,
        source: SeriesSource,
        steps: Preprocessing,
        network: Network,
    ) -> NetworkInput:
        together = self._desk.together(source)
        slices = read_slices(key.index, source, together, steps, network)
        return network_input(slices, source, steps, network, name)

    def _slices(
        self, key: SliceKey, source: SeriesSource, steps: Preprocessing, network: Network
    ) -> list[Floats] | None:
        """The slices that an input is made of; None where they are not all at hand."""
        if has_other_series(steps, network):
            return None
        indices = slices_fed(key.index, source, steps, network)
        kept = [self._kept.get(SliceKey(key.series, index)) for index in indices]
        slices = [one[1] for one in kept if one is not None]
        return slices if len(slices) == len(kept) else None


def is_slow(source: SeriesSource, steps: Preprocessing, network: Network) -> bool:
    """Whether an input takes so long to make that the window would be seen to wait."""
    if steps.clahe is not None or steps.match is not None:
        return True
    _, rows, columns = source.shape
    pixels = max(rows * columns, steps.size[0] * steps.size[1] if steps.size else 0)
    channels = 1 if steps.channels == "repeat" else network.input_channels
    return pixels * channels > QUICK
