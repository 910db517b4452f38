"""Answers requests with live networks: what runs in the engine's process, or in this one."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from time import perf_counter

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph
from unetscope.domain.history import Edits
from unetscope.domain.kernels import layout_of
from unetscope.domain.metrics import rms_change
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import LastUpdate, LayerLook, Look, LookRequest, Saved
from unetscope.engine.live_model import LiveModel, open_model

OPEN_MODELS = 2  # two are compared; more would only fill the memory


class Workbench:
    """Keeps the networks asked about open, and follows each request by its difference."""

    def __init__(self) -> None:
        self._open: OrderedDict[ModelRef, LiveModel] = OrderedDict()
        self._image_keys: dict[ModelRef, str] = {}

    def describe(self, path: Path) -> Network:
        """Open a model file and tell what is in it; ModelError when it cannot be opened."""
        live = open_model(path)
        self._keep(ModelRef(path, live.network.fingerprint), live)
        return live.network

    def look(self, request: LookRequest) -> Look:
        """Answer a request.

        Raises
        ------
        ModelError, EditError
            The file has changed, the image does not fit, or an edit does not.
        """
        live = self._live(request.model)
        began = perf_counter()
        live.follow(request.edits)
        if self._image_keys.get(request.model) != request.image_key:
            self._image_keys.pop(request.model, None)
            live.run(request.image)
            self._image_keys[request.model] = request.image_key
            recomputed = live.last_update.layers_recomputed
        else:
            recomputed = live.last_update.layers_recomputed if live.is_stale else 0
        mask = trained_mask = probabilities = None
        if live.is_segmentation:
            probabilities = live.probabilities()
            mask = live.mask()
            output = live.segmentation_output
            trained_mask = live.trained_mask() if live.is_reached(output) else mask
        maps = None if request.layer is None else look_at_layer(live, request.layer)
        spent = (perf_counter() - began) * 1000
        return Look(
            request=request,
            mask=mask,
            trained_mask=trained_mask,
            probabilities=probabilities,
            maps=maps,
            update=LastUpdate(recomputed, spent),
            layers_total=len(live.layers),
        )

    def save(self, model: ModelRef, edits: Edits, path: Path) -> Saved:
        """Write the edited network to a new file and check it; see `LiveModel.save`."""
        live = self._live(model)
        live.follow(edits)
        return live.save(path)

    def _live(self, model: ModelRef) -> LiveModel:
        live = self._open.get(model)
        if live is None:
            live = open_model(model.path)
            if live.network.fingerprint != model.fingerprint:
                raise ModelError(
                    f"{model.path.name} has changed since it was opened.", "Open it again."
                )
        self._keep(model, live)
        return live

    def _keep(self, model: ModelRef, live: LiveModel) -> None:
        if self._open.get(model) is not live:
            self._image_keys.pop(model, None)
        self._open[model] = live
        self._open.move_to_end(model)
        while len(self._open) > OPEN_MODELS:
            dropped, _ = self._open.popitem(last=False)
            self._image_keys.pop(dropped, None)


def look_at_layer(live: LiveModel, layer: str) -> LayerLook:
    """One layer's activation, edited and trained, and what its edit does to the next layer."""
    edited = live.activation(layer)
    trained = live.trained_activation(layer) if live.is_reached(layer) else edited
    following = next_with_kernels(live.graph, layer)
    change = 0.0
    if following is not None and live.is_reached(following):
        change = rms_change(live.trained_activation(following), live.activation(following))
    return LayerLook(
        layer=layer, edited=edited, trained=trained, next_layer=following, next_change=change
    )


def next_with_kernels(graph: Graph, layer: str) -> str | None:
    """Name of the nearest layer downstream that holds kernels; of equally near ones the first."""
    seen = {layer}
    ring = [layer]
    while ring:
        ahead = {name for near in ring for name in graph.consumers(near)} - seen
        seen |= ahead
        ring = [known.name for known in graph.layers if known.name in ahead]
        for name in ring:
            if layout_of(graph[name]) is not None:
                return name
    return None
