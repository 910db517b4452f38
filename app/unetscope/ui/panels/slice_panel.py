"""The slice view in the centre: the canvas and the slider beside it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QStackedWidget, QWidget

from unetscope.domain.card import ClassLabel
from unetscope.domain.metrics import Labels
from unetscope.presenters.slice_view import SlicePresenter, SliceView
from unetscope.ui import icons
from unetscope.ui.widgets.canvas_content import RGB, CanvasContent, Corners, Edges
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.welcome import Welcome

WELCOME = (
    ("file.open_sample", "Open the sample study"),
    ("file.open_study", "Open a study folder…"),
    ("file.open_model", "Open a model…"),
)


class SlicePanel(QWidget):
    """Draws a `SliceView` and reports scrolling, window drags and clicks."""

    context_menu = Signal(QPoint)
    maximise = Signal()
    command_chosen = Signal(str)  # id of a command, on the welcome page

    def __init__(self, presenter: SlicePresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slice_view")
        self._presenter = presenter
        self._overlay_of: tuple[object, ...] = ()
        self._overlay: NDArray[np.uint8] | None = None
        self._overlaid: Labels = np.zeros((0, 0), np.uint8)
        self._cursor: tuple[float, float] | None = None

        self.canvas = ImageCanvas(self)
        self.canvas.setObjectName("slice_view.canvas")
        self.slider = QSlider(Qt.Orientation.Vertical, self)
        self.slider.setObjectName("slice_view.slider")
        self.slider.setInvertedAppearance(True)
        self.slider.setAccessibleName("Slice")
        self.slider.setToolTip("Slice (mouse wheel, Up, Down; Shift for 10; Home, End)")
        self.welcome = Welcome(
            "Unetscope",
            "See why a U-Net segmented a patient the way it did.\n"
            "Drop a DICOM study and a Keras model here, or begin with the sample.",
            [(key, text, QIcon()) for key, text in WELCOME],
        )
        self.show_theme()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.canvas)
        self._pages.addWidget(self.welcome)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.slider)
        self.setFocusProxy(self.canvas)

        self.canvas.scrolled.connect(presenter.step)
        self.canvas.window_dragged.connect(self._window_dragged)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.left.connect(self._left)
        self.canvas.visible_changed.connect(presenter.set_visible)
        self.canvas.context_menu.connect(self.context_menu)
        self.canvas.double_clicked.connect(lambda *_: self.maximise.emit())
        self.slider.valueChanged.connect(presenter.go_to)
        self.welcome.chosen.connect(self.command_chosen)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_theme(self) -> None:
        """Draw the icons in the colours of the theme in force."""
        for key, _ in WELCOME:
            button = self.welcome.findChild(QPushButton, f"welcome.{key}")
            if isinstance(button, QPushButton):
                ratio = self.devicePixelRatioF()
                token = "accent_text" if button.isDefault() else "text"
                size = button.iconSize().width()
                button.setIcon(QIcon(icons.pixmap(key, size, token, ratio)))

    def show_view(self, view: SliceView) -> None:
        """Make canvas and slider show `view` without reporting it as a user action."""
        with QSignalBlocker(self.slider):
            self.slider.setEnabled(view.slices > 1)
            self.slider.setRange(0, max(view.slices - 1, 0))
            self.slider.setPageStep(10)
            self.slider.setValue(view.index)
        self.slider.setVisible(not view.welcome)
        self._pages.setCurrentWidget(self.welcome if view.welcome else self.canvas)
        if view.grey is None:
            self.canvas.show_message(view.empty)
        else:
            self.canvas.show_content(self._content(view))

    def _content(self, view: SliceView) -> CanvasContent:
        colours = _colours(view.legend) if view.labels is not None else {}
        corners = view.corners
        *above, last = self._probe() or ("",)
        labels = view.labels
        shown = {label: rgb for label, rgb in colours.items() if label not in view.hidden}
        return CanvasContent(
            grey=view.grey,
            spacing=view.aspect,
            calibrated=view.calibrated,
            overlay=None if labels is None or view.outlined else self._filled(view, labels, shown),
            outline=labels if view.outlined else None,
            outline_colours=shown if view.outlined else {},
            letters=Edges(
                left=view.letters.left,
                right=view.letters.right,
                top=view.letters.top,
                bottom=view.letters.bottom,
            ),
            corners=Corners(
                top_left=corners.top_left,
                top_right=corners.top_right,
                bottom_left=(*corners.bottom_left, *above),
                bottom_right=corners.bottom_right,
            ),
            legend=tuple((label.name, shown[label.index]) for label in _seen(view, shown)),
            probe=last,
            notice=view.note,
        )

    def _filled(
        self, view: SliceView, labels: Labels, colours: dict[int, RGB]
    ) -> NDArray[np.uint8]:
        """The mask as colours over the slice, made again only when it changed."""
        made_of = (view.opacity, tuple(colours.items()))
        same = made_of == self._overlay_of and np.array_equal(labels, self._overlaid)
        if self._overlay is None or not same:
            lut = np.zeros((256, 4), np.uint8)
            for label, rgb in colours.items():
                lut[label] = (*rgb, round(255 * view.opacity))
            words = lut.view(np.uint32)[:, 0][labels]
            self._overlay = words.view(np.uint8).reshape(*labels.shape, 4)
            self._overlay_of, self._overlaid = made_of, labels
        return self._overlay

    # ------------------------------------------------------------------ mouse

    def _window_dragged(self, right: float, down: float, fast: bool) -> None:
        self._presenter.drag_window(right, down, fast=fast)

    def _hovered(self, row: float, column: float) -> None:
        self._cursor = (row, column)
        self._show_probe()

    def _left(self) -> None:
        self._cursor = None
        self._show_probe()

    def _probe(self) -> tuple[str, ...]:
        if self._cursor is None:
            return ()
        row, column = (math.floor(at) for at in self._cursor)
        return self._presenter.probe(row, column)

    def _show_probe(self) -> None:
        if self._presenter.view.grey is not None:
            self.canvas.show_content(self._content(self._presenter.view))


def _colours(legend: tuple[ClassLabel, ...]) -> dict[int, RGB]:
    colours: dict[int, RGB] = {}
    for label in legend:
        colour = QColor(label.colour or "")
        if colour.isValid():
            colours[label.index] = (colour.red(), colour.green(), colour.blue())
    return colours


def _seen(view: SliceView, colours: dict[int, RGB]) -> list[ClassLabel]:
    return [label for label in view.legend if label.index in colours and view.labels is not None]
