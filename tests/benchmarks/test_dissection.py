"""Network dissection of one slice: counted on the maps' own grid, and enlarged and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.benchmarks.conftest import Compare

from unetscope.domain.explaining.dissection import DissectSlice
from unetscope.domain.explaining.label_counts import thresholds_of, values_of
from unetscope.engine.explaining.scene import last_of
from unetscope.engine.live_model import open_model

pytestmark = pytest.mark.engine

Networks = dict[str, tuple[Path, int]]
Pictures = dict[int, Any]


@pytest.mark.parametrize("layer", ["dec1_relu1", "enc2_relu2", "mid_relu2"])
def test_one_slice(compare: Compare, networks: Networks, pictures: Pictures, layer: str) -> None:
    path, rows = networks["sample"]
    live = open_model(path).run(pictures[rows])
    maps, labels = live.activation(layer), live.mask()
    thresholds = thresholds_of([values_of(maps)])
    asked = DissectSlice(
        model=live.network.ref,
        image=pictures[rows],
        image_key="",
        layer=layer,
        labels=labels,
        thresholds=thresholds,
    )

    def ours() -> Any:
        return last_of(live.answer_to(asked))

    compare(
        "dissection, one slice whose maps are at hand",
        f"sample, {layer} ({maps.shape[-1]} maps of {maps.shape[0]} rows)",
        ours,
        {"enlarged and compared": lambda: plain(maps, labels, thresholds)},
        rounds=5,
    )


def plain(
    maps: NDArray[np.float32], labels: NDArray[np.uint8], thresholds: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Each map enlarged to the labels' grid and compared with each threshold, label by label."""
    factor = labels.shape[0] // maps.shape[0]
    which = [labels == label for label in range(int(labels.max()) + 1)]
    both = np.zeros((*thresholds.shape, len(which)), np.int64)
    for m, row in enumerate(thresholds):
        large = maps[..., m].repeat(factor, axis=0).repeat(factor, axis=1)
        for t, threshold in enumerate(row):
            above = large > threshold
            both[m, t] = [np.count_nonzero(above & one) for one in which]
    return both
