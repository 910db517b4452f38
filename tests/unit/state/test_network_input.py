"""What a network is fed: one slice or its neighbours too, turned as the steps say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, unet

from unetscope.domain.card import ModelCard
from unetscope.domain.network import Network
from unetscope.domain.preprocess import Preprocessing
from unetscope.state.network_input import network_input, on_slice, slices_fed

PLAIN = Preprocessing(size=(8, 8), normalise="none")


def of_channels(count: int) -> Network:
    """The small U-Net with an input of several channels."""
    network = unet()
    first = replace(network.graph.layers[0], output_shape=(None, 8, 8, count))
    graph = type(network.graph)((first, *network.graph.layers[1:]), network.graph.outputs)
    return replace(network, graph=graph)


def with_neighbours(**steps: Any) -> ModelCard:
    return replace(CARD, preprocessing=replace(PLAIN, channels="neighbours", **steps))


@pytest.mark.parametrize(
    ("index", "channels", "expected"),
    [
        (2, 3, (1, 2, 3)),
        (0, 3, (0, 0, 1)),
        (4, 3, (3, 4, 4)),
        (2, 5, (0, 1, 2, 3, 4)),
        (2, 2, (1, 2)),
        (0, 7, (0, 0, 0, 0, 1, 2, 3)),
        (2, 1, (2,)),
    ],
)
def test_the_neighbours_lie_around_the_slice_and_the_last_one_repeats(
    index: int, channels: int, expected: tuple[int, ...]
) -> None:
    steps = with_neighbours().preprocessing
    assert slices_fed(index, FakeSeries(), steps, of_channels(channels)) == expected
    assert slices_fed(index, FakeSeries(), PLAIN, of_channels(channels)) == (index,)


def test_a_network_that_wants_neighbours_is_asked_when_they_are_read() -> None:
    bench = Bench()
    bench.open_model(of_channels(7), with_neighbours())  # three on either side, one more than usual
    bench.open_study(FakeSeries(volume=np.arange(9 * 64, dtype=np.float32).reshape(9, 8, 8)))

    (asked,) = bench.engine.looks
    image = asked.request.image
    assert image.shape == (8, 8, 7)
    assert [int(image[0, 0, k]) // 64 for k in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert bench.live.fed is not None
    assert bench.live.fed.image is image


def test_padding_does_not_decide_what_the_network_sees() -> None:
    rng = np.random.default_rng(3)
    picture = rng.uniform(100, 200, (8, 8)).astype(np.float32)
    padded = picture.copy()
    padded[:, :3] = -2000
    source = FakeSeries(volume=padded[None], padding_range=(-2000.0, -2000.0))
    steps = Preprocessing(size=(8, 8), normalise="minmax")

    fed = network_input([padded], source, steps, unet(), "one").image

    low, high = padded[:, 3:].min(), padded[:, 3:].max()
    np.testing.assert_allclose(fed[:, 3:], (padded[:, 3:] - low) / (high - low), atol=1e-6)
    assert (fed[:, :3] == 0).all()
    unpadded = FakeSeries(volume=padded[None])
    assert not np.allclose(network_input([padded], unpadded, steps, unet(), "one").image, fed)


def test_neighbours_that_were_not_read_yet_are_read_when_the_steps_want_them() -> None:
    bench = Bench()
    repeated = replace(CARD, preprocessing=PLAIN)
    bench.open_model(of_channels(9), repeated)
    bench.open_study(FakeSeries(volume=np.arange(9 * 64, dtype=np.float32).reshape(9, 8, 8)))
    assert len(bench.engine.looks) == 1

    bench.update(lambda s: s.use_card(with_neighbours()))

    assert len(bench.engine.looks) == 2
    image = bench.engine.looks[-1].request.image
    assert [int(image[0, 0, k]) // 64 for k in range(9)] == list(range(9))
    bench.update(lambda s: s.select_slice(0))
    image = bench.engine.looks[-1].request.image
    assert [int(image[0, 0, k]) // 64 for k in range(9)] == [0, 0, 0, 0, 0, 1, 2, 3, 4]


def test_a_neighbour_that_cannot_be_read_is_told_and_the_slice_still_shows() -> None:
    bench = Bench()
    bench.open_model(of_channels(3), with_neighbours())
    bench.open_study(FakeSeries(broken=frozenset({3})))
    assert bench.engine.looks == []
    assert bench.live.shown is not None
    assert bench.live.shown.key.index == 2
    assert str(bench.live.problem) == "Slice 3 is damaged. Choose another slice."
    assert not bench.live.busy
    bench.update(lambda s: s.select_slice(1))
    assert len(bench.engine.looks) == 1


def test_the_neighbours_of_the_neighbours_are_looked_at_ahead_when_all_are_there() -> None:
    bench = Bench(at_once=True)
    bench.open_model(of_channels(3), with_neighbours())
    bench.open_study(FakeSeries(volume=np.arange(9 * 64, dtype=np.float32).reshape(9, 8, 8)))
    ahead = bench.engine.asked_ahead[-1]
    found = {tuple(int(r.image[0, 0, k]) // 64 for k in range(3)) for r in ahead}
    assert found == {(4, 5, 6), (2, 3, 4)}


def test_a_whole_series_is_segmented_with_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(at_once=True)
    bench.open_model(of_channels(3), with_neighbours())
    bench.open_study()
    seen: list[list[int]] = []
    segment = bench.engine.segment

    def watched(request: Any, *told: Any) -> Any:
        seen.append([int(request.image[0, 0, k]) // 64 for k in range(3)])
        return segment(request, *told)

    monkeypatch.setattr(bench.engine, "segment", watched)
    bench.segmentation.start()
    bench.jobs.run()
    assert sorted(seen) == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 4]]


def test_slices_are_turned_as_the_steps_say_and_masks_come_back() -> None:
    series = FakeSeries()  # L at the right, P at the bottom
    steps = replace(PLAIN, orient="AR", size=(10, 10))
    fed = network_input([series.volume[0]], series, steps, unet(), "key")
    inside = fed.image[1:9, 1:9]
    assert np.array_equal(inside, series.volume[0].T[::-1, ::-1])
    mask = (fed.image % 7).astype(np.uint8)
    assert np.array_equal(on_slice(mask, fed.placement), (series.volume[0] % 7).astype(np.uint8))
    assert fed.part((0.0, 0.0, 2.0, 3.0)) == (6, 7, 3, 2)  # top left is fed at the bottom right
