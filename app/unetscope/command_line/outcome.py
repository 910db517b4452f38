"""How a command ended: its exit code."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The exit code of a command."""

    DONE = 0
    FAILED = 1
    USAGE = 2  # as argparse has it
    GAPS = 3  # done, but a slice could not be read, or a class has nothing to be compared with
    STOPPED = 130  # Ctrl+C, as a shell has it
