"""The same network with random weights, from the output down.

After Adebayo et al.: Sanity Checks for Saliency Maps. NeurIPS 2018 (cascading randomisation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.edits import SetLayerWeights
from unetscope.domain.explaining.honesty import (
    Honesty,
    Stage,
    judged,
    rank_correlation,
    structural_similarity,
)
from unetscope.domain.history import Edits
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.score import Array
from unetscope.engine.explaining.work import Work, part

STAGES = 4
DRAWS = 3  # of a wholly random network, which are averaged: one alone depends on chance

Mask = NDArray[np.bool_]
Again = Callable[[Edits], Work[Array]]


class Cascade:
    """Layers in order from the output up, in a few groups; each stage randomises one more.

    Parameters
    ----------
    scene : Scene
    seed : int
        Of the random weights.
    """

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene, self._seed = scene, seed
        self._trained = scene.context.network.trained
        self._drawn: dict[tuple[str, int], SetLayerWeights] = {}
        program, output = scene.program, scene.output
        leads = {i for i in range(output + 1) if output in program.reached((i,))}
        last = {
            name: max(leads & set(program.calls(name)), default=-1)
            for name, arrays in self._trained.items()
            if any(array.size for array in arrays)
        }
        layers = sorted((name for name in last if last[name] >= 0), key=last.__getitem__)[::-1]
        self._groups = [
            group.tolist() for group in np.array_split(layers, min(STAGES, len(layers)) or 1)
        ]

    @property
    def length(self) -> int:
        """How many maps are made."""
        return len(self._groups) - 1 + DRAWS

    def compare(self, values: Array, where: Mask, again: Again) -> Work[tuple[Array, Honesty]]:
        """Make the map with ever more random weights, and compare.

        Parameters
        ----------
        values : (H, W) ndarray
            The map of the network as it is.
        where : (H, W) ndarray of bool
            Positions that are compared.
        again : callable
            Gives the map with other edits.

        Returns
        -------
        twin : (H, W) ndarray
            With every weight random: of the first draw that leaves anything.
        honesty : Honesty
        """
        try:
            return (yield from self._compare(values, where, again))
        finally:
            self._forget(range(DRAWS))

    def _compare(self, values: Array, where: Mask, again: Again) -> Work[tuple[Array, Honesty]]:
        stages: list[Stage] = []
        names: list[str] = []
        done = 0
        for n, group in enumerate(self._groups):
            names += group
            is_last = n == len(self._groups) - 1
            measured, twin = [], np.zeros_like(values)
            for draw in range(DRAWS if is_last else 1):
                made = yield from part(self._again(again, names, draw), done, self.length)
                done += 1
                measured.append(_measured(values, made, where))
                twin = twin if twin.any() else made
                if is_last:
                    self._forget((draw,))
            correlation, similarity = (_mean(column) for column in zip(*measured, strict=True))
            stages.append(
                (names[-1] if names else self._scene.segmentation.output, correlation, similarity)
            )
        return twin, judged(stages)

    def _again(self, again: Again, names: Sequence[str], draw: int) -> Work[Array]:
        """The map with random weights for these layers, after the edits in force."""
        for n, name in enumerate(names):
            if (name, draw) not in self._drawn:
                noise = np.random.default_rng((self._seed, draw, n))
                arrays = tuple(drawn(w, noise) for w in self._trained[name])
                self._drawn[name, draw] = SetLayerWeights(name, arrays)
                yield 0.0
        random = [self._drawn[name, draw] for name in names]
        return (yield from again((*self._scene.edits, *random)))

    def _forget(self, draws: Iterable[int]) -> None:
        """Give back the memory of random weights: each draw is as large as the network."""
        done = [key for key in self._drawn if key[1] in draws]
        self._scene.context.network.forget([self._drawn.pop(key) for key in done])


def drawn(trained: NDArray[np.float32], noise: np.random.Generator) -> NDArray[np.float32]:
    """Random weights of the same shape and size as the trained ones.

    Kernels are normal about 0 with the root mean square of the trained ones. Vectors (biases and
    normalisations) are the trained values in another order, so that variances stay above 0.
    """
    if trained.ndim < 2:
        return noise.permutation(trained)
    size = np.sqrt(np.mean(np.square(trained, dtype=np.float64)))
    random: NDArray[np.float32] = (size * noise.standard_normal(trained.shape)).astype(np.float32)
    return random


def _measured(values: Array, made: Array, where: Mask) -> tuple[float, float]:
    order = rank_correlation(np.abs(values[where]), np.abs(made[where]))
    return order, structural_similarity(values, made, where)


def _mean(measures: Sequence[float]) -> float:
    known = [measure for measure in measures if not np.isnan(measure)]
    return float(np.mean(known)) if known else float("nan")
