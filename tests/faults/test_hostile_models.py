"""Hostile and damaged model files: refused in words, and none takes the program with it.

By default the checks are tried on every kind of file, and the process around them on a few. With
``UNETSCOPE_GATE=all`` every file goes through a process of its own, as in the window (minutes).
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.faults.hostile_models import HOSTILE, KERNEL
from tests.faults.model_files import archive, h5, members, saved_model, stored

from unetscope.domain.errors import Cancelled, ModelError
from unetscope.io import gate as gate_module
from unetscope.io.gate import Gate
from unetscope.io.gate_process import SECONDS
from unetscope.io.network_file import read_network
from unetscope.modelfile.content import content_of
from unetscope.processes.sandbox import SWITCH

ALL = os.environ.get("UNETSCOPE_GATE") == "all"
ENDLESS = ".h5 in which libhdf5 goes round in circles"
OPENS = {
    # what a layer was initialised with is for training: it is neither looked at nor kept
    "a download as an initialiser",
}
THROUGH_THE_PROCESS = (
    "a pipe",
    "a pickle called .keras",
    ".h5 cut at 50%",
    "a Lambda with marshalled code",
    "20,000 layers",
    "groups 3,000 deep",
    "a SavedModel that writes a file while it is loaded",
)
TRACES = re.compile(
    r"Traceback|Error\b|Exception|0x[0-9a-f]{4,}|\bNone\b|<class|object at|line \d+, in"
)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate whose process has nothing around it but its limits."""
    monkeypatch.setenv(SWITCH, "off")
    monkeypatch.setattr(gate_module, "PATIENCE", 0.0)
    made = Gate()
    yield made
    made.close()


def check_words(error: ModelError, path: Path) -> None:
    """Cause and next step, short, about this file, and nothing for programmers."""
    assert error.what
    assert error.hint
    assert len(str(error)) <= 300
    assert path.name in error.what
    assert not TRACES.search(str(error).replace(path.name, "").replace("'name.keras'", ""))


def test_there_are_at_least_72_kinds() -> None:
    assert len(HOSTILE) >= 150


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != ENDLESS])
def test_it_is_refused_by_the_checks_alone(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path)
    before = sorted(each.name for each in tmp_path.iterdir())

    if name in OPENS:
        read_network(path)
    else:
        with pytest.raises(ModelError) as caught:
            read_network(path)
        check_words(caught.value, path)

    assert sorted(each.name for each in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "name",
    [name for name in HOSTILE if name != ENDLESS and (ALL or name in THROUGH_THE_PROCESS)],
)
def test_it_is_refused_in_the_same_words_without_a_sandbox(
    name: str, tmp_path: Path, gate: Gate
) -> None:
    path = HOSTILE[name](tmp_path)
    began = time.monotonic()
    if name in OPENS:
        gate.read(path)
        return
    with pytest.raises(ModelError) as caught:
        gate.read(path)
    assert time.monotonic() - began < SECONDS
    check_words(caught.value, path)
    with pytest.raises(ModelError) as alone:
        read_network(path)
    assert str(caught.value) == str(alone.value)


def test_a_file_that_never_ends_is_given_up_and_the_next_one_opens(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "seconds_for", lambda size: 1.5)
    path = HOSTILE[ENDLESS](tmp_path)

    began = time.monotonic()
    with pytest.raises(ModelError, match="cannot be read within") as caught:
        gate.read(path)

    assert time.monotonic() - began < 6
    check_words(caught.value, path)
    assert gate.read(archive(tmp_path / "good.keras")).graph.parameters == 319


def test_a_file_that_is_not_wanted_any_more_is_given_up_at_once(tmp_path: Path, gate: Gate) -> None:
    unwanted = threading.Event()
    gate.prepare()
    clock = threading.Timer(1.0, unwanted.set)
    clock.start()
    with pytest.raises(Cancelled):
        gate.read(HOSTILE[ENDLESS](tmp_path), cancelled=unwanted.is_set)
    assert unwanted.is_set()
    clock.join()
    ended = time.monotonic()
    while gate_processes() > 1:  # the one for the next file
        assert time.monotonic() - ended < 1.0
        time.sleep(0.01)
    assert gate.read(archive(tmp_path / "good.keras")).graph.parameters == 319


