"""What each feature map does to the mask: asked for, shown as it comes, kept, called stale."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.fakes import Bench, effects_of, unet

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.errors import ModelError
from unetscope.domain.ports import Notice
from unetscope.state.effect_sweep import EffectSweep


@pytest.fixture
def bench() -> Bench:
    bench = Bench(at_once=False)
    bench.open_model()
    bench.open_study()
    bench.engine.answer()
    return bench


@pytest.fixture
def sweep(bench: Bench) -> EffectSweep:
    return EffectSweep(bench.store, bench.desk, bench.engine, bench.live)


def told(bench: Bench) -> list[str]:
    seen: list[str] = []

    def hear(notice: Notice) -> None:
        seen.append(notice.what)

    bench.desk.notice.connect(hear)
    bench.__dict__["hears"] = hear  # the signal holds it weakly
    return seen


def finish(bench: Bench) -> None:
    asked = bench.engine.sweeps[-1]
    asked.done(effects_of(asked.request))


def test_the_question_is_about_the_layer_slice_and_edits_that_are_shown(
    bench: Bench, sweep: EffectSweep
) -> None:
    bench.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    bench.engine.answer()
    sweep.start()
    asked, look = bench.engine.sweeps[-1].request, bench.engine.looks[-1].request
    assert (asked.model, asked.layer, asked.edits) == (look.model, "enc", look.edits)
    assert asked.image_key == look.image_key
    assert asked.image is look.image
    assert sweep.running


def test_parts_are_shown_as_they_come_and_the_progress_is_told(
    bench: Bench, sweep: EffectSweep
) -> None:
    shares: list[tuple[float, str]] = []

    def hear(share: float, sentence: str) -> None:
        shares.append((share, sentence))

    sweep.progress_changed.connect(hear)
    sweep.start()
    asked = bench.engine.sweeps[-1]
    asked.progress(2, 4, effects_of(asked.request, done=2))
    part = sweep.measured()
    assert part is not None
    assert (part.done, part.total, part.complete) == (2, 4, False)
    assert shares[-1][0] == 0.5
    assert "enc 2 of 4" in shares[-1][1]
    finish(bench)
    whole = sweep.measured()
    assert whole is not None
    assert whole.complete
    assert shares[-1] == (1.0, "")
    assert not sweep.running


def test_what_is_measured_is_kept_and_not_measured_again(bench: Bench, sweep: EffectSweep) -> None:
    sweep.start()
    finish(bench)
    sweep.start()
    assert len(bench.engine.sweeps) == 1


def test_a_stopped_measurement_stays_and_can_be_taken_up(bench: Bench, sweep: EffectSweep) -> None:
    said = told(bench)
    sweep.start()
    asked = bench.engine.sweeps[-1]
    asked.progress(1, 4, effects_of(asked.request, done=1))
    sweep.cancel()
    assert asked.cancelled
    assert said[-1] == "Stopped after 1 of 4 feature maps of enc; those stay."
    asked.done(effects_of(asked.request))  # what comes too late counts for nothing
    part = sweep.measured()
    assert part is not None
    assert part.done == 1
    sweep.start()
    assert len(bench.engine.sweeps) == 2


def test_effects_of_another_slice_or_of_before_an_edit_are_called_stale(
    bench: Bench, sweep: EffectSweep
) -> None:
    sweep.start()
    finish(bench)
    fresh = sweep.measured()
    assert fresh is not None
    assert sweep.stale(fresh) == ""

    bench.update(lambda s: s.edit(ScaleFilter("enc", 1, 0.5)))
    bench.engine.answer()
    assert sweep.measured() is fresh
    assert sweep.stale(fresh) == "measured before the latest edits"
    bench.update(lambda s: s.undo())
    assert sweep.stale(fresh) == ""

    shown = bench.session.slice_index
    bench.update(lambda s: s.select_slice(shown + 1))
    bench.engine.answer()
    assert sweep.measured() is fresh
    assert sweep.stale(fresh) == f"measured on slice {shown + 1}"
    bench.update(lambda s: s.select_slice(shown))
    assert sweep.stale(fresh) == ""


def test_another_layer_has_effects_of_its_own(bench: Bench, sweep: EffectSweep) -> None:
    sweep.start()
    finish(bench)
    bench.update(lambda s: s.select_layer("mid"))
    assert sweep.measured() is None
    bench.update(lambda s: s.select_layer("enc"))
    assert sweep.measured() is not None


def test_another_network_drops_what_was_measured_and_stops(
    bench: Bench, sweep: EffectSweep
) -> None:
    sweep.start()
    asked = bench.engine.sweeps[-1]
    bench.open_model(unet(1, "sha256:1"))
    assert asked.cancelled
    assert not sweep.running
    assert sweep.measured() is None


def test_what_the_engine_confirms_is_the_same_network(bench: Bench, sweep: EffectSweep) -> None:
    sweep.start()
    finish(bench)
    bench.update(lambda s: s.confirm_network(unet()))
    measured = sweep.measured()
    assert measured is not None
    assert np.array_equal(measured.effects.changed_pixels, [0, 10, 20, 30])


def test_a_failure_is_told_in_the_status_line(bench: Bench, sweep: EffectSweep) -> None:
    said = told(bench)
    sweep.start()
    bench.engine.sweeps[-1].failed(ModelError("The output is no segmentation.", "Another model."))
    assert said == ["The output is no segmentation."]
    assert not sweep.running


def test_without_a_slice_there_is_nothing_to_measure() -> None:
    bench = Bench()
    bench.open_model()
    said = told(bench)
    EffectSweep(bench.store, bench.desk, bench.engine, bench.live).start()
    assert said == ["There is nothing to measure."]
    assert not bench.engine.sweeps
