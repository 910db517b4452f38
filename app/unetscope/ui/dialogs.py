"""The questions the window asks, and the two pages it shows about itself."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from html import escape
from importlib.metadata import version
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

STUDY_FILES = "DICOM, NIfTI or zip (*.dcm *.ima *.nii *.nii.gz *.zip DICOMDIR);;All files (*)"
MODEL_FILES = "Keras models (*.keras *.h5 *.hdf5 saved_model.pb);;All files (*)"
REFERENCE_FILES = "DICOM SEG, RTSTRUCT, NIfTI, NRRD (*.dcm *.nii *.nii.gz *.nrrd);;All files (*)"
EDIT_FILES = "Unetscope edits (*.edits.json);;All files (*)"
RECIPE_FILES = "Unetscope recipes (*.recipe.json);;All files (*)"


class Choice(Enum):
    """What to do with what no file holds."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def ask_folder(parent: QWidget) -> Path | None:
    """Ask for a study folder."""
    return _path(QFileDialog.getExistingDirectory(parent, "Open study folder"))


def ask_study_file(parent: QWidget) -> Path | None:
    """Ask for a study file."""
    return _path(QFileDialog.getOpenFileName(parent, "Open study file", "", STUDY_FILES)[0])


def ask_reference(parent: QWidget) -> Path | None:
    """Ask for a file with a reference."""
    return _path(QFileDialog.getOpenFileName(parent, "Open reference", "", REFERENCE_FILES)[0])


