"""The layer tree with search, and the shape of the selected layer in words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDockWidget,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.layers import LayerRow, LayersPresenter, LayersView
from unetscope.ui import theme

NAME, SHAPE, PARAMETERS = range(3)
SMALLER = 0.85  # size of the numbers beside a name
LAYER = Qt.ItemDataRole.UserRole


class LayersPanel(QDockWidget):
    """Draws a `LayersView`; a click or the arrow keys select a layer."""

    def __init__(self, presenter: LayersPresenter, parent: QWidget) -> None:
        super().__init__("Layers", parent)
        self.setObjectName("layers")
        self._presenter = presenter
        self._rows: tuple[LayerRow, ...] = ()
        self._items: dict[str, QTreeWidgetItem] = {}
        self._widths: dict[int, int] = {}  # what the numbers need

        self.search = QLineEdit()
        self.search.setObjectName("layers.search")
        self.search.setPlaceholderText("Find a layer by name or kind (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.tree = _Tree()
        self.tree.setObjectName("layers.tree")
        self.tree.setAccessibleName("Layers")
        self.tree.setHeaderLabels(["", "", ""])  # hidden, but a title would widen its column
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(8)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (SHAPE, PARAMETERS):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.card = _ShapeCardBox()
        self._empty = QLabel()
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)

        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.card)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self.setWidget(self._stack)

        self.tree.viewport().installEventFilter(self)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._pick_first)
        self.tree.currentItemChanged.connect(self._picked)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def focus_search(self) -> None:
        """Put the cursor into the search line."""
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def show_theme(self) -> None:
        """Write in the colours of the theme in force."""
        self._write(self._rows)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let numbers go before names when the tree gets narrow."""
        if event.type() == QEvent.Type.Resize and watched is self.tree.viewport():
            self._show_columns()
        return super().eventFilter(watched, event)

    def _show_columns(self) -> None:
        room = self.tree.viewport().width() - self.tree.sizeHintForColumn(NAME)
        for column in (SHAPE, PARAMETERS):
            room -= max(self._widths.get(column, 0), self.tree.header().minimumSectionSize())
            self.tree.setColumnHidden(column, room < 0)

    def show_view(self, view: LayersView) -> None:
        """Make tree and card show `view` without reporting it as a choice."""
        self._empty.setText(view.empty)
        self._stack.setCurrentIndex(1 if view.rows else 0)
        self.tree.setToolTip(view.summary)
        with QSignalBlocker(self.tree):
            if view.rows != self._rows:
                self._fill(view.rows)
            if (item := self._items.get(view.selected or "")) is not None:
                self.tree.setCurrentItem(item)
        self.card.show_lines(
            view.card.title if view.card else "", view.card.lines if view.card else ()
        )

    def _fill(self, rows: tuple[LayerRow, ...]) -> None:
        """Build the tree anew, or only its marks where the layers are the same."""
        if [row.name for row in rows] != [row.name for row in self._rows]:
            self.tree.clear()
            self._items.clear()
            for row in rows:
                item = QTreeWidgetItem()
                item.setData(NAME, LAYER, row.name)
                small = self.tree.font()
                small.setPointSizeF(small.pointSizeF() * SMALLER)
                for column in (SHAPE, PARAMETERS):
                    item.setFont(column, small)
                    item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
                self._section(row.section.value).addChild(item)
                self._items[row.name] = item
            self.tree.expandAll()
        self._write(rows)
        for column in (SHAPE, PARAMETERS):
            self.tree.setColumnHidden(column, False)
            self._widths[column] = self.tree.sizeHintForColumn(column)
        self._show_columns()
        self._rows = rows
        self._filter(self.search.text())

    def _write(self, rows: tuple[LayerRow, ...]) -> None:
        for row in rows:
            item = self._items[row.name]
            item.setText(NAME, f"● {row.name}" if row.edited else row.name)
            item.setText(SHAPE, row.shape)
            item.setText(PARAMETERS, row.parameters)
            colour = theme.colour("text" if row.has_kernels else "text_muted")
            for column in (NAME, SHAPE, PARAMETERS):
                item.setToolTip(column, row.tooltip)
                item.setForeground(column, theme.colour("warning") if row.edited else colour)

    def _section(self, name: str) -> QTreeWidgetItem:
        """The last group of the tree, or a new one: sections follow each other."""
        count = self.tree.topLevelItemCount()
        if count:
            last = self.tree.topLevelItem(count - 1)
            if last is not None and last.text(NAME) == name:
                return last
        section = QTreeWidgetItem([name])
        section.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = section.font(NAME)
        font.setBold(True)
        section.setFont(NAME, font)
        self.tree.addTopLevelItem(section)
        section.setFirstColumnSpanned(True)
        return section

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        for row in self._rows:
            found = wanted in row.name.lower() or wanted in row.kind.lower()
            self._items[row.name].setHidden(not found)
        for i in range(self.tree.topLevelItemCount()):
            section = self.tree.topLevelItem(i)
            if section is not None:
                children = (section.child(j) for j in range(section.childCount()))
                section.setHidden(all(child is None or child.isHidden() for child in children))

    def _pick_first(self) -> None:
        for row in self._rows:
            if not self._items[row.name].isHidden():
                self._presenter.select(row.name)
                self.tree.setFocus()
                return

    def _picked(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and (name := item.data(NAME, LAYER)):
            self._presenter.select(name)


class _Tree(QTreeWidget):
    """A tree in which the keys go from layer to layer, over the names of sections."""

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Where a key leads to; it stays where there is no layer farther on."""
        moves = QAbstractItemView.CursorAction
        up = action in (moves.MoveUp, moves.MovePageUp, moves.MovePrevious)
        index = QModelIndex(super().moveCursor(action, modifiers))
        while index.isValid() and not index.data(LAYER):
            index = self.indexAbove(index) if up else self.indexBelow(index)
        return index if index.isValid() else self.currentIndex()


class _ShapeCardBox(QFrame):
    """The selected layer's weight shape, and what its numbers mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("layers.card")
        self.setProperty("role", "note")
        self._title = QLabel()
        self._title.setObjectName("layers.card.title")
        self._title.setStyleSheet("font-family: monospace;")
        self._lines = QLabel()
        self._lines.setObjectName("layers.card.lines")
        self._lines.setProperty("role", "muted")
        for label in (self._title, self._lines):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(3)
        layout.addWidget(self._title)
        layout.addWidget(self._lines)

    def show_lines(self, title: str, lines: tuple[str, ...]) -> None:
        """Show a title and the lines below it; hidden without a title."""
        self._title.setText(title)
        self._lines.setText("\n".join(lines))
        self.setVisible(bool(title))
