"""Journals: what is torn or flipped is cut off, what lives is left alone, what fails is told."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from unetscope import private_folder
from unetscope.domain.errors import UnetscopeError
from unetscope.io.journal import MAGIC, DiskJournals, record, texts_of

TEXTS = ("first", "", "é" * 40, "last")
WHOLE = MAGIC + b"".join(map(record, TEXTS))


def ends() -> list[int]:
    """Where the magic and each record end."""
    lengths = [len(MAGIC), *(len(record(text)) for text in TEXTS)]
    return [sum(lengths[: i + 1]) for i in range(len(lengths))]


def test_a_journal_torn_at_any_byte_gives_all_whole_records() -> None:
    for length in range(len(WHOLE) + 1):
        whole = sum(length >= end for end in ends()[1:])
        assert texts_of(WHOLE[:length]) == TEXTS[:whole]


def test_a_flipped_bit_cuts_the_journal_before_its_record() -> None:
    for at in range(len(WHOLE)):
        for bit in (1, 128):
            damaged = bytearray(WHOLE)
            damaged[at] ^= bit
            before = sum(at >= end for end in ends()[1:])
            assert texts_of(bytes(damaged)) == (TEXTS[:before] if at >= len(MAGIC) else ())


def test_what_was_written_is_found_when_the_window_is_gone(tmp_path: Path) -> None:
    journals = DiskJournals(tmp_path / "journals")
    mine = journals.own()
    mine.start("whole")
    mine.append("change")
    assert not journals.left()  # its window lives

    mine._close()  # type: ignore[attr-defined]
    mine._held.close()  # type: ignore[attr-defined]
    (left,) = journals.left()
    assert left.texts() == ("whole", "change")
    assert not journals.left()  # it is held meanwhile
    left.release()
    (again,) = journals.left()
    again.remove()
    assert not journals.left()
    assert not list((tmp_path / "journals").iterdir())


def test_a_new_start_takes_the_place_of_all_before(tmp_path: Path) -> None:
    mine = DiskJournals(tmp_path).own()
    mine.start("one")
    mine.append("two")
    mine.start("three")
    mine.append("four")
    (file,) = tmp_path.glob("*/journal")
    assert texts_of(file.read_bytes()) == ("three", "four")
    assert mine.size == file.stat().st_size
    mine.remove()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_nobody_else_can_enter_the_folder(tmp_path: Path) -> None:
    mine = DiskJournals(tmp_path).own()
    mine.start("whole")
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "journal").stat().st_mode & 0o777 == 0o600
    mine.remove()


def test_a_full_disk_leaves_what_is_there_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = DiskJournals(tmp_path).own()
    mine.start("whole")
    (file,) = tmp_path.glob("*/journal")
    real = os.write

    def full(fd: int, content: bytes) -> int:
        if len(content) > 3:  # some of it gets there
            return real(fd, content[:3])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    for write in (mine.append, mine.start):
        with pytest.raises(UnetscopeError, match="no room"):
            write("more")
        assert texts_of(file.read_bytes()) == ("whole",)
    assert [path.name for path in sorted(file.parent.iterdir())] == ["journal", "lock"]
    monkeypatch.undo()
    mine.start("again")
    assert texts_of(file.read_bytes()) == ("again",)
    mine.remove()


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_folder, "below_state", lambda _: None)
    with pytest.raises(UnetscopeError, match="Save the session"):
        DiskJournals().own()
    assert DiskJournals().left() == ()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnetscopeError, match="Save the session"):
        DiskJournals(tmp_path / "file").own()


def test_folders_that_hold_no_journal_are_cleared_away_in_time(tmp_path: Path) -> None:
    stray = tmp_path / "1-2"
    stray.mkdir()
    (stray / "lock").touch()
    assert not DiskJournals(tmp_path).left()
    assert stray.exists()  # its window may just be starting
    os.utime(stray, (1, 1))
    assert not DiskJournals(tmp_path).left()
    assert not stray.exists()
