"""What the filter lab shows of the selected kernel: its map large, its code, what to know."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.kernel_changes import CHANGES
from unetscope.domain.lab import LARGEST
from unetscope.domain.lab_words import Note
from unetscope.presenters.filter_lab import FilterLabPresenter, LabView
from unetscope.ui.colours import GREY
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.map_view import MapContent, MapView
from unetscope.ui.widgets.note_pictures import HIGH, WIDE, NotePicture, NotePictureView

MOST_CHANNELS, MOST_FILTERS = 512, 512
BESIDE = 360  # pixels from which a note's picture stands beside its text


class MapPage(QWidget):
    """Name, size and changes of the kernel over its map, with the value under the mouse."""

    def __init__(self, presenter: FilterLabPresenter) -> None:
        super().__init__()
        self._presenter = presenter
        self._view = presenter.view
        self._at: tuple[int, int, float] | None = None
        self.name = QLineEdit()
        self.name.setObjectName("filter_lab.kernel_name")
        self.name.setToolTip("What this kernel is called; the undo step of sending it says so")
        self.name.setMaximumWidth(150)
        self.rows = _spin("filter_lab.rows", 1, LARGEST, "Rows of the kernel")
        self.columns = _spin("filter_lab.columns", 1, LARGEST, "Columns of the kernel")
        self.centre = QPushButton("Centre")
        self.centre.setObjectName("filter_lab.centre")
        self.change = QPushButton("Change")
        self.change.setObjectName("filter_lab.change")
        self.change.setToolTip("Flip, turn, negate, shift or scale the kernel")
        menu = QMenu(self.change)
        menu.setToolTipsVisible(True)
        for change in CHANGES:
            action = menu.addAction(change.name)
            action.setObjectName(f"filter_lab.change.{change.id}")
            action.setToolTip(change.hint or change.name)
            action.triggered.connect(lambda _=False, key=change.id: presenter.change_kernel(key))
        self.change.setMenu(menu)
        self.map = MapView()
        self.map.setObjectName("filter_lab.map")
        self.map.setAccessibleName("Activation map")
        self.foot = ElidedLabel()
        self.foot.setObjectName("filter_lab.foot")
        self.foot.setProperty("role", "muted")

        bar = FlowLayout()
        for widget in (self.name, self.rows, QLabel("×"), self.columns, self.centre, self.change):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 2)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self.map, 1)
        layout.addWidget(self.foot)
        self.name.editingFinished.connect(lambda: presenter.rename(self.name.text()))
        for spin in (self.rows, self.columns):
            spin.valueChanged.connect(self._resized)
        self.centre.clicked.connect(presenter.centre)
        self.map.hovered.connect(self._hovered)
        self.map.left.connect(self._left)

    def show_view(self, view: LabView) -> None:
        """Show the selected kernel's map."""
        self._view = view
        row = view.rows[view.selected] if view.rows else None
        for widget in (self.name, self.rows, self.columns, self.change):
            widget.setEnabled(row is not None)
        if self.name.text() != view.name and not self.name.hasFocus():
            self.name.setText(view.name)
        for spin, length in zip((self.rows, self.columns), view.size, strict=True):
            with QSignalBlocker(spin):
                spin.setValue(length)
        odd = tuple(n + 1 - n % 2 for n in view.size)
        self.centre.setEnabled(row is not None and odd != view.size and max(odd) <= LARGEST)
        self.centre.setToolTip(
            f"Make it {odd[0]}×{odd[1]}, so that its middle lies on a pixel and edges stay in place"
            if odd != view.size
            else "Its middle lies on a pixel already"
        )
        if row is None or row.map is None:
            self.map.show_message(view.problem or view.empty or view.caption)
        elif not row.map.values.size:
            self.map.show_message("The kernel is larger than the picture.")
        else:
            content = self.map.content
            if content.values is not row.map.values or content.aspect != view.aspect:
                self.map.show_content(
                    MapContent(
                        values=row.map.values, limits=row.map.limits, lut=GREY, aspect=view.aspect
                    )
                )
        self._show_foot()

    def _show_foot(self) -> None:
        view = self._view
        made = view.rows[view.selected].map if view.rows else None
        if made is None or not made.values.size:
            self.foot.setText("")
            return
        rows, columns = made.values.shape
        grey = "0 is grey" if made.limits[0] < 0 else "0 is black"
        text = f"{rows}×{columns} · {made.range[0]:.4g} … {made.range[1]:.4g} · {grey}"
        if self._at is not None:
            row, column, value = self._at
            text = f"({row}, {column}): {value:.5g} · {text}"
        self.foot.setText(text)

    def _resized(self) -> None:
        self._presenter.resize(self.rows.value(), self.columns.value())

    def _hovered(self, row: int, column: int, value: float) -> None:
        self._at = (row, column, value)
        self._show_foot()

    def _left(self) -> None:
        self._at = None
        self._show_foot()


