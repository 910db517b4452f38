"""``kill -9`` at any instant of editing: what had been acknowledged comes back, bit for bit.

An edit is acknowledged when the journal's thread has it on the disk (written and synced). By the
clock, it is as old as a drag may wait (`IN_A_GESTURE`) and one slow sync.

Twenty rounds by default; ``UNETSCOPE_KILLS=200`` for more. The figures stand at the end.
"""

from __future__ import annotations

import os
import random
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from tests.faults.lives import sessions
from tests.faults.nursery import nursery

from unetscope.domain.history import History
from unetscope.domain.session import Session
from unetscope.domain.session_file import KeptSession, SessionReader, kept_fields
from unetscope.io.journal import DiskJournals
from unetscope.state.session_journal import IN_A_GESTURE

ROUNDS = int(os.environ.get("UNETSCOPE_KILLS", "20"))
OLD = IN_A_GESTURE + 0.5  # seconds: half of one for a sync while others use the disk too

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes that fork")


def bits(history: History) -> list[object]:
    """A history as it compares to the bit."""
    steps = (*history.done, *history.undone)
    said = [(step.label, step.card, [edit._parts() for edit in step.edits]) for step in steps]
    return [len(history.done), *said]


def recovered(folder: Path) -> KeptSession:
    """What the journal that was left behind holds."""
    (left,) = DiskJournals(folder / "journals").left()
    first, *rest = left.texts()
    reader = SessionReader(first, "journal")
    for text in rest:
        reader.take(text)
    left.release()
    assert not reader.kept.problems
    return reader.kept


def said(folder: Path) -> tuple[list[tuple[int, float]], int]:
    """What was done and when, and how much of it was acknowledged, by what the process said."""
    done, kept = [], 0
    for line in (folder / "said").read_text().splitlines():
        match line.split():
            case ["done", number, at]:
                done.append((int(number), float(at)))
            case ["kept", number]:
                kept = int(number)
    return done, kept


def test_no_acknowledged_edit_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)
    edits = acknowledged = lost = late = 0
    behind: list[float] = []
    with nursery("tests.faults.lives") as place:
        for seed in range(ROUNDS):
            folder = tmp_path / str(seed)
            folder.mkdir()
            child = place.start("edit", seed, folder)
            while not (folder / "said").exists() or "kept" not in (folder / "said").read_text():
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.6))
            killed = time.monotonic()
            place.kill(child)

            kept = recovered(folder)
            done, known = said(folder)
            number = kept.view["editor"].row
            edits += done[-1][0]
            acknowledged += known
            lost += max(known - number, 0)
            missing = [at for each, at in done if each > number]
            late += sum(killed - at > OLD for at in missing)
            behind.append(1000 * (killed - missing[0]) if missing else 0.0)

            expected = _after(seed, number)
            assert bits(kept.history) == bits(expected.history)
            assert all(kept.view[name] == getattr(expected, name) for name in kept_fields())
    behind.sort()
    with capsys.disabled():
        sys.stdout.write(
            f"\nkill -9 while editing: {ROUNDS} times, {edits} things done, {acknowledged} of them "
            f"acknowledged, {lost} of those lost; behind at the kill: median "
            f"{behind[len(behind) // 2]:.0f} ms, most {behind[-1]:.0f} ms\n"
        )
    assert lost == 0
    assert late == 0


def _after(seed: int, number: int) -> Session:
    """The session after so many things were done."""
    return next(islice((session for session, _ in sessions(seed)), number - 1, None))
