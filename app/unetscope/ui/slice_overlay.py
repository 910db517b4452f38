"""The feature map and the receptive field over the slice: a pane of glass on its canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QWidget

from unetscope.presenters.map_overlay import MapOverlayPresenter, OverlayView
from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, VIRIDIS, to_levels
from unetscope.ui.widgets.canvas_content import Box
from unetscope.ui.widgets.canvas_painting import paint_box
from unetscope.ui.widgets.canvas_pictures import overlay_image
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas

MARGIN = 10.0
BAR = 96.0  # width of the colour bar


@guarded
class SliceOverlay(QWidget):
    """Draws an `OverlayView` over a canvas, and tells where the mouse is over the slice.

    The mouse goes through it.
    """

    def __init__(self, presenter: MapOverlayPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self.setObjectName("slice_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas = canvas
        self._presenter = presenter
        self._view = OverlayView()
        self._heat = QImage()
        canvas.installEventFilter(self)
        canvas.hovered.connect(presenter.hover)
        canvas.left.connect(presenter.leave)
        presenter.view_changed.connect(self.show_view)
        self.setGeometry(canvas.rect())
        self.show_view(presenter.view)

    @property
    def view(self) -> OverlayView:
        """What is on show."""
        return self._view

    def show_view(self, view: OverlayView) -> None:
        """Draw `view`."""
        old, self._view = self._view, view
        if _colouring(view) != _colouring(old):
            self._heat = overlay_image(None if view.heat is None else coloured(view))
        self.setVisible(view.heat is not None or view.box is not None or view.pixel is not None)
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        over, view = self._view, self._canvas.view
        if view is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if over.heat is not None and over.heat.shape == (view.rows, view.columns):
                origin = view.to_screen(0.0, 0.0)
                onto = QTransform(view.x_scale, 0.0, 0.0, view.y_scale, *origin)
                painter.setTransform(onto, True)
                painter.drawImage(QPointF(0.0, 0.0), self._heat)
                painter.resetTransform()
                self._paint_legend(painter)
            if over.pixel is not None:
                row, column, rows, columns = over.pixel
                corners = (row, column), (row + rows, column + columns)
                one, other = (QPointF(*view.to_screen(*corner)) for corner in corners)
                for width, colour in ((3.0, QColor(0, 0, 0, 170)), (1.4, theme.colour("warning"))):
                    painter.setPen(QPen(colour, width))
                    painter.drawRect(QRectF(one, other))
            if over.box is not None:
                row, column, rows, columns = over.box
                box = Box(row=row, column=column, height=rows, width=columns, text=over.box_text)
                paint_box(painter, view, box)

    def _paint_legend(self, painter: QPainter) -> None:
        """What is seen over the slice, with its colours and what they stand for."""
        over, metrics = self._view, painter.fontMetrics()
        line = metrics.height() + 2.0
        low, high = (f"{at:.3g}" for at in over.limits)
        ends = metrics.horizontalAdvance(low) + metrics.horizontalAdvance(high) + 16.0
        wide = max(metrics.horizontalAdvance(over.legend), BAR + ends)
        area = QRectF(0.0, 0.0, wide + 12.0, 2 * line + 4.0)
        area.moveBottomRight(QPointF(self.width() - MARGIN, self.height() - MARGIN - 3 * line))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(area, 3.0, 3.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.colour("canvas_text"))
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(area.adjusted(6, 0, 0, -line - 2), left, over.legend)
        below = area.adjusted(6, line + 2, -6, -2)
        painter.drawText(below, left, low)
        bar = QRectF(
            below.left() + metrics.horizontalAdvance(low) + 6, below.top() + 3, BAR, line - 6
        )
        words = (DIVERGING if over.signed else VIRIDIS)[None]
        colours = QImage(
            np.ascontiguousarray(words).data, 256, 1, 3 * 256, QImage.Format.Format_RGB888
        )
        painter.drawImage(bar, colours.copy())
        painter.setPen(theme.colour("canvas_text"))
        painter.drawText(QRectF(bar.right() + 6, below.top(), 80.0, below.height()), left, high)


def coloured(view: OverlayView) -> NDArray[np.uint8]:
    """The map in its colours, ``(rows, columns, 4)``; clear below the threshold and beside it."""
    assert view.heat is not None
    low, high = view.limits
    heat = view.heat
    levels = to_levels(heat, low, high)
    made = np.empty((*heat.shape, 4), np.uint8)
    made[..., :3] = (DIVERGING if view.signed else VIRIDIS)[levels]
    least = (
        view.threshold * max(abs(low), abs(high))
        if view.signed
        else (low + view.threshold * (high - low))
    )
    with np.errstate(invalid="ignore"):
        seen = np.abs(heat) >= least if view.signed else heat >= least
    made[..., 3] = np.where(seen, np.uint8(round(255 * view.opacity)), np.uint8(0))
    return made


def _colouring(view: OverlayView) -> tuple[object, ...]:
    return (id(view.heat), view.limits, view.signed, view.opacity, view.threshold)
