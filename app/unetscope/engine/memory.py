"""Everything computed that may be wanted again, within a budget of memory."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Hashable

from unetscope.engine import machine
from unetscope.engine.values import Value, bytes_of

VARIABLE = "UNETSCOPE_CACHE_MB"
SMALLEST = 64 << 20
RESERVABLE = 0.5  # of the budget, at most


def default_budget() -> int:
    """A quarter of the machine's memory in bytes, or what the environment says in MB."""
    stated = os.environ.get(VARIABLE, "")
    if stated.isdecimal():
        return int(stated) << 20
    return max(machine.installed() // 4, SMALLEST)


class Memory:
    """Values by key; beyond the budget those not used for longest are dropped.

    What was dropped is computed again when it is wanted.

    Parameters
    ----------
    budget : int
        Bytes.

    Attributes
    ----------
    used, reserved : int
        Bytes, all together, and of them those that are never dropped.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = default_budget() if budget is None else budget
        self.used = 0
        self.reserved = 0
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable) -> Value:
        """A value, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value, and drop others for it."""
        self.drop(key)
        size = bytes_of(value)
        self._values[key] = (value, size)
        self.used += size
        self._fit()

    def reserve(self, size: int) -> bool:
        """Give bytes away for good, for kernels in another form; False if they are too many."""
        if self.reserved + size > RESERVABLE * self.budget:
            return False
        self.reserved += size
        self.used += size
        self._fit()
        return True

    def _fit(self) -> None:
        while self.used > self.budget and self._values:
            _, (_, dropped) = self._values.popitem(last=False)
            self.used -= dropped

    def drop(self, key: Hashable) -> None:
        """Forget a value, where it is kept."""
        _, size = self._values.pop(key, (None, 0))
        self.used -= size

    def drop_of(self, owner: object) -> None:
        """Forget all values whose key starts with an owner."""
        for key in [k for k in self._values if isinstance(k, tuple) and k[0] == owner]:
            self.drop(key)
