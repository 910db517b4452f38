"""The View menu, first part: how the slice and its mask are shown."""

from __future__ import annotations

from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_edits, has_series

SLICE_VIEW: tuple[Command, ...] = (
    Command(
        id="view.mask",
        text=called("Mask"),
        change=Session.toggle_mask,
        checked=lambda s: s.mask_shown,
        shortcut="G",
        tip="Show or hide the mask",
    ),
    Command(
        id="view.outline",
        text=called("Outline"),
        change=Session.toggle_outline,
        checked=lambda s: s.outlined,
        shortcut="O",
        tip="Draw the mask as outlines, so that the anatomy stays in view",
    ),
    Command(
        id="view.trained",
        text=called("Trained result"),
        change=lambda s: s.compare_trained(not s.show_trained),
        enabled=has_edits,
        checked=lambda s: s.show_trained,
        tip="Show what the trained network makes of the slice; another key does so while held",
        short="Trained",
    ),
    Command(
        id="view.auto_window",
        text=called("Automatic window"),
        ask=lambda w: w.presenters.slice_view.automatic_window(),
        enabled=has_series,
        shortcut="1",
        tip="All values but 0.1 % at each end",
        short="Auto",
    ),
    Command(
        id="view.invert",
        text=called("Invert"),
        change=Session.toggle_inverted,
        enabled=has_series,
        checked=lambda s: s.inverted,
        shortcut="I",
        tip="Swap black and white",
    ),
    Command(
        id="view.reset",
        text=called("Reset view"),
        ask=lambda w: w.reset_view(),
        enabled=has_series,
        shortcut="Esc",
        tip="The window from the file, the whole slice in view",
    ),
    Command(
        id="view.hide_identity",
        text=called("Hide identity"),
        change=Session.toggle_identity,
        checked=lambda s: s.identity_hidden,
        shortcut="Ctrl+H",
        tip="Keep the patient's name off the screen",
    ),
)
