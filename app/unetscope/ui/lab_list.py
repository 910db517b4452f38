"""The kernels of the filter lab, each beside its map."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from unetscope.domain.kernels import times
from unetscope.presenters.filter_lab import LabRow, LabView
from unetscope.ui import theme
from unetscope.ui.colours import GREY
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.map_view import MapContent, MapView

LOWEST, HIGHEST = 62, 190  # a row
FULL = 90  # a row in which there is room for the values' range
IN_VIEW = 4  # rows, where there is room
STEPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


@guarded
class LabRowWidget(QWidget):
    """One kernel: its numbers, its map, and its name, which can be dragged elsewhere."""

    picked = Signal()
    enlarged = Signal()
    context_menu = Signal(QPoint)  # on the screen
    text_wanted = Signal()  # answered by `drag_out`

    def __init__(self, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"filter_lab.row.{index}")
        self._selected = False
        self._pressed: QPoint | None = None
        self._row: LabRow | None = None
        self.grid = KernelGrid()
        self.grid.setObjectName(f"filter_lab.grid.{index}")
        self.grid.setMinimumSize(84, 56)
        self.map = MapView()
        self.map.setObjectName(f"filter_lab.map.{index}")
        self.map.setMinimumSize(56, 56)
        self.map.setToolTip("Click to see it large; the numbers are under the mouse there")
        self.text = QLabel()
        self.text.setObjectName(f"filter_lab.name.{index}")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setMinimumWidth(60)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setToolTip(
            "Drag this to the kernel editor, a spreadsheet or a text, as rows of numbers; Send "
            "fits it to kernels of another size"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(self.grid, 5)
        layout.addWidget(self.map, 4)
        layout.addWidget(self.text, 3)
        self.map.clicked.connect(lambda *_: self.enlarged.emit())
        self.grid.cell_selected.connect(lambda *_: self.picked.emit())

    def show_row(self, row: LabRow, aspect: float, *, selected: bool, waiting: str) -> None:
        """Show a kernel and its map."""
        old, self._row = self._row, row
        if old is None or old.kernel.shape != row.kernel.shape or (old.kernel != row.kernel).any():
            self.grid.show_kernel(row.kernel, row.limit)
        made = row.map
        if made is None:
            self.map.show_message(waiting)
        elif not made.values.size:
            self.map.show_message("larger than the picture")
        elif old is None or old.map is not made or self.map.content.aspect != aspect:
            self.map.show_content(
                MapContent(values=made.small, limits=made.limits, lut=GREY, aspect=aspect)
            )
        text = f"{row.name}\n{times(row.kernel.shape)}"
        if made is not None and made.values.size and self.minimumHeight() >= FULL:
            text += f"\n{made.range[0]:.3g} … {made.range[1]:.3g}"
        if text != self.text.text():
            self.text.setText(text)
        if selected != self._selected:
            self._selected = selected
            self.update()

    def drag_out(self, text: str) -> None:
        """Let the kernel be dropped elsewhere, as rows of numbers."""
        data = QMimeData()
        data.setText(text)
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self.grid.grab().scaledToWidth(96))
        drag.exec(Qt.DropAction.CopyAction)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            token, width = ("accent", 2.0) if self._selected else ("border", 1.0)
            painter.setPen(QPen(theme.colour(token), width))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4.0, 4.0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.picked.emit()
        on_text = self.childAt(event.position().toPoint()) is self.text
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if on_text and left else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        far = (event.position().toPoint() - self._pressed).manhattanLength()
        if far >= QApplication.startDragDistance():
            self._pressed = None
            self.text_wanted.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.picked.emit()
        self.context_menu.emit(event.globalPos())


@guarded
class LabList(QScrollArea):
    """The rows, several in view where there is room; Page up and down go through them."""

    picked = Signal(int)
    enlarged = Signal(int)
    value_edited = Signal(int, object, float, bool)  # kernel, its cells, value, same gesture
    held = Signal(bool)
    context_menu = Signal(QPoint)
    text_wanted = Signal(int, object)  # kernel, and the row that drags it out

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("filter_lab.list")
        self.setAccessibleName("Kernels of the lab")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows: list[LabRowWidget] = []
        self._selected = 0
        self._soon = QTimer(self, singleShot=True, interval=0)  # a new row has no place yet
        self._soon.timeout.connect(self._reveal)
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self.empty = QLabel()
        self.empty.setObjectName("filter_lab.empty")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        self.setWidget(self._content)

    def show_view(self, view: LabView) -> None:
        """Make the rows show `view`."""
        while len(self.rows) > len(view.rows):
            gone = self.rows.pop()
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.rows) < len(view.rows):
            self.rows.append(self._new_row(len(self.rows)))
        self._share_out()
        self.empty.setText(view.empty)
        self.empty.setVisible(bool(view.empty))
        waiting = "no answer" if view.problem else "…"
        for i, (widget, row) in enumerate(zip(self.rows, view.rows, strict=True)):
            widget.show_row(row, view.aspect, selected=i == view.selected, waiting=waiting)
        if view.selected != self._selected:
            self._selected = view.selected
            self._soon.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()), 0)
        if step:
            self.picked.emit(min(max(self._selected + step, 0), max(len(self.rows) - 1, 0)))
        else:
            super().keyPressEvent(event)

    def _new_row(self, index: int) -> LabRowWidget:
        row = LabRowWidget(index, self._content)
        row.picked.connect(lambda: self.picked.emit(index))
        row.enlarged.connect(lambda: self.enlarged.emit(index))
        row.context_menu.connect(self.context_menu)
        row.text_wanted.connect(lambda: self.text_wanted.emit(index, row))
        row.grid.value_edited.connect(
            lambda r, c, value, same: self.value_edited.emit(index, [(r, c)], value, same)
        )
        row.grid.cells_filled.connect(
            lambda cells, value, same: self.value_edited.emit(index, cells, value, same)
        )
        row.grid.drag_started.connect(lambda: self.held.emit(True))
        row.grid.gesture_finished.connect(lambda: self.held.emit(False))
        self._column.insertWidget(index, row)
        row.show()
        return row

    def _reveal(self) -> None:
        """Bring the selected row into view."""
        if self._selected < len(self.rows):
            self.ensureWidgetVisible(self.rows[self._selected], 0, 4)

    def _share_out(self) -> None:
        """Give each row its share of the height, within reason."""
        count = min(max(len(self.rows), 1), IN_VIEW)
        height = min(max(self.viewport().height() // count - 3, LOWEST), HIGHEST)
        for row in self.rows:
            if row.minimumHeight() != height:
                row.setFixedHeight(height)
