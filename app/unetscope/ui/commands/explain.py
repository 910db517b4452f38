"""Explaining the mask: entries of the Explain menu."""

from __future__ import annotations

from unetscope.ui.commands.command import Command

EXPLAIN: tuple[Command, ...] = ()
