"""How the segmentation leaves the program: as what, which classes and slices, and of whom."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.codes import Code, known_codes
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import FORMATS, IN_DICOM, Format, code_text, parsed_code
from unetscope.state.exporting import ExportChoice, Exporting, ExportOffer
from unetscope.ui.exporting_dialog import ExportingDialog, restyle
from unetscope.ui.widgets.guard import guarded

MOST_ROWS = 8  # more of them are scrolled
PATCH = 12
KEY = "export"


@guarded
class ExportDialog(ExportingDialog):
    """Asks what is to be written and where, and stays until it is.

    Parameters
    ----------
    exporting : Exporting
        Does the work.
    offer : ExportOffer
        What can be written.
    settings : QSettings
        Where the format and, by model, the codes are remembered.
    """

    def __init__(
        self, exporting: Exporting, offer: ExportOffer, settings: QSettings, parent: QWidget
    ) -> None:
        super().__init__(exporting, "export", "Export segmentation", parent)
        self._offer = offer
        self._settings = settings
        self._what = QWidget()
        layout = QVBoxLayout(self._what)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (
            *self._make_format(),
            *self._make_mask(),
            *self._make_classes(),
            *self._make_identity(),
        ):
            layout.addWidget(part)
        outer = QVBoxLayout(self)
        for part in (self._what, self.bar, self.message, self.buttons):
            outer.addWidget(part)
        self.setMinimumWidth(620)
        self.format.currentIndexChanged.connect(self._follow)
        self.identity.toggled.connect(self._follow)
        self.images.toggled.connect(self._follow)
        self._recall()
        self._follow()
        exporting.look_for_concerns()

    # ------------------------------------------------------------------ its parts

    def _make_format(self) -> tuple[QWidget, ...]:
        self.format = QComboBox()
        self.format.setObjectName("export.format")
        for form, about in FORMATS.items():
            self.format.addItem(about.name, form)
        self.purpose = _label("", "muted")
        self.purpose.setObjectName("export.purpose")
        return _label("Write it as", "title"), self.format, self.purpose

    def _make_mask(self) -> tuple[QWidget, ...]:
        offer = self._offer
        todo = offer.slices - offer.segmented
        those = "which" if todo == offer.slices else f"{todo:,} of which"
        first = f", {those} are segmented first" if todo else ""
        self.all_slices = QRadioButton(f"All {offer.slices:,} slices{first}")
        self.one_slice = QRadioButton(f"Only the slice shown, number {offer.shown + 1:,}")
        self.all_slices.setObjectName("export.all_slices")
        self.one_slice.setObjectName("export.one_slice")
        self.all_slices.setChecked(True)
        slices = _stacked(self.all_slices, self.one_slice)
        self.edited = QRadioButton(f"As edited: {_counted(offer.edits)} in force, the file says so")
        self.trained = QRadioButton("As trained: the network without the edits")
        self.edited.setObjectName("export.edited")
        self.trained.setObjectName("export.trained")
        self.edited.setChecked(True)
        which = _stacked(self.edited, self.trained)
        warning = _label(
            f"The network was edited. What it makes is not the mask of {offer.model} as it was "
            "trained.",
            "warning",
        )
        for part in (which, warning):
            part.setVisible(bool(offer.edits))
        return _label("Mask", "title"), slices, warning, which

    def _make_classes(self) -> tuple[QWidget, ...]:
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        known = [code_text(code) for code in known_codes()]
        self.classes: dict[int, QCheckBox] = {}
        self.codes: dict[int, QComboBox] = {}
        for row, each in enumerate(self._offer.classes):
            box = QCheckBox(each.name)
            box.setObjectName(f"export.class.{each.index}")
            box.setIcon(_patch(each.colour))
            box.setIconSize(QSize(PATCH, PATCH))
            box.setChecked(True)
            code = QComboBox()
            code.setEditable(True)
            code.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            code.setObjectName(f"export.code.{each.index}")
            code.setAccessibleName(f"Code of {each.name}")
            code.setToolTip("What this is, for other programs: a name and its SNOMED CT code")
            code.addItems(known)
            code.setCurrentText(code_text(each.code))
            code.setMinimumContentsLength(30)
            box.toggled.connect(self._follow)
            code.editTextChanged.connect(self._follow)
            grid.addWidget(box, row, 0)
            grid.addWidget(code, row, 1)
            self.classes[each.index], self.codes[each.index] = box, code
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(self.classes), 1)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setWidget(rows)
        lines = min(len(self.classes), MOST_ROWS)
        height = next(iter(self.codes.values())).sizeHint().height() + 6
        scrolled.setMinimumHeight(lines * height)
        if len(self.classes) <= MOST_ROWS:
            scrolled.setMaximumHeight(lines * height + 4)
        self._codes_title = _label("Classes, and what they are called in DICOM", "title")
        return self._codes_title, scrolled

    def _make_identity(self) -> tuple[QWidget, ...]:
        self.identity = QCheckBox("Remove what tells who the patient is")
        self.identity.setObjectName("export.deidentify")
        self.identity.setToolTip(
            "By the Basic Application Level Confidentiality Profile of DICOM PS3.15, and stricter "
            "about free texts; dates and UIDs are replaced"
        )
        self.identity.setChecked(True)
        self.images = QCheckBox(
            "Write the images too, with the same new identity; else the mask fits none"
        )
        self.images.setObjectName("export.images")
        self.images.setToolTip("Else no program can tell on which images the mask lies")
        self.concerns = _label("", "warning")
        self.concerns.setObjectName("export.concerns")
        self.named = _label("The file will say who the patient is, as the images do.", "warning")
        self.nobody = _label("This format holds nothing of the patient or the study.", "muted")
        self.nobody.setObjectName("export.nobody")
        self.named.setObjectName("export.named")
        self._identity_title = _label("Identity", "title")
        told = (self.named, self.nobody, self.concerns)
        return self._identity_title, self.identity, self.images, *told

    # ----------------------------------------------------------------- what is chosen

    @property
    def form(self) -> Format:
        """The format chosen."""
        return Format(self.format.currentData())

    def chosen_codes(self) -> dict[int, Code]:
        """The code of each class that is wanted; UnetscopeError where one is none."""
        return {
            index: parsed_code(self.codes[index].currentText())
            for index, box in self.classes.items()
            if box.isChecked()
        }

    def _follow(self) -> None:
        """Show what goes with what is chosen."""
        form, dicom = self.form, self.form in IN_DICOM
        why = self._offer.obstacles.get(form, "")
        self.purpose.setText(why or FORMATS[form].purpose)
        restyle(self.purpose, "error" if why else "muted")
        self.identity.setVisible(dicom)
        nameless = dicom and self.identity.isChecked()
        self.images.setVisible(nameless)
        self.named.setVisible(dicom and not nameless)
        self.nobody.setVisible(not dicom)
        with_images = nameless and self.images.isChecked()
        self.concerns.setVisible(with_images and bool(self.concerns.text()))
        for index, code in self.codes.items():
            code.setVisible(dicom)
            code.setEnabled(self.classes[index].isChecked())
        self._codes_title.setText(
            "Classes, and what they are called in DICOM" if dicom else "Classes"
        )
        trouble = ""
        try:
            wanted = self.chosen_codes() if dicom else self._proposed()
            trouble = "" if wanted else "Choose a class."
        except UnetscopeError as error:
            trouble = str(error)
        self.export_button.setEnabled(not why and not trouble and not self._running)
        self.say(trouble, "error" if trouble else "muted")

    def _proposed(self) -> dict[int, Code]:
        wanted = (each for each in self._offer.classes if self.classes[each.index].isChecked())
        return {each.index: each.code for each in wanted}

    def ask_path(self) -> None:
        """See `ExportingDialog.ask_path`."""
        form = self.form
        path = ask_where(self, form, self._offer.model)
        if path is None:
            return
        dicom = form in IN_DICOM
        deidentified = not dicom or self.identity.isChecked()
        beside = path.with_name(f"{path.name.removesuffix(FORMATS[form].ending)}-images")
        choice = ExportChoice(
            path=path,
            format=form,
            codes=self.chosen_codes() if dicom else self._proposed(),
            trained=self.trained.isChecked(),
            one_slice=self.one_slice.isChecked(),
            deidentified=deidentified,
            images=beside if dicom and deidentified and self.images.isChecked() else None,
        )
        self._remember(choice)
        self.set_running(running=True)
        self._exporting.start(choice)

    # -------------------------------------------------------------- while it is written

    def show_concerns(self, concerns: tuple[str, ...]) -> None:
        """See `ExportingDialog.show_concerns`."""
        self.concerns.setText("\n".join(concerns))
        self._follow()

    def set_running(self, *, running: bool) -> None:
        """See `ExportingDialog.set_running`."""
        self._what.setEnabled(not running)
        self._running = running
        self._follow()
        super().set_running(running=running)

    # -------------------------------------------------------------------- remembered

    def _recall(self) -> None:
        at = self.format.findData(_as_format(self._settings.value(f"{KEY}/format")))
        self.format.setCurrentIndex(max(at, 0))
        kept = self._settings.value(self._codes_key)
        try:
            codes = json.loads(kept) if isinstance(kept, str) else {}
            texts = {int(index): str(text) for index, text in codes.items()}
        except (ValueError, AttributeError):  # written by another program
            return
        for index, text in texts.items():
            if index in self.codes:
                self.codes[index].setCurrentText(text)

    def _remember(self, choice: ExportChoice) -> None:
        self._settings.setValue(f"{KEY}/format", choice.format.value)
        if choice.format in IN_DICOM:
            texts = {index: box.currentText() for index, box in self.codes.items()}
            self._settings.setValue(self._codes_key, json.dumps(texts))

    @property
    def _codes_key(self) -> str:
        return f"{KEY}/codes/{self._offer.fingerprint.removeprefix('sha256:')[:32]}"


def ask_where(parent: QWidget, form: Format, model: str) -> Path | None:
    """Ask where an export goes; its name says nothing of the patient."""
    about = FORMATS[form]
    stem = "".join(c if c.isalnum() else "-" for c in model.lower()).strip("-")[:40] or "network"
    kinds = f"{about.name} (*{about.ending})" if about.ending else "Folder (*)"
    text, _ = QFileDialog.getSaveFileName(
        parent, "Export segmentation", f"{stem}-mask{about.ending}", kinds
    )
    if not text:
        return None
    path = Path(text)
    ended = path.name.lower().endswith(about.ending)
    return path if ended else path.with_name(path.name + about.ending)


def _as_format(value: object) -> Format | None:
    try:
        return Format(value)
    except ValueError:
        return None


def _counted(edits: int) -> str:
    return f"{edits} edit{'s' if edits != 1 else ''}"


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    label.setWordWrap(role != "title")
    if role == "title":
        label.setContentsMargins(0, 6, 0, 0)
    return label


def _stacked(*parts: QWidget) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    for part in parts:
        layout.addWidget(part)
    return holder


def _patch(colour: str) -> QIcon:
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(colour))
    return QIcon(patch)
