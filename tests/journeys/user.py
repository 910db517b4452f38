"""What a person can see and touch in the window, for the journeys."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from unetscope.bootstrap import Application
from unetscope.domain.network import Network
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.state.live import Answer
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.tile_gallery import TileGallery

ANSWER = 120_000  # ms: the first answer waits for TensorFlow
W = TypeVar("W", bound=QWidget)


class User:
    """Finds widgets by name, clicks and types, and reads what is drawn."""

    def __init__(self, program: Application, qtbot: QtBot) -> None:
        self.program = program
        self.window = program.window
        self.qtbot = qtbot

    # ------------------------------------------------------------------- sees

    def find(self, kind: type[W], name: str) -> W:
        """A widget of the window by its object name."""
        widget = self.window.findChild(kind, name)
        assert isinstance(widget, kind), f"no {name}"
        return widget

    @property
    def canvas(self) -> ImageCanvas:
        """The slice view."""
        return self.find(ImageCanvas, "slice_view.canvas")

    @property
    def slider(self) -> QSlider:
        """The slider beside it."""
        return self.find(QSlider, "slice_view.slider")

    @property
    def grid(self) -> KernelGrid:
        """The kernel's numbers."""
        return self.find(KernelGrid, "kernel_editor.grid")

    @property
    def filters(self) -> TileGallery:
        """The filter gallery."""
        return self.find(TileGallery, "filters.gallery")

    @property
    def maps(self) -> TileGallery:
        """The activation viewer's gallery."""
        return self.find(TileGallery, "feature_maps.gallery")

    @property
    def session(self) -> Session:
        """The session behind the window."""
        return self.program.store.session

    @property
    def network(self) -> Network:
        """The network that is open."""
        assert self.session.network is not None
        return self.session.network

    @property
    def series(self) -> SeriesSource:
        """The series that is shown."""
        assert self.program.desk.shown is not None
        return self.program.desk.shown

    @property
    def answer(self) -> Answer:
        """The engine's answer behind the picture."""
        assert self.program.live.answer is not None
        return self.program.live.answer

    def picture(self) -> NDArray[np.uint8]:
        """The slice as it is drawn."""
        grey = self.canvas.content.grey
        assert grey is not None
        return grey.copy()

    def mask(self) -> NDArray[np.uint8]:
        """The overlay as it is drawn over the slice."""
        overlay = self.canvas.content.overlay
        assert overlay is not None
        return overlay.copy()

    def feature_map(self, index: int) -> NDArray[np.float32]:
        """One feature map as the gallery holds it."""
        return np.array(self.maps.tiles.tiles(index, index + 1)[0])

    def status(self) -> str:
        """The line at the foot of the window."""
        return self.find(QLabel, "status.text").text()

    # ------------------------------------------------------------------- does

    def wait(self) -> None:
        """Wait until the picture on screen belongs to the session: its slice, edits and layer."""

        def settled() -> bool:
            session, live = self.session, self.program.live
            answer = live.answer
            if answer is None or answer.look.maps is None or live.busy:
                return False
            request = answer.look.request
            of_now = request.edits == session.edits and request.layer == session.layer
            return of_now and answer.key.index == session.slice_index

        self.qtbot.waitUntil(settled, timeout=ANSWER)

    def choose(self, command: str) -> None:
        """Choose a menu entry."""
        action = self.window.action_of(command)
        assert action.isEnabled(), f"{command} is not available"
        action.trigger()

    def pick_layer(self, name: str) -> None:
        """Click a layer in the tree."""
        tree = self.find(QTreeWidget, "layers.tree")
        anywhere = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
        items = tree.findItems(name, anywhere)
        (item,) = (i for i in items if i.data(0, Qt.ItemDataRole.UserRole) == name)
        tree.scrollToItem(item)
        spot = tree.visualItemRect(item).center()
        self.qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    def pick_filter(self, index: int) -> None:
        """Click a filter in its gallery."""
        self.filters.reveal(index)
        spot = self.filters.tile_rect(index).center()
        self.qtbot.mouseClick(self.filters.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    def pick_recipe(self, name: str) -> None:
        """Choose a recipe from the kernel editor's menu."""
        menu = self.window.kernel_panel.recipes
        (action,) = (action for action in menu.actions() if action.text() == name)
        action.trigger()

    def turn_wheel(self, widget: QWidget, at: QPointF, notches: int) -> None:
        """Turn the wheel over a place in a widget."""
        for _ in range(abs(notches)):
            event = QWheelEvent(
                at,
                QPointF(widget.mapToGlobal(at.toPoint())),
                QPointF(0, 0).toPoint(),
                QPointF(0, 120 if notches > 0 else -120).toPoint(),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(widget, event)
