"""The command palette: every command by a few letters of its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.fuzzy import ranked
from unetscope.ui.widgets.guard import guarded

INDEX = Qt.ItemDataRole.UserRole
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_PageUp: -10,
}


@guarded
class CommandPalette(QDialog):
    """Lists actions that fit what is typed, the best first; Enter runs the one chosen.

    Parameters
    ----------
    entries : sequence of (str, QAction)
        Each with the menu it stands in.
    """

    def __init__(self, entries: Sequence[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command_palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries = tuple(entries)
        self._names = [action.text().replace("&", "") for _, action in self._entries]
        self._said = [
            f"{m} {name}" for (m, _), name in zip(self._entries, self._names, strict=True)
        ]
        self.line = QLineEdit()
        self.line.setObjectName("command_palette.line")
        self.line.setPlaceholderText("What do you want to do?")
        self.line.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setObjectName("command_palette.list")
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.list.header()
        header.setStretchLastSection(False)
        for column, mode in (
            (0, QHeaderView.ResizeMode.Stretch),
            (1, QHeaderView.ResizeMode.ResizeToContents),
            (2, QHeaderView.ResizeMode.ResizeToContents),
        ):
            header.setSectionResizeMode(column, mode)
        frame = QFrame()
        frame.setProperty("role", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(6, 6, 6, 6)
        inside.addWidget(self.line)
        inside.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)
        self.line.textChanged.connect(self._show)
        self.line.returnPressed.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self._show()

    def open_over(self, window: QWidget) -> None:
        """Open in the upper middle of a window."""
        width, height = min(620, window.width() - 40), min(460, window.height() - 80)
        self.resize(width, height)
        self.move(window.mapToGlobal(QPoint((window.width() - width) // 2, 60)))
        self.show()
        self.activateWindow()
        self.line.setFocus()

    def event(self, event: QEvent) -> bool:
        """Whoever turns to another window is done with it."""
        if event.type() == QEvent.Type.WindowDeactivate:
            self.close()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Travel keys in the line move through the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = _STEPS.get(Qt.Key(event.key()), 0)
            self._travel(steps)
            return steps != 0
        return super().eventFilter(watched, event)

    def _travel(self, steps: int) -> None:
        if not steps:
            return
        last = self.list.topLevelItemCount() - 1
        row = min(max(self.list.currentIndex().row() + steps, 0), last)
        if (item := self.list.topLevelItem(row)) is not None:
            self.list.setCurrentItem(item)

    def _show(self) -> None:
        self.list.clear()
        typed = self.line.text()
        found = (*ranked(typed, self._names), *ranked(typed, self._said))  # by menu too, but after
        for index in dict.fromkeys(found):
            menu, action = self._entries[index]
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            mark = "✓ " if action.isCheckable() and action.isChecked() else ""
            item = QTreeWidgetItem([mark + self._names[index], menu, keys])
            item.setIcon(0, action.icon())
            item.setToolTip(0, action.toolTip())
            item.setData(0, INDEX, index)
            item.setDisabled(not action.isEnabled())
            self.list.addTopLevelItem(item)
        if not found:
            nothing = QTreeWidgetItem(["No command or panel is called so."])
            nothing.setDisabled(True)
            self.list.addTopLevelItem(nothing)
        if (first := self._first()) is not None:
            self.list.setCurrentItem(first)

    def _first(self) -> QTreeWidgetItem | None:
        """The first entry that can be run; without one, the first."""
        items = [self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount())]
        return next((i for i in items if i and not i.isDisabled()), items[0] if items else None)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is None or item.isDisabled():
            return
        _, action = self._entries[int(item.data(0, INDEX))]
        self.close()  # first: what the command opens is not opened behind this
        action.trigger()
