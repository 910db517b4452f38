"""The worker's memory: networks that are no longer open take none."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unetscope.domain.presets import NewModel
from unetscope.engine import creating, loader, machine, workbench
from unetscope.engine.messages import CreateAt, Describe, Done
from unetscope.engine.worker import Worker

pytestmark = pytest.mark.engine

TINY = NewModel.proposed("unet", image_shape=(8, 8, 1), filters=2, depth=2)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(workbench.Workbench())
    yield made
    made.close()
    gc.unfreeze()  # the worker froze all that this process held


def watched(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> list[weakref.ref[object]]:
    """Note what a function gives, without keeping it alive."""
    given: list[weakref.ref[object]] = []
    true: Callable[..., object] = getattr(module, name)

    def noting(*arguments: object) -> object:
        made = true(*arguments)
        given.append(weakref.ref(made))
        return made

    monkeypatch.setattr(module, name, noting)
    return given


def test_networks_that_made_room_for_others_are_let_go(
    worker: Worker,
    saved: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = watched(monkeypatch, loader, "model_of")
    for id_ in range(4):
        path = tmp_path / f"{id_}.keras"
        path.write_bytes(saved("small_unet").read_bytes())
        assert isinstance(worker.answer(Describe(id_, path)), Done)
    assert [ref() is not None for ref in opened] == [False, False, True, True]  # two are kept


def test_a_network_that_was_built_and_written_is_let_go(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = watched(monkeypatch, creating, "built")
    for id_ in range(2):
        path, made = tmp_path / f"{id_}.keras", tmp_path / f"made {id_}.keras"
        assert isinstance(worker.answer(CreateAt(2 * id_, TINY, path, made)), Done)
        assert not path.exists()  # the program puts it there
        assert isinstance(worker.answer(Describe(2 * id_ + 1, made)), Done)
    assert [ref() for ref in built] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="as glibc does it")
def test_memory_in_reserve_is_given_back() -> None:
    blocks = [b"x" * 100_000 for _ in range(2000)]  # too small for the system to take each back
    kept = blocks[::50]
    blocks.clear()
    before = machine.used_by(os.getpid())
    machine.give_back()
    assert before - machine.used_by(os.getpid()) > 100 << 20
    assert len(kept) == 40
