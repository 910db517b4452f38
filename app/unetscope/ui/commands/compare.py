"""The Compare menu: the edited network's mask beside the trained one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetscope.domain.comparing import Way
from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_both

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow

STEP = 0.05  # of the picture's width, for one key


def _way(way: Way, key: str, tip: str) -> Command:
    return Command(
        id=f"compare.{way.name.lower()}",
        text=called(way.value),
        change=lambda s: s.compare(s.comparing.choose(way)),
        enabled=has_both,
        checked=lambda s: s.comparing.way is way,
        shortcut=key,
        tip=tip,
    )


def _move(way: int, name: str, key: str) -> Command:
    return Command(
        id=f"compare.swipe_{name}",
        text=called(f"Swipe to the {name}"),
        change=lambda s: s.compare(s.comparing.divide(s.comparing.split + way * STEP)),
        enabled=_swipes,
        shortcut=key,
        in_slice=True,
        tip=f"Move the line between trained and edited mask to the {name}",
    )


def _swipes(s: Session) -> bool:
    return has_both(s) and s.comparing.way is Way.SWIPE


def _compare_series(window: MainWindow) -> None:
    """Start, and show the panel in which the numbers come."""
    window.places.reveal("comparison")
    window.presenters.comparison.start()


COMPARE: tuple[Command, ...] = (
    _way(Way.OFF, "Alt+0", "Show the edited network's mask only"),
    _way(Way.FLICKER, "Alt+1", "Change between both masks at one place, by hand or by itself"),
    _way(Way.SWIPE, "Alt+2", "A line across the slice: trained to its left, edited to its right"),
    _way(Way.SIDE_BY_SIDE, "Alt+3", "Two pictures that move together: trained and edited"),
    _way(Way.DELTA, "Alt+4", "What the edits gained and lost, in two colours, with numbers"),
    _move(-1, "left", "Alt+Left"),
    _move(1, "right", "Alt+Right"),
    Command(
        id="compare.series",
        text=called("Compare whole series"),
        ask=_compare_series,
        enabled=has_both,
        shortcut="Ctrl+Shift+G",
        tip="Segment every slice with both networks in the background, and measure what changed",
    ),
    Command(
        id="compare.worst",
        text=called("Most changed slice"),
        ask=lambda w: w.presenters.comparison.go_to_worst(),
        enabled=has_both,
        shortcut="Shift+W",
        tip="Go to the slice that changed most, then to the next one in that order",
    ),
    Command(
        id="compare.copy_table",
        text=called("Copy table of changes"),
        ask=lambda w: w.comparison_panel.copy_table(),
        enabled=has_both,
        tip="Copy what changed by class, for a spreadsheet",
    ),
    Command(
        id="compare.save_table",
        text=called("Save changes as CSV…"),
        ask=lambda w: w.comparison_panel.save_table(),
        enabled=has_both,
        tip="Write what changed by class and by slice; no patient is named in it",
    ),
)
