"""The layer tree with search, the interventions in force, and the selected shape in words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.presenters.layers import LayersPresenter, LayersView
from unetscope.ui.key_tips import set_tip
from unetscope.ui.layer_menu import LayerMenu, ask_save_weights
from unetscope.ui.layer_tree import LayerTree
from unetscope.ui.shape_box import ShapeBox
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.removable_list import RemovableList

FIND = "Name, type or shape"
ROOMY, WIDE = 450, 230  # pixels from which there is room for all that is said about a shape


@guarded
class LayersPanel(QDockWidget):
    """Draws a `LayersView`."""

    more = Signal()
    """All about the selected layer is wanted."""

    def __init__(
        self, presenter: LayersPresenter, actions: LayerActionsPresenter, parent: QWidget
    ) -> None:
        super().__init__("Layers", parent)
        self.setObjectName("layers")
        self._presenter = presenter
        self._actions = actions

        self.search = QLineEdit()
        self.search.setObjectName("layers.search")
        self.search.setPlaceholderText(FIND)
        set_tip(
            self.search,
            "Find layers by name, type, activation or shape, as 64x64\n"
            "Enter: next; Shift+Enter: the one before; Down: into the list",
            "view.find_layer",
        )
        self.search.setClearButtonEnabled(True)
        self._hits = QLabel()
        self._hits.setObjectName("layers.hits")
        self._hits.setProperty("role", "muted")
        self.tree = LayerTree(presenter)
        self.tree.setObjectName("layers.tree")
        self.interventions = RemovableList("Interventions", "Take out")
        self.interventions.setObjectName("layers.interventions")
        self.card = ShapeBox()
        self._empty = QLabel()
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)

        line = QHBoxLayout()
        line.addWidget(self.search, 1)
        line.addWidget(self._hits)
        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(line)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.interventions)
        layout.addWidget(self.card)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self.setWidget(self._stack)

        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._searched)
        self.search.returnPressed.connect(lambda: self.find_layer(1))
        self.tree.asked.connect(self._open_menu)
        self.card.more.connect(self.more)
        self.interventions.removed.connect(self._take_out)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def focus_search(self) -> None:
        """Put the cursor into the search line."""
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def find_layer(self, step: int) -> None:
        """Go to the next layer that the search finds, or with -1 to the one before."""
        text = self.search.text()
        if not text.strip():
            self.focus_search()
            return
        number, count = self._presenter.find(text, step)
        self._hits.setText(f"{number} of {count}" if count else "none")

    def ask_save_weights(self) -> None:
        """Ask where the weights of the selected layer go, as they are in force."""
        name = self._presenter.view.selected
        if name is not None:
            ask_save_weights(self, self._actions, name, None, name, trained=False)

    def show_theme(self) -> None:
        """Write in the colours of the theme in force."""
        self.tree.show_theme()
        self._show_card()

    def show_view(self, view: LayersView) -> None:
        """Make tree, list and card show `view` without reporting it as a choice."""
        self._empty.setText(view.empty)
        self._stack.setCurrentIndex(1 if view.rows else 0)
        self.tree.show_view(view)
        self.interventions.show_lines([one.text for one in view.interventions])
        self._show_card()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """With little room the list goes before the words about the shape."""
        super().resizeEvent(event)
        self._show_card()

    def _show_card(self) -> None:
        view = self._presenter.view
        little = self.height() < ROOMY or self.width() < WIDE
        self.card.show_card(view.card, view.axes, short=little)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the search line that mean something to the list."""
        if watched is not self.search or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() != QEvent.Type.KeyPress:
            return False
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() == Qt.Key.Key_Down:
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and shift:
            self.find_layer(-1)
        elif event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        else:
            return False
        return True

    def _searched(self, text: str) -> None:
        self.tree.search(text)
        count = sum(row.matches(text) for row in self._presenter.view.rows)
        self._hits.setText((str(count) if count else "none") if text.strip() else "")

    def _take_out(self, number: int) -> None:
        self._actions.take_out(self._presenter.view.interventions[number].edit)

    def _open_menu(self, name: str, at: QPoint) -> None:
        LayerMenu(self._actions, self).open_for_layer(name, at)
