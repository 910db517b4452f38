"""Inputs of the network: other series as channels, and slow steps in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import CARD, Bench, FakeSeries, unet
from tests.unit.state.test_network_input import of_channels

from unetscope.domain.card import ModelCard
from unetscope.domain.channels import ChannelSource
from unetscope.domain.intensity import Clahe
from unetscope.domain.preprocess import Preprocessing
from unetscope.state.network_input import network_input

PLAIN = Preprocessing(size=(8, 8), normalise="none")
SLOW = replace(PLAIN, clahe=Clahe())


def card(**steps: Any) -> ModelCard:
    return replace(CARD, preprocessing=replace(PLAIN, **steps))


def two(**other: Any) -> tuple[FakeSeries, FakeSeries]:
    """A T1 that numbers its pixels, and a FLAIR of one value a slice."""
    flair = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((5, 8, 8), np.float32)
    described = {"uid": "2", "description": "FLAIR", "volume": flair} | other
    return FakeSeries(uid="1", description="T1"), FakeSeries(**described)


CHOSEN = card(
    channels="chosen", sources=(ChannelSource(), ChannelSource("FLAIR"), ChannelSource(step=1))
)


def test_each_channel_is_fed_what_was_chosen_for_it() -> None:
    bench = Bench(at_once=True)
    bench.open_model(of_channels(3), CHOSEN)
    t1, _ = two()
    bench.open_study(t1, two()[1])
    image = bench.engine.looks[-1].request.image
    assert np.array_equal(image[..., 0], t1.volume[2])
    assert (image[..., 1] == 2).all()
    assert np.array_equal(image[..., 2], t1.volume[3])
    assert not bench.live.busy

    bench.update(lambda s: s.select_slice(4))
    image = bench.engine.looks[-1].request.image
    assert (image[..., 1] == 4).all()
    assert np.array_equal(image[..., 2], t1.volume[4])


def test_the_series_that_is_shown_may_be_named_itself() -> None:
    bench = Bench(at_once=True)
    named = card(channels="chosen", sources=(ChannelSource("T1"), ChannelSource("FLAIR")))
    bench.open_model(of_channels(2), named)
    t1, flair = two()
    bench.open_study(t1, flair)
    bench.update(lambda s: s)
    bench.desk.show_series("2")
    bench.jobs.run()
    image = bench.engine.looks[-1].request.image
    assert np.array_equal(image[..., 0], t1.volume[2])
    assert (image[..., 1] == 2).all()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"description": "T2"}, "wants the series “FLAIR”, which this study does not hold"),
        ({"frame_of_reference": "7"}, "another frame of reference"),
        ({"geometry_sure": False}, "Nobody knows for sure"),
        ({"broken": frozenset({2})}, "Slice 2 is damaged"),
    ],
)
def test_what_cannot_be_fed_is_refused_in_a_sentence_and_the_slice_still_shows(
    other: dict[str, Any], said: str
) -> None:
    bench = Bench(at_once=True)
    bench.open_model(of_channels(3), CHOSEN)
    bench.open_study(*two(**other))
    assert bench.engine.looks == []
    assert said in str(bench.live.problem)
    assert bench.live.shown is not None
    assert not bench.live.busy


def test_a_whole_series_is_segmented_with_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(at_once=True)
    bench.open_model(of_channels(3), CHOSEN)
    bench.open_study(*two())
    seen: list[int] = []
    segment = bench.engine.segment

    def watched(request: Any, *told: Any) -> Any:
        seen.append(int(request.image[0, 0, 1]))
        return segment(request, *told)

    monkeypatch.setattr(bench.engine, "segment", watched)
    bench.segmentation.start()
    bench.jobs.run()
    assert set(seen) == {0, 1, 2, 3, 4}


# -------------------------------------------------------------- slow and fast steps


def test_slow_steps_are_taken_in_the_background_and_quick_ones_at_once() -> None:
    bench = Bench()
    bench.open_model(card=card())
    bench.open_study()
    asked = len(bench.engine.looks)
    bench.store.update(lambda s: s.use_card(card(normalise="zscore")))
    assert len(bench.engine.looks) == asked + 1  # no job came between

    bench.store.update(lambda s: s.use_card(card(clahe=Clahe())))
    assert len(bench.engine.looks) == asked + 1
    assert bench.live.busy
    assert bench.jobs.waiting == 1
    bench.jobs.run()
    assert len(bench.engine.looks) == asked + 2
    source = bench.desk.shown
    assert source is not None
    made = network_input([source.slice(2)], source, SLOW, unet(), "key")
    assert bench.engine.looks[-1].request.image.tobytes() == made.image.tobytes()


def slow_bench(seen: list[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with a slow step, that notes for which input a job does the work."""
    bench = Bench()
    bench.open_model(card=card(clahe=Clahe()))
    bench.open_study(FakeSeries(volume=np.random.default_rng(0).random((20, 8, 8), np.float32)))
    make = network_input

    def watched(slices: Any, source: Any, steps: Any, network: Any, key: str) -> Any:
        seen.append(key)
        return make(slices, source, steps, network, key)

    monkeypatch.setattr("unetscope.state.feeding.network_input", watched)
    return bench


