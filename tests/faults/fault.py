"""One row of the fault table."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.room import Room

Do = Callable[[Room, Path], None]


def open_it(room: Room, path: Path) -> None:
    """Give it to the window, as a drop or a double click does."""
    room.open(path)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something bad, what is done with it, and what the user is told.

    Attributes
    ----------
    name : str
        What is bad, in a few words.
    make : callable
        Makes it in a folder named after the patient; gives the path.
    said : str
        All that is said then, word for word; a ``*`` stands for what differs from run to run.
    do : callable
        What the user does with it.
    opens : bool
        Whether it is opened all the same.
    warns : str
        Found in the warnings of the series, where it is opened.
    series : int
        How many series it opens as; 0 where that does not matter.
    only : str
        The systems where it can happen, as `sys.platform` begins; empty for all.
    reopens : bool
        What was open gives way to it, as it should: the sample is opened again afterwards.
    """

    name: str
    make: Callable[[Path], Path]
    said: str
    do: Do = open_it
    opens: bool = False
    warns: str = ""
    series: int = 0
    only: str = ""
    reopens: bool = False

    def is_said(self, text: str) -> bool:
        """Whether a text is what the user should be told."""
        return re.fullmatch(re.escape(self.said).replace(r"\*", ".*"), text) is not None

    @property
    def applies(self) -> bool:
        """Whether it can happen on this system."""
        return sys.platform.startswith(self.only)


def nothing(folder: Path) -> Path:
    """Make nothing: the fault lies elsewhere."""
    return folder
