"""Interventions are edits of activations: the weights stay, the values that pass are changed.

Each is complete in itself, so that it is undone, saved and replayed like any other edit. Several on
the same layer act one after another, after the layer and before what reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.kernels import Weights

Maps = NDArray[np.float32]
HOW = ("zero", "mean")


@dataclass(frozen=True, eq=False)
class Intervention(Edit):
    """A change of the activation of one layer; it leaves every weight as it is.

    ``feature_map`` says which map; None stands for all maps of the layer.
    """

    feature_map: int | None = None
    noun: ClassVar[str] = "intervention"
    changes_weights: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """A short name for menus and history: ``silenced map 3 of enc1_conv1``."""
        which = "all maps" if self.feature_map is None else f"map {self.feature_map}"
        return f"{self.noun} {which} of {self.layer}"

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """Give the weights as they are; see `Edit.apply_to`."""
        self.check(layer)
        return weights

    def check(self, layer: Layer) -> None:
        """Raise EditError when the intervention does not fit the layer."""
        count = layer.channels
        if self.feature_map is None or count is None:
            return
        whole = isinstance(self.feature_map, int | np.integer)
        if not whole or isinstance(self.feature_map, bool) or not 0 <= self.feature_map < count:
            raise EditError(
                f"Layer {layer.name} expects a feature map from 0 to {count - 1}, "
                f"but found {self.feature_map!r}."
            )

    def change(self, maps: Maps) -> Maps:
        """Give new values for maps ``(batch, rows, columns, count)``; the given ones stay."""
        raise NotImplementedError

    def pull_back(self, gradient: Maps) -> Maps:
        """From the gradient with respect to the new values, that with respect to the old ones."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class SilenceMap(Intervention):
    """Put 0, or the map's own mean over the image, in place of a feature map."""

    how: str = "zero"
    noun: ClassVar[str] = "silenced"

    def check(self, layer: Layer) -> None:
        """See `Intervention.check`."""
        super().check(layer)
        _check_how(self.how)

    def change(self, maps: Maps) -> Maps:
        """See `Intervention.change`."""
        return _silenced(maps, self.how)

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`."""
        return _silenced(gradient, self.how)  # of a mean every value has the same share


@dataclass(frozen=True, eq=False)
class ScaleMap(Intervention):
    """Multiply a feature map by a gain."""

    gain: float = 1.0
    noun: ClassVar[str] = "scaled"

    def check(self, layer: Layer) -> None:
        """See `Intervention.check`."""
        super().check(layer)
        _check_number(self.gain)

    def change(self, maps: Maps) -> Maps:
        """See `Intervention.change`."""
        return maps * np.float32(self.gain)

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`."""
        return gradient * np.float32(self.gain)


@dataclass(frozen=True, eq=False)
class ForceMap(Intervention):
    """Put a value in place of a feature map, or of one position of it.

    ``at`` is (row, column) on the layer's own grid; None stands for the whole map.
    """

    value: float = 0.0
    at: tuple[int, int] | None = None
    noun: ClassVar[str] = "forced"

    def check(self, layer: Layer) -> None:
        """See `Intervention.check`."""
        super().check(layer)
        _check_number(self.value)
        if self.at is None:
            return
        if len(layer.spatial) != 2 or len(self.at) != 2:
            raise EditError(f"Layer {layer.name} has no rows and columns to force a value at.")
        for index, length in zip(self.at, layer.spatial, strict=True):
            if index < 0 or (length is not None and index >= length):
                raise EditError(f"Layer {layer.name} has no position {self.at}.")

    def change(self, maps: Maps) -> Maps:
        """See `Intervention.change`."""
        if self.at is None:
            return np.full_like(maps, np.float32(self.value))
        forced = maps.copy()
        row, column = self.at
        if row < maps.shape[1] and column < maps.shape[2]:
            forced[:, row, column] = np.float32(self.value)
        return forced

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`."""
        return replace(self, value=0.0).change(gradient)


