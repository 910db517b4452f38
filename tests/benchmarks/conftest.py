"""Ways to the same answer, timed in turns in one run, and the table of what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.presets import NewModel

Way = Callable[[], object]
Compare = Callable[..., None]
ROUNDS = 11

_told: list[str] = []
_rows: list[tuple[str, str, float, dict[str, float], int]] = []


@pytest.fixture
def compare(benchmark: Any) -> Compare:
    """Time our way and others in turns, so that what disturbs the machine disturbs all of them."""

    def run(
        group: str,
        what: str,
        ours: Way,
        others: dict[str, Way],
        *,
        rounds: int = ROUNDS,
        per: int = 1,
    ) -> None:
        times: dict[str, list[float]] = {name: [] for name in others}
        for way in (ours, *others.values()):
            way()

        def turn() -> None:
            for name, way in others.items():
                began = perf_counter()
                way()
                times[name].append(perf_counter() - began)

        benchmark.group = group
        benchmark.pedantic(ours, setup=turn, rounds=rounds, iterations=1, warmup_rounds=1)
        if benchmark.stats is None:  # switched off: the ways were tried once
            return
        mine = benchmark.stats.stats.median / per
        found = {name: median(values) for name, values in times.items()}
        for name, seconds in found.items():
            benchmark.extra_info[f"times faster than {name}"] = round(seconds / mine, 2)
        _rows.append((group, what, mine, found, rounds))

    return run


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a sentence stand at the end of the run, where times are taken."""
    timed = request.config.getoption("benchmark_enable")
    return _told.append if timed else lambda _: None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was told, and one table of medians and ratios, for all comparisons of the run."""
    for sentence in _told:
        terminalreporter.write_line(sentence)
    if not _rows:
        return
    write = terminalreporter.write_line
    terminalreporter.section("medians in ms, and how many times faster than the other ways")
    for group in dict.fromkeys(row[0] for row in _rows):
        write(f"\n{group}")
        for _, what, mine, found, rounds in [row for row in _rows if row[0] == group]:
            ratios = "   ".join(
                f"{name} {seconds * 1000:.1f} = {seconds / mine:.2f}×"
                for name, seconds in found.items()
            )
            write(f"  {what:<34} {mine * 1000:8.2f}   {ratios}   ({rounds} rounds)")


@pytest.fixture(scope="session")
def seed_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed's encoder with its mirrored decoder, 200×200, random weights."""
    from unetscope.engine.creating import create

    path = tmp_path_factory.mktemp("seed") / "seed.keras"
    create(NewModel(preset="mirrored_unet", image_shape=(200, 200, 1), classes=1, seed=0), path)
    return path


@pytest.fixture(scope="session")
def sample_path(sample_folder: Path) -> Path:
    """The sample's network, 256×256."""
    return sample_folder / "brain-tissue-unet.keras"


@pytest.fixture(scope="session")
def networks(seed_path: Path, sample_path: Path) -> dict[str, tuple[Path, int]]:
    """Files of networks and the rows of their images."""
    return {"sample": (sample_path, 256), "seed": (seed_path, 200)}


@pytest.fixture(scope="session")
def pictures() -> dict[int, NDArray[np.float32]]:
    """Images by their number of rows."""
    rng = np.random.default_rng(0)
    return {rows: rng.random((rows, rows), dtype=np.float32) for rows in (64, 128, 200, 256, 384)}


@pytest.fixture(autouse=True)
def _no_lasting_traces() -> Iterator[None]:
    """TensorFlow keeps what models leave behind until they are collected."""
    yield
    import gc

    gc.collect()
