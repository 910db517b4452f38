"""The steps between slice and network, in their order, each with its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.intensity import Clahe
from unetscope.domain.preprocess import STEPS, Preprocessing, Step
from unetscope.ui.widgets.channels_editor import ChannelsEditor
from unetscope.ui.widgets.step_fields import MOST, ChoiceField, NumberField

NAMES: dict[Step, str] = {
    "orient": "Orient",
    "resample": "Resample",
    "match": "Match histogram",
    "clahe": "CLAHE",
    "normalise": "Normalise",
    "clip": "Clip",
    "fit": "Size",
}
TIPS: dict[Step, str] = {
    "orient": "Turn or mirror the slice so that these directions are at its right and bottom edge.",
    "resample": "Bring the pixels to the spacing the model was trained on, in mm.",
    "match": "Give each slice the histogram of a reference, which is kept in the card.",
    "clahe": "Even out the contrast tile by tile, as scikit-image's equalize_adapthist does.",
    "normalise": "Bring the values to the scale the model was trained on.",
    "clip": "Cut off what is below the first and above the second value.",
    "fit": "Rows and columns of the network's input: crop or pad about the centre, or stretch.",
}
KINDS = {
    "none": "as they are",
    "divide": "divide by",
    "minmax": "min to max → 0 … 1",
    "percentile": "percentiles → 0 … 1",
    "zscore": "z-score",
}
FOREGROUNDS = {"all": "by all pixels", "nonzero": "by pixels ≠ 0", "above mean": "by those > mean"}
FITS = {"centre": "crop or pad about the centre", "stretch": "stretch: resample to it"}


class _Row(QFrame):
    """One step: its switch, its place in the order, and its settings."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.setProperty("role", "note")
        self.switch = QCheckBox(NAMES[step])
        self.switch.setObjectName(f"input_card.{step}")
        self.switch.setToolTip(TIPS[step])
        self.up, self.down = QToolButton(), QToolButton()
        for button, text, way in ((self.up, "▴", "earlier"), (self.down, "▾", "later")):
            button.setText(text)
            button.setObjectName(f"input_card.{step}.{way}")
            button.setToolTip(f"{NAMES[step]} {way}")
            button.setAccessibleName(f"{NAMES[step]} {way}")
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.switch)
        head.addStretch(1)
        head.addWidget(self.up)
        head.addWidget(self.down)
        self.settings = QWidget()
        self._lines = QVBoxLayout(self.settings)
        self._lines.setContentsMargins(18, 0, 2, 0)
        self._lines.setSpacing(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 4, 3)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.settings)

    def add_line(self, *parts: QWidget | str) -> QWidget:
        """Put fields and words beside each other below what is there."""
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in parts:
            if isinstance(part, str):
                layout.addWidget(QLabel(part))
            else:
                layout.addWidget(part, 1)
        self._lines.addWidget(line)
        return line

    def show_state(self, on: bool) -> None:
        """Show whether the step is taken."""
        with QSignalBlocker(self.switch):
            self.switch.setChecked(on)
        self.settings.setVisible(on)


