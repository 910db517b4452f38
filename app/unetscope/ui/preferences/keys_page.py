"""Preferences: which keys do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.bindings import Bindings, Keys
from unetscope.ui.bindings import shown, texts_of

ID = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that keys can be given to: a command, as a person finds it."""

    id: str
    menu: str
    name: str


class KeysPage(QWidget):
    """Lists all commands with their keys, searched as one types, and changes one at a time.

    It changes a copy: `bindings` is what became of it.
    """

    changed = Signal()

    def __init__(
        self, entries: Sequence[Entry], bindings: Bindings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._names = {entry.id: entry.name for entry in entries}
        self._bindings = bindings
        self.search = QLineEdit()
        self.search.setObjectName("preferences.search")
        self.search.setPlaceholderText("Find a command or a key, such as Ctrl+Z")
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setObjectName("preferences.keys")
        self.tree.setHeaderLabels(["Menu", "Command", "Keys", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        for entry in entries:
            item = QTreeWidgetItem([entry.menu, entry.name])
            item.setData(0, ID, entry.id)
            self.tree.addTopLevelItem(item)
        header = self.tree.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.key = QKeySequenceEdit()
        self.key.setObjectName("preferences.key")
        self.key.setMaximumSequenceLength(1)
        self.key.setClearButtonEnabled(True)
        self.note = QLabel()
        self.note.setObjectName("preferences.note")
        self.note.setWordWrap(True)
        self.note.setMinimumHeight(2 * self.note.fontMetrics().height())
        self.set = _button("Set", "preferences.set", "Give the command this key alone")
        self.add = _button("Add", "preferences.add", "Give the command this key too")
        self.clear = _button("No key", "preferences.clear", "Take all keys from the command")
        self.reset = _button("Reset", "preferences.reset", "The keys of the preset again")

        row = QHBoxLayout()
        row.addWidget(QLabel("Press the keys:"))
        row.addWidget(self.key, 1)
        for button in (self.set, self.add, self.clear, self.reset):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)
        layout.addLayout(row)
        layout.addWidget(self.note)

        self.search.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(self._picked)
        self.key.keySequenceChanged.connect(self._show_buttons)
        self.set.clicked.connect(lambda: self._give(self._typed))
        self.add.clicked.connect(lambda: self._give((*self._keys_now, *self._typed)))
        self.clear.clicked.connect(lambda: self._give(()))
        self.reset.clicked.connect(
            lambda: self._give(self._bindings.reset_keys(self._command).keys(self._command))
        )
        if (first := self.tree.topLevelItem(0)) is not None:
            self.tree.setCurrentItem(first)
        self.show_bindings(bindings)

    @property
    def bindings(self) -> Bindings:
        """The bindings as they are now."""
        return self._bindings

    def show_bindings(self, bindings: Bindings) -> None:
        """Show others."""
        self._bindings = bindings
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None:
                command = str(item.data(0, ID))
                item.setText(2, ", ".join(shown(key) for key in bindings.keys(command)))
                item.setText(3, "changed" if bindings.is_changed(command) else "")
        self._filter(self.search.text())
        self._show_buttons()
        self.changed.emit()

    @property
    def _command(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, ID)) if item is not None else ""

    @property
    def _typed(self) -> Keys:
        return texts_of([self.key.keySequence()]) if not self.key.keySequence().isEmpty() else ()

    @property
    def _keys_now(self) -> Keys:
        return self._bindings.keys(self._command)

    def _give(self, keys: Keys) -> None:
        with QSignalBlocker(self.key):
            self.key.setKeySequence(QKeySequence())
        self.show_bindings(self._bindings.with_keys(self._command, tuple(dict.fromkeys(keys))))
        self.tree.setFocus()  # or a button that is no more to be pressed passes it to the next

    def _picked(self) -> None:
        with QSignalBlocker(self.key):
            self.key.setKeySequence(QKeySequence())
        self._show_buttons()

    def _show_buttons(self) -> None:
        chosen, typed = bool(self._command), self._typed
        self.set.setEnabled(chosen and bool(typed))
        self.add.setEnabled(chosen and bool(typed) and not set(typed) <= set(self._keys_now))
        self.clear.setEnabled(chosen and bool(self._keys_now))
        self.reset.setEnabled(chosen and self._bindings.is_changed(self._command))
        losers = [name for key in typed for name in self._losers(key)]
        self.note.setProperty("role", "warning" if losers else "muted")
        self.note.style().polish(self.note)
        if losers:
            text = f"{shown(typed[0])} belongs to {' and '.join(losers)}, which would lose it."
        else:
            text = "A key does one thing: given to another command, it is taken from the first."
        self.note.setText(text)

    def _losers(self, key: str) -> list[str]:
        held = self._bindings.holders(key, besides=self._command)
        return [f"“{self._names.get(command, command)}”" for command in held]

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None:
                said = " ".join(item.text(column) for column in range(4)).casefold()
                item.setHidden(not all(word in said for word in words))


def _button(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
