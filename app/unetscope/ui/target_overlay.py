"""The target on the slice: drawn over it, and chosen by a click or by drawing around it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF

from unetscope.domain.measurements import Point
from unetscope.domain.viewer import Tool
from unetscope.presenters.target_overlay import TargetOverlayPresenter, TargetView
from unetscope.ui import theme
from unetscope.ui.glass import Glass, onto_screen
from unetscope.ui.widgets.canvas_view import CanvasView
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.outline import closed_loops

STEP = 3  # screen pixels from one corner of a freehand line to the next
TINY = 4.0  # screen pixels: what is drawn smaller was not meant
MARK = 9.0  # screen pixels from the middle of the mark to its ends
THIN, THICK = 1.2, 2.0  # of borders, and of what is under the hand
SHADE = QColor(0, 0, 0, 150)


@guarded
class TargetOverlay(Glass):
    """Draws a `TargetView` over a canvas, and takes the left button while one is chosen."""

    def __init__(self, presenter: TargetOverlayPresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas, "target_overlay")
        self._presenter = presenter
        self._view = TargetView()
        self._path = QPainterPath()
        self._line: list[QPointF] = []  # what is being drawn, on the screen
        self._corner: QPointF | None = None  # where a rectangle began
        self._held = False  # the button went down on the slice
        self._mouse = QPointF()  # where it was last
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    @property
    def view(self) -> TargetView:
        """What is on show."""
        return self._view

    def show_view(self, view: TargetView) -> None:
        """Draw `view`."""
        self._view = view
        self._path = QPainterPath()
        for loop in closed_loops(view.pixels) if view.pixels is not None else ():
            self._path.addPolygon(QPolygonF([QPointF(column, row) for row, column in loop]))
            self._path.closeSubpath()
        if view.tool is not Tool.REGION:
            self._drop()
        self._show()

    def explain_here(self) -> None:
        """Explain the pixel that the mouse was last over."""
        point = self._point(self._mouse)
        if point is not None:
            self._presenter.point_at(*point)

    # ------------------------------------------------------------------ mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See the canvas's mouse before it does; True keeps an event from it."""
        super().eventFilter(watched, event)
        if watched is not self.canvas or not isinstance(event, QMouseEvent):
            return False
        self._mouse = event.position()
        tool, kind = self._view.tool, event.type()
        if kind == QEvent.Type.MouseMove:
            return self._move(event.position())
        if tool is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        if kind == QEvent.Type.MouseButtonRelease:
            held, self._held = self._held, False
            self._release()
            return held
        point = self._point(event.position())
        self._held = point is not None  # beside the slice is what the canvas has there
        if point is not None and kind == QEvent.Type.MouseButtonPress:
            self._press(event, point)
        return self._held

    def _press(self, event: QMouseEvent, point: Point) -> None:
        if self._view.tool is Tool.POINT:
            self._presenter.point_at(*point)
            return
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._corner = event.position() if shifted else None
        self._line = [event.position()]
        self._show()

    def _move(self, at: QPointF) -> bool:
        view = self.canvas.view
        if not self._line or view is None:
            return False
        at = QPointF(*view.to_screen(*_inside(view, at)))
        if self._corner is not None:
            one, other = self._corner, at
            self._line = [one, QPointF(other.x(), one.y()), other, QPointF(one.x(), other.y())]
        elif (at - self._line[-1]).manhattanLength() >= STEP:
            self._line.append(at)
        self.update()
        return True

    def _release(self) -> None:
        view, line = self.canvas.view, self._line
        self._drop()
        if view is None or len(line) < 3:
            return
        size = QPolygonF(line).boundingRect()
        if min(size.width(), size.height()) >= TINY:
            self._presenter.draw(tuple(view.to_image(at.x(), at.y()) for at in line))

    def _drop(self) -> None:
        self._line, self._corner = [], None
        self._show()

    def _show(self) -> None:
        drawn = self._view.mark is not None or not self._path.isEmpty() or bool(self._line)
        self.setVisible(drawn)
        self.update()

    def _point(self, at: QPointF) -> Point | None:
        """The point of the picture under one of the screen; None beside it."""
        view = self.canvas.view
        point = view.to_image(at.x(), at.y()) if view is not None else None
        return point if view is not None and point and view.contains(*point) else None

    # ------------------------------------------------------------------ paint

    def paintEvent(self, event: QPaintEvent) -> None:
        target, view = self._view, self.canvas.view
        if view is None:
            return
        fits = target.pixels is not None and target.pixels.shape == (view.rows, view.columns)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, wider in ((SHADE, 1.4), (theme.colour("warning"), 0.0)):
                if fits:
                    painter.setPen(_pen(colour, THIN + wider))
                    painter.setTransform(onto_screen(view))
                    painter.drawPath(self._path)
                    painter.resetTransform()
                painter.setPen(_pen(colour, THICK + wider))
                if target.mark is not None:
                    _paint_mark(painter, QPointF(*view.to_screen(*target.mark)))
                if self._line:
                    painter.drawPolygon(QPolygonF(self._line))


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    return pen


def _paint_mark(painter: QPainter, at: QPointF) -> None:
    """A circle with four ends; its middle, the pixel itself, stays free."""
    painter.drawEllipse(at, MARK / 2, MARK / 2)
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        way = QPointF(x, y)
        painter.drawLine(at + way * (MARK / 2), at + way * MARK)


def _inside(view: CanvasView, at: QPointF) -> Point:
    """The point of the picture under one of the screen, or the nearest at its edge."""
    row, column = view.to_image(at.x(), at.y())
    return min(max(row, 0.0), float(view.rows)), min(max(column, 0.0), float(view.columns))
