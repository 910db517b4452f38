# ruff: noqa: E501  (a row of the table is one line)
"""Sessions that are damaged, made to harm, later ones, or whose study or model is not as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.faults.bad_files import DEEP, huge, text
from tests.faults.fault import Do, Fault, nothing
from tests.faults.room import Room

from unetscope import resources
from unetscope.domain.session_file import write_session

NAME = "mine.unetscope"
STUDY, MODEL = str(resources.sample_study()), str(resources.sample_model())
Change = Callable[[str, Path], str]


def open_session(room: Room, path: Path) -> None:
    """Open it as a drop does, and wait until something is said about it."""
    room.program.window.opening.open_all([path])
    room.wait_for(lambda: path.name in room.said)


def session(change: Change, *clicks: str) -> Do:
    """Save what is open as a session, change its text, open it, and answer what is asked.

    Parameters
    ----------
    change : callable
        Given the text and the folder that it lies in.
    clicks : str
        Texts of the buttons that are pressed, a dialog each.
    """

    def do(room: Room, folder: Path) -> None:
        kept = room.program.presenters.sessions.kept
        studies = tuple(place for place in kept.studies if str(place.path) == STUDY)
        path = folder / NAME  # of the sample alone: other rows have opened other studies
        path.write_text(change(write_session(replace(kept, studies=studies)), folder))
        with room.answering(*clicks):
            if clicks[-1:] == ("Cancel",):
                room.program.window.opening.open_all([path])
                room.wait_for(lambda: len(room.elsewhere) == len(clicks))
            else:
                open_session(room, path)

    return do


def lost_study(kept: str, _: Path) -> str:
    return kept.replace(STUDY, "/nowhere/head")


def lost_model(kept: str, _: Path) -> str:
    return kept.replace(MODEL, "/nowhere/net.keras")


def other_model(kept: str, folder: Path) -> str:
    """The model is there, but trained further since."""
    path = folder / "net.keras"
    shutil.copyfile(MODEL, path)
    with path.open("ab") as file:
        file.write(b"\0")
    return kept.replace(MODEL, str(path))


def endless_model(kept: str, _: Path) -> str:
    return kept.replace(MODEL, "/dev/zero")


def other_layers(kept: str, _: Path) -> str:
    changed = kept.replace('"enc1_conv1"', '"nobody"')
    assert changed != kept
    return changed


def no_number(kept: str, _: Path) -> str:
    return kept.replace('"format":1', '"format":NaN')


def later_edit(kept: str, _: Path) -> str:
    changed = kept.replace('"SetKernel"', '"Run"')
    assert changed != kept
    return changed


DAMAGED = f"{NAME} is no session, or it is damaged. Choose another file. Nothing has changed."

SESSIONS: tuple[Fault, ...] = (
    Fault(
        "a session cut short",
        nothing,
        f"{NAME} is no session, or it is damaged at line 1, column *. Choose another file. Nothing has changed.",
        session(lambda kept, _: kept[: len(kept) // 2]),
    ),
    Fault(
        "a session of a later version",
        nothing,
        f"{NAME} was written by a later version. Update Unetscope.",
        session(lambda kept, _: kept.replace('"format":1', '"format":2')),
    ),
    Fault("a session of no version", nothing, DAMAGED, session(no_number)),
    Fault(
        "a session that is something else",
        text(NAME, '{"format": 1, "edits": []}'),
        f"{NAME} is no session. Choose a file that ends in .unetscope.",
        open_session,
    ),
    Fault("a session nested 100,000 deep", text(NAME, DEEP), DAMAGED, open_session),
    Fault(
        "a session of four million lists",
        text(NAME, "[" + "[]," * 2_100_000 + "0]"),
        DAMAGED,
        open_session,
    ),
    Fault(
        "a session of 300 MB",
        huge(NAME),
        f"{NAME} is too large to be read. Is it the file?",
        open_session,
    ),
    Fault(
        "a session that is bytes",
        text(NAME, b"\xff\xfe\0" * 99),
        f"{NAME} is no text. Choose another file.",
        open_session,
    ),
    Fault(
        "a session that is gone",
        lambda f: f / NAME,
        f"{NAME} cannot be read. Is it still there?",
        open_session,
    ),
    Fault(
        "a session of a study that is gone",
        nothing,
        f"Opened {NAME}: 1 edit in force. Not there: the study. The study of this session cannot be opened as head in /nowhere. It may have been moved, or its drive is not connected.",
        session(lost_study, "Open without it"),
        reopens=True,
    ),
    Fault(
        "a session of a model that is gone",
        nothing,
        f"Opened {NAME}. Not there: the model. The model net.keras cannot be opened in /nowhere. It may have been moved. Without it the edits (1 step) are not in force; the file of the session keeps them.",
        session(lost_model, "Open without it"),
        reopens=True,
    ),
    Fault(
        "a session of a model that is gone, given up",
        nothing,
        "The model net.keras cannot be opened in /nowhere. It may have been moved. Without it the edits (1 step) are not in force; the file of the session keeps them.",
        session(lost_model, "Cancel"),
    ),
    Fault(
        "a session whose model is a device without end",
        nothing,
        "The model zero cannot be opened in /dev. It may have been moved. Without it the edits (1 step) are not in force; the file of the session keeps them.",
        session(endless_model, "Cancel"),
        only="linux",
    ),
    Fault(
        "a session of a model that was changed",
        nothing,
        f"Opened {NAME}: 0 edits in force. Not there: the edits of another model. net.keras is not the model that the session was made with. It is another file, even if it has the same name. The edits (1 step) were made for the other one.",
        session(other_model, "Open without edits"),
        reopens=True,
    ),
    Fault(
        "a session of edits that fit no layer",
        nothing,
        f"Opened {NAME}: 0 edits in force. Not there: *",
        session(other_layers),
        reopens=True,
    ),
    Fault(
        "a session of an edit nobody knows",
        nothing,
        f"Opened {NAME}: 0 edits in force. Not there: *",
        session(later_edit),
        reopens=True,
    ),
)
