"""All about the selected layer: its shape in words, its weights in numbers, every attribute."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.presenters.layer_card import ArrayCard, LayerCardPresenter, LayerCardView
from unetscope.ui import theme
from unetscope.ui.layer_menu import ask_save_weights
from unetscope.ui.shape_box import coloured_shape, coloured_words
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.histogram import Histogram

HISTOGRAM = 56


@guarded
class LayerCardPanel(QDockWidget):
    """Draws a `LayerCardView`."""

    def __init__(
        self, presenter: LayerCardPresenter, actions: LayerActionsPresenter, parent: QWidget
    ) -> None:
        super().__init__("Layer", parent)
        self.setObjectName("layer_card")
        self._presenter = presenter
        self._actions = actions
        self.title = _label("layer_card.title", "title")
        self.about = _label("layer_card.about", "muted")
        self.shapes = _label("layer_card.shapes", "value")
        self._shapes_box = QFrame()
        self._shapes_box.setProperty("role", "note")
        inside = QVBoxLayout(self._shapes_box)
        inside.setContentsMargins(8, 6, 8, 6)
        inside.addWidget(self.shapes)
        self.story = _label("layer_card.story", "value")
        self.links = _label("layer_card.links", "muted")
        self.links.linkActivated.connect(presenter.select)
        self._boxes: list[_ArrayBox] = []
        self._arrays = QVBoxLayout()
        self._arrays.setSpacing(6)
        self._numbers_heading = _label("layer_card.numbers_heading", "title")
        self._numbers_heading.setText("Weights in numbers")
        self._heading = _label("layer_card.heading", "title")
        self._heading.setText("Attributes")
        self.attributes = _label("layer_card.attributes", "muted")

        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addWidget(self._shapes_box)
        layout.addWidget(self.story)
        layout.addWidget(self.links)
        layout.addWidget(self._numbers_heading)
        layout.addLayout(self._arrays)
        layout.addWidget(self._heading)
        layout.addWidget(self.attributes)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("layer_card.scroll")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        self.setWidget(scroll)

        self.visibilityChanged.connect(presenter.set_shown)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def changeEvent(self, event: QEvent) -> None:
        """Write in the colours of the theme in force."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_view(self._presenter.view)

    def show_view(self, view: LayerCardView) -> None:
        """Make the page show `view`."""
        known = bool(view.name)
        self.title.setText(escape(view.name) if known else "")
        gives = f" · gives {view.gives}" if view.gives else ""
        self.about.setText(f"{escape(view.kind)}{gives}" if known else escape(view.empty))
        lines = [view.counted, *view.sentences] if known else []
        if view.trouble:
            lines.append(view.trouble)
        self.story.setText("".join(f"<p style='margin:3px 0'>{escape(line)}</p>" for line in lines))
        self.links.setText("<br>".join(_links(view)) if known else "")
        self.shapes.setText("".join(_shape(card) for card in view.arrays))
        self._shapes_box.setVisible(bool(view.arrays))
        self._numbers_heading.setVisible(bool(view.arrays))
        self._show_arrays(view)
        self._heading.setVisible(bool(view.attributes))
        self.attributes.setText(_lines(view.attributes))

    def _show_arrays(self, view: LayerCardView) -> None:
        while len(self._boxes) < len(view.arrays):
            box = _ArrayBox()
            self._boxes.append(box)
            self._arrays.addWidget(box)
            number = len(self._boxes) - 1
            box.save.clicked.connect(lambda _=False, n=number: self._save(n, trained=False))
            box.save_trained.clicked.connect(lambda _=False, n=number: self._save(n, trained=True))
        for number, box in enumerate(self._boxes):
            box.setVisible(number < len(view.arrays))
            if number < len(view.arrays):
                box.show_array(view.arrays[number])

    def _save(self, number: int, *, trained: bool) -> None:
        view = self._presenter.view
        name = f"{view.name}-{view.arrays[number].words.name}"
        ask_save_weights(self, self._actions, view.name, number, name, trained=trained)


class _ArrayBox(QFrame):
    """One weight array: numbers, histograms, and a way to save it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "note")
        self._title = _label("layer_card.array", "value")
        self._title.setStyleSheet("font-family: monospace;")
        self._numbers = _label("layer_card.numbers", "muted")
        self._histogram, self._trained = Histogram(), Histogram()
        for histogram in (self._histogram, self._trained):
            histogram.setFixedHeight(HISTOGRAM)
            histogram.setToolTip("How many values are how large; logarithmic heights")
        self._before = _label("layer_card.before", "muted")
        self._before.setText("as trained")
        self.save = QToolButton()
        self.save.setText("Save…")
        self.save.setToolTip("Save this array as it is in force, as .npy")
        self.save_trained = QToolButton()
        self.save_trained.setText("Trained…")
        self.save_trained.setToolTip("Save this array as it was trained, as .npy")
        buttons = QHBoxLayout()
        buttons.addWidget(self.save)
        buttons.addWidget(self.save_trained)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(3)
        for widget in (self._title, self._numbers, self._histogram, self._before, self._trained):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def show_array(self, card: ArrayCard) -> None:
        """Show one array."""
        mark = f' <span style="color:{theme.colour("warning").name()}">● edited</span>'
        self._title.setText(escape(card.words.name) + (mark if card.differs else ""))
        numbers = " · ".join(f"{name} {value}" for name, value in card.numbers)
        self._numbers.setText(escape(numbers) if numbers else "counting …")
        self.save_trained.setVisible(card.differs)
        found = card.statistics
        trained = None if found is None else found.trained_counts
        self._histogram.setVisible(found is None or len(found.counts) > 1)
        for widget in (self._before, self._trained):
            widget.setVisible(trained is not None)
        if found is None:
            self._histogram.clear()
            return
        self._histogram.show_histogram(np.log1p(found.counts), found.edges)
        if trained is not None:
            self._trained.show_histogram(np.log1p(trained), found.edges)


def _label(name: str, role: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    return label


def _shape(card: ArrayCard) -> str:
    """An array's shape, and below it what its numbers count."""
    shape = coloured_shape(card.words.name, card.words.axes)
    return (
        f"<p style='margin:1px 0'><code>{shape}</code></p>"
        f"<p style='margin:0 0 4px 0'>= {coloured_words(card.words)}</p>"
    )


def _links(view: LayerCardView) -> list[str]:
    """What the layer reads and what reads it, as links."""
    found = []
    for said, names in (("reads", view.reads), ("is read by", view.read_by)):
        if names:
            found.append(f"{said} {_linked(names)}")
    return found


def _linked(names: Sequence[str]) -> str:
    colour = theme.colour("link").name()
    return ", ".join(
        f'<a href="{escape(name)}" style="color:{colour}">{escape(name)}</a>' for name in names
    )


def _lines(rows: Sequence[tuple[str, str]]) -> str:
    """Names, and after them their values; nothing in them needs much width."""
    colour = theme.colour("text").name()
    return "<br>".join(
        f'{escape(name)} <span style="color:{colour}">{escape(value)}</span>'
        for name, value in rows
    )
