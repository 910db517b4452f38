"""The layers as a tree of sections and levels, or as a list sorted by a column."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QSignalBlocker,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from unetscope.domain.layer_list import Column
from unetscope.presenters.layers import LayerRow, LayersPresenter, LayersView
from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written

COLUMNS = tuple(Column)
NAME = 0
SMALLER = 0.85  # size of the numbers beside a name
PADDING = 9  # pixels beside a text, those of the style included
NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LAYER, GROUP = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole.value + 1


@guarded
class LayerTree(QTreeWidget):
    """Draws the rows and groups of a `LayersView`; a click or the arrow keys select a layer."""

    asked = Signal(str, QPoint)
    """A menu is wanted for a layer, at a point of the screen."""

    def __init__(self, presenter: LayersPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._view = LayersView()
        self._text = ""  # what is searched
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self._widths: dict[int, int] = {}  # what the columns beside the name need
        self.setAccessibleName("Layers")
        self.setHeaderLabels([column.value for column in COLUMNS])
        self.setIndentation(10)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(30)
        header.setSectionsClickable(True)
        header.setSectionsMovable(False)
        header.setToolTip("Click to sort; a third click lists the layers as the network again")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for number in range(1, len(COLUMNS)):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            self.headerItem().setTextAlignment(number, NUMBERS)
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._reveal)
        self.viewport().installEventFilter(self)
        header.sectionClicked.connect(lambda number: presenter.sort(COLUMNS[number]))
        header.customContextMenuRequested.connect(self._open_header_menu)
        self.itemExpanded.connect(lambda item: self._fold(item, folded=False))
        self.itemCollapsed.connect(lambda item: self._fold(item, folded=True))
        self.itemClicked.connect(self._clicked)
        self.currentItemChanged.connect(self._picked)

    # ------------------------------------------------------------------- view

    def show_view(self, view: LayersView) -> None:
        """Show `view` without reporting it as a choice."""
        before, self._view = self._view, view
        self.setToolTip(as_written(view.summary))
        with QSignalBlocker(self):
            same = [row.name for row in before.rows] == [row.name for row in view.rows]
            if not same or before.groups != view.groups:
                self._build(view)
            if not same or before.rows != view.rows or before.listed != view.listed:
                self._write()
                self._measure()
                self.search(self._text)
            for key, item in self._groups.items():
                item.setExpanded(key not in view.listed.folded)
            selected = self._items.get(view.selected or "")
            if selected is not None and selected is not self.currentItem():
                self.setCurrentItem(selected)
        self._show_order()

    def show_theme(self) -> None:
        """Write in the colours of the theme in force."""
        with QSignalBlocker(self):
            self._write()

    def search(self, text: str) -> None:
        """Leave only what a search finds."""
        self._text = text
        for row in self._view.rows:
            self._items[row.name].setHidden(bool(text.strip()) and not row.matches(text))
        for item in reversed(self._groups.values()):  # the inner ones first
            children = [item.child(i) for i in range(item.childCount())]
            item.setHidden(all(child is None or child.isHidden() for child in children))

    def _build(self, view: LayersView) -> None:
        """Make groups and items anew."""
        self.clear()
        self._items.clear()
        self._groups.clear()
        for group in view.groups:
            item = QTreeWidgetItem([group.text])
            item.setData(NAME, GROUP, group.key)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = self.font()
            font.setBold(not group.inside)
            if group.inside:
                font.setPointSizeF(font.pointSizeF() * SMALLER)
            item.setFont(NAME, font)
            self._put(item, group.inside)
            item.setFirstColumnSpanned(True)
            self._groups[group.key] = item
        small = self.font()
        small.setPointSizeF(small.pointSizeF() * SMALLER)
        for row in view.rows:
            item = QTreeWidgetItem()
            item.setData(NAME, LAYER, row.name)
            for number in range(1, len(COLUMNS)):
                item.setFont(number, small)
                item.setTextAlignment(number, NUMBERS)
            self._put(item, row.group)
            self._items[row.name] = item
        self.setRootIsDecorated(bool(view.groups))

    def _put(self, item: QTreeWidgetItem, group: str) -> None:
        if group in self._groups:
            self._groups[group].addChild(item)
        else:
            self.addTopLevelItem(item)

    def _write(self) -> None:
        for group in self._view.groups:
            token = "text_muted" if group.inside else "text"
            self._groups[group.key].setForeground(NAME, theme.colour(token))
        for row in self._view.rows:
            item = self._items[row.name]
            plain = theme.colour("text" if row.has_kernels else "text_muted")
            colour = theme.colour("warning") if row.edited or row.mark else plain
            for number, text in enumerate(_told(row)):
                item.setText(number, text)
                item.setToolTip(number, as_written(row.tooltip))
                item.setForeground(number, colour)

    def _show_order(self) -> None:
        listed, header = self._view.listed, self.header()
        header.setSortIndicatorShown(listed.sorted_by is not None)
        if listed.sorted_by is not None:
            down = Qt.SortOrder.DescendingOrder
            order = down if listed.descending else Qt.SortOrder.AscendingOrder
            header.setSortIndicator(COLUMNS.index(listed.sorted_by), order)

    # ---------------------------------------------------------------- columns

    def changeEvent(self, event: QEvent) -> None:
        """Other letters need other widths."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self._items:
            self._measure()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let numbers go before names when the tree gets narrow; keep the layer in sight."""
        if event.type() == QEvent.Type.Resize and watched is self.viewport():
            self._show_columns()
            self._settle.start()
        return super().eventFilter(watched, event)

    def _reveal(self) -> None:
        """Bring the current layer into sight, unless its group is folded."""
        item = self.currentItem()
        if item is not None and not self.visualItemRect(item).isEmpty():
            self.scrollToItem(item)

    def _measure(self) -> None:
        """How wide the columns have to be: of all rows, not only of those in sight."""
        plain, small, header = self.fontMetrics(), self._small_metrics(), self.header()
        names = max((plain.horizontalAdvance(_name(row)) for row in self._view.rows), default=0)
        deepest = 2 if any(group.inside for group in self._view.groups) else 1
        inset = self.indentation() * (deepest + 1 if self._view.groups else 0)
        self._widths[NAME] = names + inset + 2 * PADDING
        for number in range(1, len(COLUMNS)):
            longest = max((_told(row)[number] for row in self._view.rows), key=len, default="")
            wide = small.horizontalAdvance(longest) + 2 * PADDING
            heading = header.fontMetrics().horizontalAdvance(COLUMNS[number].value)
            self._widths[number] = max(wide, heading + 2 * PADDING)
        self._show_columns()

    def _small_metrics(self) -> QFontMetrics:
        small = self.font()
        small.setPointSizeF(small.pointSizeF() * SMALLER)
        return QFontMetrics(small)

    def _show_columns(self) -> None:
        room = self.viewport().width() - self._widths.get(NAME, 0)
        for number in range(1, len(COLUMNS)):
            is_wanted = COLUMNS[number] not in self._view.listed.left_out
            width = self._widths.get(number, 0)
            room -= width if is_wanted else 0
            hidden = room < 0 or not is_wanted
            self.setColumnHidden(number, hidden)
            if not hidden:
                self.header().resizeSection(number, width)

    def _open_header_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for number in range(1, len(COLUMNS)):
            column = COLUMNS[number]
            action = menu.addAction(column.value)
            action.setCheckable(True)
            action.setChecked(column not in self._view.listed.left_out)
            action.toggled.connect(partial(self._presenter.show_column, column))
        menu.addSeparator()
        self._add_fold_actions(menu)
        menu.popup(self.header().mapToGlobal(at))

    def _add_fold_actions(self, menu: QMenu) -> None:
        """Offer to fold and unfold all groups."""
        for text, fold in (
            ("Fold all groups", partial(self._presenter.fold_all, True)),
            ("Unfold all groups", partial(self._presenter.fold_all, False)),
        ):
            menu.addAction(text, fold).setEnabled(bool(self._groups))

    # ----------------------------------------------------------------- events

    def _fold(self, item: QTreeWidgetItem, *, folded: bool) -> None:
        if key := item.data(NAME, GROUP):
            self._presenter.fold(str(key), folded)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        if item.data(NAME, GROUP):
            item.setExpanded(not item.isExpanded())

    def _picked(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and (name := item.data(NAME, LAYER)):
            self._presenter.select(name)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the layer under the mouse, or by key of the current one."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            item = self.currentItem()
            at = self.visualItemRect(item).bottomLeft() if item is not None else QPoint()
            where = self.viewport().mapToGlobal(at)
        else:
            item, where = (
                self.itemAt(self.viewport().mapFromGlobal(event.globalPos())),
                event.globalPos(),
            )
        if item is not None and (name := item.data(NAME, LAYER)):
            self.asked.emit(name, where)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right fold and unfold the group of the layer; all else is as in any tree."""
        item = self.currentItem()
        group = item.parent() if item is not None else None
        if group is not None and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            group.setExpanded(event.key() == Qt.Key.Key_Right)
            return
        super().keyPressEvent(event)

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


def _name(row: LayerRow) -> str:
    """A layer's name with the signs of what was done to it."""
    edited = "● " if row.edited else ""
    return f"{edited}{row.name}{' ' + row.mark if row.mark else ''}"


def _told(row: LayerRow) -> tuple[str, ...]:
    """What the columns say about a layer."""
    return _name(row), row.shape, row.parameters, row.kind, row.activation
