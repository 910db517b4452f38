"""How long ordinary model files take to pass the gate, beside plain Keras opening them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import keras
import pytest
from tests.engine.conftest import randomised
from tests.engine.test_opens_what_people_have import FILES

from unetscope.io import gate as gate_module
from unetscope.io.gate import Gate
from unetscope.io.network_file import read_network

ROUNDS = 3


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr(gate_module, "PATIENCE", 0.0)
    made = Gate()
    yield made
    made.close()


def time_of(work: Callable[[Path], object], path: Path) -> float:
    began = perf_counter()
    work(path)
    return perf_counter() - began


def plainly(path: Path) -> object:
    return keras.models.load_model(path, compile=False)


def passed(gate: Gate, path: Path) -> float:
    """Seconds through the gate, its process being ready as it is when a person opens a file."""
    gate.prepare()
    assert gate._spare is not None
    gate._spare._child.connection.poll(30)
    return time_of(gate.read, path)


def told(name: str, ours: list[float], alone: list[float], plain: list[float]) -> str:
    ratio = f"{median(ours) / median(plain):.2f} × plain Keras" if plain else "plain Keras cannot"
    return (
        f"{name}: gate {median(ours) * 1000:.0f} ms, of which reading "
        f"{median(alone) * 1000:.0f} ms; {ratio}"
    )


@pytest.mark.timeout(1800)
def test_ordinary_files(
    request: pytest.FixtureRequest, tmp_path: Path, gate: Gate, tell: Callable[[str], None]
) -> None:
    timed = request.config.getoption("benchmark_enable")
    every: tuple[list[float], list[float], list[float]] = ([], [], [])
    ratios = []
    for number, file in enumerate(FILES if timed else FILES[:2]):
        path = tmp_path / f"net{number}{'.keras' if '.keras' in file.name else '.h5'}"
        file.write(randomised(file.build()), path)
        times: tuple[list[float], list[float], list[float]] = ([], [], [])
        for _ in range(ROUNDS if timed else 1):
            times[0].append(passed(gate, path))
            times[1].append(time_of(read_network, path))
            with contextlib.suppress(Exception):  # it does not open many of them
                times[2].append(time_of(plainly, path))
        for one, all_ in zip(times, every, strict=True):
            all_ += [median(one)] if one else []
        ratios += [median(times[0]) / median(times[2])] if times[2] else []
    tell(told(f"{len(every[0])} ordinary files, median", *every))
    tell(f"{len(every[2])} of them open in plain Keras; median of the ratios {median(ratios):.2f}")


def test_the_sample_and_a_large_network(
    seed_path: Path, sample_path: Path, gate: Gate, tell: Callable[[str], None]
) -> None:
    for path in (sample_path, seed_path):
        ours = [passed(gate, path) for _ in range(ROUNDS)]
        alone = [time_of(read_network, path) for _ in range(ROUNDS)]
        plain = [time_of(plainly, path) for _ in range(ROUNDS)]
        tell(told(path.name, ours, alone, plain))
