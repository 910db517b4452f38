"""The filter lab: kernels put into a real one-layer network, beside what it makes of the slice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.lab import MOST_STRIDE, LabLayer, LabSource
from unetscope.presenters.filter_lab import FilterLabPresenter, LabView
from unetscope.ui.lab_list import LabList, LabRowWidget
from unetscope.ui.lab_menus import AddMenu, MoreMenu, SendMenu
from unetscope.ui.lab_pages import MapPage, NotesPage, WeightsPage, small_button
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded

WIDE = 620  # pixels from which list and pages stand side by side
SOURCES = {LabSource.SLICE: "slice", LabSource.INPUT: "input"}
LIST, MAP = "Kernels", "Map"


@guarded
class FilterLabPanel(QDockWidget):
    """Draws a `LabView`; narrow, the list is the first of the pages, wide it stands beside them."""

    def __init__(self, presenter: FilterLabPresenter, parent: QWidget) -> None:
        super().__init__("Filter lab", parent)
        self.setObjectName("filter_lab")
        self.setAcceptDrops(True)
        self._presenter = presenter

        self.source = QComboBox()
        self.source.setObjectName("filter_lab.source")
        self.source.setToolTip("What the kernels are run over: the slice, or the network's input")
        for source, text in SOURCES.items():
            self.source.addItem(text, source)
        self.source.setMaximumWidth(82)
        self.add, self.send = QPushButton("Add"), QPushButton("Send")
        self.add.setObjectName("filter_lab.add")
        self.add.setToolTip("Add a kernel: a recipe, the kernel editor's, from the clipboard")
        self.add.setMenu(AddMenu(presenter, self))
        self.send.setObjectName("filter_lab.send")
        self.send.setToolTip("Send the selected kernel into the network; one step to undo")
        self.send_menu = SendMenu(presenter, self)
        self.send.setMenu(self.send_menu)
        self.undo = small_button("filter_lab.undo", "↶", "Take the last change of the list back")
        self.undo.hide()  # narrow, it is in the menu
        self.more = small_button("filter_lab.more", "⋯", "Copy, duplicate, scripts, files")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_menu = MoreMenu(presenter, self)
        self.more.setMenu(self.more_menu)
        self.stride = QSpinBox()
        self.stride.setObjectName("filter_lab.stride")
        self.stride.setPrefix("stride ")
        self.stride.setRange(1, MOST_STRIDE)
        self.stride.setFixedWidth(78)
        self.stride.setToolTip("Pixels from one place of the window to the next")
        self.padding = QComboBox()
        self.padding.setObjectName("filter_lab.padding")
        self.padding.addItems(["valid", "same"])
        self.padding.setMaximumWidth(66)
        self.padding.setToolTip(
            "valid: only windows that lie inside the picture; same: zeros around it"
        )
        self.relu = QCheckBox("ReLU")
        self.relu.setObjectName("filter_lab.relu")
        self.relu.setToolTip("What is negative becomes 0")
        self.flip = QCheckBox("flip")
        self.flip.setObjectName("filter_lab.flip")
        self.flip.setToolTip("Turn kernels by 180° before they are put in: a true convolution")
        self.problem = QLabel()
        self.problem.setObjectName("filter_lab.problem")
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.caption = ElidedLabel()
        self.caption.setObjectName("filter_lab.caption")
        self.caption.setProperty("role", "muted")

        self.list = LabList()
        self.pages = QTabWidget()
        self.pages.setObjectName("filter_lab.pages")
        self.pages.setDocumentMode(True)
        self.map_page = MapPage(presenter)
        self.weights_page, self.notes_page = WeightsPage(presenter), NotesPage()
        self.pages.addTab(self.list, LIST)
        self.pages.addTab(self.map_page, MAP)
        self.pages.addTab(self.weights_page, "set_weights")
        self.pages.addTab(self.notes_page, "Notes")
        self.pages.setTabToolTip(2, "How a kernel gets into a layer, and why it is reshaped")
        self.pages.setTabToolTip(3, "Convolution or correlation, half pixels, border, stride, ReLU")

        bar = FlowLayout(gap=3)
        for widget in (self.source, self.add, self.send, self.undo, self.more):
            bar.addWidget(widget)
        for option in (self.stride, self.padding, self.relu, self.flip):
            bar.addWidget(option)
        self._beside = QHBoxLayout()
        self._beside.setSpacing(8)
        self._beside.addWidget(self.pages, 3)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self.problem)
        layout.addLayout(self._beside, 1)
        layout.addWidget(self.caption)
        self.setWidget(content)
        self._connect()
        self.show_view(presenter.view)

    def _connect(self) -> None:
        presenter = self._presenter
        self.list.picked.connect(presenter.select)
        self.list.value_edited.connect(presenter.set_value)
        self.list.held.connect(presenter.hold)
        self.list.enlarged.connect(self._enlarge)
        self.list.context_menu.connect(self._open_menu)
        self.list.text_wanted.connect(self._drag_out)
        self.source.activated.connect(
            lambda i: presenter.set_source(LabSource(self.source.itemData(i)))
        )
        self.undo.clicked.connect(presenter.undo)
        self.stride.valueChanged.connect(lambda n: self._set_layer(stride=n))
        self.padding.activated.connect(lambda i: self._set_layer(same=bool(i)))
        self.relu.toggled.connect(lambda on: self._set_layer(relu=on))
        self.flip.toggled.connect(presenter.set_flip)
        self.pages.currentChanged.connect(lambda _: self.show_view(presenter.view))
        self.visibilityChanged.connect(presenter.watch)  # behind a tab it is not seen either
        presenter.view_changed.connect(self.show_view)

    # ------------------------------------------------------------------- view

    def show_view(self, view: LabView) -> None:
        """Make the widgets show `view` without reporting it as a user action."""
        self.problem.setText(view.problem)
        self.problem.setVisible(bool(view.problem))
        self.caption.setText(view.caption or view.picture)
        self.caption.setToolTip(view.picture)
        self.undo.setEnabled(view.can_undo)
        self.send.setEnabled(bool(view.rows))
        layer = view.layer
        for widget in (self.source, self.stride, self.padding, self.relu, self.flip):
            widget.blockSignals(True)
        self.source.setCurrentIndex(list(SOURCES).index(view.source))
        self.stride.setValue(layer.stride)
        self.padding.setCurrentIndex(int(layer.same))
        self.relu.setChecked(layer.relu)
        self.flip.setChecked(view.flip)
        for widget in (self.source, self.stride, self.padding, self.relu, self.flip):
            widget.blockSignals(False)
        self.list.show_view(view)
        self.map_page.show_view(view)
        if self.pages.currentWidget() is self.weights_page:
            self.weights_page.show_view(view)
        if self.pages.currentWidget() is self.notes_page:
            self.notes_page.show_view(view)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Put the list beside the pages where there is room, else among them."""
        wide, is_beside = self.width() >= WIDE, self.pages.indexOf(self.list) < 0
        if wide == is_beside:
            return
        with QSignalBlocker(self.pages):
            if wide:
                self.pages.removeTab(self.pages.indexOf(self.list))
                self._beside.insertWidget(0, self.list, 2)
            else:
                self._beside.removeWidget(self.list)
                self.pages.insertTab(0, self.list, LIST)
                self.pages.setCurrentIndex(0)
        self.list.show()
        self.undo.setVisible(wide)
        self.show_view(self._presenter.view)

    # ---------------------------------------------------------------- actions

    def _set_layer(self, **changes: object) -> None:
        layer: LabLayer = replace(self._presenter.lab.layer, **changes)  # type: ignore[arg-type]
        self._presenter.set_layer(layer)

    def _enlarge(self, index: int) -> None:
        self._presenter.select(index)
        self.pages.setCurrentWidget(self.map_page)

    def _open_menu(self, at: QPoint) -> None:
        self.more_menu.popup(at)

    def _drag_out(self, index: int, row: LabRowWidget) -> None:
        row.drag_out(self._presenter.text(index))

    def bring_up(self) -> None:
        """Come to the front with the list in view."""
        self.show()
        self.raise_()
        if self.pages.indexOf(self.list) >= 0:
            self.pages.setCurrentWidget(self.list)
        self.list.setFocus()

    def try_kernel_shown(self) -> None:
        """Add the kernel editor's kernel, and come to the front."""
        self._presenter.take_kernel_shown()
        self.bring_up()

    def send_kernel(self) -> None:
        """Send the selected kernel to the kernel shown."""
        self._presenter.send()

    # ------------------------------------------------------------------ drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take kernels: rows of numbers, and files of the lab; not what comes from the lab."""
        data = event.mimeData()
        is_own = isinstance(event.source(), LabRowWidget)
        if not is_own and (_files(data) or (data.hasText() and not data.hasUrls())):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.accept()
        data = event.mimeData()
        if files := _files(data):
            self._presenter.read_kernels(files[0])
        else:
            self._presenter.take_text(data.text())


def _files(data: QMimeData) -> list[Path]:
    """The files among what is dropped that can hold kernels."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in (".json", ".npy")]
