"""What stands in for layers is remembered for exactly one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from unetscope import private_folder
from unetscope.domain.errors import ModelError
from unetscope.domain.stand_ins import Replacement, StandIn
from unetscope.io.stand_in_file import MOST, NAME, remember, remembered

ONE = (Replacement("a", "Lambda", StandIn.SCALE, 0.5),)
OTHER = (Replacement("a", "Lambda", StandIn.IDENTITY),)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(private_folder, "state", lambda: tmp_path)
    return tmp_path


def test_nothing_is_remembered_at_first() -> None:
    assert remembered("sha256:1") == ()


def test_each_file_has_its_own_and_the_last_word_counts() -> None:
    remember("sha256:1", ONE)
    remember("sha256:2", OTHER)
    remember("sha256:1", OTHER)
    remember("sha256:3", ONE)
    assert remembered("sha256:1") == OTHER
    assert remembered("sha256:2") == OTHER
    assert remembered("sha256:3") == ONE
    assert remembered("sha256:4") == ()


def test_choosing_nothing_forgets() -> None:
    remember("sha256:1", ONE)
    remember("sha256:1", ())
    assert remembered("sha256:1") == ()


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    for number in range(MOST + 2):
        remember(f"sha256:{number}", ONE)
    assert remembered("sha256:1") == ()
    assert remembered("sha256:2") == ONE


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"sha256:1": 3}', '{"sha256:1": [{"layer": "a"}]}', "[" * 5000]
)
def test_a_damaged_memory_is_none(folder: Path, text: str) -> None:
    (folder / NAME).write_text(text)
    assert remembered("sha256:1") == ()
    remember("sha256:1", ONE)
    assert remembered("sha256:1") == ONE


def test_where_nothing_can_be_kept_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_folder, "state", lambda: None)
    assert remembered("sha256:1") == ()
    with pytest.raises(ModelError, match="remember"):
        remember("sha256:1", ONE)
