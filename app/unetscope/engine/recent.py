"""Things by key, of which only the latest are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Keeps what was used last, within a budget.

    Two of them that see the same keys in the same order hold the same keys: so the window's process
    knows which images the engine's process still has.

    Parameters
    ----------
    budget : int
        How much may be kept.
    size : callable, optional
        What one thing takes of the budget; left out, each takes 1.
    """

    def __init__(self, budget: int, size: Callable[[T], int] = lambda _: 1) -> None:
        self.budget = budget
        self._size = size
        self._used = 0
        self._items: OrderedDict[Hashable, T] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable) -> T | None:
        """The thing of this key, which is the latest used now; None where it is not kept."""
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: Hashable, item: T) -> None:
        """Keep a thing; those not used for longest make room, and one too big is not kept."""
        self.drop(key)
        self._items[key] = item
        self._used += self._size(item)
        while self._used > self.budget:
            self.drop(next(iter(self._items)))

    def drop(self, key: Hashable) -> None:
        """Let go of one thing, where it is kept."""
        if key in self._items:
            self._used -= self._size(self._items.pop(key))

    def keep_only(self, is_wanted: Callable[[T], bool]) -> None:
        """Let go of all that is not wanted any more."""
        for key in [key for key, item in self._items.items() if not is_wanted(item)]:
            self.drop(key)
