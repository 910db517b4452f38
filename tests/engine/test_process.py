"""The engine in its own process: answers, latest wins, and it survives its own death."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import EditError, EngineError, ModelError, UnetscopeError
from unetscope.domain.explaining.attribution import Attribution, AttributionQuestion
from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.target import Target
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    Engine,
    EngineState,
    EngineStatus,
    Look,
    LookRequest,
    Saved,
    SweepRequest,
)
from unetscope.engine.live_model import open_model
from unetscope.engine.local import LocalEngine
from unetscope.engine.process import EngineProcess
from unetscope.io.network_file import read_network
from unetscope.processes.room import Room

pytestmark = pytest.mark.engine

PATIENCE = 120.0


class Caller:
    """The thread that asks: callbacks wait in a queue until it runs them."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Callable[[], None]] = queue.Queue()
        self.statuses: list[EngineStatus] = []
        self.answers: list[Any] = []
        self.errors: list[UnetscopeError] = []
        self.engine = EngineProcess(self.queue.put)
        self.port: Engine = self.engine  # mypy checks the protocol here

    def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self.queue.get(timeout=PATIENCE)()

    def wait_for(self, count: int) -> Any:
        """Run callbacks until there are so many answers and errors; gives the last answer."""
        self.until(lambda: len(self.answers) + len(self.errors) >= count)
        return self.answers[-1] if self.answers else None

    def ask(self, request: LookRequest) -> Look:
        count = len(self.answers) + len(self.errors)
        self.engine.look(request, self.answers.append, self.errors.append)
        look = self.wait_for(count + 1)
        assert isinstance(look, Look)
        return look

    @property
    def states(self) -> list[EngineState]:
        return [status.state for status in self.statuses]


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """One engine for the tests that leave it alive: it takes seconds to load."""
    caller = Caller()
    caller.engine.start(caller.statuses.append)
    caller.until(lambda: EngineState.READY in caller.states)
    yield caller
    caller.engine.stop()
    assert shared_blocks() == []


@pytest.fixture
def fresh(caller: Caller) -> Caller:
    caller.answers.clear()
    caller.errors.clear()
    return caller


@pytest.fixture(scope="module")
def network(saved: Callable[..., Path]) -> Network:
    return read_network(saved("small_unet"))


def request(network: Network, image: NDArray[np.float32], **more: Any) -> LookRequest:
    ref = ModelRef(network.path, network.fingerprint)
    return LookRequest(**{"model": ref, "image": image, "image_key": "first", **more})


def kernel(scale: float) -> SetKernel:
    return SetKernel("mid_conv", 0, 0, np.full((3, 3), scale))


def test_it_says_when_it_is_ready_and_how_much_memory_it_takes(caller: Caller) -> None:
    assert caller.states[:2] == [EngineState.STARTING, EngineState.READY]
    assert caller.statuses[1].memory > 50 << 20


