"""Where a heat lies on the slice shown: through the grid of its layer and the input's placement."""

from __future__ import annotations

from unetscope.domain.explaining.heat import Heat
from unetscope.domain.map_grid import MapGrid
from unetscope.domain.planes import Turn
from unetscope.domain.ports import Floats
from unetscope.state.live import Live
from unetscope.state.store import Store

KEPT = 4


class PlacedHeats:
    """Heats on the grid of the slice shown, made anew only when heat, grid or turn change."""

    def __init__(self, store: Store, live: Live) -> None:
        self._store = store
        self._live = live
        self._grids: dict[tuple[str, tuple[int, int]], tuple[object, MapGrid]] = {}
        self._placed: list[tuple[Floats, MapGrid, Turn, Floats]] = []

    def grid(self, heat: Heat) -> MapGrid | None:
        """The grid of the heat's layer on the slice shown; None until that is known."""
        network, answer, shown = self._store.session.network, self._live.answer, self._live.shown
        if network is None or answer is None or shown is None or answer.key != shown.key:
            return None
        if heat.layer not in network.graph:
            return None
        name = (heat.layer, (heat.values.shape[0], heat.values.shape[1]))
        made_of = (network.graph, answer.placement)
        if name not in self._grids or self._grids[name][0] != made_of:
            grid = MapGrid.of(network.graph, *name, answer.placement)
            if heat.layer in network.graph.outputs:  # where the mask lies, pixel for pixel
                grid = MapGrid(network.graph, *name, answer.placement, field=None)
            while len(self._grids) >= KEPT:
                del self._grids[next(iter(self._grids))]
            self._grids[name] = (made_of, grid)
        return self._grids[name][1]

    def in_picture(self, heat: Heat) -> Floats | None:
        """The heat on the slice's grid, turned as the slice is shown; NaN where it does not reach.

        Returns
        -------
        placed : (rows, columns) ndarray of float32, or None
            The same array as long as nothing about it changes.
        """
        grid, turn = self.grid(heat), self._store.session.viewer.turn
        if grid is None:
            return None
        for values, there, turned, placed in self._placed:
            if values is heat.values and there is grid and turned == turn:
                return placed
        made: Floats = turn.apply(grid.on_slice(heat.values))
        self._placed = [*self._placed, (heat.values, grid, turn, made)][-KEPT:]
        return made
