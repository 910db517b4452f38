"""``kill -9``, or a full disk, while a file is saved: the old file or the new one, never half."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.lives import contents
from tests.faults.nursery import nursery

from unetscope.domain.errors import UnetscopeError
from unetscope.io.text_files import DiskTexts

ROUNDS = int(os.environ.get("UNETSCOPE_KILLS", "20"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes that fork")


@pytest.mark.parametrize("kind", ["session", "edits"])
def test_a_text_is_old_or_new_after_a_kill(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, found = random.Random(7), {"old": 0, "new": 0}
    texts = contents(kind, 0)
    with nursery("tests.faults.lives") as place:
        for number in range(ROUNDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "file").write_text(texts[0], encoding="utf-8")
            child = place.start(f"save_{kind}", 0, folder)
            while not (folder / "said").exists():
                time.sleep(0.002)
            time.sleep(chance.uniform(0.0, 0.05))
            place.kill(child)
            text = (folder / "file").read_text(encoding="utf-8")
            assert text in texts
            found["old" if text == texts[0] else "new"] += 1
    with capsys.disabled():
        sys.stdout.write(f"\nkill -9 while saving, {kind}: {ROUNDS} times, {found}, damaged 0\n")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 64 kB; it takes an administrator to make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = sys.platform == "linux" and os.getuid() == 0
    if not mounted or subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], stderr=subprocess.DEVNULL
    ):
        pytest.skip("only an administrator can make a small disk")
    yield place
    subprocess.check_call(["umount", str(place)])


@pytest.mark.parametrize("kind", ["session", "edits"])
def test_a_full_disk_leaves_the_old_file(small_disk: Path, kind: str) -> None:
    old, new = contents(kind, 0)
    assert len(new) > 65536
    path = small_disk / "file"
    DiskTexts().write(path, old)
    with pytest.raises(UnetscopeError, match="make room"):
        DiskTexts().write(path, new)
    assert path.read_text(encoding="utf-8") == old
    assert list(small_disk.iterdir()) == [path]  # and nothing takes what room there is


@pytest.mark.parametrize("kind", ["session", "edits"])
def test_a_file_that_may_not_grow_leaves_the_old_one(tmp_path: Path, kind: str) -> None:
    import resource

    old, new = contents(kind, 0)
    path = tmp_path / "file"
    DiskTexts().write(path, old)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(new) // 2, limits[1]))
    try:
        with pytest.raises(UnetscopeError, match="make room"):
            DiskTexts().write(path, new)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text(encoding="utf-8") == old
    assert list(tmp_path.iterdir()) == [path]
