"""Numbers about filters, measured in the background and kept."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import Bench

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.filter_bank import filter_bank
from unetscope.state.filter_statistics import FilterStatistics
from unetscope.state.pace import Pace


@pytest.fixture
def bench() -> Bench:
    return Bench(at_once=True)


def norms(bench: Bench) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    layer = bench.session.selected_layer
    assert layer is not None
    bank = filter_bank(layer, bench.session.weights())
    assert bank is not None
    found: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    found = np.linalg.norm(bank.reshape(len(bank), -1), axis=1)
    return found


def test_the_filters_of_the_layer_shown_are_measured_with_their_edits(bench: Bench) -> None:
    statistics = FilterStatistics(bench.store, bench.jobs, bench.live)
    assert statistics.weights is None
    bench.open_model()
    assert statistics.weights is not None
    trained = statistics.weights
    assert np.allclose(trained.norm, norms(bench))
    bench.update(lambda s: s.edit(ScaleFilter("enc", 1, 3.0)))
    assert statistics.weights.norm[1] == pytest.approx(3 * trained.norm[1])
    bench.update(lambda s: s.undo())
    assert statistics.weights is trained  # kept, not measured again
    bench.update(lambda s: s.select_layer("mid"))
    assert np.allclose(statistics.weights.norm, norms(bench))
    bench.update(lambda s: s.select_layer("pool"))
    assert statistics.weights is None


def test_the_maps_of_the_slice_shown_are_measured(bench: Bench) -> None:
    statistics = FilterStatistics(bench.store, bench.jobs, bench.live)
    bench.open_model()
    bench.open_study()
    look = bench.live.answer.look.maps  # type: ignore[union-attr]
    assert look is not None
    assert statistics.activation is not None
    assert np.allclose(statistics.activation.mean, look.edited.mean(axis=(0, 1)))
    bench.engine.at_once = False
    bench.update(lambda s: s.select_layer("mid"))
    assert statistics.activation is None  # those of another layer are not shown for this one


def test_in_a_drag_the_numbers_stay_until_it_ends(bench: Bench) -> None:
    pace = Pace()
    statistics = FilterStatistics(bench.store, bench.jobs, bench.live, pace)
    bench.open_model()
    before = statistics.weights
    pace.hold()
    for gain in (2.0, 3.0, 4.0):
        edit = ScaleFilter("enc", 1, gain)
        bench.store.commit(bench.session.edit(edit, same_gesture=gain > 2))
        bench.jobs.run()
    assert statistics.weights is before
    pace.release()
    bench.jobs.run()
    assert np.allclose(statistics.weights.norm, norms(bench))  # type: ignore[union-attr]
