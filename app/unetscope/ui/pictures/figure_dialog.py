"""The figure builder: choose panes, order and caption them, and see the figure meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.figure import Figure, Pane, Paper
from unetscope.presenters.figure import FigurePresenter, FigureView
from unetscope.ui.filter_files import as_png
from unetscope.ui.pictures.figure_files import figure_image, figure_pdf, figure_svg
from unetscope.ui.pictures.figure_painting import Plan, plan_of
from unetscope.ui.pictures.panel_dialog import Save, ask_where
from unetscope.ui.pictures.panel_picture import RESEARCH
from unetscope.ui.widgets.guard import guarded

KINDS = "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"
AT_FIRST = ("slice", "trained", "mask", "changes", "map", "kernel")  # beginnings of keys
KEY = Qt.ItemDataRole.UserRole
CLIPBOARD = 4000  # pixels that a copy is wide at most: it is drawn while the window waits
NOTHING = "Tick what the figure is to show."
WAITING = "The network has not answered yet: its masks and maps come in a moment."


@guarded
class FigureDialog(QDialog):
    """Shows what can be in a figure, and the figure as it will be written.

    Parameters
    ----------
    presenter : FigurePresenter
        Gives the panes.
    more : callable
        Gives panes that other presenters know of.
    figure : Figure
        How the last one looked.
    keep : callable
        Takes how this one looks, when the dialog is closed.
    """

    def __init__(
        self,
        presenter: FigurePresenter,
        more: Callable[[], tuple[Pane, ...]],
        figure: Figure,
        keep: Callable[[Figure], None],
        save: Save,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("figure")
        self.setWindowTitle("Make a figure")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._presenter, self._more, self._keep, self._save = presenter, more, keep, save
        self._panes: dict[str, Pane] = {}
        self._captions: dict[str, str] = {}  # what the user wrote
        self._view = FigureView()
        self.panes = QListWidget()
        self.panes.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.panes.setToolTip(
            "Tick what the figure shows; drag to change the order; double click to write a caption"
        )
        self.columns = QSpinBox()
        self.columns.setRange(1, 8)
        self.columns.setValue(figure.columns)
        self.width_mm = QDoubleSpinBox()
        self.width_mm.setRange(30.0, 500.0)
        self.width_mm.setDecimals(0)
        self.width_mm.setSuffix(" mm")
        self.width_mm.setValue(figure.width)
        self.width_mm.setToolTip("Of the figure: a column of a journal has some 85, a page 180")
        self.dpi = QSpinBox()
        self.dpi.setRange(72, 1200)
        self.dpi.setSingleStep(50)
        self.dpi.setSuffix(" dpi")
        self.dpi.setValue(figure.dpi)
        self.dpi.setToolTip("Of PNG and the clipboard; SVG and PDF can be enlarged without end")
        self.paper = QComboBox()
        self.paper.addItems([paper.said for paper in Paper])
        self.paper.setCurrentText(figure.paper.said)
        self.letters = _check("Letters", figure.letters)
        self.captions = _check("Captions", figure.captions)
        self.scale_bar = _check("Scale bar", figure.scale_bar)
        self.scale_bar.setToolTip("Only where the pixels are calibrated in mm")
        self.colour_bars = _check("Colour bars and legends", figure.colour_bars)
        self.settings = _check("Network, edits and slice below", bool(figure.settings))
        self.preview = QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setMinimumSize(420, 320)
        self.told = QLabel()
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setProperty("role", "muted")
        self.told.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.save = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.ActionRole)
        for button in buttons.buttons():
            button.setIcon(QIcon())
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        self.save.setDefault(True)
        for name, widget in vars(self).items():
            if isinstance(widget, QWidget):
                widget.setObjectName(f"figure.{name}")
        self._lay_out(buttons)
        self._connect(buttons)
        self.resize(1040, 680)
        presenter.view_changed.connect(self._take)
        presenter.watch(True)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        form = QFormLayout()
        form.addRow("Panes in a row", self.columns)
        form.addRow("Width", self.width_mm)
        form.addRow("Sharpness", self.dpi)
        form.addRow("Paper", self.paper)
        left = QVBoxLayout()
        left.addWidget(QLabel("Panes"))
        left.addWidget(self.panes, 1)
        left.addLayout(form)
        for box in (self.letters, self.captions, self.scale_bar, self.colour_bars, self.settings):
            left.addWidget(box)
        side = QWidget()
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(320)
        right = QVBoxLayout()
        right.addWidget(self.preview, 1)
        right.addWidget(self.told)
        halves = QHBoxLayout()
        halves.addWidget(side)
        halves.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(halves, 1)
        layout.addWidget(buttons)

    def _connect(self, buttons: QDialogButtonBox) -> None:
        self.panes.itemChanged.connect(self._on_item)
        self.panes.model().rowsMoved.connect(self._show)
        for number in (self.columns, self.width_mm, self.dpi):
            number.valueChanged.connect(self._show)
        self.paper.currentIndexChanged.connect(self._show)
        for box in (self.letters, self.captions, self.scale_bar, self.colour_bars, self.settings):
            box.toggled.connect(self._show)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._ask_save)
        buttons.rejected.connect(self.reject)
        self.finished.connect(self._end)

    # ------------------------------------------------------------------- what it shows

    @property
    def figure(self) -> Figure:
        """How the figure looks."""
        edited = self._view.edited
        return Figure(
            columns=self.columns.value(),
            width=self.width_mm.value(),
            dpi=self.dpi.value(),
            paper=list(Paper)[max(self.paper.currentIndex(), 0)],
            letters=self.letters.isChecked(),
            captions=self.captions.isChecked(),
            scale_bar=self.scale_bar.isChecked(),
            colour_bars=self.colour_bars.isChecked(),
            settings=self._view.settings if self.settings.isChecked() else "",
            stamp=f"Edited network: {edited} · {RESEARCH}" if edited else RESEARCH,
        )

    @property
    def plan(self) -> Plan:
        """The figure laid out."""
        chosen = [
            replace(self._panes[item.data(KEY)], caption=item.text())
            for item in self._items()
            if item.checkState() is Qt.CheckState.Checked
        ]
        return plan_of(self.figure, tuple(chosen))

    def _items(self) -> list[QListWidgetItem]:
        return [self.panes.item(row) for row in range(self.panes.count())]

    def _take(self, view: FigureView) -> None:
        """Offer the panes that there are now; what was chosen and written stays."""
        self._view = view
        before = {item.data(KEY): item.checkState() for item in self._items()}
        self._panes = {pane.key: pane for pane in (*view.panes, *self._more())}
        known = [key for key in before if key in self._panes]
        keys = [*known, *(key for key in self._panes if key not in before)]
        with QSignalBlocker(self.panes):
            self.panes.clear()
            for key in keys:
                item = QListWidgetItem(self._captions.get(key, self._panes[key].caption))
                item.setData(KEY, key)
                flags = item.flags() | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable
                item.setFlags(flags & ~Qt.ItemFlag.ItemIsDropEnabled)  # between, not onto
                first = Qt.CheckState.Checked if key.startswith(AT_FIRST) else None
                item.setCheckState(before.get(key, first or Qt.CheckState.Unchecked))
                self.panes.addItem(item)
        self._show()

    def _on_item(self, item: QListWidgetItem) -> None:
        key = item.data(KEY)
        if item.text() != self._captions.get(key, self._panes[key].caption):
            self._captions[key] = item.text()
        self._show()

    def _show(self, *_: object) -> None:
        plan = self.plan
        for button in (self.copy, self.save):
            button.setEnabled(bool(plan.panes))
        if not plan.panes:
            self.preview.setPixmap(QPixmap())
            self.preview.setText(NOTHING)
            self.told.setText("")
            return
        ratio = self.devicePixelRatioF()
        wide, high = plan.layout.size
        scale = min(self.preview.width() / wide, self.preview.height() / high)
        image = figure_image(plan, max(round(wide * scale * ratio), 1))
        image.setDevicePixelRatio(ratio)
        self.preview.setPixmap(QPixmap.fromImage(image))
        figure = plan.figure
        pixels = f"{figure.pixels:,} × {round(figure.pixels * high / wide):,} pixels"
        size = f"{figure.width:.0f} × {figure.width * high / wide:.0f} mm, {pixels} as PNG."
        waits = f" {WAITING}" if self._view.waiting else ""
        self.told.setText(f"{size} The patient’s identity is left out.{waits}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    # ---------------------------------------------------------------------- where it goes

    def _copy(self) -> None:
        image = figure_image(self.plan, min(self.figure.pixels, CLIPBOARD))
        QGuiApplication.clipboard().setImage(image)
        self.told.setText(f"Copied: {image.width():,} × {image.height():,} pixels.")

    def _ask_save(self) -> None:
        if path := ask_where(self, KINDS, "unetscope-figure.png"):
            self._write(path)

    def _write(self, path: Path) -> None:
        plan = self.plan
        ending = path.suffix.lower()
        if ending == ".svg":
            self._save(path, partial(figure_svg, plan))
        elif ending == ".pdf":
            self._save(path, partial(figure_pdf, plan))
        else:
            self._save(path, lambda: as_png(figure_image(plan)))

    def _end(self) -> None:
        self._presenter.view_changed.disconnect(self._take)
        self._presenter.watch(False)
        self._keep(self.figure)


def _check(text: str, on: bool) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(on)
    return box
