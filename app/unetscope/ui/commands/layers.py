"""What the menus offer about the layer shown: finding it, reading about it, acting on it."""

from __future__ import annotations

from unetscope.domain.map_edits import silenced_maps
from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_network


def _all_silent(s: Session) -> bool:
    if s.layer is None or not s.map_count:
        return False
    return len(silenced_maps(s.edits, s.layer, s.map_count)) == s.map_count


def _has_weights(s: Session) -> bool:
    return s.selected_layer is not None and bool(s.selected_layer.weights)


LAYERS: tuple[Command, ...] = (
    Command(
        id="view.find_next_layer",
        text=called("Find next layer"),
        ask=lambda w: w.layers_panel.find_layer(1),
        enabled=has_network,
        shortcut="F3",
        tip="Go to the next layer that the search finds",
    ),
    Command(
        id="view.find_previous_layer",
        text=called("Find previous layer"),
        ask=lambda w: w.layers_panel.find_layer(-1),
        enabled=has_network,
        shortcut="Shift+F3",
        tip="Go to the layer before, of those that the search finds",
    ),
    Command(
        id="network.layer_card",
        text=called("About the layer"),
        ask=lambda w: w.places.reveal("layer_card"),
        enabled=has_network,
        shortcut="Ctrl+I",
        tip="What the layer does in words, its weights in numbers, every attribute",
    ),
    Command(
        id="network.show_in_diagram",
        text=called("Show layer in the diagram"),
        ask=lambda w: w.diagram_panel.show_selected(),
        enabled=has_network,
        shortcut="Ctrl+D",
        tip="Bring the diagram to the front and zoom to the layer",
    ),
    Command(
        id="network.silence_layer",
        text=lambda s: f"{'Bring back' if _all_silent(s) else 'Silence'} all maps of the layer",
        ask=lambda w: w.presenters.layer_actions.toggle_silence(),
        enabled=lambda s: has_network(s) and bool(s.map_count),
        shortcut="Ctrl+Shift+0",
        tip="Put 0 in place of everything the layer gives, or bring it back; it can be undone",
    ),
    Command(
        id="network.replaced_layers",
        text=called("Replaced layers…"),
        ask=lambda w: w.presenters.layers.replace_again(),
        enabled=lambda s: s.network is not None and bool(s.network.replaced),
        tip="Choose again what stands in for layers whose code is not run",
    ),
    Command(
        id="file.save_diagram",
        text=called("Save diagram…"),
        ask=lambda w: w.diagram_panel.ask_save(),
        enabled=has_network,
        tip="Save the diagram of the network as SVG or PNG",
    ),
    Command(
        id="file.save_weights",
        text=called("Save weights of the layer…"),
        ask=lambda w: w.layers_panel.ask_save_weights(),
        enabled=_has_weights,
        tip="Save all weight arrays of the layer, as they are in force, as .npz",
    ),
)
