"""Keys that mean something wherever the focus is: B held, and Esc while typing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from unetscope.state.store import Store

UNDO, REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


class WindowKeys(QObject):
    """Watches all keys of the program on behalf of one window, until it is told to stop.

    While B is held, the trained network's result is shown. Esc is for the line that is being
    typed, before it resets the view.
    """

    def __init__(self, window: QWidget, store: Store) -> None:
        super().__init__(window)
        self._window = window
        self._store = store
        self._holds = False  # B is down
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

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
        if key == Qt.Key.Key_B and kind == QEvent.Type.KeyPress:
            return self._hold(event)
        if key == Qt.Key.Key_B and kind == QEvent.Type.KeyRelease and not event.isAutoRepeat():
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
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if (
            _is_typing_words()
            or not plain
            or not self._window.isActiveWindow()
            or not session.edits
        ):
            return False
        if not session.show_trained and not event.isAutoRepeat():
            self._holds = True
            self._store.update(lambda s: s.compare_trained(True))
        return True

    def _release(self) -> bool:
        held, self._holds = self._holds, False
        if held:
            self._store.update(lambda s: s.compare_trained(False))
        return held


def _is_typing_words() -> bool:
    return isinstance(QApplication.focusWidget(), QLineEdit)


def _is_typing() -> bool:
    return isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
