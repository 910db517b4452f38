"""Looks while something is dragged, and after it; images that come back; sweeps on the side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.edits import SetKernel
from unetscope.domain.effects import SweepRequest
from unetscope.domain.ports import LookRequest
from unetscope.engine.forward import Forward
from unetscope.engine.workbench import Workbench

pytestmark = pytest.mark.engine


@pytest.fixture
def bench() -> Workbench:
    return Workbench()


@pytest.fixture
def request_(
    bench: Workbench, saved: Callable[..., Path], image: NDArray[np.float32]
) -> LookRequest:
    network = bench.describe(saved("small_unet"))
    return LookRequest(model=network.ref, image=image, image_key="a", layer="mid_conv")


def dragged(request: LookRequest, value: float, **more: Any) -> LookRequest:
    edit = SetKernel("mid_conv", 0, 0, np.full((3, 3), value))
    return replace(request, edits=(edit,), dragging=True, **more)


def test_while_dragging_the_mask_is_exact_and_probabilities_are_left_out(
    bench: Workbench, request_: LookRequest
) -> None:
    bench.look(request_)

    during = bench.look(dragged(request_, 4.0))
    after = bench.look(replace(during.request, dragging=False))

    assert during.probabilities is None
    assert during.exact_in is None
    assert after.probabilities is not None
    assert during.mask is not None
    np.testing.assert_array_equal(during.mask, after.mask)
    assert during.maps is not None
    assert after.maps is not None
    np.testing.assert_array_equal(during.maps.edited, after.maps.edited)
    assert during.maps.next_change == pytest.approx(after.maps.next_change, rel=0.7)


def test_what_is_in_view_is_exact_and_said_so(bench: Workbench, request_: LookRequest) -> None:
    trained = bench.look(request_).mask
    view = (4, 8, 10, 12)

    during = bench.look(dragged(request_, 4.0, visible=view))
    after = bench.look(replace(during.request, dragging=False, visible=None))

    assert trained is not None
    assert during.mask is not None
    assert after.mask is not None
    assert during.exact_in in (view, None)
    if during.exact_in is not None:
        inside = (slice(4, 14), slice(8, 20))
        np.testing.assert_array_equal(during.mask[inside], after.mask[inside])
        np.testing.assert_array_equal(during.mask[:4], trained[:4])
    assert after.exact_in is None


def test_an_image_that_comes_back_is_not_run_again(
    bench: Workbench, request_: LookRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(request_, image=request_.image[::-1].copy(), image_key="b")
    first = bench.look(request_)
    bench.look(other)
    ran: list[int] = []
    run = Forward._run

    def watched(self: Forward, i: int, apart: Any) -> Any:
        ran.append(i)
        return run(self, i, apart)

    monkeypatch.setattr(Forward, "_run", watched)
    again = bench.look(request_)

    assert not ran
    assert first.mask is not None
    assert again.mask is not None
    np.testing.assert_array_equal(again.mask, first.mask)


def test_a_sweep_leaves_the_look_as_it_was(bench: Workbench, request_: LookRequest) -> None:
    edited = replace(dragged(request_, 2.0), dragging=False)
    before = bench.look(edited)
    sweep = SweepRequest(
        model=edited.model,
        image=edited.image,
        image_key=edited.image_key,
        edits=edited.edits,
        layer="enc1_relu",
    )

    *_, (done, total, effects) = bench.sweep(sweep)
    after = bench.look(edited)

    assert done == total == len(effects.changed_pixels) == 4
    assert (effects.changed_pixels >= 0).all()
    assert before.probabilities is not None
    assert after.probabilities is not None
    np.testing.assert_array_equal(before.probabilities, after.probabilities)
    assert after.update.layers_recomputed == 0
