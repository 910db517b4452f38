"""Names sorted by what each of them needs."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def in_order(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort names so that each comes after its inputs; else they stay as they are listed.

    Raises
    ------
    ValueError
        The names go round in a circle.
    """
    rank = {name: i for i, name in enumerate(inputs)}
    waiting = {name: len(set(sources)) for name, sources in inputs.items()}
    readers: dict[str, list[str]] = {name: [] for name in inputs}
    for name, sources in inputs.items():
        for source in set(sources):
            readers[source].append(name)
    ready = [(rank[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, (rank[reader], reader))
    if len(order) != len(inputs):
        raise ValueError("the layers feed each other in a circle")
    return order
