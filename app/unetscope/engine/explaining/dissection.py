"""Counts, slice by slice, where a layer's maps are high and which label is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.dissection import Dissection, DissectSlice, Tally
from unetscope.domain.explaining.label_counts import (
    Floats,
    LabelsOverMap,
    SliceCounts,
    count,
    first_look,
    thresholds_of,
    values_of,
)
from unetscope.domain.explaining.question import Steps
from unetscope.domain.metrics import Labels
from unetscope.domain.output_meaning import segmentation_output
from unetscope.engine.effects import Clock
from unetscope.engine.explaining.scene import Scene, last_of
from unetscope.engine.forward import Forward

AT_ONCE = 1 << 20  # values of maps that are counted between two pauses: some 20 ms


def steps(scene: Scene, question: DissectSlice) -> Steps:
    """Answer a `DissectSlice`; nothing after the layer is run unless the mask is wanted.

    Raises
    ------
    ModelError
        There is no such layer, its maps are no pictures, the labels or thresholds do not fit, or
        the output is no segmentation.
    """
    return _steps(scene, question.layer, question.labels, question.grid, question.thresholds)


def dissect(
    scenes: Sequence[Scene], layer: str, labels: Sequence[Labels] | None = None
) -> Dissection:
    """Dissect a layer over several images; see `LiveModel.dissect`."""
    if labels is not None and len(labels) != len(scenes):
        raise ModelError(
            f"There are {len(scenes)} images, but labels for {len(labels)}.",
            "Give the labels of each image.",
        )
    look = [last_of(_steps(scenes[i], layer)) for i in first_look(range(len(scenes)))]
    if not look:
        raise ModelError("No image is given.", "Give the slices of a series.")
    thresholds = thresholds_of(look)
    tally = Tally.start(layer, thresholds)
    for index, scene in enumerate(scenes):
        mine = None if labels is None else np.asarray(labels[index])
        counts = last_of(_steps(scene, layer, mine, None, thresholds))
        tally = tally.with_slice(index, counts)
    return tally.dissection()


def _steps(
    scene: Scene,
    layer: str,
    labels: Labels | None = None,
    grid: str | None = None,
    thresholds: Floats | None = None,
) -> Steps:
    node = scene.node(layer)
    of_mask = thresholds is not None and labels is None
    ready = scene.base.has(node) and not of_mask
    fresh = Forward(scene.context, scene.base.inputs, scene.base.situation)
    one = scene.base if ready else fresh
    fresh.checkpoint = clock = Clock()
    try:
        for _ in clock.run(lambda: one.pull((node,))):
            yield 0, 1, None
        if of_mask:
            output = scene.output
            for _ in clock.run(lambda: scene.segmentation.mask(one, output)):
                yield 0, 1, None
        fresh.checkpoint = None
        maps = one.array(node)[0]
        if maps.ndim != 3 or not maps.size:
            raise ModelError(f"The maps of {layer} are no pictures.", "Choose a layer with a grid.")
        if thresholds is None:
            yield 1, 1, values_of(maps)
            return
        if labels is None:
            labels = scene.segmentation.mask(one, scene.output)
        over = _laid_over(scene, one, layer, maps, labels, grid)
        yield from _counted(layer, maps, thresholds, over)
    finally:
        fresh.drop()
        scene.context.variables.restore(scene.base.situation.weights)


def _laid_over(
    scene: Scene, one: Forward, layer: str, maps: Floats, labels: Labels, grid: str | None
) -> LabelsOverMap:
    """The labels over the maps; ModelError where they are not of the grid that they are said."""
    graph, shown = scene.program.graph, scene.inputs[0].shape
    if grid is None:
        first = graph.layers[scene.program.inputs[0]].name
        grid = segmentation_output(graph) or first
    size: Any = graph[grid].spatial
    if None in size:
        size = one.tensor(scene.node(grid)).shape[1:-1]
    if labels.dtype != np.uint8 or labels.shape != tuple(size):
        raise ModelError(
            f"The labels are {labels.dtype} of {labels.shape}, but uint8 of {tuple(size)} is "
            "wanted.",
            "Bring them to the network's grid first.",
        )
    return LabelsOverMap.of(
        labels, graph, layer, (maps.shape[0], maps.shape[1]), grid, (shown[1], shown[2])
    )


def _counted(layer: str, maps: Floats, thresholds: Floats, over: LabelsOverMap) -> Steps:
    """Count some maps at a time; the last answer is the complete one."""
    values = maps.reshape(-1, maps.shape[-1])
    pixels, total = values.shape
    if len(thresholds) != total:
        raise ModelError(
            f"There are thresholds for {len(thresholds)} maps, but {layer} has {total}.",
            "Start the comparison again.",
        )
    both = np.zeros((total, thresholds.shape[1], len(over.sizes)), np.int64)
    step = max(AT_ONCE // pixels, 1)
    for first in range(0, total, step):
        some = slice(first, first + step)
        both[some] = count(values[:, some], thresholds[some], over)
        done = min(first + step, total)
        yield done, total, SliceCounts(both, over.sizes) if done == total else None
