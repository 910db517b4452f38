"""The session: everything the user has chosen and changed, as one frozen value.

It holds selections, display settings and edits; never pixels, never activations. Its methods keep
the invariants, so a session that exists is a session that makes sense.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from unetscope.domain.card import ModelCard
from unetscope.domain.comparing import NOT_COMPARING, Comparing
from unetscope.domain.editor import FIRST_EDITOR, Editor
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.evaluating import NOT_EVALUATING, Evaluating
from unetscope.domain.explaining.choice import FIRST_EXPLAINING, Explaining
from unetscope.domain.feature_maps import FIRST_MAPS, MapsChoice
from unetscope.domain.filter_gallery import FIRST_GALLERY, FilterGallery
from unetscope.domain.graph import Layer
from unetscope.domain.history import Edits, History
from unetscope.domain.kernels import KernelLayout, Weights, first_with_kernels, layout_of
from unetscope.domain.lab import FIRST_LAB, Lab
from unetscope.domain.layer_list import FIRST_LIST, LayerList
from unetscope.domain.network import Network
from unetscope.domain.planes import AS_ACQUIRED
from unetscope.domain.scopes import Scope, Target, covers, is_trained, revert
from unetscope.domain.series_choice import SeriesChoice as SeriesChoice
from unetscope.domain.viewer import FIRST_VIEW, Viewer
from unetscope.domain.window import Window

NO_HISTORY = History()


def _first_layer(network: Network) -> str:
    """The layer to begin with: an edit shows best where the first kernels are."""
    return first_with_kernels(network.graph) or network.graph.layers[-1].name


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is open, what is selected, how it is shown, and the edits in force.

    Attributes
    ----------
    window : Window or None
        Centre and width the user set; None follows the file, else the values.
    opacity : float
        Of the mask, 0 to 1.
    comparing : Comparing
        How trained and edited network are compared.
    opened_card, saved_card : ModelCard or None
        The card that the model was opened with, and as it was read, proposed or last saved.
    """

    series: SeriesChoice | None = None
    slice_index: int = 0
    window: Window | None = None
    inverted: bool = False

    mask_shown: bool = True
    outlined: bool = False
    opacity: float = 0.45
    hidden_labels: frozenset[int] = frozenset()
    comparing: Comparing = NOT_COMPARING
    evaluating: Evaluating = NOT_EVALUATING
    explaining: Explaining = FIRST_EXPLAINING
    identity_hidden: bool = False
    viewer: Viewer = FIRST_VIEW

    network: Network | None = None
    opened_card: ModelCard | None = None
    saved_card: ModelCard | None = None
    layer: str | None = None
    layer_list: LayerList = FIRST_LIST
    filter: int = 0
    in_channel: int = 0
    gallery: FilterGallery = FIRST_GALLERY
    maps: MapsChoice = FIRST_MAPS

    scope: Scope = Scope.VALUE
    keep_norm: bool = True
    editor: Editor = FIRST_EDITOR
    history: History = NO_HISTORY
    lab: Lab = FIRST_LAB

    # ------------------------------------------------------------------ study

    def open_series(self, series: SeriesChoice, *, slice_index: int | None = None) -> Session:
        """Show a series, at its middle slice unless told otherwise; the window starts afresh."""
        start = series.slices // 2 if slice_index is None else slice_index
        viewer = self.viewer.open_series()
        explaining = self.explaining.open_series()
        opened = replace(self, series=series, window=None, viewer=viewer, explaining=explaining)
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
        return replace(self, comparing=self.comparing.show_trained(shown))

    def compare(self, comparing: Comparing) -> Session:
        """Compare trained and edited network in another way."""
        return replace(self, comparing=comparing)

    def evaluate(self, evaluating: Evaluating) -> Session:
        """Evaluate against a reference in another way."""
        return replace(self, evaluating=evaluating)

    def explain(self, explaining: Explaining) -> Session:
        """Explain something else, or in another way; only one heat lies over the slice."""
        maps = self.maps.take_off() if explaining.overlay else self.maps
        return replace(self, explaining=explaining, maps=maps)

    @property
    def show_trained(self) -> bool:
        """Whether the trained network's mask is shown in place of the edited one's."""
        return self.comparing.trained

    def reset_view(self) -> Session:
        """The slice as it was first shown: window from the file, not inverted, not turned.

        Where a tool is chosen it is only put back, and so is cine stopped.
        """
        viewer = self.viewer
        if viewer.tool is not None or viewer.playing:
            return self.look(viewer.choose_tool(None).play(False))
        return replace(self, window=None, inverted=False, viewer=viewer.turned(AS_ACQUIRED))

    def use_lab(self, lab: Lab) -> Session:
        """Change the filter lab; the network is not touched."""
        return replace(self, lab=lab)

    def look(self, viewer: Viewer) -> Session:
        """Look at the slice in another way."""
        return replace(self, viewer=viewer)

    # ---------------------------------------------------------------- network

    def open_network(self, network: Network, card: ModelCard) -> Session:
        """Show another network: no edits, its first layer with kernels selected."""
        return replace(
            self,
            network=network,
            opened_card=card,
            saved_card=card,
            layer=_first_layer(network),
            filter=0,
            in_channel=0,
            maps=self.maps.of_layer(),
            hidden_labels=frozenset(),
            comparing=self.comparing.open_network(),
            explaining=self.explaining.open_network(),
            viewer=self.viewer.show_probability(None),
            history=NO_HISTORY,
        )

    @property
    def card(self) -> ModelCard | None:
        """The input card in force."""
        return self.history.card or self.opened_card

    def use_card(
        self, card: ModelCard, label: str = "Input card", *, same_gesture: bool = False
    ) -> Session:
        """Put a changed card of the network in force, as a step that can be undone."""
        if self.network is None or card == self.card:
            return self
        history = self.history.record_card(label, card, same_gesture=same_gesture)
        return replace(self, history=history)

    def back_to_card(self) -> Session:
        """Put the card in force as it was read, proposed or last saved."""
        return self.use_card(self.saved_card, "Back to the card") if self.saved_card else self

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
        return replace(self, layer=layer, filter=0, in_channel=0, maps=self.maps.of_layer())

    def list_layers(self, layer_list: LayerList) -> Session:
        """List the layers in another way."""
        return replace(self, layer_list=layer_list)

    def step_layer(self, steps: int) -> Session:
        """Show the next or previous layer, keeping filter and channel where it has them."""
        if self.network is None or self.layer is None:
            return self
        names = [layer.name for layer in self.network.graph.layers]
        index = min(max(names.index(self.layer) + steps, 0), len(names) - 1)
        moved = replace(self, layer=names[index], maps=self.maps.of_layer())
        return moved.select_filter(self.filter).select_in_channel(self.in_channel)

    def select_filter(self, filter: int) -> Session:  # noqa: A002
        """Show another filter and its feature map; beyond the last one, the last."""
        chosen = min(max(filter, 0), max(self.map_count - 1, 0))
        in_channel = self.in_channel
        if self.layout is not None:
            in_channel, _ = self.layout.kernel_of_map(chosen, in_channel)
        maps = self.maps if chosen == self.filter else self.maps.of_map()
        return replace(self, filter=chosen, in_channel=in_channel, maps=maps)

    def select_in_channel(self, in_channel: int) -> Session:
        """Show the kernel of another input channel."""
        layout = self.layout
        chosen = min(max(in_channel, 0), layout.in_channels - 1 if layout else 0)
        if layout is not None and layout.depthwise:
            return self.select_filter(chosen * layout.filters + self.kernel_filter)
        return replace(self, in_channel=chosen)

    def arrange(self, gallery: FilterGallery) -> Session:
        """Show the kernels of the layer in another way."""
        return replace(self, gallery=gallery)

    def show_maps(self, maps: MapsChoice) -> Session:
        """Show the feature maps of the layer in another way; only one heat lies over the slice."""
        explaining = self.explaining.lay_over(None) if maps.overlay else self.explaining
        return replace(self, maps=maps, explaining=explaining)

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

    def use_editor(self, editor: Editor) -> Session:
        """Use the kernel editor in another way."""
        return replace(self, editor=editor)

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
        return replace(self, history=history, comparing=self.comparing.show_trained(False))

    def undo(self) -> Session:
        """Take the latest step back."""
        return replace(self, history=self.history.undo()) if self.history.done else self

    def redo(self) -> Session:
        """Take the latest undone step again."""
        return replace(self, history=self.history.redo()) if self.history.undone else self

    def jump(self, count: int) -> Session:
        """Undo or redo until so many steps are done."""
        return replace(self, history=self.history.jump(count))

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

    def without(self, label: str, dropped: Collection[Edit]) -> Session:
        """Take some of the edits out, in a step of that name."""
        return self._with_edits(label, tuple(e for e in self.edits if e not in dropped))

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
