"""The feature map and the receptive field over the slice: a pane of glass on its canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen

from unetscope.presenters.map_overlay import MapOverlayPresenter, OverlayView
from unetscope.ui import theme
from unetscope.ui.field_painting import paint_field
from unetscope.ui.glass import Glass, onto_screen
from unetscope.ui.heat_colours import coloured, paint_legend
from unetscope.ui.widgets.canvas_content import Box
from unetscope.ui.widgets.canvas_painting import paint_box
from unetscope.ui.widgets.canvas_pictures import overlay_image
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas


@guarded
class SliceOverlay(Glass):
    """Draws an `OverlayView` over a canvas, and tells where the mouse is over the slice."""

    def __init__(self, presenter: MapOverlayPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas, "slice_overlay")
        self._presenter = presenter
        self._view = OverlayView()
        self._heat = QImage()
        canvas.hovered.connect(presenter.hover)
        canvas.left.connect(presenter.leave)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    @property
    def view(self) -> OverlayView:
        """What is on show."""
        return self._view

    def show_view(self, view: OverlayView) -> None:
        """Draw `view`."""
        old, self._view = self._view, view
        if _colouring(view) != _colouring(old):
            self._heat = overlay_image(_colours(view))
        self.setVisible(view.heat is not None or view.box is not None or view.pixel is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        over, view = self._view, self.canvas.view
        if view is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if over.heat is not None and over.heat.shape == (view.rows, view.columns):
                painter.setTransform(onto_screen(view), True)
                painter.drawImage(QPointF(0.0, 0.0), self._heat)
                painter.resetTransform()
                size = self.width(), self.height()
                paint_legend(painter, size, (over.legend,), over.limits, signed=over.signed)
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
            paint_field(painter, view, over.ellipses, over.field_text, over.box)


def _colours(view: OverlayView) -> NDArray[np.uint8] | None:
    """The map in its colours, ``(rows, columns, 4)``."""
    if view.heat is None:
        return None
    how = {"opacity": view.opacity, "threshold": view.threshold}
    return coloured(view.heat, view.limits, signed=view.signed, **how)


def _colouring(view: OverlayView) -> tuple[object, ...]:
    return (id(view.heat), view.limits, view.signed, view.opacity, view.threshold)
