"""A whole series segmented by the program, beside the loop that a script would write."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

import unetscope as us
from unetscope import resources
from unetscope.command_line.inputs import OpenedModel, OpenedSeries, open_model, open_series
from unetscope.command_line.saying import Voice
from unetscope.command_line.segmenting import Segmenter
from unetscope.disk_files import DiskFiles
from unetscope.engine.process import EngineProcess
from unetscope.state.network_input import network_input, on_slice

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(1200),
    pytest.mark.benchmark(group="a whole series, 181 slices of the sample"),
]
FEW = 8  # slices where nothing is timed


@pytest.fixture
def opened() -> tuple[OpenedSeries, OpenedModel]:
    options = Namespace(model="sample", edits=None, studies=["sample"], series=None)
    files, voice = DiskFiles(), Voice(quiet=True)
    (series,) = open_series(options, files, voice)
    return series, open_model(options, files, voice)


def memory_of(pid: int) -> int:
    """Bytes in use by a process, without what it shares with files."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * 4096


def test_a_series_beside_a_loop_of_predict(
    opened: tuple[OpenedSeries, OpenedModel],
    compare: Callable[..., None],
    tell: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    timed = request.config.getoption("benchmark_enable")
    one, model = opened
    slices = range(one.series.shape[0]) if timed else range(FEW)
    keras_model = keras.models.load_model(resources.sample_model(), compile=False)
    steps, network = model.card.preprocessing, model.network
    found: dict[str, NDArray[np.uint8]] = {}
    used: list[int] = []

    def predict_all() -> None:
        """Read, prepare, predict, bring back: slice by slice, as Keras is called as a rule."""
        series = us.open_study(resources.sample_study()).series[0]
        labels = np.zeros(series.shape, np.uint8)
        for index in slices:
            fed = network_input([series.slice(index)], series, steps, network, "")
            probabilities = keras_model.predict(fed.image[None, ..., None], verbose=0)[0]
            labels[index] = on_slice(probabilities.argmax(-1).astype(np.uint8), fed.placement)
        found["predict"] = labels

    engines: list[EngineProcess] = []

    def engine(loop: object) -> EngineProcess:
        engines.append(EngineProcess(loop.deliver))  # type: ignore[attr-defined]
        return engines[-1]

    with Segmenter(engine) as segmenter:

        def ours() -> None:
            """As the command line and the window do it; the files are read again too."""
            series = us.open_study(resources.sample_study()).series[0]
            again = OpenedSeries(1, 1, series, (series,))
            found["ours"] = segmenter.segment(again, model, (), lambda *_: None).labels
            used.append(memory_of(engines[0].pid or 0))

        compare(
            "a whole series, a slice",
            "read, prepare, segment, bring back",
            ours,
            {"predict": predict_all},
            rounds=3,
            per=len(slices),
        )
    same = found["ours"][slices.start : slices.stop] == found["predict"][slices.start : slices.stop]
    assert same.mean() > 0.99999  # where two classes are as likely, rounding decides
    grown = (used[-1] - used[1]) / 2**20 / max(len(used) - 2, 1)
    tell(
        f"the engine's memory over {len(used)} times the series: {used[1] >> 20} to "
        f"{used[-1] >> 20} MB, {grown:+.1f} MB a time"
    )
