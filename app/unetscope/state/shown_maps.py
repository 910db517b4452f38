"""The feature maps on screen: which of the answer's arrays they are, on which scale, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.feature_maps import MapsChoice, Version, limits_of
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.input_grid import Placement
from unetscope.domain.map_grid import MapGrid
from unetscope.domain.ports import Floats, LayerLook
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.shown import Answer
from unetscope.state.store import Store


class Form(Enum):
    """What one feature map of a layer is."""

    PICTURE = "picture"
    ROW = "row"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Maps:
    """All feature maps of the layer shown, as they are drawn.

    Attributes
    ----------
    activation : (..., maps) ndarray of float32
        The whole of it, as the engine gave it, or the difference.
    pictures : (maps, H, W) ndarray of float32
        One plane of it where it has three axes; rows and numbers have one row.
    limits : (maps, 2) ndarray of float
        What is drawn in the first and the last colour.
    signed : bool
        The scale is symmetric about 0.
    planes : int
        How many planes there are to choose from.
    grid : MapGrid or None
        Where the pictures lie on the slice.
    aspect : float
        Height of a pixel divided by its width.
    """

    layer: Layer
    look: LayerLook
    activation: Floats
    pictures: Floats
    limits: NDArray[np.floating]
    signed: bool
    form: Form
    planes: int
    plane: int
    grid: MapGrid | None
    aspect: float

    @property
    def differs(self) -> bool:
        """Whether any edit in force reaches the layer."""
        return self.look.edited is not self.look.trained


class ShownMaps:
    """Makes `Maps` of session and answer, anew only when one of them changes."""

    def __init__(self, store: Store, live: Live, desk: Desk) -> None:
        self._store = store
        self._live = live
        self._desk = desk
        self._made: tuple[object, Maps | str] = (None, "")
        self._difference: tuple[object, Floats] | None = None
        self._grid: tuple[object, MapGrid] | None = None

    def now(self) -> Maps | str:
        """The maps to show; a sentence where there are none."""
        session, layer = self._store.session, self._store.session.selected_layer
        if session.network is None or layer is None:
            return "Open a model to see its feature maps."
        if self._live.shown is None:
            return "Open a study to see what this layer makes of a slice."
        answer = self._live.answer
        look = answer.look.maps if answer else None
        if answer is None or look is None or look.layer != layer.name:
            problem = self._live.problem
            return str(problem) if problem else f"Computing {layer.name} …"
        choice = session.maps
        made_of = (look, choice.scaling, choice.version, choice.plane, self._spacing(answer))
        if self._made[0] != made_of:
            self._made = (made_of, self._make(layer, look, choice, answer, session.network.graph))
        return self._made[1]

    def stale(self) -> bool:
        """Whether a newer answer is on its way."""
        answer, shown = self._live.answer, self._live.shown
        return self._live.busy or answer is None or shown is None or answer.key != shown.key

    def _make(
        self, layer: Layer, look: LayerLook, choice: MapsChoice, answer: Answer, graph: Graph
    ) -> Maps | str:
        activation = self._version(look, choice.version)
        axes = activation.ndim - 1
        if axes > 3 or not activation.size:
            return f"{layer.name} gives nothing that can be drawn: shape {activation.shape}."
        plane, planes, drawn = 0, 1, activation
        if axes == 3:
            planes = activation.shape[0]
            plane = min(max(choice.plane, 0), planes - 1)
            drawn = activation[plane]
        signed = True if choice.version is Version.DIFFERENCE else None
        limits, is_signed = limits_of(activation, choice.scaling, signed=signed)
        if axes < 2:
            drawn = drawn.reshape(1, -1, activation.shape[-1])
        grid, aspect = None, 1.0
        if axes == 2:
            shape = (drawn.shape[0], drawn.shape[1])
            grid = self._grid_of(graph, layer.name, shape, answer.placement)
            high, wide = grid.pixel_size(self._spacing(answer))
            aspect = high / wide
        elif axes == 1:
            aspect = max(drawn.shape[1] / 3, 1.0)
        return Maps(
            layer=layer,
            look=look,
            activation=activation,
            pictures=np.moveaxis(drawn, -1, 0),
            limits=limits,
            signed=is_signed,
            form=Form.NUMBER if axes == 0 else Form.ROW if axes == 1 else Form.PICTURE,
            planes=planes,
            plane=plane,
            grid=grid,
            aspect=aspect,
        )

    def _version(self, look: LayerLook, version: Version) -> Floats:
        if version is Version.TRAINED:
            return look.trained
        if version is Version.EDITED:
            return look.edited
        if self._difference is None or self._difference[0] is not look:
            with np.errstate(invalid="ignore", over="ignore"):
                self._difference = (look, look.edited - look.trained)
        return self._difference[1]

    def _grid_of(
        self, graph: Graph, layer: str, shape: tuple[int, int], placement: Placement
    ) -> MapGrid:
        made_of = (graph, layer, shape, placement)
        if self._grid is None or self._grid[0] != made_of:
            self._grid = (made_of, MapGrid.of(graph, layer, shape, placement))
        return self._grid[1]

    def _spacing(self, answer: Answer) -> tuple[float, float]:
        """Height and width of a pixel of the slice in mm; equal where they are not known."""
        series = self._desk.find(answer.key.series)
        rows, columns = series.spacing[1:] if series is not None else (1.0, 1.0)
        return (rows, columns) if rows > 0 and columns > 0 else (1.0, 1.0)
