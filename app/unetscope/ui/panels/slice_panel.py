"""The slice view in the centre: the canvas, the slider and the planes across beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
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

from unetscope.domain.comparing import Way
from unetscope.domain.metrics import Labels
from unetscope.domain.viewer import Annotations
from unetscope.presenters.planes import PlanesPresenter
from unetscope.presenters.slice_view import SlicePresenter, SliceView
from unetscope.ui import icons
from unetscope.ui.compare_bar import CompareBar
from unetscope.ui.mask_colours import MaskColours, colours_of, legend_lines
from unetscope.ui.planes_side import PlanesSide
from unetscope.ui.viewer_bar import ViewerBar
from unetscope.ui.widgets.canvas_content import RGB, CanvasContent, Corners, Drawn, Edges
from unetscope.ui.widgets.canvas_shapes import grip
from unetscope.ui.widgets.canvas_warnings import WarningsHand
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.split_handle import SplitHandle
from unetscope.ui.widgets.welcome import Welcome

WELCOME = (
    ("file.open_sample", "Open the sample study"),
    ("file.open_study", "Open a study folder…"),
    ("file.open_model", "Open a model…"),
)

TRAINED, EDITED = "trained", "edited"
MM_IN_INCH = 25.4
SCREENS = (40.0, 600.0)  # dots per inch that a screen may truly have


class SlicePanel(QWidget):
    """Draws a `SliceView` and reports scrolling, window drags and clicks."""

    context_menu = Signal(QPoint, tuple)  # on the screen; what is to be said of the pixel there
    maximise = Signal()
    command_chosen = Signal(str)  # id of a command, on the welcome page

    def __init__(
        self, presenter: SlicePresenter, planes: PlanesPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("slice_view")
        self._presenter = presenter
        self._colours = MaskColours()
        self._colours_beside = MaskColours()
        self._cursor: tuple[float, float] | None = None
        self._over_beside = False  # the mouse is over the trained network's picture

        self.canvas = ImageCanvas(self)
        self.canvas.setObjectName("slice_view.canvas")
        self.beside = ImageCanvas(self)
        self.beside.setObjectName("slice_view.trained")
        self.beside.setAccessibleName("Slice with the mask of the trained network")
        self.beside.tools = self.canvas.tools
        self.warnings = WarningsHand(self.canvas)
        self.slider = QSlider(Qt.Orientation.Vertical, self)
        self.slider.setObjectName("slice_view.slider")
        self.slider.setInvertedAppearance(True)
        self.slider.setAccessibleName("Slice")
        self.slider.setToolTip("Slice: drag, or turn the wheel over the picture; Shift for 10")
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
        self._pages.setMinimumSize(self.canvas.minimumSize())  # so that two are equally wide
        self.planes = PlanesSide(planes, self)
        for canvas in self.planes.canvases:
            canvas.tools = self.canvas.tools  # one hand, one set of habits
        self.bar = ViewerBar(presenter, self)
        self.compare_bar = CompareBar(presenter, self)
        self._handle = SplitHandle(self.canvas)
        self._flicker = QTimer(self)
        self._cine = QTimer(self)
        self._cine.setTimerType(Qt.TimerType.PreciseTimer)
        slice_side = QWidget()
        beside = QHBoxLayout(slice_side)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(2)
        beside.addWidget(self.beside, 1)
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
        layout.addWidget(self.compare_bar)
        layout.addWidget(self.bar)
        self.setFocusProxy(self.canvas)

        for canvas in (self.canvas, self.beside):
            self._connect(canvas)
        self.canvas.visible_changed.connect(presenter.set_visible)
        self.canvas.view_changed.connect(self.beside.take_view)
        self.beside.view_changed.connect(self.canvas.take_view)
        self._handle.moved.connect(presenter.divide_at)
        self._handle.grasped.connect(presenter.hold)
        self._flicker.timeout.connect(presenter.flicker)
        self.planes.window_dragged.connect(self._window_dragged)
        self._cine.timeout.connect(presenter.play_on)
        self.slider.valueChanged.connect(presenter.go_to)
        self.welcome.chosen.connect(self.command_chosen)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def _connect(self, canvas: ImageCanvas) -> None:
        """Have a canvas do what is done in both, where there are two."""
        presenter, measuring, pencil = self._presenter, self._presenter.measuring, canvas.pencil
        canvas.scrolled.connect(presenter.step)
        canvas.window_dragged.connect(self._window_dragged)
        canvas.hovered.connect(partial(self._hovered, canvas is self.beside))
        canvas.left.connect(self._left)
        canvas.context_menu.connect(partial(self._open_menu, canvas))
        canvas.clicked.connect(self._clicked)
        canvas.pointed.connect(presenter.point_at)
        canvas.label_clicked.connect(presenter.toggle_label)
        canvas.double_clicked.connect(lambda *_: self.maximise.emit())
        pencil.begun.connect(measuring.begin)
        pencil.moved.connect(measuring.move)
        pencil.chosen.connect(measuring.select)
        pencil.removed.connect(measuring.remove)

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
        self.warnings.show_warnings(view.warnings)
        self.compare_bar.show_view(view)
        for canvas in (self.canvas, self.beside):
            canvas.take_tool(view.viewer.tool.value if view.viewer.tool else "")
        self._play(view)
        self._show_content(view)
        self.beside.setVisible(_is_side_by_side(view))

    def _show_content(self, view: SliceView) -> None:
        if view.grey is None:
            self.canvas.show_message(view.empty)
            return
        content = self._content(view)
        self.canvas.show_content(content)
        if not _is_side_by_side(view):
            return
        overlay, outline = self._mask(view, view.beside, self._colours_beside)
        *above, last = self._probe(beside=True) or ("",)
        trained = replace(content, overlay=overlay, outline=outline, captions=(TRAINED,))
        self.beside.show_content(replace(trained, probed=tuple(above), probe=last, notice=""))
        if self.canvas.view is not None:
            self.beside.take_view(self.canvas.view)

    def _play(self, view: SliceView) -> None:
        if not view.viewer.playing or view.slices < 2:
            self._cine.stop()
        elif not self._cine.isActive() or self._cine.interval() != 1000 // view.viewer.speed:
            self._cine.start(1000 // view.viewer.speed)
        comparing = view.comparing
        if not comparing.playing or view.grey is None:
            self._flicker.stop()
        elif not self._flicker.isActive() or self._flicker.interval() != 1000 // comparing.speed:
            self._flicker.start(1000 // comparing.speed)

    def _mask(
        self, view: SliceView, labels: Labels | None, colours: MaskColours
    ) -> tuple[NDArray[np.uint8] | None, Labels | None]:
        """A mask as it lies over the slice: filled, or as what is outlined."""
        if view.outlined or labels is None:
            return None, labels
        return colours.filled(labels, _colours_shown(view), view.opacity), None

    def _content(self, view: SliceView) -> CanvasContent:
        corners = view.corners
        *above, last = self._probe() or ("",)
        labels, texts = view.labels, view.viewer.annotations
        named = labels is not None and texts is not Annotations.NONE  # the mask stays
        overlay, outline = self._mask(view, labels, self._colours)
        if view.chance is not None:
            overlay = self._colours.chances(view.chance, view.viewer.threshold, view.opacity)
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
            outline=outline,
            outline_colours=_colours_shown(view) if outline is not None else {},
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
            split=view.split,
            captions=_captions(view),
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

    def _hovered(self, beside: bool, row: float, column: float) -> None:
        self._cursor, self._over_beside = (row, column), beside
        self._show_probe()

    def _left(self) -> None:
        self._cursor = None
        self._show_probe()

    def _clicked(self, row: float, column: float) -> None:
        if self._presenter.view.crosshair is not None:
            self._presenter.point_at(row, column)

    def _open_menu(self, canvas: ImageCanvas, at: QPoint) -> None:
        """The menu of the measurement under the mouse, else the one of the window."""
        view, here = canvas.view, QPointF(canvas.mapFromGlobal(at))
        held = grip(canvas.content.shapes, view, here) if view is not None else None
        if held is None:
            self.context_menu.emit(at, self._probe_at(canvas, here))
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

    def _probe_at(self, canvas: ImageCanvas, here: QPointF) -> tuple[str, ...]:
        if canvas.view is None:
            return ()
        row, column = (math.floor(at) for at in canvas.view.to_image(here.x(), here.y()))
        return self._presenter.probe(row, column, beside=canvas is not self.canvas)

    def _probe(self, *, beside: bool = False) -> tuple[str, ...]:
        if self._cursor is None or beside is not self._over_beside:
            return ()
        row, column = (math.floor(at) for at in self._cursor)
        return self._presenter.probe(row, column, beside=beside)

    def _show_probe(self) -> None:
        if self._presenter.view.grey is not None:
            self._show_content(self._presenter.view)


def _is_side_by_side(view: SliceView) -> bool:
    return view.comparing.seen is Way.SIDE_BY_SIDE and view.grey is not None


def _captions(view: SliceView) -> tuple[str, ...]:
    if view.split is not None:
        return (TRAINED, EDITED)
    return (EDITED,) if _is_side_by_side(view) else ()


def _colours_shown(view: SliceView) -> dict[int, RGB]:
    """The colours of the labels whose eyes are open."""
    colours = colours_of(view.legend)
    return {label: rgb for label, rgb in colours.items() if label not in view.hidden}
