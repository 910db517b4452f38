"""Answers requests with live networks: what runs in the engine's process, or in this one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from unetscope.domain.effects import Effects, SweepRequest
from unetscope.domain.explaining.question import Question, Steps
from unetscope.domain.graph import Graph
from unetscope.domain.history import Edits
from unetscope.domain.kernels import layout_of
from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import LastUpdate, LayerLook, Look, LookRequest, Rectangle, Saved
from unetscope.domain.presets import NewModel
from unetscope.domain.survey import MapPeaks, peaks_of
from unetscope.engine.creating import create
from unetscope.engine.filter_lab import LabBench
from unetscope.engine.live_model import LiveModel, open_model

OPEN_MODELS = 2  # two are compared; more would only fill the memory


class Workbench:
    """Keeps the networks asked about open, and follows each request by its difference."""

    def __init__(self) -> None:
        self._open: OrderedDict[ModelRef, LiveModel] = OrderedDict()
        self._image_keys: dict[ModelRef, str] = {}
        self._places: dict[Path, Path] = {}
        self._lab = LabBench()

    def file_at(self, path: Path, place: Path) -> None:
        """Read a model file elsewhere than in its own place from now on."""
        self._places[path] = place

    def describe(self, path: Path, known: ModelRef | None = None) -> Network:
        """Open a model file, try it and tell what is in it; ModelError when it cannot be opened.

        Where it is known already, only that very file is read.
        """
        live = open_model(path, place=self._places.get(path), known=known)
        live.try_out()
        self._keep(replace(live.network.ref, path=path), live)
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
        is_new = self._show(live, request) or live.is_stale
        mask = trained_mask = probabilities = exact_in = None
        if live.is_segmentation:
            if request.dragging and request.visible is not None:
                mask, exact_in = _mask_within(live, request)
            else:
                mask = live.mask()
            trained_mask = live.trained_mask()
            probabilities = None if request.dragging else live.probabilities()
        maps = None
        if request.layer is not None:
            maps = look_at_layer(live, request.layer, hurried=request.dragging)
        recomputed = live.last_update.layers_recomputed if is_new else 0
        spent = (perf_counter() - began) * 1000
        return Look(
            request=request,
            mask=mask,
            trained_mask=trained_mask,
            probabilities=probabilities,
            maps=maps,
            update=LastUpdate(recomputed, spent),
            layers_total=len(live.layers),
            exact_in=exact_in,
        )

    def sweep(self, request: SweepRequest) -> Generator[tuple[int, int, Effects], None, None]:
        """Silence each map of a layer in turn; see `LiveModel.sweep`."""
        live = self._live(request.model)
        live.follow(request.edits)
        self._show(live, request)
        return live.sweep(
            request.layer,
            how=request.how,
            reference=request.reference,
            channels=request.channels,
        )

    def survey(self, request: LookRequest) -> MapPeaks:
        """Tell how strong all feature maps of the layer asked for are; nothing after it is run."""
        live = self._live(request.model)
        live.follow(request.edits)
        self._show(live, request)
        return peaks_of(live.activation(request.layer or ""))

    def explain(self, question: Question) -> Steps:
        """Answer a question about the mask, in small pieces; see `engine.explaining`."""
        live = self._live(question.model)
        live.follow(question.edits)
        self._show(live, question)
        return live.answer_to(question)

    def save(self, model: ModelRef, edits: Edits, path: Path, made: Path | None = None) -> Saved:
        """Write the edited network to a new file and check it; see `LiveModel.save`."""
        live = self._live(model)
        live.follow(edits)
        return live.save(path, made=made)

    def create(self, new: NewModel, path: Path, made: Path | None = None) -> Saved:
        """Build a new network and write it to a file; see `creating.create`."""
        return create(new, path, made)

    def convolve(self, request: LabRequest) -> LabMaps:
        """Run the filter lab's kernels over a picture; see `LabBench.convolve`."""
        return self._lab.convolve(request)

    def _show(self, live: LiveModel, request: LookRequest | SweepRequest | Question) -> bool:
        """Show the network the image, unless it sees it already."""
        if self._image_keys.get(request.model) == request.image_key:
            return False
        self._image_keys.pop(request.model, None)
        live.run(request.image, key=request.image_key)
        self._image_keys[request.model] = request.image_key
        return True

    def _live(self, model: ModelRef) -> LiveModel:
        live = self._open.get(model)
        if live is None:
            live = open_model(model.path, place=self._places.get(model.path), known=model)
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


def _mask_within(live: LiveModel, request: LookRequest) -> tuple[Labels, Rectangle | None]:
    """The mask, exact at least where the input is seen; the part in rows of the input."""
    assert request.visible is not None
    rows, columns = request.image.shape[:2]
    made = live.graph[live.segmentation_output].spatial
    if made not in ((rows, columns), (None, None)):
        return live.mask(), None  # the output has a grid of its own
    return live.mask_within(request.visible)


def look_at_layer(live: LiveModel, layer: str, *, hurried: bool = False) -> LayerLook:
    """One layer's activation, edited and trained, and what its edit does to the next layer.

    In a hurry that change is taken from every fourth row and column, and left out (NaN) where the
    next layer was not run as a whole.
    """
    edited = live.activation(layer)
    trained = live.trained_activation(layer) if live.is_reached(layer) else edited
    following = next_with_kernels(live.graph, layer)
    change = 0.0
    if following is not None and live.is_reached(following):
        change = live.change(following, hurried=hurried)
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
