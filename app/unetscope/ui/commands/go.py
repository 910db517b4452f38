"""The Go menu: from slice to slice and from series to series."""

from __future__ import annotations

from unetscope.ui.commands.command import Command, called, has_series

END = 10**9  # steps that lead to the last slice of anything


def _steps(name: str, text: str, keys: str | tuple[str, ...], steps: int) -> Command:
    return Command(
        id=f"go.{name}",
        text=called(text),
        ask=lambda w: w.presenters.slice_view.step(steps),
        enabled=has_series,
        shortcut=keys,
        in_slice=True,
    )


def _series(name: str, text: str, keys: str, steps: int) -> Command:
    return Command(
        id=f"go.{name}",
        text=called(text),
        ask=lambda w: w.presenters.studies.step(steps),
        enabled=has_series,
        shortcut=keys,
        in_slice=True,
    )


GO: tuple[Command, ...] = (
    _steps("next_slice", "Next slice", "Down", 1),
    _steps("previous_slice", "Previous slice", "Up", -1),
    _steps("ten_slices_on", "Ten slices on", ("Shift+Down", "PgDown"), 10),
    _steps("ten_slices_back", "Ten slices back", ("Shift+Up", "PgUp"), -10),
    _steps("first_slice", "First slice", "Home", -END),
    _steps("last_slice", "Last slice", "End", END),
    _series("next_series", "Next series", "Right", 1),
    _series("previous_series", "Previous series", "Left", -1),
)
