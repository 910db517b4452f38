"""The slice view in the centre: the canvas, the slider and the planes across beside it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSlider,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.viewer import Annotations
from unetscope.presenters.planes import PlanesPresenter
from unetscope.presenters.slice_view import SlicePresenter, SliceView
from unetscope.ui import icons
from unetscope.ui.mask_colours import MaskColours, colours_of, legend_lines
from unetscope.ui.planes_side import PlanesSide
from unetscope.ui.viewer_bar import ViewerBar
from unetscope.ui.widgets.canvas_content import CanvasContent, Corners, Drawn, Edges
from unetscope.ui.widgets.canvas_shapes import grip
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.welcome import Welcome

WELCOME = (
    ("file.open_sample", "Open the sample study"),
    ("file.open_study", "Open a study folder…"),
    ("file.open_model", "Open a model…"),
)

MM_IN_INCH = 25.4
SCREENS = (40.0, 600.0)  # dots per inch that a screen may truly have


class SlicePanel(QWidget):
    """Draws a `SliceView` and reports scrolling, window drags and clicks."""

    context_menu = Signal(QPoint)
    maximise = Signal()
    command_chosen = Signal(str)  # id of a command, on the welcome page

    def __init__(
        self, presenter: SlicePresenter, planes: PlanesPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("slice_view")
        self._presenter = presenter
        self._colours = MaskColours()
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
        self.planes = PlanesSide(planes, self)
        for canvas in self.planes.canvases:
            canvas.tools = self.canvas.tools  # one hand, one set of habits
        self.bar = ViewerBar(presenter, self)
        self._cine = QTimer(self)
        self._cine.setTimerType(Qt.TimerType.PreciseTimer)
        slice_side = QWidget()
        beside = QHBoxLayout(slice_side)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(2)
        beside.addWidget(self._pages, 1)
        beside.addWidget(self.slider)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        for widget, share in ((slice_side, 2), (self.planes, 1)):
            halves.addWidget(widget)
            halves.setStretchFactor(halves.count() - 1, share)
        halves.setSizes([2000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(halves, 1)
        layout.addWidget(self.bar)
        self.setFocusProxy(self.canvas)

        self.canvas.scrolled.connect(presenter.step)
        self.canvas.window_dragged.connect(self._window_dragged)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.left.connect(self._left)
        self.canvas.visible_changed.connect(presenter.set_visible)
        self.canvas.context_menu.connect(self._open_menu)
        self.canvas.clicked.connect(self._clicked)
        self.canvas.pointed.connect(presenter.point_at)
        self.canvas.label_clicked.connect(presenter.toggle_label)
        pencil, measuring = self.canvas.pencil, presenter.measuring
        pencil.begun.connect(measuring.begin)
        pencil.moved.connect(measuring.move)
        pencil.chosen.connect(measuring.select)
        pencil.removed.connect(measuring.remove)
        self.planes.window_dragged.connect(self._window_dragged)
        self._cine.timeout.connect(presenter.play_on)
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
        self.bar.show_view(view)
        self.canvas.take_tool(view.viewer.tool.value if view.viewer.tool else "")
        self._play(view)
        if view.grey is None:
            self.canvas.show_message(view.empty)
        else:
            self.canvas.show_content(self._content(view))

    def _play(self, view: SliceView) -> None:
        if not view.viewer.playing or view.slices < 2:
            self._cine.stop()
        elif not self._cine.isActive() or self._cine.interval() != 1000 // view.viewer.speed:
            self._cine.start(1000 // view.viewer.speed)

    def _content(self, view: SliceView) -> CanvasContent:
        colours = colours_of(view.legend) if view.labels is not None else {}
        corners = view.corners
        *above, last = self._probe() or ("",)
        labels, texts = view.labels, view.viewer.annotations
        named = labels is not None and texts is not Annotations.NONE  # the mask stays
        shown = {label: rgb for label, rgb in colours.items() if label not in view.hidden}
        overlay = None
        if view.chance is not None:
            overlay = self._colours.chances(view.chance, view.viewer.threshold, view.opacity)
        elif labels is not None and not view.outlined:
            overlay = self._colours.filled(labels, shown, view.opacity)
        drawn = (
            Drawn(
                number=shape.number,
                kind=shape.kind.value,
                points=shape.points,
                lines=shape.lines,
                selected=shape.selected,
            )
            for shape in view.shapes
        )
        return CanvasContent(
            grey=view.grey,
            spacing=view.aspect,
            calibrated=view.calibrated,
            overlay=overlay,
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
                bottom_left=corners.bottom_left,
                bottom_right=corners.bottom_right,
            ),
            legend=legend_lines(view.legend, view.hidden) if named else (),
            shapes=tuple(drawn),
            rulers=texts is Annotations.ALL,
            crosshair=view.crosshair,
            probed=tuple(above),
            probe=last,
            notice=view.note,
            smooth=view.viewer.smooth,
        )

    # ------------------------------------------------------------------- zoom

    def reset_view(self) -> None:
        """Put the tool back, or else the whole of every picture in view."""
        if self._presenter.reset_view():
            self.canvas.fit()
            self.planes.fit()

    def zoom_to_pixels(self) -> None:
        """Show a pixel of the slice, along its shorter side, as one of the screen."""
        self.canvas.set_scale(1.0 / min(self._presenter.view.aspect))

    def zoom_to_life(self) -> None:
        """Show the slice as large as the patient, where slice and screen know their size."""
        per_mm = self.screen().physicalDotsPerInch() / MM_IN_INCH
        known = SCREENS[0] <= per_mm * MM_IN_INCH <= SCREENS[1]
        if self._presenter.life_size(screen_known=known):
            self.canvas.set_scale(per_mm)

    # ------------------------------------------------------------------ mouse

    def _window_dragged(self, right: float, down: float, fast: bool) -> None:
        self._presenter.drag_window(right, down, fast=fast)

    def _hovered(self, row: float, column: float) -> None:
        self._cursor = (row, column)
        self._show_probe()

    def _left(self) -> None:
        self._cursor = None
        self._show_probe()

    def _clicked(self, row: float, column: float) -> None:
        if self._presenter.view.crosshair is not None:
            self._presenter.point_at(row, column)

    def _open_menu(self, at: QPoint) -> None:
        """The menu of the measurement under the mouse, else the one of the window."""
        view, here = self.canvas.view, QPointF(self.canvas.mapFromGlobal(at))
        held = grip(self.canvas.content.shapes, view, here) if view is not None else None
        if held is None:
            self.context_menu.emit(at)
            return
        number = held[0].number
        menu = QMenu(self)
        menu.setObjectName("slice_view.measurement_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        delete = menu.addAction("Delete this measurement")
        delete.triggered.connect(lambda: self._presenter.measuring.remove(number))
        clear = menu.addAction("Delete all measurements")
        clear.triggered.connect(lambda: self._presenter.look(lambda viewer: viewer.clear()))
        menu.popup(at)

    def _probe(self) -> tuple[str, ...]:
        if self._cursor is None:
            return ()
        row, column = (math.floor(at) for at in self._cursor)
        return self._presenter.probe(row, column)

    def _show_probe(self) -> None:
        if self._presenter.view.grey is not None:
            self.canvas.show_content(self._content(self._presenter.view))