@dataclass(frozen=True, eq=False)
class SkipEdit(Edit):
    """A change of what one layer reads from another; other readers see it as it is.

    ``layer`` is the one that reads, as a rule a concatenation; ``source`` the one it reads.
    """

    source: str = ""
    noun: ClassVar[str] = "skip"
    changes_weights: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """A short name for menus and history."""
        return f"{self.noun} {self.source} → {self.layer}"

    def apply_to(self, layer: Layer, weights: Weights) -> Weights:
        """Give the weights as they are; see `Edit.apply_to`."""
        self.check(layer)
        return weights

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`."""
        raise NotImplementedError

    def check(self, layer: Layer) -> None:
        """Raise EditError when the layer does not read the source."""
        if self.source not in layer.inputs:
            reads = ", ".join(layer.inputs) or "nothing"
            raise EditError(f"{layer.name} does not read {self.source!r}.", f"It reads {reads}.")


@dataclass(frozen=True, eq=False)
class CutSkip(SkipEdit):
    """Put 0, or the mean of each map over the image, in place of what a layer reads."""

    how: str = "zero"
    noun: ClassVar[str] = "cut"

    def check(self, layer: Layer) -> None:
        """See `SkipEdit.check`."""
        super().check(layer)
        _check_how(self.how)

    def change(self, maps: Maps) -> Maps:
        """Give new values for maps ``(batch, rows, columns, count)``; the given ones stay."""
        return _silenced(maps, self.how)

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`."""
        return _silenced(gradient, self.how)


@dataclass(frozen=True, eq=False)
class PatchSkip(SkipEdit):
    """Let a layer read what its source makes of another image.

    Attributes
    ----------
    image : (H, W) or (H, W, C) array_like of float32
        The other image, preprocessed like the one shown and of the same size. The network runs on
        it with the weight edits in force and without interventions.
    name : str
        What to call it, for example ``slice 40``.
    """

    image: ArrayLike = field(default=())
    name: str = "another image"
    noun: ClassVar[str] = "patched"

    def __post_init__(self) -> None:
        try:
            image = np.array(self.image, np.float32)
        except (TypeError, ValueError) as error:
            raise EditError("The image of a patch must be numbers in a regular array.") from error
        image.flags.writeable = False
        object.__setattr__(self, "image", image)

    @property
    def label(self) -> str:
        """A short name for menus and history."""
        return f"{super().label} from {self.name}"

    def pull_back(self, gradient: Maps) -> Maps:
        """See `Intervention.pull_back`: nothing comes from the image shown."""
        return np.zeros_like(gradient)

    def check(self, layer: Layer) -> None:
        """See `SkipEdit.check`."""
        super().check(layer)
        image = np.asarray(self.image)
        if image.ndim not in (2, 3) or not image.size or not np.isfinite(image).all():
            raise EditError("The image of a patch must be (rows, columns) of finite numbers.")


ActivationEdit = Intervention | SkipEdit


def skips(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Every skip connection as (layer that reads, its source), shallowest first.

    Of a concatenation, addition or other merge: all it reads but the one whose way from the input
    is the longest, which is the main path.
    """
    depth: dict[str, int] = {}
    found = []
    for layer in graph.layers:
        depth[layer.name] = 1 + max((depth[name] for name in layer.inputs), default=0)
        sources = tuple(dict.fromkeys(layer.inputs))
        if len(sources) > 1:
            deepest = max(sources, key=lambda name: depth[name])
            found += [(layer.name, name) for name in sources if name != deepest]
    return tuple(sorted(found, key=lambda skip: depth[skip[1]]))


def _silenced(maps: Maps, how: str) -> Maps:
    if how == "zero":
        return np.zeros_like(maps)
    axes = tuple(range(1, maps.ndim - 1))
    mean: Callable[..., Maps] = np.mean
    return np.broadcast_to(
        mean(maps, axis=axes, keepdims=True, dtype=np.float64), maps.shape
    ).astype(np.float32)


def _check_how(how: str) -> None:
    if how not in HOW:
        raise EditError(f"A map is silenced to 'zero' or to its 'mean', not to {how!r}.")


def _check_number(value: float) -> None:
    if not np.isfinite(np.asarray(value, np.float64)).all() or np.ndim(value):
        raise EditError(f"An intervention takes a finite number, but found {value!r}.")
