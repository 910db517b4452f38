"""A window in a process of its own that edits the sample until it is killed.

It says what is in force once that is on the screen and in the journal: the mask's hash, and all
edits. Then a hand drags a value to and fro, for ever.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from unetscope.bootstrap import Application, build, disk_journals, dress
from unetscope.domain.edit_file import write_edits

LAYER, FILTER, SLICE = "enc2_conv1", 3, 80


def state_of(program: Application) -> str:
    """What is in force and on the screen, to the bit."""
    session, answer = program.store.session, program.live.answer
    assert session.network is not None
    assert answer is not None
    assert answer.look.mask is not None
    assert answer.look.request.edits == session.edits
    mask = hashlib.sha256(answer.look.mask.tobytes()).hexdigest()
    edits = hashlib.sha256(write_edits(session.network, session.edits).encode()).hexdigest()
    return f"{answer.key.index} {session.layer} {session.filter} {mask} {edits}"


def is_settled(program: Application) -> bool:
    """Whether the picture on screen belongs to the session."""
    session, live = program.store.session, program.live
    if live.answer is None or live.answer.look.mask is None or live.busy:
        return False
    is_of_now = live.answer.look.request.edits == session.edits
    return is_of_now and live.answer.key.index == session.slice_index


def main(settings_file: Path) -> None:
    """Edit until killed."""
    app = QApplication([])
    settings = QSettings(str(settings_file), QSettings.Format.IniFormat)
    dress(app, settings, "dark")
    program = build(settings=settings, journals=disk_journals())
    program.window.show()
    program.desk.start_engine()

    def wait(true: Callable[[], bool]) -> None:
        while not true():
            app.processEvents()
            time.sleep(0.005)

    def run(command: str) -> None:
        program.window.run(command)

    store, kernel = program.store, program.presenters.kernel
    program.window.open_sample()
    wait(lambda: store.session.network is not None and store.session.series is not None)
    wait(lambda: is_settled(program))
    kernel.apply_recipe("sobel_x")
    store.update(lambda s: s.select_layer(LAYER).select_filter(FILTER).select_slice(SLICE))
    kernel.apply_recipe("gaussian")
    kernel.set_bias(0.125)
    run("edit.undo")
    run("edit.undo")
    run("edit.redo")
    wait(lambda: is_settled(program))
    said = state_of(program)
    count = len(store.session.history.done)
    journal = program.journal
    assert journal is not None
    wait(lambda: (w := journal.written) is not None and w.history is store.session.history)
    sys.stdout.write(f"{count} {said}\n")
    sys.stdout.flush()
    value = 0.0
    while True:
        program.presenters.pace.hold()
        for i in range(40):
            value += 0.001
            kernel.set_bias(value, same_gesture=i > 0)
            app.processEvents()
            time.sleep(0.008)
        program.presenters.pace.release()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
