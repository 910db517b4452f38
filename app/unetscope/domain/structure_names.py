"""When two names mean the same structure: ``GM``, ``grey matter`` and ``Gray Matter`` do."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"\d+|[^\W\d_]+")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # in camelCase, CSFMask
_SIDES = {
    **dict.fromkeys(("left", "l", "lt", "lh", "sinister", "sinistra"), "left"),
    **dict.fromkeys(("right", "r", "rt", "rh", "dexter", "dextra"), "right"),
}
_SHORT = {
    "gm": ("gray", "matter"),
    "wm": ("white", "matter"),
    "csf": ("cerebrospinal", "fluid"),
    "liquor": ("cerebrospinal", "fluid"),
    "ivc": ("inferior", "vena", "cava"),
    "myo": ("myocardium",),
    "bg": ("background",),
    "bkg": ("background",),
}
_SPELLINGS = {
    "grey": "gray",
    "oedema": "edema",
    "oesophagus": "esophagus",
    "tumour": "tumor",
    "haemorrhage": "hemorrhage",
    "haematoma": "hematoma",
    "vertebrae": "vertebra",
    "nuclei": "nucleus",
    "metastases": "metastasis",
    "foetus": "fetus",
}
_JOINED = {
    "brainstem": ("brain", "stem"),
    "graymatter": ("gray", "matter"),
    "greymatter": ("gray", "matter"),
    "whitematter": ("white", "matter"),
}
_FILLERS = frozenset(("the", "of", "a", "and", "structure", "region"))
_SAYS_NOTHING = frozenset(
    (
        *("label", "labels", "segment", "segmentation", "class", "roi", "mask", "value", "object"),
        *("foreground", "structure", "region", "number", "channel", "unnamed", "untitled"),
        *("seg", "unknown", "volume", "contour"),
    )
)


@dataclass(frozen=True, slots=True)
class StructureName:
    """What a name says, whatever way it is spelled.

    Attributes
    ----------
    words : frozenset of str
        In lower case and American spelling, singular, without what says nothing.
    side : str
        ``left``, ``right`` or empty.
    """

    words: frozenset[str]
    side: str = ""

    @classmethod
    def of(cls, name: str) -> StructureName:
        """Read a name: ``kidney_left``, ``Left Kidney`` and ``KidneysL`` are the same."""
        words: list[str] = []
        side = ""
        found = [word.casefold() for word in _WORD.findall(_HUMPS.sub(" ", name))]
        for word in found:
            if word in _SIDES and len(found) > 1 and not side:  # a lone L is a name of its own
                side = _SIDES[word]
            else:
                words.extend(_plain(word))
        kept = frozenset(words) - _FILLERS
        return cls(kept or frozenset(words), side)

    @property
    def says_nothing(self) -> bool:
        """Whether it is only a number, or a word such as ``Label 3``."""
        return all(word.isdigit() or word in _SAYS_NOTHING for word in self.words)

    @property
    def is_background(self) -> bool:
        """Whether it names what is no structure at all."""
        return self.words <= {"background", "no", "label", "none", "clear", "empty"} and bool(
            self.words
        )

    def covers(self, other: StructureName) -> bool:
        """Whether a structure of the other name is one of this name: a left kidney is a kidney."""
        return (
            bool(self.words)
            and self.words == other.words
            and (not self.side or self.side == other.side)
        )


def _plain(word: str) -> tuple[str, ...]:
    if word in _SHORT:
        return _SHORT[word]
    if word not in _SPELLINGS:
        if len(word) > 4 and word.endswith("ies"):
            word = f"{word[:-3]}y"
        elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    word = _SPELLINGS.get(word, word)
    return _JOINED.get(word, (word,))
