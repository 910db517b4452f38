"""The kernels of a layer as pictures: in force, of another network, or what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import ModelError
from unetscope.domain.filter_bank import (
    Floats,
    filter_bank,
    over_inputs,
    over_windows,
    peaks,
    pictured,
)
from unetscope.domain.filter_gallery import Against, ColourScale, FilterGallery, Gallery, Picture
from unetscope.domain.graph import Layer
from unetscope.domain.session import Session
from unetscope.state.other_network import OtherNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What the tiles of a gallery show, in the order of the layer.

    Attributes
    ----------
    tiles : (rows, columns, kh, kw) ndarray of float32
        Dimensionless.
    before : as `tiles`, or None
        The trained kernels, where they may differ and are of use.
    limits : (rows,) ndarray of float, or None
        The value at the end of each row's colour scale; None: every kernel has its own.
    edited : tuple of int
        Filters of which any weight differs from the trained one.
    """

    tiles: Floats
    before: Floats | None
    limits: NDArray[np.floating] | None
    edited: tuple[int, ...]


class KernelPictures:
    """Makes `Pictures`; what takes long is made again only when what it is made of changed."""

    def __init__(self, other: OtherNetwork) -> None:
        self._other = other
        self._made: dict[str, tuple[tuple[object, ...], Floats]] = {}

    def make(self, session: Session, layer: Layer, row: int, column: int) -> Pictures:
        """Make the pictures of a layer with kernels.

        Parameters
        ----------
        row, column : int
            The filter and input channel that are selected.

        Raises
        ------
        ModelError
            The layer has no counterpart in the other network.
        """
        network, gallery = session.network, session.gallery
        assert network is not None
        mine, source_before = session.weights()[0], network.trained[layer.name][0]
        now = filter_bank(layer, session.weights())
        trained = filter_bank(layer, network.trained[layer.name])
        assert now is not None
        assert trained is not None
        same = mine is source_before
        shown, source = self._shown(session, layer, now, trained)
        tiles = self._tiles(gallery, shown, source, row, column)
        before = None
        if gallery.picture is Picture.NOW and not same and not gallery.shows.is_reduced:
            before = self._tiles(gallery, trained, source_before, row, column)
        basis = now if gallery.picture is Picture.BEFORE else shown
        edited: tuple[int, ...] = ()
        if not same:
            differs = (now != trained).any(axis=tuple(range(1, now.ndim)))
            edited = tuple(int(index) for index in np.flatnonzero(differs))
        return Pictures(tiles, before, _limits(gallery, basis, tiles, row), edited)

    def _shown(
        self, session: Session, layer: Layer, now: Floats, trained: Floats
    ) -> tuple[Floats, object]:
        """The kernels of the network whose turn it is, or the difference; and what they are of."""
        gallery, network = session.gallery, session.network
        assert network is not None
        mine = session.weights()[0]
        if gallery.picture is Picture.NOW:
            return now, mine
        base, source = trained, network.trained[layer.name][0]
        if gallery.against is Against.OTHER:
            found = self._other.weights_of(layer.name)
            if found is None or self._other.network is None:
                raise ModelError(*self._other.why_not(layer.name))
            name, weights = found
            bank = filter_bank(self._other.network.graph[name], weights)
            if bank is None or bank.shape != now.shape:
                raise ModelError(f"{name} of the other model holds no kernels of this shape.")
            base, source = bank, weights[0]
        if gallery.picture is Picture.BEFORE:
            return base, source
        difference = self._keep("difference", (mine, source), lambda: now - base)
        return difference, difference

    def _tiles(
        self, gallery: FilterGallery, bank: Floats, source: object, row: int, column: int
    ) -> Floats:
        """What the tiles show of all kernels, ``(rows, columns, kh, kw)``."""
        how = gallery.reduction
        if gallery.shows is Gallery.HEAT:
            heat = self._keep("heat", (source, how), lambda: over_windows(bank, how))
            return heat[:, :, None, None]
        if gallery.shows is Gallery.REDUCED:
            reduced = self._keep("reduced", (source, how), lambda: over_inputs(bank, how))
            return pictured(reduced[:, None], gallery.depth)
        if gallery.shows is Gallery.ALL:
            return pictured(bank, gallery.depth)
        if gallery.shows is Gallery.INPUTS:
            return pictured(bank[row : row + 1], gallery.depth).swapaxes(0, 1)
        return pictured(bank[:, column : column + 1], gallery.depth)

    def _keep(self, name: str, made_of: tuple[object, ...], make: Callable[[], Floats]) -> Floats:
        """What was made last time, if it was made of the same."""
        kept = self._made.get(name)
        if kept is None or any(a is not b for a, b in zip(kept[0], made_of, strict=True)):
            kept = self._made[name] = (made_of, make())
        return kept[1]


def _limits(
    gallery: FilterGallery, basis: Floats, tiles: Floats, row: int
) -> NDArray[np.floating] | None:
    """Where the colour scale of each row ends; None where each kernel has its own."""
    if gallery.scale_in_force is ColourScale.KERNEL:
        if gallery.shows.is_matrix:
            return None
        own_ends: NDArray[np.floating] = np.abs(tiles).max(axis=(1, 2, 3))
        return own_ends
    own = peaks(tiles if gallery.shows.is_reduced else basis)
    if gallery.scale_in_force is ColourScale.LAYER:
        return np.full(len(tiles), own.max(initial=0.0))
    return np.full(len(tiles), own[row]) if gallery.shows is Gallery.INPUTS else own
