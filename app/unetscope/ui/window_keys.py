"""Keys that mean something wherever the focus is: one to be held, and Esc while typing."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from unetscope.state.store import Store
from unetscope.ui.widgets.guard import guarded

UNDO, REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


@guarded
class WindowKeys(QObject):
    """Watches all keys of the program on behalf of one window, until it is told to stop.

    While B, or what is bound in its place, is held, the trained network's result is shown. Esc is
    for the line that is being typed, before it resets the view.
    """

    def __init__(self, window: QWidget, store: Store) -> None:
        super().__init__(window)
        self._window = window
        self._store = store
        self._hold_keys: frozenset[str] = frozenset()
        self._held: int | None = None  # the key that is down
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def set_hold_keys(self, keys: Iterable[str]) -> None:
        """Choose the keys that show the trained network's result while they are held."""
        self._hold_keys = frozenset(keys)

    def stop(self) -> None:
        """Watch no longer."""
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See every event before its receiver does; True keeps it from there."""
        if isinstance(event, QKeyEvent):
            return self._key(event)
        left = watched is self._window and event.type() == QEvent.Type.WindowDeactivate
        if left:  # another window will hear of the key's release
            self._release()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key, kind = event.key(), event.type()
        if kind == QEvent.Type.KeyPress and _text_of(event) in self._hold_keys:
            return self._hold(event)
        if kind == QEvent.Type.KeyRelease and key == self._held and not event.isAutoRepeat():
            return self._release()
        if kind != QEvent.Type.ShortcutOverride:
            return False
        if key == Qt.Key.Key_Escape and _is_typing():
            event.accept()
            return True
        # A number box would keep undo for its own text, though its number is an edit already.
        in_a_number = isinstance(QApplication.focusWidget(), QAbstractSpinBox)
        return in_a_number and (event.matches(UNDO) or event.matches(REDO))

    def _hold(self, event: QKeyEvent) -> bool:
        session = self._store.session
        active = self._window.isActiveWindow()
        if _is_typing_words() or not active or not session.edits:
            return False
        if not session.show_trained and not event.isAutoRepeat():
            self._held = event.key()
            self._store.update(lambda s: s.compare_trained(True))
        return True

    def _release(self) -> bool:
        held, self._held = self._held is not None, None
        if held:
            self._store.update(lambda s: s.compare_trained(False))
        return held


def _text_of(event: QKeyEvent) -> str:
    keys = QKeySequence(event.keyCombination())
    return keys.toString(QKeySequence.SequenceFormat.PortableText)


def _is_typing_words() -> bool:
    return isinstance(QApplication.focusWidget(), QLineEdit)


def _is_typing() -> bool:
    return isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
