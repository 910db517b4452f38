"""A weight's shape in colours: each axis looks the same as the words that say what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from unetscope.domain.kernels import ShapeCard
from unetscope.domain.weight_axes import ArrayWords, Axis
from unetscope.ui import theme

_TOKENS = {"window": "accent", "in": "ok", "filters": "warning"}


def coloured_shape(name: str, axes: Sequence[Axis]) -> str:
    """An array's name and shape as Keras prints it, as HTML: ``kernel (3, 3, 512, 512)``."""
    numbers = ", ".join(_coloured(str(axis.length), axis.role) for axis in axes)
    comma = "," if len(axes) == 1 else ""
    return f"{escape(name)} ({numbers}{comma})"


def coloured_words(words: ArrayWords) -> str:
    """What the axes count, in the same colours, as HTML."""
    parts = words.meaning.split(" × ")
    coloured = [_coloured(part, axis.role) for part, axis in zip(parts, words.axes, strict=True)]
    return " × ".join(coloured)


def _coloured(text: str, role: str) -> str:
    token = _TOKENS.get(role)
    if token is None:
        return escape(text)
    colour = theme.colour(token).name()
    return f'<span style="color:{colour}; font-weight:600">{escape(text)}</span>'


class ShapeBox(QFrame):
    """The selected layer's weight shape, and what its numbers mean, in a few lines."""

    more = Signal()
    """All about the layer is wanted."""

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
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._lines.linkActivated.connect(lambda _: self.more.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(3)
        layout.addWidget(self._title)
        layout.addWidget(self._lines)

    def show_card(self, card: ShapeCard | None, axes: Sequence[Axis], *, short: bool) -> None:
        """Show a card, its kernel's axes in their colours; hidden without one.

        Parameters
        ----------
        short : bool
            There is room for two lines only; the others are in the tooltip.
        """
        self.setVisible(card is not None)
        if card is None:
            return
        self.setToolTip("\n".join(card.lines) if short else "")
        name = card.title.partition(" (")[0]
        self._title.setText(coloured_shape(name, axes) if card.kernel else escape(card.title))
        lines = [escape(line) for line in (card.lines[:2] if short else card.lines)]
        if card.kernel:
            parts = zip(card.lines[0].split(" · "), _roles(axes), strict=False)
            lines[0] = " · ".join(_coloured(text, role) for text, role in parts)
        link = f'<a href="more" style="color:{theme.colour("link").name()}">More about it…</a>'
        self._lines.setText("<br>".join([*lines, link]))


def _roles(axes: Sequence[Axis]) -> tuple[str, ...]:
    """The roles of window, input channels and filters, in the order people say them."""
    return ("window", "in", "filters") if axes else ()