def gate_processes() -> int:
    """How many processes there are that read a model, or wait for one."""
    children = multiprocessing.active_children()
    return sum(child.name == "unetscope-gate" for child in children)


def test_a_file_is_not_read_to_its_end_when_it_is_not_wanted(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 1

    with pytest.raises(Cancelled):
        content_of(path, cancelled)
    assert asked[-1] - asked[0] < 0.5  # for a piece of 64 MB


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by the system's own means")
def test_a_file_that_inflates_within_all_ratios_runs_into_the_limit_of_memory(
    tmp_path: Path, gate: Gate
) -> None:
    chunk = np.zeros(4 << 20, np.float32)
    chunk[:8000] = np.random.default_rng(0).random(8000)
    packed = zlib.compress(chunk.tobytes(), 1)

    def inflate(file: object) -> None:
        del file[KERNEL]  # type: ignore[attr-defined]
        held = file.create_dataset(  # type: ignore[attr-defined]
            KERNEL, (100, 4 << 20), "f4", chunks=(1, 4 << 20), compression="gzip"
        )
        for i in range(100):
            held.id.write_direct_chunk((i, 0), packed)

    path = archive(tmp_path / "net.keras", members(hdf5=stored(change=inflate)))
    assert path.stat().st_size < 10 << 20

    with pytest.raises(ModelError, match="more memory") as caught:
        gate.read(path)
    check_words(caught.value, path)


def test_a_process_that_dies_is_told_and_the_next_file_opens(tmp_path: Path, gate: Gate) -> None:
    def kill() -> None:
        for child in multiprocessing.active_children():
            if child.name == "unetscope-gate":
                child.kill()

    gate.prepare()
    clock = threading.Timer(1.5, kill)
    clock.start()
    try:
        with pytest.raises(ModelError, match="ended the process") as caught:
            gate.read(HOSTILE[ENDLESS](tmp_path))
    finally:
        clock.cancel()
        clock.join()
    check_words(caught.value, tmp_path / "net.h5")
    assert gate.read(archive(tmp_path / "good.keras")).graph.parameters == 319


def test_a_spare_process_that_has_died_is_not_asked(tmp_path: Path, gate: Gate) -> None:
    gate.prepare(60.0)
    for child in multiprocessing.active_children():
        if child.name == "unetscope-gate":
            child.kill()
            child.join()
    assert gate.read(archive(tmp_path / "good.keras")).graph.parameters == 319


@pytest.mark.parametrize("make", [archive, h5, saved_model])
def test_what_is_let_through_is_what_is_read_without_the_process(
    make: object, tmp_path: Path, gate: Gate
) -> None:
    given = tmp_path if make is saved_model else tmp_path / "net.keras"
    path: Path = make(given)  # type: ignore[operator]

    network, expected = gate.read(path), read_network(path)

    assert (network.path, network.name) == (path, expected.name)
    assert network.fingerprint == expected.fingerprint
    assert network.graph.layers == expected.graph.layers
    assert network.graph.outputs == expected.graph.outputs
    for layer, one in zip(network.graph.layers, expected.graph.layers, strict=True):
        assert layer.config == one.config
    assert network.trained.keys() == expected.trained.keys()
    for name, arrays in expected.trained.items():
        for found, array in zip(network.trained[name], arrays, strict=True):
            assert not found.flags.writeable
            assert found.tobytes() == array.tobytes()


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "net.keras")
    true = os.fstat
    calls: list[int] = []

    def stat_and_write(handle: int) -> os.stat_result:
        found = true(handle)
        if not calls:
            with path.open("ab") as file:
                file.write(b"more")
        calls.append(handle)
        return found

    monkeypatch.setattr(os, "fstat", stat_and_write)
    with pytest.raises(ModelError, match="changed while it was read"):
        read_network(path)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="somebody who may read everything"
)
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "net.keras")
    path.chmod(0)
    with pytest.raises(ModelError, match="cannot be read"):
        read_network(path)
