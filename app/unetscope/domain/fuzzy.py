"""Finding an entry of a list by a few of its letters."""

from __future__ import annotations

from collections.abc import Sequence

START_OF_WORD, NEXT_LETTER, GAP = 8, 6, -1


def score(typed: str, text: str) -> int | None:
    """How well letters fit a text that has them in this order; None if it has not.

    Letters at the starts of words and letters in a row count for more, gaps for less; case and
    blanks in what was typed count for nothing.

    >>> score("rvl", "Revert layer") is not None
    True
    >>> score("lvr", "Revert layer") is None
    True
    """
    wanted = "".join(typed.casefold().split())
    said = text.casefold()
    # best[at]: the best score of all fits of the letters so far of which the last is at `at`
    best: dict[int, int] = {-1: 0}
    for letter in wanted:
        fits: dict[int, int] = {}
        for at, said_letter in enumerate(said):
            if said_letter != letter:
                continue
            bonus = START_OF_WORD if at == 0 or not said[at - 1].isalnum() else 0
            before = [
                value + (NEXT_LETTER if last == at - 1 and last >= 0 else GAP * (at - last - 1))
                for last, value in best.items()
                if last < at
            ]
            if before:
                fits[at] = max(before) + bonus
        best = fits
    return max(best.values(), default=None)


def ranked(typed: str, texts: Sequence[str]) -> list[int]:
    """Indices of the texts that fit, the best first; all of them, as they stand, for no letters."""
    if not typed.strip():
        return list(range(len(texts)))
    scores = {i: found for i, text in enumerate(texts) if (found := score(typed, text)) is not None}
    return sorted(scores, key=lambda i: (-scores[i], len(texts[i]), i))