def ask_other_patient(parent: QWidget, what: str) -> bool:
    """Ask whether a reference that names another patient is wanted."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Another patient", what, parent=parent)
    box.setObjectName("other_patient")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText("Open it only if you know that both are the same person.")
    anyway = box.addButton("Open anyway", QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    for button in box.buttons():
        button.setIcon(QIcon())  # as in every dialog here
    box.exec()
    return box.clickedButton() is anyway


def ask_model(parent: QWidget) -> Path | None:
    """Ask for a model file."""
    return _path(QFileDialog.getOpenFileName(parent, "Open model", "", MODEL_FILES)[0])


def ask_save_model(parent: QWidget, proposed: Path) -> Path | None:
    """Ask where the edited network goes; the ending is ``.keras``."""
    text, _ = QFileDialog.getSaveFileName(
        parent, "Save edited model", str(proposed), "Keras model (*.keras)"
    )
    path = _path(text)
    return path.with_suffix(".keras") if path and path.suffix != ".keras" else path


def ask_save_picture(parent: QWidget) -> Path | None:
    """Ask where a picture goes; the ending is ``.png``."""
    text, _ = QFileDialog.getSaveFileName(
        parent, "Save picture", "unetscope.png", "Picture (*.png)"
    )
    path = _path(text)
    return path.with_suffix(".png") if path and path.suffix != ".png" else path


def ask_save_report(parent: QWidget) -> Path | None:
    """Ask where a report of trouble goes; the ending is ``.txt``."""
    text, _ = QFileDialog.getSaveFileName(
        parent, "Save report", "unetscope-report.txt", "Text (*.txt)"
    )
    return _with_ending(text, ".txt")


def ask_save_table(parent: QWidget, title: str, proposed: str) -> Path | None:
    """Ask where a table goes; it has an ending, ``.csv`` where none is given."""
    path = _path(QFileDialog.getSaveFileName(parent, title, proposed, "Table (*.csv)")[0])
    return path.with_suffix(".csv") if path and not path.suffix else path


def ask_name(parent: QWidget, title: str, question: str) -> str:
    """Ask for a name; empty when it is given up."""
    name, agreed = QInputDialog.getText(parent, title, question)
    return name.strip() if agreed else ""


def ask_recipe(parent: QWidget) -> Path | None:
    """Ask for a file with a recipe."""
    return _path(QFileDialog.getOpenFileName(parent, "Take in a recipe", "", RECIPE_FILES)[0])


def ask_save_recipe(parent: QWidget, name: str) -> Path | None:
    """Ask where a recipe goes; the ending is ``.recipe.json``."""
    proposed = f"{name.replace('/', '-')}.recipe.json"
    text, _ = QFileDialog.getSaveFileName(parent, "Write recipe", proposed, RECIPE_FILES)
    return _with_ending(text, ".recipe.json")


def ask_edits(parent: QWidget) -> Path | None:
    """Ask for a list of edits."""
    return _path(QFileDialog.getOpenFileName(parent, "Apply edits", "", EDIT_FILES)[0])


def ask_save_edits(parent: QWidget, proposed: Path) -> Path | None:
    """Ask where a list of edits goes; the ending is ``.edits.json``."""
    text, _ = QFileDialog.getSaveFileName(parent, "Save edits", str(proposed), EDIT_FILES)
    return _with_ending(text, ".edits.json")


def _with_ending(text: str, ending: str) -> Path | None:
    path = _path(text)
    return path.with_name(path.name + ending) if path and not text.endswith(ending) else path


def ask_other_models_edits(parent: QWidget, name: str, model: str) -> bool:
    """Ask whether edits made for another model are wanted; no is the safe answer."""
    return ask_to_go_on(
        parent,
        "Unetscope",
        f"{name} was made for another model, {model}.\n\nIts edits fit the layers of this one, but "
        "what they do here may be something else. Apply them?",
        QMessageBox.StandardButton.Apply,
    )


def ask_to_go_on(parent: QWidget, title: str, text: str, yes: QMessageBox.StandardButton) -> bool:
    """Ask whether something is to be done; Cancel is the safe answer, and what Enter gives."""
    cancel = QMessageBox.StandardButton.Cancel
    box = QMessageBox(QMessageBox.Icon.Question, title, text, yes | cancel, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)  # it may quote a file
    box.setDefaultButton(cancel)
    return box.exec() == yes


def ask_about_edits(parent: QWidget) -> Choice:
    """Ask what becomes of edits that no file holds, before they are lost."""
    return ask_about(
        parent, "The network has edits that are not saved.", "Save them as a new model file first?"
    )


def ask_about_card(parent: QWidget) -> Choice:
    """Ask what becomes of a changed input card, before the changes are lost."""
    return ask_about(parent, "The input card was changed and is not saved.", "Save the card first?")


def ask_about(parent: QWidget, lost: str, question: str) -> Choice:
    """Ask what becomes of something before it is lost."""
    buttons = QMessageBox.StandardButton
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Unetscope")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(lost)
    box.setInformativeText(question)
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    for button in box.buttons():
        button.setIcon(QIcon())  # as in every dialog here
    chosen = box.exec()
    return {buttons.Save: Choice.SAVE, buttons.Discard: Choice.DISCARD}.get(
        QMessageBox.StandardButton(chosen), Choice.CANCEL
    )


def show_shortcuts(parent: QWidget, rows: Sequence[tuple[str, str]]) -> None:
    """Show every key and mouse gesture, each with what it does."""
    body = "".join(
        f"<tr><td><b>{escape(keys)}</b>&nbsp;&nbsp;</td><td>{escape(what)}</td></tr>"
        for keys, what in rows
    )
    hint = "<p>All keys and the mouse can be changed in Preferences.</p>"
    _page(parent, "Keys and mouse", f"{hint}<table cellpadding=4>{body}</table>")


def _page(parent: QWidget, title: str, html: str) -> None:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    text = QTextBrowser()
    text.setHtml(html)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.resize(640, 520)
    dialog.open()


def show_about(parent: QWidget, guard: str) -> None:
    """Say what the program is, what it is not for, and what keeps its engine from doing harm."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("About Unetscope")
    box.setText(f"<h3>Unetscope {version('unetscope')}</h3>")
    box.setInformativeText(
        "Look inside a U-Net while it segments a DICOM MRI slice, and edit its kernels live."
        "<br><br><b>Research use only — not for diagnosis.</b> Not a medical device."
        "<br><br>BSD-3-Clause licence. Built on PySide6, TensorFlow and Keras, NumPy, pydicom, "
        "nibabel, pyqtgraph, h5py and psygnal." + (f"<br><br>The engine: {guard}" if guard else "")
    )
    box.open()


def tell(parent: QWidget, what: str, hint: str, details: str = "") -> QMessageBox:
    """Tell the user of trouble that must not be overlooked."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Unetscope", what, parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setInformativeText(hint)
    box.setDetailedText(details)
    box.open()
    return box
