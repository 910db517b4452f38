"""What the menus offer about the filters of the layer shown."""

from __future__ import annotations

from unetscope.ui.commands.command import Command, called, has_both, has_kernel, has_network

FILTERS: tuple[Command, ...] = (
    Command(
        id="network.measure_effects",
        text=called("Measure the effect of each filter"),
        ask=lambda w: w.presenters.filters.measure(),
        enabled=lambda s: has_both(s) and has_kernel(s),
        shortcut="Ctrl+E",
        tip="Silence each feature map of the layer in turn, and measure what the mask does",
        short="Measure effects",
    ),
    Command(
        id="network.show_compared",
        text=called("Filters: in force, trained, difference"),
        change=lambda s: s.arrange(s.gallery.next_picture()),
        enabled=has_kernel,
        shortcut="Ctrl+T",
        tip="Show the filters in force, the trained ones, or the difference, in turn",
    ),
    Command(
        id="network.compare_models",
        text=called("Compare with another model…"),
        ask=lambda w: w.show_model_comparison(),
        enabled=has_network,
        shortcut="Ctrl+Shift+M",
        tip="Open a second model, only to read it, and compare the two layer by layer",
    ),
)
