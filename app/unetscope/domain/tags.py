"""The header of a file as a table: one row for each element, ready to be shown and searched."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_VALUE = 200  # characters of a value that are kept


@dataclass(frozen=True, slots=True)
class TagRow:
    """One element of a header, or one item of a sequence.

    Attributes
    ----------
    depth : int
        0 at the top level; an item of a sequence is one deeper than the sequence, its elements
        two.
    group_element : str
        ``(0010,0010)``, in capital hexadecimal digits; empty where the format has no numbers.
    name : str
        As the standard calls it; that of a private element names its creator.
    vr : str
        Value representation, such as ``PN``; empty for an item.
    value : str
        At most 200 characters, of which the last is then an ellipsis.
    keyword : str
        The name without spaces by which programs ask for it; empty for a private element.
    """

    depth: int
    group_element: str
    name: str
    vr: str
    value: str
    keyword: str = ""

    @property
    def private(self) -> bool:
        """Whether the maker of the device, not the standard, says what it means."""
        return self.group_element[4:5] in tuple("13579BDF")


def short(value: str) -> str:
    """Cut a value to one line of at most 200 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
