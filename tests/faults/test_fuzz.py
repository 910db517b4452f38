"""Studies and models damaged by chance: each opens or is refused in a sentence, and soon.

The normal run tries some hundreds with a fixed seed. In full, for so many seconds and with a seed
of its own that is printed::

    UNETSCOPE_FUZZ_SECONDS=300 pytest tests/faults/test_fuzz.py -s

``UNETSCOPE_FUZZ_SEED`` repeats a run; ``UNETSCOPE_FUZZ_KEEP`` names a folder for the files that
failed, else they are kept in pytest's own. A failure is an error that is no `UnetscopeError`, one
without a sentence, a hang, a death, or a gigabyte of memory.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, time_ns

import numpy as np
import pytest
from tests.faults import model_files
from tests.faults.conftest import COUNTS
from tests.faults.fuzzing import Reader
from tests.faults.mutations import damaged, odd_archive, odd_h5, reordered
from tests.unit.io.builders import (
    DEFLATED,
    IMPLICIT,
    enhanced_mr,
    mr_slice,
    mr_stack,
    save,
    save_nifti,
    save_stack,
)
from tests.unit.io.test_damaged_files import CONTENTS
from tests.unit.io.test_open_study import dicomdir

from unetscope.domain.errors import UnetscopeError
from unetscope.io.gate import gate

pytestmark = pytest.mark.allow_leaks  # the process that reads stays for all of them

FULL = float(os.environ.get("UNETSCOPE_FUZZ_SECONDS", "0"))
LIGHT = 250  # files of each kind
Make = Callable[[random.Random, Path], Path]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.end()
    gate.close()


@pytest.fixture(scope="module")
def seed() -> int:
    chance = time_ns() % 2**32 if FULL else 7
    return int(os.environ.get("UNETSCOPE_FUZZ_SEED", chance))


def tried(
    name: str, make: Make, seed: int, reader: Reader, folder: Path, kind: str
) -> tuple[Counter[str], list[str]]:
    """Try damaged files; gives what became of them, and those that failed."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    end = monotonic() + FULL / 2 if FULL else None
    number = 0
    while (monotonic() < end) if end else (number < LIGHT):
        rng = random.Random(f"{name} {seed} {number}")
        here = folder / f"{name}-{seed}-{number}"
        here.mkdir()
        path = make(rng, here)
        said = reader.read(kind, path)
        if kind == "model" and said.startswith(("died", "hung", "took")):
            said = through_the_gate(path)  # which is there for files such as these
            counts["ended by the gate"] += 1
        word = said.split(":")[0].split(" ")[0]
        counts[word] += 1
        if word in ("opened", "refused"):
            shutil.rmtree(here)
        else:
            failures.append(f"{keep(here)}: {said}")
        number += 1
    COUNTS["tried"] += number
    COUNTS["refused"] += counts["refused"]
    COUNTS["opened"] += counts["opened"]
    COUNTS["deaths"] += counts["died"]
    COUNTS["hangs"] += counts["hung"]
    sys.stdout.write(f"\n{name}, seed {seed}: {number} tried, {dict(counts)}\n")
    return counts, failures


def through_the_gate(path: Path) -> str:
    """How a model was read as the window does."""
    try:
        gate.read(path)
    except UnetscopeError as error:
        return f"refused: {error}"
    return "opened"


def keep(folder: Path) -> Path:
    """Keep what failed where it was asked for."""
    wanted = os.environ.get("UNETSCOPE_FUZZ_KEEP")
    if not wanted:
        return folder
    return Path(shutil.copytree(folder, Path(wanted) / folder.name, dirs_exist_ok=True))


# ------------------------------------------------------------------- studies


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of slices by name: pydicom's, and some of our own."""
    folder = tmp_path_factory.mktemp("seeds")
    ramp = np.arange(64 * 48, dtype=np.int16).reshape(64, 48)
    frames = [{"z": 2.0 * n, "slope": 2, "echo_time": 5.0, "window": (40, 80)} for n in range(3)]
    save(mr_slice(0, ramp), folder / "explicit.dcm")
    save(mr_slice(0, ramp), folder / "implicit.dcm", IMPLICIT)
    save(mr_slice(0, ramp), folder / "deflated.dcm", DEFLATED)
    save(mr_slice(0, ramp, RescaleSlope="2", WindowWidth="9"), folder / "bare", with_meta=False)
    save(enhanced_mr(frames, np.stack([ramp] * 3)), folder / "enhanced.dcm")
    for name, suffix in (("a", ".nii"), ("b", ".nii.gz"), ("c", ".hdr")):
        save_nifti(folder / f"{name}{suffix}", np.ones((5, 6, 7), np.int16), np.eye(4))
    own = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".img"}
    (folder / "c.img").unlink(missing_ok=True)
    return {**CONTENTS, **own}


