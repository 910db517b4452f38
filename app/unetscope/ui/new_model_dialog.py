"""The question behind "New model…": which architecture, for which images, and where to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.errors import ModelError
from unetscope.domain.presets import (
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_FILTERS,
    MAX_SIDE,
    PRESETS,
    NewModel,
    Preset,
)
from unetscope.ui.widgets.guard import guarded

BYTES = 4  # of each weight value in the file
WIDTH, BOX = 520, 104  # of the dialog and of a number, in pixels


@guarded
class NewModelDialog(QDialog):
    """Asks for a new network until one can be built.

    Parameters
    ----------
    folder : Path
        Where the file is proposed.
    chosen : callable
        Takes what to build and where to.
    """

    def __init__(
        self, folder: Path, chosen: Callable[[NewModel, Path], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("new_model")
        self.setWindowTitle("New model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._folder = folder
        self._chosen = chosen
        self._new: NewModel | None = None
        self._proposed_file = Path()

        self.preset = QComboBox()
        for known in PRESETS:
            self.preset.addItem(known.title)
        self.sentence = _muted("")
        self.rows = _number(1, MAX_SIDE, "Rows of the image that the network takes")
        self.columns = _number(1, MAX_SIDE, "Columns of the image that the network takes")
        self.channels = _number(1, MAX_CHANNELS, "1 for an MRI slice")
        self.classes = _number(
            1,
            MAX_CLASSES,
            "1: background and foreground, by one sigmoid channel. "
            "More: one softmax channel for each class, background included",
        )
        self.filters = _number(
            1, MAX_FILTERS, "Filters of the first level; each level below has twice as many"
        )
        self.levels = _number(2, 7, "Levels of the U; each has half the rows and columns")
        self.seed = _number(
            0, 2**31 - 1, "The first weights are drawn by it: the same seed, the same weights"
        )
        self.file = QLineEdit()
        self.file.setToolTip("A new .keras file; what stands there is never replaced")
        self.browse = QPushButton("&Browse…")
        self.browse.setAutoDefault(False)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.confirm = buttons.addButton("&Create", QDialogButtonBox.ButtonRole.AcceptRole)

        for name, widget in vars(self).items():
            if isinstance(widget, QWidget):
                widget.setObjectName(f"new_model.{name}")
        self._lay_out(buttons)
        self.preset.currentIndexChanged.connect(self._propose)
        for box in (self.rows, self.columns, self.channels, self.classes):
            box.valueChanged.connect(self._check)
        for box in (self.filters, self.levels, self.seed):
            box.valueChanged.connect(self._check)
        self.file.textChanged.connect(self._check)
        self.browse.clicked.connect(self._browse)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setFixedWidth(WIDTH)
        self._propose()
        self.confirm.setDefault(True)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        self._form = form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        size = QHBoxLayout()
        for widget in (self.rows, QLabel("×"), self.columns):
            size.addWidget(widget)
        size.addStretch(1)
        where = QHBoxLayout()
        where.addWidget(self.file, 1)
        where.addWidget(self.browse)
        form.addRow("&Architecture", self.preset)
        form.addRow("", self.sentence)
        form.addRow(_label("&Rows × columns", self.rows), size)
        form.addRow("C&hannels", self.channels)
        form.addRow("Class&es", self.classes)
        form.addRow("&Filters at the top", self.filters)
        form.addRow("&Levels", self.levels)
        form.addRow("&Seed", self.seed)
        form.addRow(_label("F&ile", self.file), where)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.summary)
        layout.addWidget(buttons)

    @property
    def _known(self) -> Preset:
        return PRESETS[self.preset.currentIndex()]

    def _propose(self) -> None:
        """Fill in what the architecture proposes; a file name of one's own is kept."""
        known = self._known
        was_proposed = not self.file.text() or Path(self.file.text()) == self._proposed_file
        self.sentence.setText(known.sentence)
        self.rows.setValue(known.image_shape[0])
        self.columns.setValue(known.image_shape[1])
        for box, value in (
            (self.classes, known.classes),
            (self.filters, known.filters),
            (self.levels, known.depth),
        ):
            self._form.setRowVisible(box, bool(value))
            if value:
                box.setValue(value)
        self._proposed_file = _free_name(self._folder, known.id)
        if was_proposed:
            self.file.setText(str(self._proposed_file))
        self._check()
        self.adjustSize()

    def _check(self) -> None:
        """Say what would be made, or why it cannot be."""
        known = self._known
        step = 2 ** (self.levels.value() - 1) if known.depth else 1
        for box in (self.rows, self.columns):
            box.setSingleStep(step)
        try:
            self._new = NewModel.proposed(
                known.id,
                image_shape=(self.rows.value(), self.columns.value(), self.channels.value()),
                classes=self.classes.value() if known.classes else 0,
                filters=self.filters.value() if known.filters else 0,
                depth=self.levels.value() if known.depth else 0,
                seed=self.seed.value(),
            )
            self._check_file()
        except ModelError as error:
            self._say(str(error), trouble=True)
            return
        parameters = self._new.parameters
        self._say(
            f"{parameters:,} parameters, a file of about {parameters * BYTES / 1e6:,.1f} MB. Its "
            "weights are random: until it is trained, what it gives means nothing.",
            trouble=False,
        )

    def _check_file(self) -> None:
        text = self.file.text().strip()
        path = self.path
        if not text:
            raise ModelError("The new network needs a file.", "Give it a name.")
        if path.suffix.lower() != ".keras":
            raise ModelError("The file's name must end in .keras.")
        if path.exists():
            raise ModelError(f"{path.name} exists already.", "Choose another name.")
        if not path.parent.is_dir():
            raise ModelError(f"There is no folder {path.parent}.", "Choose another.")
        if not os.access(path.parent, os.W_OK):
            raise ModelError(f"Nothing can be written to {path.parent}.", "Choose another folder.")

    @property
    def path(self) -> Path:
        """Where the network goes; a bare name goes to the folder proposed."""
        return self._folder / Path(self.file.text().strip()).expanduser()

    def _say(self, text: str, *, trouble: bool) -> None:
        self.summary.setText(text)
        self.summary.setProperty("role", "error" if trouble else "muted")
        self.summary.style().unpolish(self.summary)
        self.summary.style().polish(self.summary)
        self.confirm.setEnabled(not trouble)

    def _browse(self) -> None:
        text, _ = QFileDialog.getSaveFileName(
            self,
            "New model",
            str(self.path),
            "Keras model (*.keras)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if text:
            path = Path(text)
            self.file.setText(str(path if path.suffix else path.with_suffix(".keras")))

    def accept(self) -> None:
        """Tell what to build; nothing happens while that is not possible."""
        self._check()
        if self.confirm.isEnabled() and self._new is not None:
            self._chosen(self._new, self.path)
            super().accept()


def _number(least: int, most: int, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setToolTip(tip)
    box.setFixedWidth(BOX)
    return box


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    return label


def _free_name(folder: Path, stem: str) -> Path:
    """A name that no file has yet: ``unet.keras``, ``unet-2.keras`` and so on."""
    path, count = folder / f"{stem}.keras", 2
    while path.exists():
        path, count = folder / f"{stem}-{count}.keras", count + 1
    return path
