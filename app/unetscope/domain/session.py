"""The session: everything the user has chosen and changed, as one frozen value.

It holds selections, display settings and edits; never pixels, never activations. Its methods keep
the invariants, so a session that exists is a session that makes sense.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from unetscope.domain.card import ModelCard
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.graph import Layer
from unetscope.domain.history import Edits, History
from unetscope.domain.kernels import KernelLayout, Weights, first_with_kernels, layout_of
from unetscope.domain.network import Network
from unetscope.domain.planes import AS_ACQUIRED
from unetscope.domain.scopes import Scope, Target, covers, is_trained, revert
from unetscope.domain.viewer import FIRST_VIEW, Viewer
from unetscope.domain.window import Window

NO_HISTORY = History()


def _first_layer(network: Network) -> str:
    """The layer to begin with: an edit shows best where the first kernels are."""
    return first_with_kernels(network.graph) or network.graph.layers[-1].name


class Gallery(Enum):
    """Which kernels of a layer the gallery shows; the value is what people call it."""

    FILTERS = "every filter, one input channel"
    INPUTS = "one filter, every input channel"


class Scaling(Enum):
    """What one colour scale covers in a gallery."""

    EACH = "each"
    LAYER = "layer"


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """A series by its key, how many slices it has and, where it is known, its modality."""

    uid: str
    slices: int
    modality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is open, what is selected, how it is shown, and the edits in force.

    Attributes
    ----------
    window : Window or None
        Centre and width the user set; None follows the file, else the values.
    opacity : float
        Of the mask, 0 to 1.
    show_trained : bool
        The mask of the trained network is shown in place of the edited one's.
    card, saved_card : ModelCard or None
        The card in force, and as it was read, proposed or last saved.
    """

    series: SeriesChoice | None = None
    slice_index: int = 0
    window: Window | None = None
    inverted: bool = False

    mask_shown: bool = True
    outlined: bool = False
    opacity: float = 0.45
    hidden_labels: frozenset[int] = frozenset()
    show_trained: bool = False
    identity_hidden: bool = False
    viewer: Viewer = FIRST_VIEW

    network: Network | None = None
    card: ModelCard | None = None
    saved_card: ModelCard | None = None
    layer: str | None = None
    filter: int = 0
    in_channel: int = 0
    gallery: Gallery = Gallery.FILTERS
    kernel_scaling: Scaling = Scaling.EACH
    map_scaling: Scaling = Scaling.LAYER

    scope: Scope = Scope.VALUE
    keep_norm: bool = True
    history: History = NO_HISTORY

    # ------------------------------------------------------------------ study

    def open_series(self, series: SeriesChoice, *, slice_index: int | None = None) -> Session:
        """Show a series, at its middle slice unless told otherwise; the window starts afresh."""
        start = series.slices // 2 if slice_index is None else slice_index
        viewer = self.viewer.open_series()
        opened = replace(self, series=series, window=None, slice_index=0, viewer=viewer)
        return opened.select_slice(start)

    def follow_slices(
        self, series: SeriesChoice, slice_index: int, viewer: Viewer | None = None
    ) -> Session:
        """Show the same slice where it lies now; all that was chosen about it stays."""
        followed = replace(self, series=series, viewer=viewer or self.viewer)
        return followed.select_slice(slice_index)

    def select_slice(self, index: int) -> Session:
        """Show another slice; beyond the ends, the last one."""
        count = self.series.slices if self.series else 1
        return replace(self, slice_index=min(max(index, 0), max(count - 1, 0)))

    def set_window(self, window: Window | None) -> Session:
        """Set centre and width; None follows the file again."""
        return replace(self, window=window)

    def set_opacity(self, opacity: float) -> Session:
        """Set the mask's opacity, 0 to 1."""
        return replace(self, opacity=min(max(opacity, 0.0), 1.0))

    def toggle_label(self, label: int) -> Session:
        """Show or hide one label of the mask."""
        return replace(self, hidden_labels=self.hidden_labels ^ {label})

    def toggle_mask(self) -> Session:
        """Show or hide the whole mask."""
        return replace(self, mask_shown=not self.mask_shown)

    def toggle_outline(self) -> Session:
        """Draw the mask as outlines or filled."""
        return replace(self, outlined=not self.outlined)

    def toggle_inverted(self) -> Session:
        """Swap black and white."""
        return replace(self, inverted=not self.inverted)

    def toggle_identity(self) -> Session:
        """Hide or show who the patient is."""
        return replace(self, identity_hidden=not self.identity_hidden)

    def compare_trained(self, shown: bool) -> Session:
        """Show the trained network's result in place of the edited one's, or back."""
        return replace(self, show_trained=shown)

    def reset_view(self) -> Session:
        """The slice as it was first shown: window from the file, not inverted, not turned.

        Where a tool is chosen it is only put back, and so is cine stopped.
        """
        viewer = self.viewer
        if viewer.tool is not None or viewer.playing:
            return self.look(viewer.choose_tool(None).play(False))
        return replace(self, window=None, inverted=False, viewer=viewer.turned(AS_ACQUIRED))

    def look(self, viewer: Viewer) -> Session:
        """Look at the slice in another way."""
        return replace(self, viewer=viewer)

    # ---------------------------------------------------------------- network

    def open_network(self, network: Network, card: ModelCard) -> Session:
        """Show another network: no edits, its first layer with kernels selected."""
        return replace(
            self,
            network=network,
            card=card,
            saved_card=card,
            layer=_first_layer(network),
            filter=0,
            in_channel=0,
            hidden_labels=frozenset(),
            show_trained=False,
            viewer=self.viewer.show_probability(None),
            history=NO_HISTORY,
        )

    def use_card(self, card: ModelCard) -> Session:
        """Put a changed card of the network in force; the one to go back to stays."""
        return self if self.network is None else replace(self, card=card)

    def back_to_card(self) -> Session:
        """Put the card in force as it was read, proposed or last saved."""
        return replace(self, card=self.saved_card)

    def keep_card(self, card: ModelCard) -> Session:
        """Take a card as saved; what was changed since stays in force."""
        return self if self.network is None else replace(self, saved_card=card)

    def confirm_network(self, network: Network) -> Session:
        """Take what the engine says about the same file, keeping selections and edits."""
        if self.network is None or self.network.fingerprint != network.fingerprint:
            return self
        confirmed = replace(self, network=network)
        if self.layer not in network.graph:
            return confirmed.select_layer(_first_layer(network))
        return confirmed.select_filter(self.filter).select_in_channel(self.in_channel)

    def select_layer(self, layer: str) -> Session:
        """Show another layer; filter and input channel start again at 0."""
        if layer == self.layer or self.network is None or layer not in self.network.graph:
            return self
        return replace(self, layer=layer, filter=0, in_channel=0)

    def step_layer(self, steps: int) -> Session:
        """Show the next or previous layer, keeping filter and channel where it has them."""
        if self.network is None or self.layer is None:
            return self
        names = [layer.name for layer in self.network.graph.layers]
        index = min(max(names.index(self.layer) + steps, 0), len(names) - 1)
        moved = replace(self, layer=names[index])
        return moved.select_filter(self.filter).select_in_channel(self.in_channel)

    def select_filter(self, filter: int) -> Session:  # noqa: A002
        """Show another filter and its feature map; beyond the last one, the last."""
        chosen = min(max(filter, 0), max(self.map_count - 1, 0))
        in_channel = self.in_channel
        if self.layout is not None:
            in_channel, _ = self.layout.kernel_of_map(chosen, in_channel)
        return replace(self, filter=chosen, in_channel=in_channel)

    def select_in_channel(self, in_channel: int) -> Session:
        """Show the kernel of another input channel."""
        layout = self.layout
        chosen = min(max(in_channel, 0), layout.in_channels - 1 if layout else 0)
        if layout is not None and layout.depthwise:
            return self.select_filter(chosen * layout.filters + self.kernel_filter)
        return replace(self, in_channel=chosen)

    def show_gallery(self, gallery: Gallery) -> Session:
        """Choose which kernels the filter gallery shows."""
        return replace(self, gallery=gallery)

    def scale_kernels(self, scaling: Scaling) -> Session:
        """Choose what one colour scale of the filter gallery covers."""
        return replace(self, kernel_scaling=scaling)

    def scale_maps(self, scaling: Scaling) -> Session:
        """Choose what one grey scale of the activation viewer covers."""
        return replace(self, map_scaling=scaling)

    @property
    def selected_layer(self) -> Layer | None:
        """The layer shown."""
        if self.network is None or self.layer is None:
            return None
        return self.network.graph[self.layer]

    @property
    def layout(self) -> KernelLayout | None:
        """How the shown layer's kernels are laid out; None when it holds none."""
        return layout_of(self.selected_layer) if self.selected_layer else None

    @property
    def map_count(self) -> int:
        """Number of feature maps, or filters, of the shown layer."""
        layer = self.selected_layer
        if layer is None:
            return 0
        return layer.channels or (self.layout.filters if self.layout else 0)

    @property
    def kernel_filter(self) -> int:
        """The filter shown, as an index into the kernels (depthwise layers have fewer)."""
        return self.layout.kernel_of_map(self.filter, self.in_channel)[1] if self.layout else 0

    # ------------------------------------------------------------------ edits

    @property
    def edits(self) -> Edits:
        """The edits in force."""
        return self.history.edits

    @property
    def edited_layers(self) -> frozenset[str]:
        """Layers whose weights differ from the trained ones."""
        return self.network.edited_layers(self.edits) if self.network else frozenset()

    def weights(self, layer: str | None = None, *, before_gesture: bool = False) -> Weights:
        """A layer's weights in force, in Keras order; the shown layer's when none is named.

        With ``before_gesture`` they are as they were before the last step: what the next edit of
        the same drag starts from.
        """
        name = layer or self.layer
        if self.network is None or name is None:
            return ()
        history = self.history
        if before_gesture and history.done:
            history = history.undo()
        return self.network.weights(name, history.edits)

    def set_scope(self, scope: Scope) -> Session:
        """Choose what the next change applies to."""
        return replace(self, scope=scope)

    def set_keep_norm(self, keep: bool) -> Session:
        """Choose whether a recipe keeps the norm and mean of the kernel it replaces."""
        return replace(self, keep_norm=keep)

    def target(self) -> Target:
        """The kernel shown and the scope in force.

        Raises
        ------
        EditError
            No layer with kernels is shown.
        """
        layer = self.selected_layer
        if layer is None or self.layout is None:
            raise EditError("No kernel is shown.", "Select a convolution in the layer tree.")
        return Target(layer, self.in_channel, self.kernel_filter, self.scope)

    def edit(self, edit: Edit, *, label: str = "", same_gesture: bool = False) -> Session:
        """Put an edit in force; EditError, and nothing changed, if it does not fit."""
        if self.network is None:
            raise EditError("There is no network to edit.", "Open a model first.")
        history = self.history.record(edit, label=label, same_gesture=same_gesture)
        if edit.changes_weights:
            self.network.weights(edit.layer, history.edits)
        else:
            edit.apply_to(self.network.graph[edit.layer], ())
        return replace(self, history=history, show_trained=False)

    def undo(self) -> Session:
        """Take the latest step back."""
        return replace(self, history=self.history.undo()) if self.history.done else self

    def redo(self) -> Session:
        """Take the latest undone step again."""
        return replace(self, history=self.history.redo()) if self.history.undone else self

    def revert(self, scope: Scope) -> Session:
        """Bring the shown kernel, filter, input channel or layer back to the trained values."""
        target = replace(self.target(), scope=scope).whole_kernels()
        layer = target.layer.name
        trained = self.network.trained[layer] if self.network else ()
        label = f"Revert {target.scope.value} of {layer}"
        if self.network is None or is_trained(target, self.weights(layer), trained):
            return self
        edits: Edits = tuple(edit for edit in self.edits if not covers(target, edit))
        if not is_trained(target, self.network.weights(layer, edits), trained):
            edits = self.edits + revert(target, self.weights(layer), trained)
        return self._with_edits(label, edits)

    def revert_all(self) -> Session:
        """Bring every layer back to the trained values; it can be undone."""
        return self._with_edits("Revert all", ())

    def _with_edits(self, label: str, edits: Edits) -> Session:
        """Record a step; edits of layers that are back to the trained values are dropped."""
        if self.network is None or not self.edits:
            return self
        still = self.network.edited_layers(edits)
        kept = tuple(e for e in edits if e.layer in still or not e.changes_weights)
        return replace(self, history=self.history.record_all(label, kept))
