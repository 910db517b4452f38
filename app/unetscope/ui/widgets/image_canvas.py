"""The slice view: a grey slice, what lies over it, and the mouse."""

from __future__ import annotations

import math
from typing import Literal, get_args

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QCursor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.canvas_content import (
    EMPTY,
    CanvasContent,
    changed_part,
    differ_in_overlay_only,
    frame,
)
from unetscope.ui.widgets.canvas_painting import legend_areas, paint_message, paint_over
from unetscope.ui.widgets.canvas_pencil import NEEDED, Pencil
from unetscope.ui.widgets.canvas_pictures import grey_image, outline_paths, overlay_image
from unetscope.ui.widgets.canvas_view import CanvasView
from unetscope.ui.widgets.guard import guarded

Tool = Literal["window", "pan", "zoom", "scroll"]

FASTER = 5  # steps of the wheel with Ctrl
TEN = 10  # steps of the wheel with Shift
ZOOM_STEP = 1.15  # of a notch of the wheel
START = 4  # screen pixels that make a press a drag
SCROLL_STEP = 8.0  # screen pixels of a scrolling drag for one slice


@guarded
class ImageCanvas(QWidget):
    """Shows a `CanvasContent` and reports what the mouse does; it knows nothing of studies.

    Points are (row, column) in pixel edges: pixel (r, c) spans r to r + 1 and c to c + 1, so
    ``int(row), int(column)`` is the pixel.
    """

    window_dragged = Signal(float, float, bool)  # screen pixels right, down; Ctrl is held
    window_drag_finished = Signal()
    scrolled = Signal(int)  # slices forward; negative is back
    hovered = Signal(float, float)  # row, column
    left = Signal()  # the mouse is no longer over the slice
    clicked = Signal(float, float)
    pointed = Signal(float, float)  # where the crosshair's tool is pressed, and dragged to
    label_clicked = Signal(int)  # in the legend
    double_clicked = Signal(float, float)
    context_menu = Signal(QPoint)  # on the screen
    view_changed = Signal(object)  # the `CanvasView`: zoom or pan is another
    visible_changed = Signal(object)  # the part of the slice on screen; None for all of it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("image_canvas")
        self.setAccessibleName("Slice")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 140)
        self.tools: dict[Qt.MouseButton, Tool] = {
            Qt.MouseButton.LeftButton: "window",
            Qt.MouseButton.MiddleButton: "pan",
            Qt.MouseButton.RightButton: "zoom",
        }
        self.wheel: Tool = "scroll"  # or zoom
        self.ctrl_wheel: Tool = "scroll"  # or zoom; faster
        self.pencil = Pencil(lambda: self._content.shapes, self)
        self._left_tool = ""
        self._content = EMPTY
        self._view: CanvasView | None = None
        self._picture = QImage()
        self._overlay = QImage()
        self._paths: list[tuple[QColor, QPainterPath]] = []
        self._button = Qt.MouseButton.NoButton
        self._press = QPointF()
        self._last = QPointF()
        self._dragging = False
        self._ignore_release = False
        self._inside = False
        self._wheel = 0.0
        self._scroll = 0.0

    @property
    def content(self) -> CanvasContent:
        """What is on show."""
        return self._content

    @property
    def view(self) -> CanvasView | None:
        """Zoom and pan; None without a slice."""
        return self._view

    def show_content(self, content: CanvasContent) -> None:
        """Show `content`; zoom and pan stay if the slice has the same size and spacing."""
        old, self._content = self._content, content
        if content.grey is not old.grey:
            self._picture = grey_image(content.grey)
        if content.overlay is not old.overlay:
            self._overlay = overlay_image(content.overlay)
        if content.outline is not old.outline or content.outline_colours != old.outline_colours:
            self._paths = outline_paths(content)
        if content.grey is None:
            self._view = None
            self._leave()
        elif self._view is None or frame(content) != frame(old):
            rows, columns = content.grey.shape
            row_mm, column_mm = content.spacing
            self._set_view(
                CanvasView(
                    rows=max(rows, 1),
                    columns=max(columns, 1),
                    row_mm=row_mm if row_mm > 0 else 1.0,
                    column_mm=column_mm if column_mm > 0 else 1.0,
                    width=self.width(),
                    height=self.height(),
                ).fit()
            )
        if self._view is not None and differ_in_overlay_only(content, old):
            self._update_overlay(old)
        else:
            self.update()

    def _update_overlay(self, old: CanvasContent) -> None:
        """Paint again only where the overlay is another than it was."""
        part = changed_part(self._content.overlay, old.overlay)
        if part is not None and self._view is not None:
            left, top = self._view.to_screen(part[0], part[1])
            right, bottom = self._view.to_screen(part[2], part[3])
            area = QRectF(left, top, right - left, bottom - top)
            self.update(area.adjusted(-1.0, -1.0, 1.0, 1.0).toAlignedRect())

    def show_message(self, text: str) -> None:
        """Show no slice but this text."""
        self.show_content(CanvasContent(message=text))

    def take_tool(self, tool: str) -> None:
        """Have the left button do this: one of `tools`, crosshair, or a shape to be drawn.

        Without a tool it does what `tools` says.
        """
        self._left_tool = tool
        self.pencil.take(tool if tool in NEEDED else "")
        drawing = tool not in ("", *get_args(Tool))
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)

    def set_scale(self, scale: float) -> None:
        """Show a mm, or a unit of the spacing, as so many screen pixels."""
        if self._view is not None:
            self._set_view(self._view.scaled(scale))

    def take_view(self, view: CanvasView) -> None:
        """Show the same part of the slice as another canvas does."""
        if self._view is not None:
            self._set_view(self._view.like(view))

    def fit(self) -> None:
        """Show the whole slice, and keep doing so when the window's size changes."""
        if self._view is not None:
            self._set_view(self._view.fit())

    def zoom_by(self, factor: float) -> None:
        """Enlarge about the middle of the view."""
        self._zoom_about(factor, QPointF(self.width() / 2.0, self.height() / 2.0))

    def picture(self, ratio: float = 1.0) -> QImage:
        """What is on show, as a picture of `ratio` times the size on the screen."""
        made = QImage(
            round(self.width() * ratio), round(self.height() * ratio), QImage.Format.Format_RGB32
        )
        made.setDevicePixelRatio(ratio)
        with QPainter(made) as painter:
            self._paint(painter)
        return made

    def sizeHint(self) -> QSize:
        return QSize(640, 560)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)
            if self.hasFocus():
                painter.setPen(QPen(theme.colour("accent", 170), 1.0))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint(self, painter: QPainter) -> None:
        area = QRectF(self.rect())
        painter.fillRect(area, theme.colour("canvas"))
        view, content = self._view, self._content
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if view is None:
            paint_message(painter, area, content.message, "canvas_text_muted")
            return
        origin = view.to_screen(0.0, 0.0)
        onto = QTransform(view.x_scale, 0.0, 0.0, view.y_scale, *origin)
        painter.setWorldTransform(onto, True)
        smooth = QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(smooth, content.smooth and view.zoom < 12.0)
        painter.drawImage(QPointF(0.0, 0.0), self._picture)
        painter.setRenderHint(smooth, False)
        if not self._overlay.isNull():
            painter.drawImage(QPointF(0.0, 0.0), self._overlay)
        for colour, path in self._paths:
            pen = QPen(colour, 1.8)
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.SquareCap)
            painter.setPen(pen)
            painter.drawPath(path)
        painter.setWorldTransform(onto.inverted()[0], True)
        paint_over(painter, content, view, self.font())

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._view is not None:
            self._set_view(self._view.resized(self.width(), self.height()))

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ignore_release = False
        if self._button != Qt.MouseButton.NoButton:  # a second button: the first one goes on
            return
        self._button = event.button()
        self._press = self._last = event.position()
        self._dragging = False
        self._scroll = 0.0
        if self._view is None or self._button != Qt.MouseButton.LeftButton:
            return
        if self._label(self._press) is not None:
            return
        # A press that ends a shape is no click on the slice when it comes up.
        self._ignore_release = self.pencil.press(self._view, self._press)
        if not self._ignore_release:
            self._point_to(self._press)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        left_or_none = self._button in (Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton)
        drawn = self._view is not None and left_or_none and self.pencil.move(self._view, at)
        if self._button == Qt.MouseButton.NoButton or drawn:
            self._hover(at)
            return
        if not self._dragging:
            if (at - self._press).manhattanLength() < START:
                return
            self._dragging = True
        move = at - self._last
        self._last = at
        self._drag(move, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != self._button:
            return
        button, self._button = self._button, Qt.MouseButton.NoButton
        dragged, self._dragging = self._dragging, False
        left = button == Qt.MouseButton.LeftButton
        if left and self._view is not None and self.pencil.release(self._view, event.position()):
            return
        label = self._label(event.position()) if left else None
        if dragged:
            if self._tool(button) == "window":
                self.window_drag_finished.emit()
            self._hover(event.position())
        elif button == Qt.MouseButton.RightButton:
            self.context_menu.emit(event.globalPosition().toPoint())
        elif label is not None:
            self.label_clicked.emit(label)
        elif left and not self._ignore_release:
            point = self._point(event.position())
            if point is not None:
                self.clicked.emit(*point)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self._view is not None and self.pencil.finish(self._view):
            return
        self.mousePressEvent(event)
        if self._label(event.position()) is not None:
            return  # two quick clicks on one eye
        self._ignore_release = True  # the first click was reported already
        point = self._point(event.position())
        if left and point is not None and not self._left_tool_draws:
            self.double_clicked.emit(*point)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()  # Alt and Shift may turn it
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if (self.ctrl_wheel if ctrl else self.wheel) == "zoom":
            self._zoom_about(ZOOM_STEP ** (turn / 120.0), event.position())
            event.accept()
            return
        self._wheel += turn / 120.0
        steps = math.trunc(self._wheel)
        self._wheel -= steps
        event.accept()
        if not steps:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            steps *= TEN
        elif ctrl:
            steps *= FASTER
        self.scrolled.emit(-steps)

    def leaveEvent(self, event: QEvent) -> None:
        self._leave()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.context_menu.emit(event.globalPos())
        event.accept()  # the mouse's menu comes on release, when it is no zoom

    def _drag(self, move: QPointF, fast: bool) -> None:
        tool = self._tool(self._button)
        if tool == "crosshair":
            self._point_to(self._last)
        elif tool == "window":
            self.window_dragged.emit(move.x(), move.y(), fast)
        elif tool == "pan" and self._view is not None:
            self._set_view(self._view.panned(move.x(), move.y()))
        elif tool == "zoom":
            self._zoom_about(math.exp(-move.y() * (0.02 if fast else 0.008)), self._press)
        elif tool == "scroll":
            self._scroll += move.y() / SCROLL_STEP
            steps = math.trunc(self._scroll)
            self._scroll -= steps
            if steps:
                self.scrolled.emit(steps * (FASTER if fast else 1))

    @property
    def _left_tool_draws(self) -> bool:
        return self._left_tool in NEEDED

    def _tool(self, button: Qt.MouseButton) -> str:
        """What a button does when it is dragged."""
        own = self._left_tool if button == Qt.MouseButton.LeftButton else ""
        return own or self.tools.get(button, "")

    def _point_to(self, at: QPointF) -> None:
        """Report where the crosshair goes, if its tool is chosen and the point is on the slice."""
        point = self._point(at) if self._left_tool == "crosshair" else None
        if point is not None:
            self.pointed.emit(*point)

    def _label(self, at: QPointF) -> int | None:
        """The label whose line of the legend is at a point."""
        if self._view is None:
            return None
        areas = legend_areas(self._content, self._view, self.font())
        return next((line.label for line, area in areas if area.contains(at)), None)

    def _zoom_about(self, factor: float, at: QPointF) -> None:
        if self._view is not None:
            self._set_view(self._view.zoomed(factor, at.x(), at.y()))

    def _set_view(self, view: CanvasView) -> None:
        old, self._view = self._view, view
        self.update()
        if view != old:
            self.view_changed.emit(view)
        if old is None or view.visible != old.visible:
            self.visible_changed.emit(view.visible)
        if self._inside:  # what is under the mouse is another place now
            self._hover(QPointF(self.mapFromGlobal(QCursor.pos())))

    def _point(self, at: QPointF) -> tuple[float, float] | None:
        """(row, column) under a point of the widget; None beside the slice."""
        if self._view is None:
            return None
        point = self._view.to_image(at.x(), at.y())
        return point if self._view.contains(*point) else None

    def _hover(self, at: QPointF) -> None:
        point = self._point(at) if self.rect().contains(at.toPoint()) else None
        if point is None:
            self._leave()
        else:
            self._inside = True
            self.hovered.emit(*point)

    def _leave(self) -> None:
        if self._inside:
            self._inside = False
            self.left.emit()
