"""The heat over the slice and its legend: panes of glass on its canvas."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QPaintEvent

from unetscope.presenters.heat_overlay import HeatOverlayPresenter, HeatView
from unetscope.ui.glass import Glass, onto_screen
from unetscope.ui.heat_colours import coloured, paint_legend
from unetscope.ui.widgets.canvas_pictures import overlay_image
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas


@guarded
class HeatOverlay(Glass):
    """Draws a `HeatView` over a canvas."""

    def __init__(self, presenter: HeatOverlayPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas, "heat_overlay")
        self._presenter = presenter  # signals hold it weakly
        self._view = HeatView()
        self._picture = QImage()
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    @property
    def view(self) -> HeatView:
        """What is on show."""
        return self._view

    def show_view(self, view: HeatView) -> None:
        """Draw `view`."""
        old, self._view = self._view, view
        self.setVisible(view.heat is not None)
        if _colouring(view) == _colouring(old):
            return
        made = None
        if view.heat is not None:
            how = {"opacity": view.opacity, "threshold": view.threshold}
            made = coloured(view.heat, view.limits, signed=view.signed, **how)
        self._picture = overlay_image(made)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        heat, view = self._view, self.canvas.view
        if view is None or heat.heat is None or heat.heat.shape != (view.rows, view.columns):
            return
        with QPainter(self) as painter:
            painter.setTransform(onto_screen(view), True)
            painter.drawImage(QPointF(0.0, 0.0), self._picture)


@guarded
class HeatLegend(Glass):
    """Says what the colours of a `HeatView` stand for, above all else that lies over the slice."""

    def __init__(self, presenter: HeatOverlayPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas, "heat_legend")
        self._presenter = presenter
        self._view = HeatView()
        self._area = QRectF()
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: HeatView) -> None:
        """Say what `view` is."""
        old, self._view = self._view, view
        self.setVisible(view.heat is not None)
        if (view.title, view.limits, view.signed) == (old.title, old.limits, old.signed):
            self.update(self._area.toAlignedRect())  # the mouse moved
        else:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        heat, size = self._view, (self.width(), self.height())
        if heat.heat is None or self.canvas.view is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            lines = (heat.title, heat.at_cursor)
            self._area = paint_legend(painter, size, lines, heat.limits, signed=heat.signed)


def _colouring(view: HeatView) -> tuple[object, ...]:
    return (id(view.heat), view.limits, view.signed, view.opacity, view.threshold)
