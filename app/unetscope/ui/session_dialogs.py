"""What is asked about sessions: where they are, what is missing, and what becomes of changes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from unetscope.domain.session_file import ENDING
from unetscope.state.sessions import Lost, Question
from unetscope.ui import dialogs

SESSION_FILES = f"Unetscope sessions (*{ENDING});;All files (*)"


class Missing(Enum):
    """What to do about a study or a model that is not as it was."""

    FIND = "find"
    WITHOUT = "without"
    CANCEL = "cancel"


def ask_session(parent: QWidget, folder: Path) -> Path | None:
    """Ask for a session's file."""
    text, _ = QFileDialog.getOpenFileName(parent, "Open session", str(folder), SESSION_FILES)
    return Path(text) if text else None


def ask_save_session(parent: QWidget, proposed: Path) -> Path | None:
    """Ask where a session goes; the ending is ``.unetscope``."""
    text, _ = QFileDialog.getSaveFileName(parent, "Save session", str(proposed), SESSION_FILES)
    path = Path(text) if text else None
    return path.with_name(path.name + ENDING) if path and path.suffix != ENDING else path


def ask_study(parent: QWidget) -> Path | None:
    """Ask for the folder or, if that is given up, the file that a study is now in."""
    return dialogs.ask_folder(parent) or dialogs.ask_study_file(parent)


def ask_about_session(parent: QWidget, name: str) -> dialogs.Choice:
    """Ask what becomes of changes that the session's file does not hold."""
    return dialogs.ask_about(
        parent, f"The session {name} has changes that are not saved.", "Save the session first?"
    )


def ask_discard(parent: QWidget, what: str) -> bool:
    """Ask whether a session that was left behind is to be deleted; no is the safe answer."""
    return dialogs.ask_to_go_on(
        parent,
        "Discard session",
        f"Discard this session? It cannot be restored any more.\n\n{what}",
        QMessageBox.StandardButton.Discard,
    )


def ask_about_missing(parent: QWidget, question: Question, *, hidden: bool) -> Missing:
    """Ask what to do about a study or model that is not there, or is another one.

    Parameters
    ----------
    hidden : bool
        The path of a study may tell who the patient is: it is not shown.
    """
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)  # a session may name its files anything
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Open session")
    what, hint, find, without = _words(question, hidden=hidden)
    box.setText(what)
    box.setInformativeText(hint)
    roles = QMessageBox.ButtonRole
    found = box.addButton(find, roles.AcceptRole)
    left_out = box.addButton(without, roles.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    cancel.setIcon(QIcon())
    box.setDefaultButton(found)
    box.setEscapeButton(cancel)
    box.exec()
    chosen = box.clickedButton()
    if chosen is found:
        return Missing.FIND
    return Missing.WITHOUT if chosen is left_out else Missing.CANCEL


def _words(question: Question, *, hidden: bool) -> tuple[str, str, str, str]:
    name, folder = question.path.name, question.path.parent
    steps = f"{question.steps} {'step' if question.steps == 1 else 'steps'}"
    if question.lost is Lost.STUDY:
        where = "where it was" if hidden else f"as {name} in {folder}"
        return (
            f"The study of this session cannot be opened {where}.",
            "It may have been moved, or its drive is not connected.",
            "Find the study…",
            "Open without it",
        )
    if question.lost is Lost.MODEL:
        return (
            f"The model {name} cannot be opened in {folder}.",
            f"It may have been moved. Without it the edits ({steps}) are not in force; the file of "
            "the session keeps them.",
            "Find the model…",
            "Open without it",
        )
    return (
        f"{name} is not the model that the session was made with.",
        f"It is another file, even if it has the same name. The edits ({steps}) were made for the "
        "other one.",
        "Find the model…",
        "Open without edits",
    )
