"""Skip connections: a switchboard, and the curve of what each layer brings back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.explaining.recovery import RecoveryMeasure
from unetscope.domain.explaining.switches import ON, PATCHED
from unetscope.presenters.skips import SkipsPresenter
from unetscope.presenters.skips.view import CurveView, SkipsView, SwitchRow
from unetscope.ui import dialogs
from unetscope.ui.copying import CopyKeys
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.recovery_curve import RecoveryCurve
from unetscope.ui.widgets.switch_table import Bars, SwitchLine, SwitchTable

POSITIONS = (ON, "zero", "mean", PATCHED)
HEADS = (
    ("skip connection", "From the layer that gives to the one that reads, shallowest first"),
    ("passes", "What passes: rows, columns and feature maps"),
    ("switch", "Click a position; Left and Right turn the switch of the selected row"),
    (
        "cut to zero",
        "Each cut alone, all others on: pixels that change their class, per pixel that has one. "
        "Bars: 1 − Dice of each class",
    ),
    ("cut to mean", "The same with each map's mean in its place: its level stays"),
)
TIPS = (
    "passes as it is",
    "the reader gets zeros",
    "the reader gets each map's mean",
    "the reader gets what the source makes of another slice",
)
PROBE = (
    "A cut or patched skip is a probe: the network was never trained without it. "
    "Switches are edits, each one step to undo."
)
SWITCHES, CURVE = 0, 1


@guarded
class SkipsPanel(QDockWidget):
    """Draws a `SkipsView`."""

    def __init__(self, presenter: SkipsPresenter, parent: QWidget) -> None:
        super().__init__("Skip connections", parent)
        self.setObjectName("skips")
        self._presenter = presenter
        self._rows: tuple[SwitchRow, ...] = ()
        self._curve: CurveView | None = None
        self.all_on = _button("all_on", "All on", "Turn every skip connection on")
        self.all_off = _button("all_off", "All off", "Cut every skip connection to zero")
        self.measure = _button("measure", "Measure each")
        tip = "Cut each skip connection alone, in the background, and tell how the mask changes"
        set_tip(self.measure, tip, "explain.measure_skips")
        self.save_effects = _button("save", "CSV…", "Write what was measured as a table")
        tip = "The slice that a switch takes from, and the curve too"
        self.donor, self.donor_shown = _donor("donor", tip)
        self.table = SwitchTable(HEADS, TIPS)
        self.table.setObjectName("skips.table")
        self.table.setAccessibleName("Skip connections and their switches")
        CopyKeys(self.table, self.copy_effects)
        self._empty = _told("skips.empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self.summary = _told("skips.summary", muted=False)
        self.note = _told("skips.note")

        self.source = QComboBox()
        self.source.setObjectName("skips.source")
        self.source.addItems(["from slice", "from the trained network"])
        self.source.setToolTip("Where the layers are taken from")
        self.curve_donor, self.curve_donor_shown = _donor("curve_donor", tip)
        self.by = QComboBox()
        self.by.setObjectName("skips.measure_by")
        self.by.setToolTip("What is measured of each patched run")
        for each in RecoveryMeasure:
            self.by.addItem(each.value, each)
        self.with_skips = QCheckBox("with skips that pass it")
        self.with_skips.setObjectName("skips.with_skips")
        self.with_skips.setToolTip(
            "With each layer, take all that goes around it to later layers too"
        )
        self.run = _button("run", "Measure")
        tip = "Take one layer after the other from the better run, in the background"
        set_tip(self.run, tip, "explain.measure_recovery")
        self.save_curve = _button("save_curve", "CSV…", "Write the curve as a table")
        self.curve = RecoveryCurve()
        self.curve.setObjectName("skips.curve")
        self.curve.setAccessibleName("How far each layer brings the mask back")
        CopyKeys(self.curve, self.copy_curve)
        self._no_curve = _told("skips.no_curve")
        self._no_curve.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._curve_stack = QStackedWidget()
        self._curve_stack.addWidget(self.curve)
        self._curve_stack.addWidget(self._no_curve)
        self.found = _told("skips.found", muted=False)
        self.caveat = ElidedLabel()
        self.caveat.setObjectName("skips.caveat")
        self.caveat.setProperty("role", "muted")

        self.pages = QTabWidget()
        self.pages.setObjectName("skips.pages")
        self.pages.setDocumentMode(True)
        self.pages.addTab(self._switch_page(), "Switches")
        self.pages.addTab(self._curve_page(), "Recovery curve")
        tip = "Which layer, taken from a better run, brings the mask back"
        self.pages.setTabToolTip(CURVE, tip)
        self.setWidget(self.pages)
        self._connect()
        self.show_view(presenter.view)

    def _switch_page(self) -> QWidget:
        tools = (self.all_on, self.all_off, self.donor, self.donor_shown)
        last = (self.measure, self.save_effects)
        return _page((*tools, *last), self._stack, (self.summary, self.note))

    def _curve_page(self) -> QWidget:
        tools = (self.source, self.curve_donor, self.curve_donor_shown, self.by, self.with_skips)
        last = (self.run, self.save_curve)
        return _page((*tools, *last), self._curve_stack, (self.found, self.caveat))

    def _connect(self) -> None:
        presenter = self._presenter
        self.table.turned.connect(self._turned)
        self.all_on.clicked.connect(lambda: presenter.switch_all(None))
        self.all_off.clicked.connect(lambda: presenter.switch_all("zero"))
        self.measure.clicked.connect(presenter.measure)
        self.save_effects.clicked.connect(self.ask_save_effects)
        for spin, button in (
            (self.donor, self.donor_shown),
            (self.curve_donor, self.curve_donor_shown),
        ):
            spin.valueChanged.connect(lambda number: presenter.take_from(number - 1))
            button.clicked.connect(presenter.take_from_shown)
        self.source.activated.connect(lambda index: presenter.take_from_trained(index == 1))
        self.by.activated.connect(
            lambda index: presenter.measure_by(RecoveryMeasure(self.by.itemData(index)))
        )
        self.with_skips.toggled.connect(presenter.pass_skips)
        self.run.clicked.connect(presenter.recover)
        self.save_curve.clicked.connect(self.ask_save_curve)
        self.curve.chosen.connect(presenter.select_layer)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def show_switches(self) -> None:
        """Turn to the switches."""
        self.pages.setCurrentIndex(SWITCHES)

    def show_curve(self) -> None:
        """Turn to the curve."""
        self.pages.setCurrentIndex(CURVE)

    def copy_effects(self) -> None:
        """Put what was measured of each skip connection into the clipboard."""
        _copy(self._presenter.effects_text())

    def copy_curve(self) -> None:
        """Put the curve's numbers into the clipboard."""
        _copy(self._presenter.curve_text())

    def ask_save_effects(self) -> None:
        """Ask where to, and write what was measured of each skip connection."""
        self._ask_save("Save the skip connections", "skips.csv", self._presenter.effects_text)

    def ask_save_curve(self) -> None:
        """Ask where to, and write the curve."""
        self._ask_save("Save the recovery curve", "recovery.csv", self._presenter.curve_text)

    def _ask_save(self, title: str, name: str, text: Callable[[], str]) -> None:
        if path := dialogs.ask_save_table(self, title, name):
            self._presenter.save(path, text())

    def _turned(self, row: int, position: int) -> None:
        self._presenter.switch(row, POSITIONS[position])

    # ------------------------------------------------------------------- view

    def show_view(self, view: SkipsView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        has_rows = bool(view.rows)
        self._empty.setText(view.empty)
        self._stack.setCurrentWidget(self.table if has_rows else self._empty)
        if view.rows is not self._rows:
            self._rows = view.rows
            self.table.show_lines([_line(row, view.donor) for row in view.rows])
        self.all_on.setEnabled(view.any_off)
        self.all_off.setEnabled(has_rows and view.any_on)
        self.measure.setEnabled(view.measuring or (has_rows and view.can_measure))
        self.measure.setText("Stop" if view.measuring else "Measure each")
        is_measured = any(row.effects for row in view.rows)
        self.save_effects.setEnabled(is_measured)
        self.summary.setText(view.summary)
        self.summary.setVisible(has_rows and bool(view.summary))
        note = f"The bars were {view.effects_note}. " if view.effects_note and is_measured else ""
        self.note.setText(note + PROBE)
        self.note.setVisible(has_rows)
        self._show_donor(view)
        self._show_curve(view)

    def _show_donor(self, view: SkipsView) -> None:
        from_slice = not view.choice.trained
        for spin, button in (
            (self.donor, self.donor_shown),
            (self.curve_donor, self.curve_donor_shown),
        ):
            with QSignalBlocker(spin):
                spin.setRange(1, max(view.donors, 1))
                spin.setValue(view.donor + 1)
            spin.setEnabled(view.donors > 1)
            button.setEnabled(view.donors > 1)
        self.curve_donor.setVisible(from_slice)
        self.curve_donor_shown.setVisible(from_slice)

    def _show_curve(self, view: SkipsView) -> None:
        choice, curve = view.choice, view.curve
        with QSignalBlocker(self.source), QSignalBlocker(self.by), QSignalBlocker(self.with_skips):
            self.source.setCurrentIndex(int(choice.trained))
            self.by.setCurrentIndex(list(RecoveryMeasure).index(choice.measure))
            self.with_skips.setChecked(choice.with_skips)
        self.run.setText("Stop" if view.recovering else "Measure")
        self.run.setEnabled(view.recovering or not view.trouble)
        self.save_curve.setEnabled(bool(curve.layers))
        self._no_curve.setText(view.trouble or "Not measured yet. " + view.caveat)
        self._curve_stack.setCurrentWidget(self.curve if curve.layers else self._no_curve)
        self.caveat.setText(view.caveat)
        self.caveat.setVisible(bool(curve.layers))
        lines = [each for each in (view.trouble, view.curve_note, view.found) if each]
        self.found.setText("\n".join(lines))
        self.found.setVisible(bool(curve.layers and lines))
        self.curve.show_curve(
            curve.names,
            curve.bands,
            curve.mean,
            curve.by_label,
            curve.told,
            curve.selected,
            curve.joined,
        )


def _line(row: SwitchRow, donor: int) -> SwitchLine:
    patched = row.state == PATCHED
    labels = ("on", "zero", "mean", row.donor if patched else f"slice {donor + 1}")
    position = POSITIONS.index(row.state) if row.state in POSITIONS else -1
    bars = tuple(Bars(each.text, each.losses, each.tip) for each in row.effects)
    return SwitchLine(row.text, row.size, position, labels, bars)


def _page(tools: tuple[QWidget, ...], middle: QWidget, below: tuple[QWidget, ...]) -> QWidget:
    top = FlowLayout()
    for tool in tools:
        top.addWidget(tool)
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.setSpacing(4)
    layout.addLayout(top)
    layout.addWidget(middle, 1)
    for widget in below:
        layout.addWidget(widget)
    return page


def _donor(name: str, tip: str) -> tuple[QSpinBox, QPushButton]:
    spin = QSpinBox()
    spin.setObjectName(f"skips.{name}")
    spin.setPrefix("slice ")
    spin.setKeyboardTracking(False)
    spin.setToolTip(tip)
    button = _button(f"{name}_shown", "Slice shown", "Take from the slice that is on screen now")
    return spin, button


def _button(name: str, text: str, tip: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(f"skips.{name}")
    button.setToolTip(tip)
    return button


def _told(name: str, *, muted: bool = True) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    if muted:
        label.setProperty("role", "muted")
    return label


def _copy(text: str) -> None:
    """Rows of comma-separated values as tab-separated ones, for a spreadsheet."""
    if text:
        rows = csv.reader(io.StringIO(text))
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows))
