"""The real exports, for the window, the command line and scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import AskCancelled, Format, Order, Progress, Written
from unetscope.domain.sources import SeriesSource


class DiskExports:
    """The real `Exports` port; what it needs is imported when it is first asked.

    Parameters
    ----------
    aside : bool
        Whether DICOM SEG is made in a process of its own, so that a window need not wait.
    """

    def __init__(self, *, aside: bool = True) -> None:
        self._aside = aside

    def obstacle(self, series: SeriesSource, form: Format) -> UnetscopeError | None:
        """See `Exports.obstacle`."""
        from unetscope.io.exports.sources import obstacle

        return obstacle(series, form)

    def copy_obstacle(self, series: SeriesSource) -> UnetscopeError | None:
        """See `Exports.copy_obstacle`."""
        from unetscope.io.exports.sources import copy_obstacle

        return copy_obstacle(series)

    def concerns(self, series: SeriesSource) -> tuple[str, ...]:
        """See `Exports.concerns`."""
        from unetscope.io.exports.formats import concerns_of

        return concerns_of(series)

    def write(self, order: Order, progress: Progress, cancelled: AskCancelled) -> Written:
        """See `Exports.write`."""
        from unetscope.io.exports.formats import write_segmentation
        from unetscope.io.exports.seg_process import make_apart, make_here

        make: Callable[..., bytes] = make_apart if self._aside else make_here
        return write_segmentation(order, progress, cancelled, make)

    def copy_images(
        self, series: SeriesSource, folder: Path, progress: Progress, cancelled: AskCancelled
    ) -> Written:
        """See `Exports.copy_images`."""
        from unetscope.io.exports.formats import copy_images

        return copy_images(series, folder, progress, cancelled)
