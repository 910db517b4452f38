"""All that leaves the window to be looked at, and the menus that offer it at every panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QMenu, QTabBar, QWidget

from unetscope.domain.ports import Notice
from unetscope.ui.pictures.panel_picture import (
    name_of,
    panel_image,
    stamp_of,
    without_identity,
)
from unetscope.ui.widgets.guard import guarded

if TYPE_CHECKING:
    from unetscope.domain.figure import Figure, Pane
    from unetscope.presenters.figure import FigurePresenter
    from unetscope.state.desk import Desk
    from unetscope.state.reporter import Reporter
    from unetscope.ui.main_window import MainWindow

TIMES = 2  # the size on the screen, of a picture that is copied at once


@guarded
class Pictures(QObject):
    """Makes pictures of panels; knows which panel was used last.

    A right click on the title or the tab of a panel, or wherever it has no menu of its own, offers
    its picture. What makes figures and reports is imported when one is asked for: the start of the
    program does not wait for it.
    """

    def __init__(
        self,
        window: MainWindow,
        desk: Desk,
        make_reporter: Callable[[], Reporter],
        make_figures: Callable[[], FigurePresenter],
    ) -> None:
        super().__init__(window)
        self._window, self._desk = window, desk
        self._make_reporter, self._make_figures = make_reporter, make_figures
        self._figure: Figure | None = None  # how the last one looked
        self._last: QWidget = window.slice_panel
        window.pictures = self
        for dock in window.places.docks:
            dock.installEventFilter(self)
        window.installEventFilter(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)

    @property
    def panel(self) -> QWidget:
        """The panel that was used last and is still in front."""
        return self._last if _in_front(self._last) else self._window.slice_panel

    @property
    def panels(self) -> list[QWidget]:
        """All panels that are in front, the one used last before the others."""
        window = self._window
        every = [window.slice_panel, *(dock for dock in window.places.docks if _in_front(dock))]
        return [self.panel, *(panel for panel in every if panel is not self.panel)]

    @cached_property
    def reporter(self) -> Reporter:
        """What makes reports, from the first one on."""
        return self._make_reporter()

    @cached_property
    def figures(self) -> FigurePresenter:
        """What knows what can be in a figure, from the first one on."""
        return self._make_figures()

    def copy_panel(self) -> None:
        """Put a picture of the panel used last on the clipboard."""
        with without_identity(self._window):
            picture = panel_image(self.panel, TIMES, stamp_of(self._window))
        QGuiApplication.clipboard().setImage(picture)
        what = f"Copied the picture of {name_of(self.panel)}; identity is hidden in it."
        self._desk.notice.emit(Notice(what, "Paste it where you want it.", trouble=False))

    def ask_panel(self) -> None:
        """Ask which panel becomes a picture."""
        from unetscope.ui.pictures.panel_dialog import PanelPictureDialog

        PanelPictureDialog(self._window, self.panels, self._desk.save_file).open()

    def ask_figure(self) -> None:
        """Ask what is in a figure, and how it looks."""
        from unetscope.domain.figure import Figure
        from unetscope.ui.pictures.figure_dialog import FigureDialog

        FigureDialog(
            self.figures,
            self._curves,
            self._figure or Figure(),
            self._keep,
            self._desk.save_file,
            self._window,
        ).open()

    def ask_report(self) -> None:
        """Show the report of what is on screen, and ask where it goes."""
        from unetscope.ui.study_report import StudyReportDialog

        StudyReportDialog(self.reporter, self._window).open()

    def _keep(self, figure: Figure) -> None:
        self._figure = figure

    def _curves(self) -> tuple[Pane, ...]:
        """What other presenters know over the series, and of why it is segmented so."""
        from unetscope.ui.pictures.curves import evaluation_curve, map_curve
        from unetscope.ui.pictures.heat_pane import heat_pane

        presenters = self._window.presenters
        curves = (
            map_curve(presenters.maps.series.view),
            evaluation_curve(presenters.evaluation.panel.view),
            heat_pane(presenters.explain.heat_overlay.view, presenters.slice_view.view),
        )
        return tuple(pane for pane in curves if pane is not None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ContextMenu or not isinstance(event, QContextMenuEvent):
            return False
        dock = watched if isinstance(watched, QDockWidget) else self._dock_of_tab(event.globalPos())
        if dock is None:
            return False
        self._open_menu(dock, event.globalPos())
        event.accept()
        return True

    def _dock_of_tab(self, at: QPoint) -> QDockWidget | None:
        """The panel whose tab is at a point of the screen."""
        bar = QApplication.widgetAt(at)
        if not isinstance(bar, QTabBar) or bar.parent() is not self._window:
            return None
        title = bar.tabText(bar.tabAt(bar.mapFromGlobal(at)))
        named = (dock for dock in self._window.places.docks if dock.windowTitle() == title)
        return next(named, None)

    def _open_menu(self, dock: QDockWidget, at: QPoint) -> None:
        if not _in_front(dock):
            dock.raise_()
        self._last = dock
        menu = QMenu(self._window)
        menu.setObjectName("panel_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("file.copy_panel", "file.save_panel"):
            menu.addAction(self._window.action_of(name))
        menu.popup(at)

    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        panels = (self._window.slice_panel, *self._window.places.docks)
        while now is not None:
            if now in panels:
                self._last = now
                return
            now = now.parentWidget()


def _in_front(panel: QWidget) -> bool:
    return panel.isVisible() and not panel.visibleRegion().isEmpty()
