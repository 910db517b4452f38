"""The Maps menu: the feature maps that are selected."""

from __future__ import annotations

from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_both


def _has_maps(s: Session) -> bool:
    return has_both(s) and s.map_count > 0


MAPS: tuple[Command, ...] = (
    Command(
        id="map.overlay",
        text=called("Feature map on slice"),
        change=lambda s: s.show_maps(s.maps.toggle_overlay()),
        enabled=_has_maps,
        checked=lambda s: s.maps.overlay,
        shortcut="Shift+M",
        tip="Lay the feature map over the slice, each pixel where it belongs",
    ),
    Command(
        id="map.survey",
        text=called("Strongest slices of the map"),
        ask=lambda w: w.presenters.maps.series.start(),
        enabled=_has_maps,
        shortcut="Ctrl+Alt+M",
        tip="Find in which slices of the series each map of the layer is strongest",
    ),
    Command(
        id="map.silence",
        text=called("Silence feature map"),
        ask=lambda w: w.maps.menu.silence(),
        enabled=_has_maps,
        tip="Put 0 in place of the selected maps (Del in the gallery)",
    ),
    Command(
        id="map.silence_mean",
        text=called("Silence feature map to its mean"),
        ask=lambda w: w.maps.menu.silence("mean"),
        enabled=_has_maps,
        tip="Put its own mean in place of each selected map (Shift+Del in the gallery)",
    ),
    Command(
        id="map.force",
        text=called("Force feature map…"),
        ask=lambda w: w.maps.menu.ask_force(),
        enabled=_has_maps,
        tip="Put one value in place of the selected maps",
    ),
    Command(
        id="map.scale",
        text=called("Scale feature map…"),
        ask=lambda w: w.maps.menu.ask_scale(),
        enabled=_has_maps,
        tip="Multiply the selected maps by a factor",
    ),
    Command(
        id="map.bring_back",
        text=called("Bring back feature map"),
        ask=lambda w: w.presenters.maps.actions.bring_back(),
        enabled=_has_maps,
        tip="Take back what acts on the selected maps (Backspace in the gallery)",
    ),
    Command(
        id="map.copy_statistics",
        text=called("Copy map statistics"),
        ask=lambda w: w.maps.menu.copy_statistics(),
        enabled=_has_maps,
        tip="Copy the numbers of the large map as a table",
    ),
    Command(
        id="map.save_picture",
        text=called("Save map as picture…"),
        ask=lambda w: w.maps.menu.ask_save_picture(),
        enabled=_has_maps,
        tip="Save the large map in its colours, as PNG",
    ),
    Command(
        id="map.save_array",
        text=called("Save maps as numbers…"),
        ask=lambda w: w.maps.menu.ask_save_arrays(),
        enabled=_has_maps,
        tip="Save the selected maps as .npy",
    ),
    Command(
        id="map.save_statistics",
        text=called("Save statistics of all maps…"),
        ask=lambda w: w.maps.menu.ask_save_numbers(),
        enabled=_has_maps,
        tip="Save a table with a line for each map of the layer, as CSV",
    ),
)
