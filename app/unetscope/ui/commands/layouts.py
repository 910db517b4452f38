"""The layouts in the View menu: which panels stand around the slice."""

from __future__ import annotations

from unetscope.ui.commands.command import Command, called
from unetscope.ui.layout import Arrangement


def _layout(arrangement: Arrangement, key: str, tip: str) -> Command:
    return Command(
        id=f"view.layout_{arrangement.name.lower()}",
        text=called(f"Layout: {arrangement.said}"),
        ask=lambda w: w.places.arrange(arrangement),
        shortcut=key,
        tip=tip,
    )


LAYOUTS: tuple[Command, ...] = (
    _layout(Arrangement.INSIDE, "Ctrl+Alt+1", "All panels around the slice, as at first"),
    _layout(Arrangement.COMPARE, "Ctrl+Alt+2", "A large slice, and what the edits change"),
    _layout(Arrangement.EVALUATE, "Ctrl+Alt+4", "A large slice, and how well masks agree"),
    _layout(Arrangement.EXPLAIN, "Ctrl+Alt+5", "A large slice, and why it was segmented so"),
    _layout(Arrangement.RADIOLOGY, "Ctrl+Alt+3", "The study and its slice alone"),
)
