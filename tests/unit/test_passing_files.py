"""What a killed process leaves beside a file goes at the next save there, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unetscope import passing_files
from unetscope.engine.placing import put_in_place
from unetscope.io.replacing import write_bytes
from unetscope.passing_files import OLD, keras_beside, make_beside


def left(path: Path, age: float) -> Path:
    """A file as old as that."""
    path.write_bytes(b"half")
    at = path.stat().st_mtime - age
    os.utime(path, (at, at))
    return path


def left_by_killed(folder: Path, age: float) -> list[Path]:
    """What a process leaves that is killed while it writes."""
    handle, made = make_beside(folder / "a.card.json")
    os.close(handle)
    return [left(made, age), left(keras_beside(folder / "a.keras"), age)]


@pytest.mark.parametrize("save", ["bytes", "network"])
def test_what_was_left_behind_goes_at_the_next_save(tmp_path: Path, save: str) -> None:
    old = left_by_killed(tmp_path, OLD + 60)
    others = [left(tmp_path / name, 10 * OLD) for name in (".a.partial", ".x", "b.unetscope-part")]
    if save == "bytes":
        write_bytes(tmp_path / "b.csv", b"whole")
    else:
        (tmp_path / "made").write_bytes(b"whole")
        put_in_place(tmp_path / "made", tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == b"whole"
    assert not any(path.exists() for path in old)
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "b.csv", *others])


def test_what_another_process_may_be_writing_stays(tmp_path: Path) -> None:
    young = left_by_killed(tmp_path, OLD - 60)
    write_bytes(tmp_path / "b.csv", b"")
    assert all(path.exists() for path in young)


def test_age_is_told_by_the_clock_of_the_disk(tmp_path: Path) -> None:
    others = left_by_killed(tmp_path, 3 * OLD)  # the disk's clock is three hours behind
    written = left(tmp_path / "b.csv", 3 * OLD)
    assert passing_files.sweep(written) == 0
    assert all(path.exists() for path in others)


@pytest.mark.skipif(os.name != "posix", reason="links and owners")
def test_neither_a_link_nor_what_is_another_users_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = left(tmp_path / "target", 9 * OLD)
    link = tmp_path / ".a.1.unetscope-part"
    link.symlink_to(target)
    os.utime(link, (0, 0), follow_symlinks=False)
    write_bytes(tmp_path / "b.csv", b"")
    assert link.is_symlink()
    (old, _) = left_by_killed(tmp_path, 9 * OLD)
    monkeypatch.setattr(os, "getuid", lambda: old.stat().st_uid + 1)
    write_bytes(tmp_path / "b.csv", b"")
    assert old.exists()


def test_a_name_as_long_as_the_disk_takes_can_be_saved_to(tmp_path: Path) -> None:
    path = tmp_path / ("脳" * 83 + ".csv")  # 253 bytes
    write_bytes(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert len(os.fsencode(keras_beside(path).name)) < 255