def test_the_latest_slice_wins_and_what_was_overtaken_is_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    bench = slow_bench(seen, monkeypatch)
    for index in (11, 12, 13):
        bench.store.update(lambda s, index=index: s.select_slice(index))  # type: ignore[misc]
    bench.jobs.run()
    assert [key.split("/")[2] for key in seen] == ["13"]
    assert "/13/" in bench.engine.looks[-1].request.image_key
    looks = len(bench.engine.looks)
    bench.store.update(lambda s: s.set_opacity(0.3))
    assert len(bench.engine.looks) == looks


def test_an_edit_while_a_slow_input_is_made_waits_for_it_and_starts_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    bench = slow_bench(seen, monkeypatch)
    bench.store.update(lambda s: s.select_slice(4))
    bench.jobs.work()
    bench.jobs.post()
    before = len(bench.engine.looks)
    bench.store.update(lambda s: s.select_layer("mid"))
    assert len(bench.engine.looks) == before
    bench.jobs.run()
    assert len(bench.engine.looks) == before + 1
    assert bench.engine.looks[-1].request.layer == "mid"
    assert len(seen) == 1


@pytest.mark.parametrize("back", [lambda s: s.undo(), lambda s: s.use_card(card())])
def test_going_back_to_what_was_fed_needs_no_job(back: Callable[[Any], Any]) -> None:
    bench = Bench()
    bench.open_model(card=card())
    bench.open_study()
    first = bench.engine.looks[-1].request.image
    bench.store.update(lambda s: s.use_card(card(clahe=Clahe())))
    bench.store.update(back)
    assert bench.engine.looks[-1].request.image is first
    looks = len(bench.engine.looks)
    bench.jobs.run()
    assert len(bench.engine.looks) == looks  # what was overtaken asks nothing


# ------------------------------------------------------------------ scripts


def test_a_script_feeds_a_ct_with_padding_as_the_window_does() -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(-900, 800, (12, 10)).astype(np.float32)
    values[:, :3] = -3024
    series = FakeSeries(
        volume=values[None], modality="CT", padding_range=(-3024.0, -3024.0), spacing=(1, 0.7, 0.7)
    )
    steps = Preprocessing(size=(16, 16), spacing=(1.0, 1.0), normalise="zscore", orient="LP")
    window = network_input([values], series, steps, unet(), "key").image
    script = steps.apply(series.slice(0), series.spacing[1:], "LP", series.padding_range)
    assert script.tobytes() == window.tobytes()
    without = steps.apply(series.slice(0), series.spacing[1:], "LP")
    assert not np.allclose(without, window, atol=0.1)
