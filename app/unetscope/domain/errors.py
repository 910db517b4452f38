"""What can go wrong in a way the user can act on."""

from __future__ import annotations


class UnetscopeError(Exception):
    """Trouble the user can act on: one clear sentence, and a hint what to do.

    Parameters
    ----------
    what : str
        One sentence that says what happened, naming the file, layer or value.
    hint : str, optional
        One sentence that says what to do next.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class StudyError(UnetscopeError):
    """A file or folder that cannot be opened as a study."""


class ModelError(UnetscopeError):
    """A file that cannot be opened as a network, or a network that cannot do what was asked."""


class EditError(UnetscopeError):
    """An edit that does not fit the network it is made for; nothing has changed."""

    def __init__(self, what: str, hint: str = "Nothing has changed.") -> None:
        super().__init__(what, hint)


class PreprocessingError(UnetscopeError):
    """A slice or a setting that preprocessing cannot work with."""


class EngineError(UnetscopeError):
    """The engine could not answer, or is gone."""


class StoppedError(EngineError):
    """The user stopped it: nothing is wrong."""


class Cancelled(Exception):  # noqa: N818  (a signal, not an error)
    """A background job was told to stop."""
