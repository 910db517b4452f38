"""How sure the network is: of the slice by class and zone, and slice by slice over the series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDockWidget,
    QFrame,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.explaining.augmenting import HARMLESS, Augmentation
from unetscope.domain.explaining.uncertainty import UNCALIBRATED, Spread, UncertaintyKind, Zone
from unetscope.presenters.uncertainty import UncertaintyPresenter, UncertaintyView
from unetscope.ui import dialogs
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.slice_curve import SliceCurve
from unetscope.ui.widgets.table_of_values import TableOfValues

REPEATS = (8, 16, 32, 64)
KINDS = {
    UncertaintyKind.ENTROPY: "How undecided the probabilities of each pixel are",
    UncertaintyKind.AUGMENTATIONS: "How the mask differs over slightly changed copies of the slice",
    UncertaintyKind.DROPOUT: "How the mask differs with the dropout layers at work",
}
SPREADS = {
    Spread.DEVIATION: "Of the probability of the class that the mask shows",
    Spread.VOTES: "Share of the runs that give a pixel another label than the mask",
    Spread.INFORMATION: "What the runs disagree on: entropy of their mean, less their mean entropy",
    Spread.ENTROPY: "How undecided all runs together are",
}
ZONES = {
    Zone.INSIDE: "Mean over the pixels of the mask; slices without a mask have none",
    Zone.BORDER: "Mean along the borders between labels",
    Zone.WHOLE: "Mean over all pixels: larger where there is more to decide",
}


@guarded
class UncertaintyPanel(QDockWidget):
    """Draws an `UncertaintyView`."""

    def __init__(self, presenter: UncertaintyPresenter, parent: QWidget) -> None:
        super().__init__("Uncertainty", parent)
        self.setObjectName("uncertainty")
        self._presenter = presenter
        self.kind = _box("kind", KINDS, "What is measured")
        self.repeats = QComboBox()
        self.repeats.setObjectName("uncertainty.repeats")
        self.repeats.setToolTip("How often the network is run over the slice")
        for count in REPEATS:
            self.repeats.addItem(f"{count} runs", count)
        self.spread = _box("spread", SPREADS, "What of the runs is told and seen")
        self.augmentations = QToolButton()
        self.augmentations.setObjectName("uncertainty.augmentations")
        self.augmentations.setText("Changes")
        self.augmentations.setToolTip("How the copies of the slice are changed")
        self.augmentations.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.augmentations.setMenu(self._menu())
        self.run = QPushButton("Run")
        self.run.setObjectName("uncertainty.run")
        self.laid = QCheckBox("Over the slice")
        self.laid.setObjectName("uncertainty.laid")
        set_tip(self.laid, "Show it in colours over the slice; the entropy", "explain.entropy")
        self.calibration = _told("calibration", UNCALIBRATED)
        self.table = TableOfValues()
        self.table.setObjectName("uncertainty.table")
        self.table.setToolTip(
            "Pixels of the mask, ± their standard deviation over the runs,\n"
            "and the mean of what is seen over the slice"
        )
        self.empty = _told("empty")
        self.note, self.finding = _told("note"), _told("finding", role="value")
        self.zone = _box("zone", ZONES, "Where the mean of each slice is taken")
        self.measure = QPushButton("Measure all slices")
        self.measure.setObjectName("uncertainty.measure")
        self.most = QPushButton("Most uncertain")
        self.most.setObjectName("uncertainty.most")
        tip = "Go to the most uncertain slice, then to the next one in that order"
        set_tip(self.most, tip, "explain.most_uncertain")
        self.save = QPushButton("CSV…")
        self.save.setObjectName("uncertainty.save")
        self.save.setToolTip("Write the numbers of every slice; no patient is named in them")
        self.curve = SliceCurve()
        self.curve.setObjectName("uncertainty.curve")
        self.curve.setAccessibleName("Uncertainty of each slice")
        self.listed = QLabel()
        self.listed.setObjectName("uncertainty.listed")
        self.listed.setTextFormat(Qt.TextFormat.RichText)
        self.listed.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.listed.setToolTip("Click a slice to go there")
        self.listed.setWordWrap(True)
        self.listed.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.series_note = _told("series_note")
        self.series_finding = _told("series_finding", role="value")
        self.setWidget(self._content())
        self._connect()
        self.show_view(presenter.view)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for each in Augmentation:
            if each is Augmentation.MIRROR_COLUMNS:
                menu.addSeparator()
            action = menu.addAction(each.value)
            action.setCheckable(True)
            action.setData(each)
            if each not in HARMLESS:
                action.setToolTip(
                    "Organs do not change sides: a network that never saw such slices\n"
                    "fails on them without being unsure about this one"
                )
        menu.triggered.connect(
            lambda action: self._presenter.augment(action.data(), action.isChecked())
        )
        return menu

    def _content(self) -> QWidget:
        top, below = FlowLayout(), FlowLayout()
        for widget in (
            self.kind,
            self.augmentations,
            self.repeats,
            self.spread,
            self.run,
            self.laid,
        ):
            top.addWidget(widget)
        for widget in (self.zone, self.measure, self.most, self.save):
            below.addWidget(widget)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        for shown in (self.empty, self.table, self.calibration, self.note, self.finding):
            layout.addWidget(shown)
        layout.addLayout(below)
        for known in (self.curve, self.listed, self.series_note, self.series_finding):
            layout.addWidget(known)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        return scroll

    def _connect(self) -> None:
        presenter = self._presenter
        self.kind.activated.connect(lambda i: self._choose(kind=list(KINDS)[i]))
        self.repeats.activated.connect(lambda i: self._choose(repeats=REPEATS[i]))
        self.spread.activated.connect(lambda i: self._choose(spread=list(SPREADS)[i]))
        self.zone.activated.connect(lambda i: self._choose(zone=list(ZONES)[i]))
        self.run.clicked.connect(self._run_or_stop)
        self.laid.clicked.connect(presenter.lay_over)
        self.measure.clicked.connect(self._measure_or_stop)
        self.most.clicked.connect(presenter.go_to_most)
        self.save.clicked.connect(self._save_table)
        self.curve.chosen.connect(presenter.go_to)
        self.listed.linkActivated.connect(lambda link: presenter.go_to(int(link)))
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def _choose(self, **chosen: object) -> None:
        choice = self._presenter.view.choice
        self._presenter.choose(replace(choice, **chosen))  # type: ignore[arg-type]

    def _run_or_stop(self) -> None:
        if self._presenter.view.running:
            self._presenter.cancel()
        else:
            self._presenter.start()

    def _save_table(self) -> None:
        if path := dialogs.ask_save_table(self, "Save uncertainty", "uncertainty.csv"):
            self._presenter.save(path)

    def _measure_or_stop(self) -> None:
        if self._presenter.view.measuring:
            self._presenter.cancel_series()
        else:
            self._presenter.start_series()

    # ------------------------------------------------------------------- view

    def show_view(self, view: UncertaintyView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        choice = view.choice
        repeated = choice.kind is not UncertaintyKind.ENTROPY
        boxes = (self.kind, self.repeats, self.spread, self.zone)
        places = (
            list(KINDS).index(choice.kind),
            REPEATS.index(choice.repeats) if choice.repeats in REPEATS else -1,
            list(SPREADS).index(choice.spread),
            list(ZONES).index(choice.zone),
        )
        for box, place in zip(boxes, places, strict=True):
            with QSignalBlocker(box):
                box.setCurrentIndex(place)
        for action in self.augmentations.menu().actions():
            action.setChecked(action.data() in choice.augmentations)
        self.repeats.setVisible(repeated)
        self.spread.setVisible(repeated)
        self.augmentations.setVisible(choice.kind is UncertaintyKind.AUGMENTATIONS)
        self.run.setVisible(repeated)
        self.run.setEnabled(view.can_run)
        self.run.setText("Stop" if view.running else "Run")
        self.run.setToolTip("Stop" if view.running else "Run the network over this slice again")
        with QSignalBlocker(self.laid):
            self.laid.setChecked(view.laid)
        self.empty.setText(view.empty)
        self.empty.setVisible(bool(view.empty))
        self.calibration.setText(f"{view.meaning} {UNCALIBRATED}".lstrip())
        self.table.show_rows(view.rows)
        self.table.setVisible(bool(view.rows))
        for label, text in (
            (self.note, view.note),
            (self.finding, view.finding),
            (self.series_note, view.series_note),
            (self.series_finding, view.series_finding),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self._show_series(view)

    def _show_series(self, view: UncertaintyView) -> None:
        is_known = bool(np.isfinite(view.curve).any())
        self.measure.setText("Stop" if view.measuring else "Measure all slices")
        self.measure.setToolTip(
            "Stop; what is measured stays"
            if view.measuring
            else "Run the network over every slice of the series in idle moments"
        )
        self.measure.setVisible(view.measuring or not view.complete)
        self.zone.setVisible(is_known)
        self.most.setVisible(is_known)
        self.save.setVisible(is_known)
        self.curve.setVisible(is_known)
        self.listed.setVisible(bool(view.most))
        self.curve.show_values(view.curve, view.index, view.unit, digits=3)
        links = (
            f'<a href="{index}">{text.replace(" ", "&nbsp;")}</a>' for index, text in view.most
        )
        self.listed.setText("Most uncertain slices: " + "&nbsp; ".join(links))


def _box(name: str, choices: Mapping[Any, str], tip: str) -> QComboBox:
    """A box of choices, each with what it means."""
    box = QComboBox()
    box.setObjectName(f"uncertainty.{name}")
    box.setToolTip(tip)
    for place, (choice, meaning) in enumerate(choices.items()):
        box.addItem(str(choice.value))
        box.setItemData(place, meaning, Qt.ItemDataRole.ToolTipRole)
    return box


def _told(name: str, text: str = "", *, role: str = "muted") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setObjectName(f"uncertainty.{name}")
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label
