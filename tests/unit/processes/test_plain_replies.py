"""What a child process may say, and what of it is never done."""

from __future__ import annotations

import builtins
import os
import pickle
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.fakes import unet

from unetscope.domain.errors import ModelError
from unetscope.domain.network import Network
from unetscope.engine.messages import Done, Failed, Looked
from unetscope.engine.shared_arrays import Inbox, Packed
from unetscope.engine.supervisor import SAID
from unetscope.processes.plain_replies import NotPlainError, received

Line = tuple["Connection[Any, Any]", "Connection[Any, Any]"]


@pytest.fixture
def line() -> Any:
    ours, theirs = Pipe()
    yield ours, theirs
    ours.close()
    theirs.close()


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, what: Callable[..., Any], *given: object) -> None:
        self._what, self._given = what, given

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self._what, self._given


@pytest.mark.parametrize(
    "evil",
    [
        Calls(os.mkdir, "made"),
        Calls(builtins.exec, "import os; os.mkdir('made')"),
        Calls(getattr, "text", "upper"),
        Calls(Path.mkdir, Path("made")),
        Calls(pickle.loads, pickle.dumps(1)),
        Calls(np.save, "made", np.zeros(1)),
        Calls(received, None, ()),
    ],
    ids=["system", "exec", "getattr", "method", "loads", "numpy", "own"],
)
def test_nothing_that_a_child_names_is_called(
    line: Line, evil: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ours, theirs = line
    theirs.send(Done(1, [evil], 0))
    with pytest.raises(NotPlainError):
        received(ours, SAID)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("noise", [b"", b"no pickle", pickle.dumps(1)[:-1], b"cos\nsystem\n."])
def test_noise_is_refused(line: Line, noise: bytes) -> None:
    ours, theirs = line
    theirs.send_bytes(noise)
    with pytest.raises(NotPlainError):
        received(ours, SAID)


def test_names_within_names_lead_nowhere(line: Line) -> None:
    ours, theirs = line
    theirs.send_bytes(b"\x80\x04\x8c\x16unetscope.domain.graph\x8c\x0cGraph.layers\x93.")
    with pytest.raises(NotPlainError):
        received(ours, SAID)


def test_what_the_engine_says_comes_as_it_is(line: Line) -> None:
    ours, theirs = line
    network = unet()
    theirs.send(Done(1, network, 5))
    theirs.send(Failed(2, ModelError("It is too big.", "Take another."), "details", 0))
    described = received(ours, SAID).value
    assert isinstance(described, Network)
    assert described.graph.layers == network.graph.layers
    for layer, arrays in network.trained.items():
        for before, after in zip(arrays, described.trained[layer], strict=True):
            assert before.tobytes() == after.tobytes()
    failed = received(ours, SAID)
    assert str(failed.error) == "It is too big. Take another."
    assert Looked.__module__.startswith(SAID[1])


def test_a_block_from_elsewhere_is_neither_read_nor_removed(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "memory"
    secret.write_bytes(b"12345678")
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    places = {"mask": (0, (8,), "|u1")}
    for block in (secret, folder / ".." / "secret", folder / "link"):
        inbox = Inbox(folder)
        with pytest.raises((ValueError, OSError)):
            inbox.unpack(Packed(str(block), places, {}, {}))
        inbox.close()
    assert secret.read_bytes() == b"12345678"


def test_an_answer_that_is_cut_short_is_an_error_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "7").write_bytes(bytes(100))
    inbox = Inbox(tmp_path)
    good = Packed(str(tmp_path / "7"), {"mask": (64, (36,), "|u1")}, {}, {})
    assert inbox.unpack(good)["mask"].sum() == 0
    os.truncate(tmp_path / "7", 70)
    with pytest.raises(ValueError, match="cut"):
        inbox.unpack(good)
    inbox.close()
    assert not any(tmp_path.iterdir())
