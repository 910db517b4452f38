"""The page shown while nothing is open: a sentence, and buttons for what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

BUTTON_WIDTH = 260


class Welcome(QFrame):
    """Title, text and a column of buttons; the first is what Enter does."""

    chosen = Signal(str)  # key of a button

    def __init__(
        self,
        title: str,
        text: str,
        buttons: Sequence[tuple[str, str, QIcon]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addStretch(1)
        heading, sentence = QLabel(title), QLabel(text)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.8)
        heading.setFont(font)
        heading.setProperty("role", "title")
        sentence.setProperty("role", "muted")
        for label in (heading, sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addSpacing(8)
        for i, (key, name, icon) in enumerate(buttons):
            button = QPushButton(icon, name)
            button.setObjectName(f"welcome.{key}")
            button.setIconSize(QSize(20, 20))
            button.setFixedWidth(BUTTON_WIDTH)
            button.setDefault(i == 0)
            button.setAutoDefault(True)
            button.clicked.connect(lambda _=False, key=key: self.chosen.emit(key))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