def test_damaged_studies(
    slices: dict[str, bytes], seed: int, reader: Reader, tmp_path: Path
) -> None:
    names, contents = list(slices), list(slices.values())
    listed = dicomdir(tmp_path, [["IM0"], ["IM1"], ["SUB", "IM2"]]).read_bytes()
    save_stack(tmp_path / "stack", mr_stack(3))
    stack = [path.read_bytes() for path in sorted((tmp_path / "stack").iterdir())]

    def make(rng: random.Random, folder: Path) -> Path:
        other = rng.choice(contents)
        way = rng.random()
        if way < 0.08:
            for number, content in enumerate(stack[:2]):
                (folder / f"IM{number}").write_bytes(content)
            (folder / "DICOMDIR").write_bytes(damaged(rng, listed, other))
            return folder / "DICOMDIR"
        if way < 0.14:
            path = folder / "study.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
                for number, content in enumerate(stack):
                    pack.writestr(f"{number}.dcm", content)
            path.write_bytes(damaged(rng, path.read_bytes(), other))
            return path
        if way < 0.25:
            for number, content in enumerate(stack):
                change = reordered(rng, content) if rng.random() < 0.5 else content
                (folder / f"{number}.dcm").write_bytes(change)
            return folder
        name = rng.choice(names)
        content = slices[name]
        if name.endswith((".dcm", "bare")) and rng.random() < 0.4:
            content = reordered(rng, content)
        else:
            content = damaged(rng, content, other)
        (folder / name).write_bytes(content)
        return folder / name

    _, failures = tried("studies", make, seed, reader, tmp_path, "study")
    assert not failures, "\n".join(failures)


# -------------------------------------------------------------------- models


def test_damaged_models(seed: int, reader: Reader, tmp_path: Path) -> None:
    archive = model_files.archive(tmp_path / "net.keras").read_bytes()
    packed = model_files.h5(tmp_path / "net.h5").read_bytes()
    bare = model_files.stored()
    folders = model_files.saved_model(tmp_path)

    def make(rng: random.Random, folder: Path) -> Path:
        way = rng.randrange(8)
        if way <= 2:
            path = folder / "net.keras"
            path.write_bytes(odd_archive(rng, archive, packed))
        elif way == 3:
            path = folder / "net.keras"
            path.write_bytes(damaged(rng, archive, packed))
        elif way == 4:
            path = folder / "net.h5"
            path.write_bytes(odd_h5(rng, packed))
        elif way == 5:
            path = folder / "net.h5"
            path.write_bytes(damaged(rng, packed, archive))
        elif way == 6:
            path = folder / "net.weights.h5"
            path.write_bytes(damaged(rng, bare, packed))
        else:
            path = Path(shutil.copytree(folders, folder / "saved"))
            file = rng.choice([each for each in sorted(path.rglob("*")) if each.is_file()])
            file.write_bytes(damaged(rng, file.read_bytes(), packed))
        if rng.random() < 0.1:
            card = b'{"format": 1, "name": "a", "input": {}, "classes": []}'
            (path.parent / f"{path.stem}.card.json").write_bytes(damaged(rng, card, archive))
        return path

    _, failures = tried("models", make, seed, reader, tmp_path, "model")
    assert not failures, "\n".join(failures)


def test_every_seed_opens_while_it_is_whole(
    slices: dict[str, bytes], reader: Reader, tmp_path: Path
) -> None:
    """Else nothing but the refusal of all would be tried."""
    opened = 0
    for name, content in slices.items():
        (tmp_path / name).write_bytes(content)
        opened += reader.read("study", tmp_path / name) == "opened"
    assert opened >= len(slices) - 3
    for path in (
        model_files.archive(tmp_path / "net.keras"),
        model_files.h5(tmp_path / "net.h5"),
        model_files.saved_model(tmp_path),
    ):
        assert reader.read("model", path) == "opened"
