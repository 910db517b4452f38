"""Feature maps and their numbers as files, written beside the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unetscope.domain.feature_maps import LayerNumbers, bounds_of, numbers_of
from unetscope.domain.ports import Floats, Notice
from unetscope.domain.sources import Files
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.shown_maps import Maps

COLUMNS = ("minimum", "maximum", "mean", "standard deviation", "share of zeros", "share saturated")


class MapFiles:
    """Writes what is shown; success and trouble are notices."""

    def __init__(self, jobs: Jobs, files: Files, desk: Desk) -> None:
        self._jobs = jobs
        self._files = files
        self._desk = desk

    def save_arrays(self, path: Path, values: Floats) -> None:
        """Write one map ``(H, W)``, or several ``(maps, H, W)``, as ``.npy``."""
        shape = "×".join(str(length) for length in values.shape)

        def work(_: JobContext) -> None:
            self._files.write_arrays(path, values)

        told = Notice(f"Saved {path.name} ({shape}).", trouble=False)
        self._jobs.submit(
            f"map file {path}",
            work,
            done=lambda _: self._desk.notice.emit(told),
            failed=lambda error: self._desk.notice.emit(Notice(error.what, error.hint)),
        )

    def save_bytes(self, path: Path, content: bytes) -> None:
        """Write a picture that is encoded already."""
        self._desk.save_file(path, lambda: content)

    def save_numbers(self, path: Path, maps: Maps) -> None:
        """Write the numbers of all maps of a layer as CSV."""

        def make() -> bytes:
            numbers = numbers_of(maps.activation, bounds_of(maps.layer.activation))
            return as_csv(maps.layer.name, numbers).encode()

        self._desk.save_file(path, make, about=f": {len(maps.pictures)} maps")


def as_csv(layer: str, numbers: LayerNumbers) -> str:
    """A line for each map; what is not known is left empty."""
    columns = (
        numbers.least,
        numbers.greatest,
        numbers.mean,
        numbers.deviation,
        numbers.zeros,
        numbers.saturated,
    )
    lines = [",".join(("layer", "map", *COLUMNS))]
    quoted = '"' + layer.replace('"', '""') + '"' if "," in layer or '"' in layer else layer
    for index in range(len(numbers.mean)):
        values = (
            f"{column[index]:.6g}" if np.isfinite(column[index]) else "" for column in columns
        )
        lines.append(",".join((quoted, str(index), *values)))
    return "\n".join(lines) + "\n"
