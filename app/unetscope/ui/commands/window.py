"""The View menu, second part: what becomes of the window; the Network and Help menus."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from unetscope.ui.commands.command import Command, called, has_both, has_network, has_series

Keys = QKeySequence.StandardKey

WINDOW: tuple[Command, ...] = (
    Command(
        id="view.tags",
        text=called("DICOM tags"),
        ask=lambda w: w.show_tags(),
        enabled=has_series,
        shortcut="Alt+D",
        tip="The header of the slice shown, with search",
    ),
    Command(
        id="view.warnings",
        text=called("Warnings of this series…"),
        ask=lambda w: w.show_warnings(),
        enabled=has_series,
        tip="All that is unsure about the series shown (or click the warnings over the slice)",
    ),
    Command(
        id="view.command_palette",
        text=called("Command palette"),
        ask=lambda w: w.show_palette(),
        shortcut="Ctrl+Shift+P",
        tip="Find any command by a few letters of its name",
    ),
    Command(
        id="view.find_layer",
        text=called("Find layer"),
        ask=lambda w: w.layers_panel.focus_search(),
        enabled=has_network,
        shortcut=Keys.Find,
    ),
    Command(
        id="view.maximise",
        text=called("Slice only"),
        ask=lambda w: w.places.toggle_panels(),
        shortcut="F4",
        tip="Hide the panels around the slice, or bring them back (double click on the slice)",
    ),
    Command(
        id="view.full_screen",
        text=called("Full screen"),
        ask=lambda w: w.toggle_full_screen(),
        shortcut="F11",
    ),
    Command(id="view.theme", text=called("Light or dark theme"), ask=lambda w: w.toggle_theme()),
    Command(id="view.reset_layout", text=called("Reset layout"), ask=lambda w: w.places.reset()),
    Command(
        id="network.segment_series",
        text=called("Segment whole series"),
        ask=lambda w: w.presenters.frame.segment_series(),
        enabled=has_both,
        shortcut="Ctrl+G",
        tip="Make the mask of every slice in the background, keep it, and measure each class",
        short="Segment series",
    ),
    Command(
        id="help.shortcuts",
        text=called("Keys and mouse"),
        ask=lambda w: w.show_shortcuts(),
        shortcut="F1",
    ),
    Command(
        id="help.report",
        text=called("Report of trouble…"),
        ask=lambda w: w.trouble.show(),
        tip="Versions, the latest commands and errors, to copy or save; without any names",
    ),
    Command(id="help.about", text=called("About Unetscope"), ask=lambda w: w.show_about()),
)
