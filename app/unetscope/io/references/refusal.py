"""Why a file cannot be used as masks."""

from __future__ import annotations

from pathlib import Path

from unetscope.domain.errors import StudyError


class NotMasksError(Exception):
    """A file that cannot be used as masks.

    Parameters
    ----------
    reason : str
        Completes "this file cannot be used as a mask: ...".
    hint : str
        What to do next.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint

    def about(self, path: Path) -> StudyError:
        """The same with the name of the file, for the user."""
        return StudyError(f"{path.name} cannot be used as a mask: {self.reason}.", self.hint)


DAMAGED = "It may be damaged; copy or export it again."


class CutShortError(NotMasksError):
    """A file that ends before what it claims to hold."""

    def __init__(self) -> None:
        super().__init__("it is cut short, or damaged", "Copy or export it again.")