class StepsEditor(QWidget):
    """Shows a `Preprocessing` and reports every change of it."""

    changed = Signal(dict)
    """Fields of `Preprocessing` that are to be other."""
    moved = Signal(str, int)
    """A step, and how many places later in the order."""
    reference_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = Preprocessing()
        self._usual_spacing = (1.0, 1.0)
        self._rows: dict[Step, _Row] = {step: _Row(step) for step in STEPS}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._make_grid_steps()
        self._make_value_steps()
        self.channels = ChannelsEditor()
        self.channels.changed.connect(self.changed)
        for step, row in self._rows.items():
            row.up.clicked.connect(lambda _=False, step=step: self.moved.emit(step, -1))
            row.down.clicked.connect(lambda _=False, step=step: self.moved.emit(step, 1))
            row.switch.toggled.connect(lambda on, step=step: self._switched(step, on))
        self._arrange()

    def _make_grid_steps(self) -> None:
        self._orient = ChoiceField("input_card.orient.to")
        self._orient.currentIndexChanged.connect(
            lambda: self.changed.emit({"orient": self._orient.currentData()})
        )
        self._rows["orient"].add_line(self._orient)
        self._spacing = self._pair("spacing", 0.01, 100.0, decimals=4, step=0.1)
        self._rows["resample"].add_line(self._spacing[0], "×", self._spacing[1], "mm")
        self._size = self._pair("size", 1, 1 << 14)
        self._fit = ChoiceField("input_card.fit.how")
        self._fit.currentIndexChanged.connect(
            lambda: self.changed.emit({"fit": self._fit.currentData()})
        )
        self._rows["fit"].add_line(self._size[0], "×", self._size[1])
        self._rows["fit"].add_line(self._fit)

    def _make_value_steps(self) -> None:
        self._reference = QPushButton("Take this slice")
        self._reference.setObjectName("input_card.match.take")
        self._reference.clicked.connect(self.reference_wanted)
        self._reference_said = QLabel()
        self._rows["match"].add_line(self._reference_said, self._reference)

        self._limit = NumberField("input_card.clahe.limit", 0, 1, decimals=4, step=0.005)
        self._tile = [NumberField(f"input_card.clahe.tile{i}", 0, 1 << 14) for i in range(2)]
        for field in self._tile:
            field.setSpecialValueText("⅛")
            field.setToolTip("Rows and columns of a tile; ⅛ is an eighth of the image")
        for field in (self._limit, *self._tile):
            field.valueChanged.connect(self._clahe_changed)
        self._rows["clahe"].add_line("limit", self._limit)
        self._rows["clahe"].add_line("tile", self._tile[0], "×", self._tile[1])

        self._kind = ChoiceField("input_card.normalise.kind")
        self._kind.currentIndexChanged.connect(
            lambda: self.changed.emit({"normalise": self._kind.currentData()})
        )
        self._low = NumberField("input_card.normalise.low", 0, 100, decimals=2, step=0.5)
        self._high = NumberField("input_card.normalise.high", 0, 100, decimals=2, step=0.5)
        self._divisor = NumberField("input_card.normalise.divisor", -MOST, MOST, decimals=4)
        for field, key in ((self._low, "low"), (self._high, "high"), (self._divisor, "divisor")):
            field.valueChanged.connect(lambda value, key=key: self.changed.emit({key: value}))
        self._foreground = ChoiceField("input_card.normalise.foreground")
        self._foreground.currentIndexChanged.connect(
            lambda: self.changed.emit({"foreground": self._foreground.currentData()})
        )
        self._zero = QCheckBox("others become 0")
        self._zero.setObjectName("input_card.normalise.zero")
        self._zero.toggled.connect(lambda on: self.changed.emit({"zero_background": on}))
        row = self._rows["normalise"]
        row.add_line(self._kind)
        self._percentiles = row.add_line(self._low, "to", self._high, "%")
        self._by = row.add_line(self._divisor)
        self._who = row.add_line(self._foreground)
        self._others = row.add_line(self._zero)
        self._clip = self._pair("clip", -MOST, MOST, decimals=4, step=0.1)
        self._rows["clip"].add_line(self._clip[0], "…", self._clip[1])

    def _pair(
        self, key: str, low: float, high: float, *, decimals: int = 0, step: float = 1.0
    ) -> tuple[NumberField, NumberField]:
        """Two numbers that are one field."""
        first, second = (
            NumberField(f"input_card.{key}{i}", low, high, decimals=decimals, step=step)
            for i in range(2)
        )
        kind = int if key == "size" else float

        def changed() -> None:
            self.changed.emit({key: (kind(first.value()), kind(second.value()))})

        first.valueChanged.connect(changed)
        second.valueChanged.connect(changed)
        return first, second

    # ------------------------------------------------------------------- view

    def show_steps(
        self,
        steps: Preprocessing,
        *,
        orientations: Sequence[str],
        usual_spacing: tuple[float, float],
        fixed_size: bool,
        channels: int,
        series: Sequence[str],
        can_take_reference: bool,
    ) -> None:
        """Show steps without reporting it.

        Parameters
        ----------
        orientations : sequence of str
            Ways the slice shown can be turned.
        fixed_size : bool
            The network takes images of one size only.
        channels : int
            That the network takes.
        series : sequence of str
            Names of the series that can be laid on the slice shown.
        """
        is_moved, self._steps = steps.order != self._steps.order, steps
        self._usual_spacing = usual_spacing
        for step, row in self._rows.items():
            row.show_state(steps.does(step) if step != "fit" else steps.size is not None)
        self._rows["normalise"].settings.setVisible(True)
        self._rows["resample"].show_state(steps.spacing is not None)
        self._rows["orient"].switch.setEnabled(bool(orientations) or steps.orient is not None)
        self._rows["match"].switch.setEnabled(can_take_reference or steps.match is not None)
        self._reference.setEnabled(can_take_reference)
        self._rows["fit"].switch.setEnabled(not fixed_size)
        names = {o: f"{o[0]} right, {o[1]} bottom" for o in (*orientations, steps.orient) if o}
        self._orient.show_choices(names, steps.orient or "")
        _show_pair(self._spacing, steps.spacing or usual_spacing)
        if steps.size is not None:
            _show_pair(self._size, steps.size)
        for field in self._size:
            field.setEnabled(not fixed_size)
        self._fit.show_choices(FITS, steps.fit)
        if steps.match is not None:
            self._reference_said.setText(f"{len(steps.match.values):,} values")
        clahe = steps.clahe or Clahe()
        self._limit.show_value(clahe.clip_limit)
        _show_pair(self._tile, clahe.tile or (0, 0))
        _show_pair(self._clip, steps.clip or (0.0, 1.0))
        self._show_normalising(steps)
        self.channels.setVisible(channels > 1)
        self.channels.show_channels(steps, channels, series)
        if is_moved:
            self._arrange()

    def _show_normalising(self, steps: Preprocessing) -> None:
        self._kind.show_choices(KINDS, steps.normalise)
        self._low.show_value(steps.low)
        self._high.show_value(steps.high)
        self._divisor.show_value(steps.divisor)
        self._foreground.show_choices(FOREGROUNDS, steps.foreground)
        with QSignalBlocker(self._zero):
            self._zero.setChecked(steps.zero_background)
        self._percentiles.setVisible(steps.normalise == "percentile")
        self._by.setVisible(steps.normalise == "divide")
        self._who.setVisible(steps.normalise not in ("none", "divide"))
        self._others.setVisible(steps.foreground != "all" and steps.normalise != "none")

    def _arrange(self) -> None:
        """Put the rows in the order in force; the channels come last."""
        order = self._steps.order
        for row in self._rows.values():
            self._layout.removeWidget(row)
        self._layout.removeWidget(self.channels)
        for step in order:
            self._layout.addWidget(self._rows[step])
            self._rows[step].up.setEnabled(step != order[0])
            self._rows[step].down.setEnabled(step != order[-1])
        self._layout.addWidget(self.channels)

    # ---------------------------------------------------------------- actions

    def _switched(self, step: Step, on: bool) -> None:
        """Take a step with what its fields say, or leave it out."""
        if step == "match" and on:
            self.reference_wanted.emit()
            return
        first = self._orient.itemData(0)
        size = tuple(int(field.value()) for field in self._size)
        taken = {
            "orient": {"orient": first},
            "resample": {"spacing": self._usual_spacing},
            "clahe": {"clahe": Clahe()},
            "normalise": {"normalise": "percentile"},
            "clip": {"clip": (self._clip[0].value(), self._clip[1].value())},
            "fit": {"size": size},
        }
        left_out = {"resample": {"spacing": None}, "normalise": {"normalise": "none"}}
        nothing = left_out.get(step, {"size" if step == "fit" else step: None})
        self.changed.emit(taken[step] if on else nothing)

    def _clahe_changed(self) -> None:
        before = self._steps.clahe or Clahe()
        rows, columns = (int(field.value()) for field in self._tile)
        tile: tuple[int, int] | None = (rows, columns)
        if not (rows and columns):  # one alone begins a tile, or ends it
            tile = (rows or columns,) * 2 if rows + columns and before.tile is None else None
        clahe = replace(before, clip_limit=self._limit.value(), tile=tile)
        self.changed.emit({"clahe": clahe})


def _show_pair(fields: Sequence[NumberField], values: tuple[float, float]) -> None:
    for field, value in zip(fields, values, strict=True):
        field.show_value(value)
