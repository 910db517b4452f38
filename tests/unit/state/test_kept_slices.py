"""Slices kept for a second look: so many bytes, but never fewer than a network is fed."""

from __future__ import annotations

import numpy as np
from tests.unit.fakes import FakeSeries

from unetscope.domain.sources import SeriesSource
from unetscope.state.kept_slices import KEPT_AT_LEAST, KeptSlices
from unetscope.state.shown import SliceKey

PIXELS = np.zeros((16, 16), np.float32)  # 1024 bytes


def filled(kept: KeptSlices, count: int, source: SeriesSource) -> KeptSlices:
    for index in range(count):
        kept.put(SliceKey("a", index), source, PIXELS)
    return kept


def test_the_slices_used_longest_ago_are_dropped() -> None:
    kept = filled(KeptSlices(32 * 1024), 32, FakeSeries("a"))
    assert len(kept) == 32
    kept.get(SliceKey("a", 0))
    kept.put(SliceKey("a", 32), FakeSeries("a"), PIXELS)
    assert len(kept) == 32
    assert SliceKey("a", 0) in kept
    assert SliceKey("a", 1) not in kept
    assert kept.get(SliceKey("a", 1)) is None


def test_a_few_slices_are_kept_however_large_they_are() -> None:
    kept = filled(KeptSlices(1), 100, FakeSeries("a"))
    assert len(kept) == KEPT_AT_LEAST
    assert SliceKey("a", 99) in kept


def test_the_same_slice_again_takes_no_more_room() -> None:
    kept = KeptSlices(20 * 1024)
    for _ in range(40):
        kept.put(SliceKey("a", 0), FakeSeries("a"), PIXELS)
    assert len(filled(kept, 20, FakeSeries("a"))) == 20


def test_what_a_replaced_reader_gave_is_forgotten() -> None:
    old, new, other = FakeSeries("a"), FakeSeries("a"), FakeSeries("b")
    kept = filled(KeptSlices(), 3, old)
    kept.put(SliceKey("b", 0), other, PIXELS)
    kept.drop_replaced({"a": new, "b": other}.get)
    assert len(kept) == 1
    assert SliceKey("b", 0) in kept