class WeightsPage(QScrollArea):
    """The line that puts the kernel into the layer, and why it is written so."""

    def __init__(self, presenter: FilterLabPresenter) -> None:
        super().__init__()
        self.setObjectName("filter_lab.weights")
        self.setWidgetResizable(True)
        self._presenter = presenter
        self.code = QPlainTextEdit()
        self.code.setObjectName("filter_lab.code")
        self.code.setReadOnly(True)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(max(self.font().pointSizeF() - 1, 7))
        self.code.setFont(font)
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.code.setAccessibleName("Code")
        self.bias = QDoubleSpinBox()
        self.bias.setObjectName("filter_lab.bias")
        self.bias.setPrefix("bias ")
        self.bias.setRange(-1e6, 1e6)
        self.bias.setDecimals(2)
        self.bias.setKeyboardTracking(False)
        self.bias.setMaximumWidth(110)
        self.bias.setToolTip("Added to every value, in the units of the picture")
        self.bias.setAccessibleName("Bias")
        self.copy = QPushButton("Copy script")
        self.copy.setObjectName("filter_lab.copy_script")
        self.copy.setToolTip(
            "A whole script for plain Keras that makes this map; it reads the picture that "
            "“Save script” in the menu ⋯ writes beside it"
        )
        self.channels = _spin("filter_lab.channels", 1, MOST_CHANNELS, "Channels of the image")
        self.channels.setPrefix("channels ")
        self.filters = _spin("filter_lab.filters", 1, MOST_FILTERS, "Filters of the layer")
        self.filters.setPrefix("filters ")
        self.answer = QLabel()
        self.answer.setObjectName("filter_lab.answer")
        self.answer.setWordWrap(True)
        self.answer.setTextFormat(Qt.TextFormat.RichText)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.answer.setAlignment(Qt.AlignmentFlag.AlignTop)

        bar = FlowLayout()
        what_if = QLabel("What if")
        what_if.setToolTip("The shapes for an image of more channels and a layer of more filters")
        for widget in (self.bias, self.copy, what_if, self.channels, self.filters):
            bar.addWidget(widget)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(2, 4, 6, 4)
        layout.setSpacing(5)
        layout.addWidget(self.code)
        layout.addLayout(bar)
        layout.addWidget(self.answer)
        layout.addStretch(1)
        self.setWidget(content)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(presenter.script()))
        for spin in (self.channels, self.filters):
            spin.valueChanged.connect(self._asked)
        self.bias.valueChanged.connect(
            lambda value: presenter.set_layer(replace(presenter.lab.layer, bias=value))
        )

    def show_view(self, view: LabView) -> None:
        """Show code and words."""
        said = view.explained
        for spin, value in ((self.channels, view.channels), (self.filters, view.filters)):
            with QSignalBlocker(spin):
                spin.setValue(value)
            spin.setEnabled(said is not None)
        with QSignalBlocker(self.bias):
            self.bias.setValue(view.layer.bias)
        self.copy.setEnabled(said is not None)
        if said is None:
            self.code.clear()
            self.answer.clear()
            return
        if self.code.toPlainText() != said.code:
            self.code.setPlainText(said.code)
            lines = min(said.code.count("\n") + 1, 9)
            height = self.code.fontMetrics().lineSpacing() * lines + 30
            self.code.setFixedHeight(height)
        rows, columns = view.size
        shapes = f"<p><b>({rows}, {columns})</b> → reshape → <b>({rows}, {columns}, 1, 1)</b>"
        if (view.channels, view.filters) != (1, 1):
            shapes += f"; this layer wants <b>({rows}, {columns}, {view.channels}, {view.filters})"
            shapes += "</b>"
        parts = [shapes + "</p>", *(f"<p>{escape(text)}</p>" for text in said.answer)]
        if said.refusal:
            parts.append(
                f"<p>What Keras says without the reshape:<br><i>{escape(said.refusal)}</i><br>"
                f"{escape(said.refused_because)}</p>"
            )
        if said.together:
            parts.append(f"<p>{escape(said.together)}</p>")
        html = "".join(parts)
        if html != self.answer.text():
            self.answer.setText(html)

    def _asked(self) -> None:
        self._presenter.ask_about(self.channels.value(), self.filters.value())


@guarded
class _NoteBox(QWidget):
    """A small picture beside what there is to say about it."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = NotePictureView()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.picture.setParent(self)
        self.text.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """The picture at the left, or above where that is too narrow; as high as the text needs."""
        is_beside = self.width() >= BESIDE
        left, top = (WIDE + 8, 0) if is_beside else (0, HIGH + 2)
        width = max(self.width() - left, 60)
        height = max(self.text.heightForWidth(width), 0)
        self.text.setGeometry(left, top, width, height)
        self.setFixedHeight(max(HIGH, height) if is_beside else top + height)

    def show_note(self, note: Note, picture: NotePicture) -> None:
        self.picture.show_picture(picture)
        html = f"<b>{escape(note.title)}</b><br>{escape(note.text)}"
        if html != self.text.text():
            self.text.setText(html)
            self._arrange()


class NotesPage(QScrollArea):
    """What to know about kernel, border, stride and ReLU, with small pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("filter_lab.notes")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._boxes: list[_NoteBox] = []
        content = QWidget()
        content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(2, 4, 6, 4)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        self.setWidget(content)

    def show_view(self, view: LabView) -> None:
        """Show the notes for the selected kernel."""
        said = view.explained
        notes = said.notes if said else ()
        while len(self._boxes) < len(notes):
            self._boxes.append(_NoteBox())
            self._column.insertWidget(len(self._boxes) - 1, self._boxes[-1])
        for box in self._boxes:
            box.setVisible(said is not None)
        if said is None:
            return
        down, across = said.steps
        for box, note in zip(self._boxes, notes, strict=False):
            steps = down if note.topic == "shift" and down.shift and not across.shift else across
            box.show_note(
                note,
                NotePicture(
                    topic=note.topic,
                    kernel=said.kernel,
                    steps=steps,
                    flip=view.flip,
                    relu=view.layer.relu,
                ),
            )


def small_button(name: str, text: str, tip: str) -> QToolButton:
    """A button with a sign on it."""
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button


def _spin(name: str, least: int, most: int, tip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setRange(least, most)
    spin.setKeyboardTracking(False)
    spin.setToolTip(tip)
    spin.setAccessibleName(tip)
    return spin
