"""The engine is killed, hangs, takes too much memory or is stopped; the session lives on."""

from __future__ import annotations

import hashlib
import os
import queue
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import EngineError, UnetscopeError
from unetscope.domain.network import ModelRef
from unetscope.domain.ports import EngineState, EngineStatus, Look, LookRequest
from unetscope.engine import jobs, machine, supervisor, watch
from unetscope.engine.process import EngineProcess
from unetscope.io.network_file import read_network

pytestmark = [
    pytest.mark.engine,
    pytest.mark.allow_leaks,  # the engine of the module is another process afterwards
    pytest.mark.skipif(sys.platform == "win32", reason="needs signals"),
]

PATIENCE = 120.0
AGAIN = 60.0  # seconds within which it answers again; on a calm machine it takes a few


class Caller:
    """The thread that asks: callbacks wait in a queue until it runs them."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Callable[[], None]] = queue.Queue()
        self.statuses: list[EngineStatus] = []
        self.answers: list[Any] = []
        self.errors: list[UnetscopeError] = []
        self.engine = EngineProcess(self.queue.put)
        self.engine.start(self.statuses.append)
        self.until(lambda: self.states[-1:] == [EngineState.READY])

    @property
    def states(self) -> list[EngineState]:
        return [status.state for status in self.statuses]

    @property
    def pid(self) -> int:
        assert self.engine.pid is not None
        return self.engine.pid

    @property
    def doing(self) -> str:
        return self.statuses[-1].doing if self.statuses else ""

    def until(self, is_so: Callable[[], bool], patience: float = PATIENCE) -> float:
        """Run callbacks until something is so; gives how many seconds that took."""
        began = time.monotonic()
        while not is_so():
            self.queue.get(timeout=max(0.0, began + patience - time.monotonic()))()
        return time.monotonic() - began

    def look(self, request: LookRequest) -> None:
        self.engine.look(request, self.answers.append, self.errors.append)

    def ask(self, request: LookRequest, patience: float = PATIENCE) -> Look:
        count = len(self.answers)
        self.look(request)
        self.until(lambda: len(self.answers) > count, patience)
        look = self.answers[-1]
        assert isinstance(look, Look)
        return look


@pytest.fixture(scope="module")
def all_callers() -> Iterator[Caller]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "MANY", 100)  # of the deaths that follow here
        caller = Caller()
        yield caller
        caller.engine.stop()


@pytest.fixture
def caller(all_callers: Caller) -> Caller:
    for held in (all_callers.statuses, all_callers.answers, all_callers.errors):
        held.clear()
    return all_callers


def unet() -> Any:
    image = keras.Input((48, 48, 1), name="image")
    skip = layers.Conv2D(8, 3, padding="same", activation="relu", name="enc")(image)
    x = layers.BatchNormalization(name="norm")(layers.MaxPooling2D(name="pool")(skip))
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="mid")(x)
    x = layers.Concatenate(name="join")([layers.UpSampling2D(name="up")(x), skip])
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="dec")(x)
    return keras.Model(image, layers.Conv2D(3, 1, activation="softmax", name="head")(x))


def slow() -> Any:
    """One convolution that takes many seconds for a large image."""
    image = keras.Input((None, None, 1), name="image")
    wide = layers.Conv2D(8, 1, name="wide")(image)
    x = layers.Conv2D(16, 41, padding="same", name="slow")(wide)
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax", name="head")(x))


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {"unet": unet(), "slow": slow()}
    for name, model in made.items():
        model.save(folder / f"{name}.keras")
    return {name: folder / f"{name}.keras" for name in made}


@pytest.fixture(scope="module")
def image() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((48, 48), dtype=np.float32)


def request(path: Path, image: NDArray[np.float32], **more: Any) -> LookRequest:
    network = read_network(path)
    ref = ModelRef(network.path, network.fingerprint)
    return LookRequest(**{"model": ref, "image": image, "image_key": "one", **more})


def digest(look: Look) -> str:
    """A hash of everything that the window would draw."""
    total = hashlib.sha256()
    assert look.maps is not None
    for array in (look.mask, look.trained_mask, look.probabilities, look.maps.edited):
        assert array is not None
        total.update(array.tobytes())
    total.update(look.maps.trained.tobytes())
    return total.hexdigest()


EDIT = SetKernel("mid", 1, 2, np.full((3, 3), 0.7))


def said(caller: Caller) -> str:
    """What the window is told when the engine is started again."""
    (sentence,) = (s.sentence for s in caller.statuses if s.state is EngineState.RESTARTING)
    assert len(sentence) < 150
    return sentence


@pytest.mark.parametrize(
    ("how", "sentence"),
    [(signal.SIGKILL, "ended from outside"), (signal.SIGSEGV, "crashed")],
    ids=["killed", "crash"],
)
def test_after_a_death_the_output_is_the_same_to_the_bit(
    caller: Caller,
    paths: dict[str, Path],
    image: NDArray[np.float32],
    how: signal.Signals,
    sentence: str,
) -> None:
    asked = request(paths["unet"], image, edits=(EDIT,), layer="dec", image_key=how.name)
    before, pid = caller.ask(asked), caller.pid

    os.kill(pid, how)
    caller.until(lambda: EngineState.RESTARTING in caller.states)
    began = time.monotonic()
    after = caller.ask(asked, AGAIN)

    assert time.monotonic() - began < AGAIN
    assert digest(after) == digest(before)
    assert caller.pid != pid
    assert sentence in said(caller)
    assert not caller.errors


def test_a_model_file_that_is_gone_by_then_does_not_matter_while_the_engine_lives(
    caller: Caller, paths: dict[str, Path], image: NDArray[np.float32], tmp_path: Path
) -> None:
    path = tmp_path / "moved.keras"
    path.write_bytes(paths["unet"].read_bytes())
    asked = request(path, image, layer="dec", image_key="gone")
    first = caller.ask(asked)
    path.unlink()
    for name in ("unet", "slow"):  # the engine holds two networks open
        caller.ask(request(paths[name], image, layer=None, image_key=f"other {name}"))
    assert digest(caller.ask(asked)) == digest(first)


def test_an_engine_that_hangs_is_ended_and_the_request_is_given_back(
    caller: Caller,
    paths: dict[str, Path],
    image: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = request(paths["unet"], image, layer="dec", image_key="hang")
    before, pid = caller.ask(asked), caller.pid
    monkeypatch.setattr(jobs.LookJob, "patience", 1.0)

    os.kill(pid, signal.SIGSTOP)  # no sign of life from here on
    caller.look(request(paths["unet"], image, edits=(EDIT,), layer="dec", image_key="hang"))
    caller.until(lambda: bool(caller.errors), 10.0)

    assert "no sign of life" in said(caller)
    (error,) = caller.errors
    assert isinstance(error, EngineError)
    assert "no sign of life" in error.what
    assert error.hint
    monkeypatch.undo()
    assert digest(caller.ask(asked, AGAIN)) == digest(before)
    assert caller.pid != pid


def test_an_engine_that_leaves_no_memory_to_others_is_ended(
    caller: Caller,
    paths: dict[str, Path],
    image: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = request(paths["unet"], image, layer="dec", image_key="memory")
    caller.ask(asked)
    pid = caller.pid
    os.kill(pid, signal.SIGSTOP)  # so that the request is under way
    with monkeypatch.context() as patch:
        patch.setattr(machine, "free", lambda: 123_000_000)
        patch.setattr(caller_watch(caller), "_large", 1)
        caller.look(asked)
        caller.until(lambda: bool(caller.errors), 10.0)

    (error,) = caller.errors
    assert "left 0.1 GB to all other programs" in error.what
    assert "input size" in error.hint
    assert "GB" in said(caller)
    assert caller.ask(asked, AGAIN).mask is not None
    assert caller.pid != pid


def caller_watch(caller: Caller) -> watch.Watch:
    assert caller.engine._supervisor is not None
    return caller.engine._supervisor._watch


def test_a_small_engine_is_not_blamed_for_a_machine_without_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "free", lambda: 0)
    monkeypatch.setattr(machine, "used_by", lambda _: 100 << 20)
    assert watch.Watch(1).trouble(30.0) is None


def test_one_long_operation_is_stopped_within_two_seconds(
    caller: Caller, paths: dict[str, Path], image: NDArray[np.float32]
) -> None:
    big = np.random.default_rng(1).random((1600, 1600), dtype=np.float32)
    pid = caller.pid
    caller.ask(request(paths["slow"], image, image_key="small"))
    caller.look(request(paths["slow"], big, image_key="big"))
    caller.until(lambda: caller.doing == "Running the network", 20.0)

    caller.engine.interrupt()
    waited = caller.until(lambda: bool(caller.errors), 10.0)
    freed = caller.until(lambda: EngineState.RESTARTING in caller.states, 10.0)

    assert waited < 2.0
    assert waited + freed < 2.0
    assert caller.errors[0].what == "Running the network was stopped."
    assert said(caller).startswith("The engine was stopped")
    look = caller.ask(request(paths["unet"], image, image_key="after"), AGAIN)
    assert look.mask is not None
    assert caller.pid != pid
    assert len(caller.errors) == 1  # what was stopped is not tried again


def test_what_can_be_stopped_is_stopped_without_a_restart(
    caller: Caller, paths: dict[str, Path], image: NDArray[np.float32]
) -> None:
    asked = request(paths["unet"], image, image_key="free")
    caller.ask(asked)
    pid = caller.pid
    caller.engine.interrupt()
    time.sleep(1.5 * watch.FREE_WITHIN)
    assert caller.ask(asked).mask is not None
    assert caller.pid == pid
    assert EngineState.RESTARTING not in caller.states


def test_background_work_that_hangs_is_stopped_too(
    caller: Caller, paths: dict[str, Path], image: NDArray[np.float32]
) -> None:
    asked = request(paths["unet"], image, image_key="background")
    caller.ask(asked)
    pid = caller.pid
    os.kill(pid, signal.SIGSTOP)
    cancel = caller.engine.segment(asked, caller.answers.append, caller.errors.append)
    cancel()
    caller.engine.interrupt(foreground=False)
    took = caller.until(lambda: EngineState.RESTARTING in caller.states, 10.0)
    assert took < 2.0
    assert caller.ask(asked, AGAIN).mask is not None
    assert caller.errors == []


def test_a_save_that_is_stopped_leaves_what_stood_there(
    caller: Caller, paths: dict[str, Path], image: NDArray[np.float32], tmp_path: Path
) -> None:
    asked = request(paths["unet"], image, image_key="save")
    caller.ask(asked)
    path = tmp_path / "edited.keras"
    path.write_bytes(b"what stood here before")
    os.kill(caller.pid, signal.SIGSTOP)
    caller.engine.save(asked.model, (EDIT,), path, caller.answers.append, caller.errors.append)
    caller.until(lambda: caller.doing == "Saving edited.keras", 10.0)
    caller.engine.interrupt()
    caller.until(lambda: EngineState.RESTARTING in caller.states, 10.0)

    assert [error.what for error in caller.errors] == ["Saving edited.keras was stopped."]
    assert path.read_bytes() == b"what stood here before"
    assert [each.name for each in tmp_path.iterdir()] == ["edited.keras"]
    caller.until(lambda: caller.states[-1] is EngineState.READY, AGAIN)


class Stillborn:
    """A worker that is ready and dies at once, whatever is asked."""

    started = 0

    def __init__(self, log: Path | None, speeds: tuple[float, ...]) -> None:
        import multiprocessing

        from unetscope.engine.messages import Ready
        from unetscope.processes.room import Room

        type(self).started += 1
        self.connection, theirs = multiprocessing.Pipe()
        theirs.send(Ready(1))
        theirs.close()
        self._death, self._alive = multiprocessing.Pipe()
        self.sentinel = self._death.fileno()
        self.pid, self.is_ready, self.exit_code = 1, False, 1
        self.room = Room("test")

    def end(self) -> None:
        for end in (self.connection, self._death, self._alive):
            end.close()
        self.room.remove()


def test_an_engine_that_dies_over_nothing_is_not_started_for_ever(
    monkeypatch: pytest.MonkeyPatch, paths: dict[str, Path], image: NDArray[np.float32]
) -> None:
    Stillborn.started = 0
    monkeypatch.setattr(watch, "MANY", 6)
    monkeypatch.setattr(supervisor, "Child", Stillborn)
    monkeypatch.setattr(supervisor, "LAST_BREATH", 0.0)
    calls: queue.Queue[Callable[[], None]] = queue.Queue()
    told: list[EngineStatus] = []
    errors: list[UnetscopeError] = []
    engine = EngineProcess(calls.put)
    engine.start(told.append)
    try:
        while not told or told[-1].state is not EngineState.FAILED:
            calls.get(timeout=PATIENCE)()
        assert Stillborn.started == watch.MANY
        assert f"{watch.MANY} times" in told[-1].sentence
        time.sleep(0.5)
        assert Stillborn.started == watch.MANY  # it rests until something is asked
        engine.look(request(paths["unet"], image), lambda _: None, errors.append)
        while not errors:
            calls.get(timeout=PATIENCE)()
        assert Stillborn.started > watch.MANY
    finally:
        engine.stop()


class Liar(Stillborn):
    """A worker that a file has taken over: it sends what makes a careless reader run code."""

    def __init__(self, log: Path | None, speeds: tuple[float, ...]) -> None:
        import multiprocessing

        super().__init__(log, speeds)
        self.connection.close()
        self.connection, self._theirs = multiprocessing.Pipe()
        self._theirs.send(Trap())

    def kill(self) -> None:
        self._theirs.close()


class Trap:
    """Unpickled, it ends the program."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (7,)


def test_an_engine_that_says_what_it_must_not_is_ended_and_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "Child", Liar)
    monkeypatch.setattr(supervisor, "LAST_BREATH", 0.0)
    calls: queue.Queue[Callable[[], None]] = queue.Queue()
    told: list[EngineStatus] = []
    engine = EngineProcess(calls.put)
    engine.start(told.append)
    try:
        while not told or told[-1].state is not EngineState.FAILED:
            calls.get(timeout=PATIENCE)()
    finally:
        engine.stop()
    assert any("answered what it must not" in status.sentence for status in told)
