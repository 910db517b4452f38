"""Many files looked at, the one that makes the best first picture first.

Where a disk or a network is waited for, several threads wait; headers that are at hand are read by
one, for Python computes in one at a time, and several only hinder each other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from unetscope.domain.errors import Cancelled

Found = TypeVar("Found")

_THREADS = 4
_AT_HAND = 0.001  # seconds a file takes at most that nobody waits for
_AT_ONCE = 16  # files a thread is given
_AHEAD = 2 * _THREADS  # such pieces under way


def check(cancelled: Callable[[], bool] | None) -> None:
    """Raise Cancelled if told to stop."""
    if cancelled is not None and cancelled():
        raise Cancelled


def best_first(files: Sequence[Path]) -> list[int]:
    """Places of the files in the order to read them in.

    It is theirs, but for one: the middle file of the folder that holds most, which likely is a
    slice in the middle of the largest series.
    """
    order = list(range(len(files)))
    if order:
        folder = Counter(file.parent for file in files).most_common(1)[0][0]
        here = [index for index in order if files[index].parent == folder]
        order.insert(0, order.pop(here[len(here) // 2]))
    return order


def look_at_each(
    files: Sequence[Path],
    look: Callable[[Path], Found],
    *,
    before: Callable[[Path], object] = lambda _: None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[tuple[int, Found], None, None]:
    """Look at files, in several threads where they have to be waited for.

    Parameters
    ----------
    files : sequence of Path
        In any order.
    look : callable
        Called with each of them, in any thread.
    before : callable
        Called with each of them before that, in this thread.
    cancelled : callable, optional
        Asked before every file; answers True to stop.

    Yields
    ------
    place, found : int, Found
        Place of a file, and what was found in it, in the order of `best_first`.

    Raises
    ------
    Cancelled
        If told to stop.
    """
    if not files:
        return
    first, *rest = best_first(files)
    check(cancelled)
    before(files[first])
    yield first, look(files[first])

    def look_at(places: Sequence[int]) -> list[tuple[int, Found]]:
        found = []
        for place in places:
            check(cancelled)
            found.append((place, look(files[place])))
        return found

    def wanted(piece: Future[list[tuple[int, Found]]]) -> Iterator[tuple[int, Found]]:
        for found in piece.result():
            check(cancelled)
            yield found

    while rest:
        places, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
        seconds = 0.0
        for place in places:
            check(cancelled)
            before(files[place])
            began = perf_counter()
            found = look(files[place])
            seconds += perf_counter() - began
            yield place, found
        if seconds > _AT_HAND * len(places):
            break

    under_way: deque[Future[list[tuple[int, Found]]]] = deque()
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="read")
    try:
        for start in range(0, len(rest), _AT_ONCE):
            places = rest[start : start + _AT_ONCE]
            for place in places:
                check(cancelled)
                before(files[place])
            under_way.append(pool.submit(look_at, places))
            if len(under_way) > _AHEAD:
                yield from wanted(under_way.popleft())
        while under_way:
            yield from wanted(under_way.popleft())
    finally:
        pool.shutdown(cancel_futures=True)
