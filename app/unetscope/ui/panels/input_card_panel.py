"""The input card: the slice beside the model's training, the tensor fed in, steps and card."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.input_card import InputCardPresenter, InputCardView, TensorView
from unetscope.ui.widgets.card_editor import ClassesEditor, FactsEditor
from unetscope.ui.widgets.check_table import CheckTable
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.histogram import Histogram
from unetscope.ui.widgets.map_view import MapContent, MapView
from unetscope.ui.widgets.step_fields import NumberField
from unetscope.ui.widgets.steps_editor import StepsEditor

PICTURE = 112  # height and width of the picture of the tensor
WANTED = 460  # height that shows the marks and the tensor


class InputCardPanel(QDockWidget):
    """Draws an `InputCardView` and reports every change of the card."""

    def __init__(self, presenter: InputCardPresenter, parent: QWidget) -> None:
        super().__init__("Input card", parent)
        self.setObjectName("input_card")
        self.setProperty("wanted_height", WANTED)
        self._presenter = presenter
        self._tensor: TensorView | None = None

        self.state = _told("input_card.state")
        self.note = _told("input_card.note", "warning")
        self.problem = _told("input_card.problem", "error")
        self.confirm = _button("Confirm what the card says", "input_card.confirm")
        self.confirm.setToolTip("I know that this is what the model was trained on")
        self.back = _button("Back to the card", "input_card.back")
        self.back.setToolTip("Undo all changes since the card was read or saved")
        self.save = _button("Save card", "input_card.save")
        self.save.setToolTip("Write the card beside the model, or into your own folder")
        self.checks = CheckTable()
        self.checks.setObjectName("input_card.checks")
        self._checks_empty = _told("input_card.checks_empty", "muted")
        self.picture = MapView()
        self.picture.setObjectName("input_card.tensor")
        self.picture.setAccessibleName("The tensor the network is fed")
        self.picture.setFixedSize(PICTURE, PICTURE)
        self.numbers = _told("input_card.numbers", "value")
        self.channel = NumberField("input_card.channel", 0, 0)
        self.channel.setPrefix("channel ")
        self.histogram = Histogram()
        self.histogram.setToolTip("How many pixels of the tensor have which value; logarithmic")
        self.histogram.setMinimumSize(40, 50)
        self.steps = StepsEditor()
        self.facts = FactsEditor()
        self.classes = ClassesEditor()
        self._empty = _told("input_card.empty", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)

        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._content())
        self._stack = QStackedWidget()
        self._stack.setMinimumHeight(120)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._scroll)
        self.setWidget(self._stack)
        self._connect()
        self.show_view(presenter.view)

    def _content(self) -> QWidget:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(6)
        buttons = FlowLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.save)
        layout.addWidget(self.state)
        layout.addWidget(self.note)
        layout.addWidget(self.confirm)
        layout.addLayout(buttons)
        layout.addWidget(self.problem)
        layout.addWidget(self.checks)
        layout.addWidget(self._checks_empty)
        layout.addWidget(_title("The tensor fed in"))
        beside = QVBoxLayout()
        beside.setSpacing(2)
        beside.addWidget(self.numbers)
        beside.addWidget(self.channel)
        beside.addWidget(self.histogram, 1)
        tensor = QHBoxLayout()
        tensor.addWidget(self.picture)
        tensor.addLayout(beside, 1)
        layout.addLayout(tensor)
        layout.addWidget(_title("Steps, in this order"))
        layout.addWidget(self.steps)
        layout.addWidget(_title("What the model was trained on"))
        layout.addWidget(self.facts)
        layout.addWidget(_title("Classes"))
        layout.addWidget(self.classes)
        layout.addStretch(1)
        return content

    def _connect(self) -> None:
        presenter = self._presenter
        for button in (self.confirm, self.back, self.save):  # one that goes away scrolls nothing
            button.clicked.connect(lambda: self._scroll.setFocus())
        self.confirm.clicked.connect(presenter.confirm)
        self.back.clicked.connect(presenter.back)
        self.save.clicked.connect(lambda: presenter.save())
        self.channel.valueChanged.connect(lambda value: presenter.choose_channel(int(value)))
        self.steps.changed.connect(lambda fields: presenter.set_steps(**fields))
        self.steps.moved.connect(presenter.move_step)
        self.steps.reference_wanted.connect(presenter.take_reference)
        self.facts.written.connect(presenter.set_fact)
        self.classes.written.connect(presenter.set_class)
        self.picture.hovered.connect(self._hovered)
        self.picture.left.connect(lambda: self._show_numbers())
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    # ------------------------------------------------------------------- view

    def show_view(self, view: InputCardView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        self._empty.setText(view.empty)
        self._stack.setCurrentWidget(self._empty if view.empty else self._scroll)
        if view.steps is None:
            return
        self.state.setText(f"{view.name} — {view.state}")
        role = "warning" if view.trouble else "muted"
        if self.state.property("role") != role:
            self.state.setProperty("role", role)
            self.state.style().polish(self.state)
        for label, text in ((self.note, view.note), (self.problem, view.problem)):
            label.setText(text)
            label.setVisible(bool(text))
        self.confirm.setVisible(not view.confirmed)
        self.back.setEnabled(view.changed)
        self.save.setEnabled(view.changed or not view.confirmed)
        self.checks.show_checks(view.checks)
        self.setWindowTitle(f"Input card {view.sign}".strip())
        self._checks_empty.setText(view.checks_empty)
        self._checks_empty.setVisible(not view.checks)
        self._show_tensor(view)
        self.steps.show_steps(
            view.steps,
            orientations=view.orientations,
            usual_spacing=view.usual_spacing,
            fixed_size=view.fixed_size,
            channels=view.channels,
            series=view.series,
            can_take_reference=view.can_take_reference,
        )
        self.facts.show_facts([(fact.key, fact.name, fact.text) for fact in view.facts])
        self.classes.show_classes(view.classes)

    def _show_tensor(self, view: InputCardView) -> None:
        tensor = view.tensor
        self.channel.setVisible(view.channels > 1)
        if tensor is not None and tensor is self._tensor:
            return
        self._tensor = tensor
        self._show_numbers()
        if tensor is None:
            self.picture.show_message(view.tensor_empty)
            self.histogram.clear()
            return
        self.channel.setMaximum(tensor.channels - 1)
        self.channel.show_value(tensor.channel)
        self.picture.show_content(MapContent(values=tensor.values, limits=tensor.limits))
        self.histogram.show_histogram(np.log1p(tensor.counts), tensor.edges)

    def _hovered(self, row: int, column: int, value: float) -> None:
        self.histogram.mark(value)
        self._show_numbers(f"({row}, {column}) {value:.5g}")

    def _show_numbers(self, under_mouse: str = "") -> None:
        if not under_mouse:
            self.histogram.mark(None)
        lines = self._tensor.lines if self._tensor else ()
        self.numbers.setText("\n".join((*lines, under_mouse)))


def _told(name: str, role: str = "muted") -> QLabel:
    label = QLabel(textFormat=Qt.TextFormat.PlainText)
    label.setObjectName(name)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label


def _button(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    return button
