"""Where the voxel inquiry stays, marked on the slice."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen

from unetscope.presenters.inquiry import InquiryPresenter, InquiryView
from unetscope.ui import theme
from unetscope.ui.glass import Glass
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas

GAP, END = 4.0, 10.0  # screen pixels from the voxel to where its lines begin and end


@guarded
class VoxelMark(Glass):
    """Draws four short lines around the voxel."""

    def __init__(self, presenter: InquiryPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas, "voxel_mark")
        self._presenter = presenter
        self._view = InquiryView()
        presenter.view_changed.connect(self.show_view)
        canvas.clicked.connect(presenter.click)
        self.show_view(presenter.view)

    def show_view(self, view: InquiryView) -> None:
        """Draw the mark of `view`."""
        moved = view.mark != self._view.mark
        self._view = view
        self.setVisible(view.mark is not None)
        if moved:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        mark, view = self._view.mark, self.canvas.view
        if mark is None or view is None:
            return
        middle = QPointF(*view.to_screen(*mark))
        with QPainter(self) as painter:
            for width, colour in (
                (3.4, QColor(0, 0, 0, 180)),
                (1.6, theme.colour("canvas_letter")),
            ):
                painter.setPen(QPen(colour, width))
                for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                    painter.drawLine(middle + way * GAP, middle + way * END)