def test_a_look_is_what_the_live_model_gives(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    edits = (kernel(3), kernel(-4))
    live = open_model(network.path).run(image)
    live.follow(edits)
    asked = request(network, image, edits=edits, layer="enc1_conv")

    look = fresh.ask(asked)

    assert look.request is asked
    assert look.mask is not None
    assert look.trained_mask is not None
    assert look.probabilities is not None
    assert look.maps is not None
    np.testing.assert_array_equal(look.mask, live.mask())
    np.testing.assert_array_equal(look.trained_mask, live.trained_mask())
    np.testing.assert_allclose(look.probabilities, live.probabilities(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(look.maps.edited, live.activation("enc1_conv"), rtol=1e-4, atol=1e-5)
    assert look.maps.edited is look.maps.trained  # no edit reaches it
    assert look.maps.next_layer == "mid_conv"
    assert look.maps.next_change > 0
    assert look.layers_total == 10

    again = fresh.ask(request(network, image, edits=edits, layer="up"))
    assert again.update.layers_recomputed == 0
    assert again.maps is not None
    np.testing.assert_allclose(again.maps.edited, live.activation("up"), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        again.maps.trained, live.trained_activation("up"), rtol=1e-4, atol=1e-5
    )
    assert again.maps.next_layer == "dec1_conv"

    back = fresh.ask(request(network, image, layer="up"))
    assert back.mask is not None
    np.testing.assert_array_equal(back.mask, back.trained_mask)
    assert back.maps is not None
    np.testing.assert_array_equal(back.maps.edited, again.maps.trained)


def test_another_image_is_noticed_by_its_key(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    other = image[::-1].copy()
    first = fresh.ask(request(network, image, layer="enc1_conv"))
    second = fresh.ask(request(network, other, image_key="second", layer="enc1_conv"))

    expected = open_model(network.path).run(other).activation("enc1_conv")
    assert second.maps is not None
    assert first.maps is not None
    np.testing.assert_allclose(second.maps.trained, expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(first.maps.trained, second.maps.trained)


def test_the_latest_look_wins(fresh: Caller, network: Network, image: NDArray[np.float32]) -> None:
    answered: list[float] = []
    scales = [float(n) for n in range(30)]
    for scale in scales:
        fresh.engine.look(
            request(network, image, edits=(kernel(scale),)),
            lambda look: answered.append(scale_of(look)),
            fresh.errors.append,
        )
    fresh.until(lambda: scales[-1] in answered)

    assert not fresh.errors
    assert answered == sorted(answered)
    assert len(answered) < len(scales)
    last = fresh.ask(request(network, image, edits=(kernel(29),)))
    assert last.update.layers_recomputed == 0


def test_trouble_travels_as_itself(
    fresh: Caller, network: Network, image: NDArray[np.float32], tmp_path: Path
) -> None:
    engine, ref = fresh.engine, ModelRef(network.path, network.fingerprint)
    bad_edit = SetKernel("mid_conv", 0, 99, np.zeros((3, 3)))
    engine.look(
        request(network, image, edits=(bad_edit,)), fresh.answers.append, fresh.errors.append
    )
    fresh.wait_for(1)
    engine.look(
        request(network, image[:9], image_key="cut"), fresh.answers.append, fresh.errors.append
    )
    fresh.wait_for(2)
    engine.describe(tmp_path / "gone.keras", fresh.answers.append, fresh.errors.append)
    engine.save(ref, (), network.path, fresh.answers.append, fresh.errors.append)
    engine.look(
        request(network, image, model=ModelRef(network.path, "sha256:other")),
        fresh.answers.append,
        fresh.errors.append,
    )
    fresh.wait_for(5)

    assert [type(error) for error in fresh.errors] == [EditError, *[ModelError] * 4]
    assert "99" in fresh.errors[0].what
    assert "(32, 32, 1)" in fresh.errors[1].what
    assert "gone.keras" in fresh.errors[2].what
    assert fresh.errors[2].hint
    assert "has changed" in fresh.errors[4].what
    assert fresh.ask(request(network, image)).mask is not None


def test_describe_and_save(fresh: Caller, network: Network, tmp_path: Path) -> None:
    ref = ModelRef(network.path, network.fingerprint)
    edits = (kernel(2),)
    fresh.engine.describe(network.path, fresh.answers.append, fresh.errors.append)
    fresh.engine.save(ref, edits, tmp_path / "e.keras", fresh.answers.append, fresh.errors.append)
    fresh.wait_for(2)

    described, written = fresh.answers
    assert isinstance(described, Network)
    assert described.graph.layers == network.graph.layers
    assert not described.trained["up"][0].flags.writeable
    assert isinstance(written, Saved)
    saved_weights = read_network(tmp_path / "e.keras").trained["mid_conv"]
    for ours, theirs in zip(network.weights("mid_conv", edits), saved_weights, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_a_big_activation_comes_by_shared_memory_and_leaves_none(
    fresh: Caller, saved: Callable[..., Path]
) -> None:
    network = read_network(saved("any_size"))
    big = np.random.default_rng(0).random((300, 400), dtype=np.float32)
    edit = SetKernel("conv", 0, 0, np.ones((3, 3)))

    look = fresh.ask(request(network, big, image_key="big", edits=(edit,), layer="conv"))

    live = open_model(network.path).run(big).apply(edit)
    assert look.maps is not None
    assert look.maps.edited.nbytes > 1 << 20
    np.testing.assert_allclose(look.maps.edited, live.activation("conv"), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        look.maps.trained, live.trained_activation("conv"), rtol=1e-4, atol=1e-5
    )
    fresh.ask(request(network, big, image_key="big", edits=(edit,), layer="pool"))
    assert len(shared_blocks()) <= 1  # one block serves all answers
    np.testing.assert_allclose(look.maps.edited, live.activation("conv"), rtol=1e-4, atol=1e-5)


def shared_blocks() -> list[str]:
    folder = Path("/dev/shm")
    found = folder.glob(f"unetscope-{os.getpid()}-*/*") if folder.is_dir() else []
    return [path.name for path in found]


@pytest.mark.allow_leaks  # the engine of the module is another process afterwards
def test_killed_while_it_works_it_starts_again_and_answers(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    before = fresh.ask(request(network, image, edits=(kernel(3),), layer="up"))
    fresh.statuses.clear()
    pid = fresh.engine.pid
    assert pid is not None

    os.kill(pid, signal.SIGSTOP)  # so that the request is surely under way
    fresh.engine.look(
        request(network, image, edits=(kernel(3),), layer="up"),
        fresh.answers.append,
        fresh.errors.append,
    )
    fresh.until(lambda: EngineState.BUSY in fresh.states)
    os.kill(pid, signal.SIGKILL)
    after = fresh.wait_for(2)

    assert not fresh.errors
    assert fresh.engine.pid != pid
    assert EngineState.READY in fresh.states[fresh.states.index(EngineState.RESTARTING) :]
    assert isinstance(after, Look)
    assert after.mask is not None
    np.testing.assert_array_equal(after.mask, before.mask)
    assert after.maps is not None
    assert before.maps is not None
    np.testing.assert_allclose(after.maps.trained, before.maps.trained, rtol=1e-4, atol=1e-5)
    assert len(shared_blocks()) <= 1


def test_a_look_computed_ahead_is_the_same_and_comes_at_once(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    edits = (kernel(5),)
    other = request(network, image[::-1].copy(), image_key="ahead", edits=edits, layer="dec1_conv")
    expected = fresh.ask(other)
    fresh.ask(request(network, image, edits=(), layer="dec1_conv"))  # forgets it
    fresh.ask(request(network, image, edits=edits, layer="dec1_conv"))
    fresh.engine.ahead([other])
    fresh.engine.segment(
        request(network, image, edits=edits), fresh.answers.append, fresh.errors.append
    )
    fresh.wait_for(4)  # what is less urgent is done, so the look ahead is too

    look = fresh.ask(other)

    assert look.update.layers_recomputed == 0
    assert look.mask is not None
    assert expected.mask is not None
    np.testing.assert_array_equal(look.mask, expected.mask)
    assert look.maps is not None
    assert expected.maps is not None
    np.testing.assert_allclose(look.maps.edited, expected.maps.edited, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(look.maps.trained, expected.maps.trained, rtol=1e-4, atol=1e-5)


def sweep_of(network: Network, image: NDArray[np.float32]) -> SweepRequest:
    return SweepRequest(
        model=ModelRef(network.path, network.fingerprint),
        image=image,
        image_key="first",
        edits=(kernel(3),),
        layer="enc1_conv",
    )


@pytest.mark.allow_leaks  # the engine of the module is another process afterwards
def test_killed_in_the_midst_of_background_work_it_does_it_again(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    engine, asked = fresh.engine, sweep_of(network, image)
    local: list[Any] = []
    LocalEngine().sweep(asked, lambda *_: None, local.append, local.append)
    LocalEngine().segment(request(network, image), local.append, local.append)
    pid = engine.pid
    assert pid is not None
    fresh.statuses.clear()

    os.kill(pid, signal.SIGSTOP)  # so that all of it is surely under way
    engine.sweep(asked, lambda *_: None, fresh.answers.append, fresh.errors.append)
    engine.segment(request(network, image), fresh.answers.append, fresh.errors.append)
    engine.ahead([request(network, image, image_key="ahead", layer="up")])
    os.kill(pid, signal.SIGKILL)
    fresh.wait_for(2)

    assert fresh.errors == []
    assert engine.pid != pid
    assert EngineState.READY in fresh.states[fresh.states.index(EngineState.RESTARTING) :]
    effects, mask = fresh.answers
    assert effects.layer == "enc1_conv"
    np.testing.assert_array_equal(effects.changed_pixels, local[0].changed_pixels)
    np.testing.assert_allclose(
        effects.mean_probability_change, local[0].mean_probability_change, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(mask, local[1])


def test_an_explanation_is_what_the_live_model_gives(
    fresh: Caller, network: Network, image: NDArray[np.float32]
) -> None:
    live = open_model(network.path).run(image)
    live.follow((kernel(3),))
    target = live.target(int(live.mask()[8, 8]))
    expected = live.saliency(target, randomised=True)
    asked = AttributionQuestion(
        model=ModelRef(network.path, network.fingerprint),
        image=image,
        image_key="first",
        edits=(kernel(3),),
        target=target,
        method=Method.SALIENCY,
        randomised=True,
    )
    progress: list[tuple[int, int, Any]] = []

    engine = fresh.engine
    engine.explain(
        asked, lambda *told: progress.append(told), fresh.answers.append, fresh.errors.append
    )
    found = fresh.wait_for(1)

    assert fresh.errors == []
    assert isinstance(found, Attribution)
    assert found.twin is not None
    assert found.honesty is not None
    assert expected.honesty is not None
    for mine, theirs in zip(found.honesty.cascade, expected.honesty.cascade, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3, nan_ok=True)
    np.testing.assert_allclose(found.heat.values, expected.heat.values, rtol=1e-3, atol=1e-5)
    assert all(done <= total for done, total, _ in progress)  # none where it takes no time

    wrong = replace(asked, target=Target(7, target.region))
    engine.explain(wrong, lambda *_: None, fresh.answers.append, fresh.errors.append)
    fresh.wait_for(2)
    assert isinstance(fresh.errors[0], ModelError)
    assert "classes 0 to 2" in str(fresh.errors[0])


def scale_of(look: Look) -> float:
    edit = look.request.edits[-1]
    assert isinstance(edit, SetKernel)
    return float(np.asarray(edit.values)[0, 0])


class FakeChild:
    """A worker that is ready at once and dies of whatever it is sent."""

    started = 0

    def __init__(self, log: Path | None, speeds: tuple[float, ...]) -> None:
        from unetscope.engine.messages import Ready

        type(self).started += 1
        self.connection, self._other = multiprocessing.Pipe()
        self._other.send(Ready(1))
        self._death, self._alive = multiprocessing.Pipe()
        self.sentinel = self._death.fileno()
        self.pid, self.is_ready, self.exit_code = 1, False, None
        self.room = Room("test")
        self._thread = threading.Thread(target=self._die, daemon=True)
        self._thread.start()

    def _die(self) -> None:
        try:
            self._other.recv()
        except (EOFError, OSError):
            return
        self._other.close()

    def end(self) -> None:
        self.connection.close()
        self._thread.join()
        for end in (self._other, self._death, self._alive):
            end.close()
        self.room.remove()


def test_a_request_that_kills_it_every_time_fails_after_three(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from unetscope.engine import supervisor

    FakeChild.started = 0
    monkeypatch.setattr(supervisor, "Child", FakeChild)
    caller = Caller()
    caller.engine.start(caller.statuses.append)

    caller.engine.describe(tmp_path, caller.answers.append, caller.errors.append)
    caller.wait_for(1)
    caller.until(lambda: caller.states.count(EngineState.READY) == 4)

    assert isinstance(caller.errors[0], EngineError)
    assert "3 times" in caller.errors[0].what
    assert FakeChild.started == 4
    caller.engine.stop()


def test_an_engine_that_cannot_start_says_so_and_tries_again_when_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from unetscope.engine import supervisor

    def never(*_: object) -> Any:
        raise OSError("no processes left")

    monkeypatch.setattr(supervisor, "Child", never)
    caller = Caller()
    caller.engine.describe(tmp_path, caller.answers.append, caller.errors.append)
    caller.engine.start(caller.statuses.append)
    caller.wait_for(1)
    caller.until(lambda: EngineState.FAILED in caller.states)
    caller.engine.describe(tmp_path, caller.answers.append, caller.errors.append)
    caller.wait_for(2)

    assert all(isinstance(error, EngineError) for error in caller.errors)
    assert EngineState.RESTARTING in caller.states
    caller.engine.stop()


def test_stopping_leaves_nothing_and_answers_nothing(
    network: Network, image: NDArray[np.float32]
) -> None:
    threads = threading.active_count()
    children = set(multiprocessing.active_children())
    caller = Caller()
    caller.engine.start(caller.statuses.append)
    caller.engine.look(request(network, image), caller.answers.append, caller.errors.append)
    caller.queue.get(timeout=PATIENCE)  # it has begun

    caller.engine.stop()

    while not caller.queue.empty():
        caller.queue.get()()
    assert caller.engine.pid is None
    assert threading.active_count() == threads
    assert set(multiprocessing.active_children()) == children
    assert (caller.statuses, caller.answers, caller.errors) == ([], [], [])
    caller.engine.stop()  # a second time is nothing


SCRIPT = """
import queue, sys
from pathlib import Path
print("main runs")
from unetscope.engine.process import EngineProcess
assert not any(name in sys.modules for name in ("tensorflow", "keras"))
calls = queue.Queue()
engine = EngineProcess(calls.put)
answers = []
engine.start(lambda status: None)
engine.describe(Path(sys.argv[1]), answers.append, answers.append)
while not answers:
    calls.get(timeout=120)()
print(answers[0].name)
engine.stop()
"""


def test_a_script_without_a_main_guard_works_and_the_console_stays_clean(
    network: Network, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    result = subprocess.run(
        [sys.executable, script, network.path], capture_output=True, text=True, check=False
    )

    assert result.stderr == ""
    assert result.stdout.split("\n") == ["main runs", "small_unet", ""]


def test_the_engine_in_this_process_keeps_the_same_promises(
    network: Network, image: NDArray[np.float32], tmp_path: Path
) -> None:
    engine: Engine = LocalEngine()
    answers: list[Any] = []
    errors: list[UnetscopeError] = []
    engine.start(answers.append)
    engine.describe(network.path, answers.append, errors.append)
    engine.look(request(network, image, edits=(kernel(3),)), answers.append, errors.append)
    ref = ModelRef(network.path, network.fingerprint)
    engine.save(ref, (kernel(3),), tmp_path / "s.keras", answers.append, errors.append)
    engine.describe(tmp_path, answers.append, errors.append)
    engine.stop()

    assert [type(answer).__name__ for answer in answers] == [
        *("EngineStatus", "Network", "Look", "Saved")
    ]
    assert [type(error) for error in errors] == [ModelError]
