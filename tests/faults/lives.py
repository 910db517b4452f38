"""What goes on in the processes that are killed: editing, and saving over and over again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.unit.fakes import CARD, Bench, opened, unet

from unetscope.domain.edit_file import write_edits
from unetscope.domain.edits import ScaleFilter, SetKernel, SetLayerWeights
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.domain.session_file import KeptSession, write_session
from unetscope.io.journal import DiskJournals
from unetscope.io.text_files import DiskTexts
from unetscope.state.pace import Pace
from unetscope.state.session_journal import SessionJournal

Act = Callable[[Session], Session]
GESTURE = 12  # events of a drag


def sessions(seed: int) -> Iterator[tuple[Session, bool]]:
    """The session after each thing that is done to it, endlessly, and whether a drag goes on.

    ``editor.row`` is how many things were done.
    """
    chance, session = random.Random(seed), opened()
    values = np.random.default_rng(seed)
    done = 0

    def counted(new: Session) -> Session:
        nonlocal done
        done += 1
        return new.use_editor(replace(new.editor, row=done))

    while True:
        what = chance.random()
        if what < 0.15:
            session = counted(session.undo())
            yield session, False
        elif what < 0.25:
            session = counted(session.redo())
            yield session, False
        elif what < 0.3:
            steps = replace(CARD.preprocessing, low=chance.random())
            session = counted(session.use_card(replace(CARD, preprocessing=steps)))
            yield session, False
        elif what < 0.35:
            session = counted(session.select_layer(chance.choice(["enc", "mid", "dec"])))
            yield session, False
        elif what < 0.4:
            arrays = [values.normal(size=(3, 3, 10, 4)), values.normal(size=4)]
            session = counted(session.edit(SetLayerWeights("dec", arrays)))
            yield session, False
        elif what < 0.8:
            kernel = SetKernel("mid", chance.randrange(4), chance.randrange(6), _kernel(values))
            session = counted(session.edit(kernel))
            yield session, False
        else:
            for i in range(GESTURE):
                edit = ScaleFilter("enc", chance.randrange(4), chance.random())
                session = counted(session.edit(edit, same_gesture=i > 0))
                yield session, i < GESTURE - 1


def _kernel(values: np.random.Generator) -> Floats:
    return values.normal(size=(3, 3)).astype(np.float32)


def edit(seed: int, folder: Path) -> None:
    """Edit as a hand never could, and say what was done and what is on the disk by now.

    Lines of ``folder/said``: ``done``, a number and the time; ``kept`` and a number.
    """
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    bench, pace = Bench(), Pace()
    bench.store.commit(opened())
    journals = DiskJournals(folder / "journals")
    journal = SessionJournal(bench.store, bench.desk, pace, journals, lambda call: call())
    chance = random.Random(seed)
    for session, held in sessions(seed):
        if held:
            pace.hold()
        bench.store.commit(session)
        if not held:
            pace.release()
        lines = f"done {session.editor.row} {time.monotonic()}\n"
        if (kept := journal.written) is not None:
            lines += f"kept {kept.view['editor'].row}\n"
        os.write(said, lines.encode())
        time.sleep(chance.choice((0.0, 0.001, 0.004, 0.016)))


def contents(kind: str, seed: int) -> tuple[str, str]:
    """Two texts of different length that take each other's place."""
    network, texts = unet(), []
    for count in (3, 300):
        session, values = opened(network), np.random.default_rng([seed, count])
        for _ in range(count):
            session = session.edit(SetKernel("mid", 0, 0, _kernel(values)))
            session = session.edit(ScaleFilter("mid", 0, 1.0))  # else only the last kernel counts
        text = write_edits(network, session.edits)
        texts.append(write_session(KeptSession.of(session, ())) if kind == "session" else text)
    return texts[0], texts[1]


def save_session(seed: int, folder: Path) -> None:
    """Save two sessions by turns to one file, endlessly."""
    _save(contents("session", seed), folder / "file")


def save_edits(seed: int, folder: Path) -> None:
    """Save two lists of edits by turns to one file, endlessly."""
    _save(contents("edits", seed), folder / "file")


def _save(texts: tuple[str, str], path: Path) -> None:
    texts_on_disk = DiskTexts()
    said = os.open(path.with_name("said"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        for text in texts:
            texts_on_disk.write(path, text)
            os.write(said, b"saved\n")
