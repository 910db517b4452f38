"""The window: docks around the slice, menus, toolbar, banner and status bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu

from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.presenters.filters import FiltersPresenter
from unetscope.presenters.frame import FramePresenter, FrameView
from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.presenters.layers import LayersPresenter
from unetscope.presenters.maps import MapsPresenter
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.presenters.studies import StudiesPresenter
from unetscope.state.desk import Desk
from unetscope.state.pace import Pace
from unetscope.state.store import Store
from unetscope.ui import dialogs, icons, theme
from unetscope.ui.actions import COMMANDS, MENUS, make_action, show_state
from unetscope.ui.labels_menu import LabelsMenu
from unetscope.ui.layout import WindowLayout
from unetscope.ui.model_paths import is_model, whole_model
from unetscope.ui.new_model_dialog import NewModelDialog
from unetscope.ui.panels.feature_map_panel import FeatureMapPanel
from unetscope.ui.panels.filters_panel import FiltersPanel
from unetscope.ui.panels.kernel_panel import KernelPanel
from unetscope.ui.panels.layers_panel import LayersPanel
from unetscope.ui.panels.maps_panel import MapsPanel
from unetscope.ui.panels.slice_panel import SlicePanel
from unetscope.ui.panels.studies_panel import StudiesPanel
from unetscope.ui.recent import RecentMenu
from unetscope.ui.status_line import StatusLine
from unetscope.ui.toolbar import Toolbar
from unetscope.ui.window_keys import WindowKeys


class Paths(Protocol):
    """The sample that comes with the program."""

    @property
    def sample_study(self) -> Path:
        """Folder of the sample study."""

    @property
    def sample_model(self) -> Path:
        """The sample network."""


@dataclass(frozen=True, slots=True)
class Presenters:
    """One presenter for each panel and one for the frame, and the pace they all keep."""

    pace: Pace
    frame: FramePresenter
    slice_view: SlicePresenter
    studies: StudiesPresenter
    layers: LayersPresenter
    filters: FiltersPresenter
    maps: MapsPresenter
    kernel: KernelPresenter


class MainWindow(QMainWindow):
    """Draws the frame and holds the panels; everything else is the presenters' work."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        presenters: Presenters,
        paths: Paths,
        settings: QSettings,
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.store = store
        self._desk = desk
        self._close_when_saved = False
        self._presenters = presenters
        self._paths = paths
        self._settings = settings
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setWindowIcon(icons.icon("app"))

        self.slice_panel = SlicePanel(presenters.slice_view, self)
        self.setCentralWidget(self.slice_panel)
        self.studies_panel = StudiesPanel(presenters.studies, self)
        self.layers_panel = LayersPanel(presenters.layers, self)
        self.filters_panel = FiltersPanel(presenters.filters, self)
        self.kernel_panel = KernelPanel(presenters.kernel, self)
        self.maps_panel = MapsPanel(presenters.maps, self)
        self.feature_map_panel = FeatureMapPanel(presenters.maps, self)
        self._actions = {command.id: make_action(command, self) for command in COMMANDS}
        self._make_menus()
        self.toolbar = Toolbar(self._actions, self)
        self.addToolBar(self.toolbar)
        self.banner, self.opacity = self.toolbar.banner, self.toolbar.opacity
        self.status_line = StatusLine(self)
        self.setStatusBar(self.status_line)
        self._layout_of_panels = WindowLayout(
            self,
            settings,
            left={self.studies_panel: 190, self.layers_panel: 530},
            right={self.maps_panel: 400, self.feature_map_panel: 320},
            bottom={self.filters_panel: 290, self.kernel_panel: 500},
            sides=(300, 320, 330),
        )
        self._menus["view"].addMenu(self._panels_menu())
        self._connect()
        self._show_session()
        self._show_frame(presenters.frame.view)
        self._layout_of_panels.restore_geometry()

    # ------------------------------------------------------------------ parts

    def action_of(self, command_id: str) -> QAction:
        """The action of a command, by its id."""
        return self._actions[command_id]

    def _make_menus(self) -> None:
        bar = self.menuBar()
        self._menus = {key: bar.addMenu(text) for key, text in MENUS.items()}
        for command in COMMANDS:
            self._menus[command.menu].addAction(self._actions[command.id])
        self._recent = RecentMenu(self._settings, self.open_path, self)
        self._menus["file"].insertMenu(self._actions["file.save_model"], self._recent)
        self._menus["file"].insertSeparator(self._actions["file.save_model"])
        self._menus["file"].insertSeparator(self._actions["file.quit"])
        self._menus["edit"].insertSeparator(self._actions["edit.copy_kernel"])
        self._menus["edit"].insertSeparator(self._actions["edit.revert_kernel"])

        self._menus["view"].insertMenu(
            self._actions["view.auto_window"], LabelsMenu(self._presenters.slice_view, self)
        )

    def _panels_menu(self) -> QMenu:
        menu = QMenu("Panels", self)
        for dock in self._layout_of_panels.docks:
            menu.addAction(dock.toggleViewAction())
        return menu

    def _connect(self) -> None:
        for command in COMMANDS:
            self._actions[command.id].triggered.connect(partial(self._run, command.id))
        panel = self.slice_panel
        keys = Qt.Key
        for key, steps in (
            (keys.Key_Down, 1),
            (keys.Key_Up, -1),
            (keys.Key_PageDown, 10),
            (keys.Key_PageUp, -10),
            (keys.Key_End, 10**9),
            (keys.Key_Home, -(10**9)),
        ):
            self._slice_key(QKeySequence(key), steps)
        self._slice_key(QKeySequence("Shift+Down"), 10)
        self._slice_key(QKeySequence("Shift+Up"), -10)
        panel.command_chosen.connect(self._run)
        panel.maximise.connect(self.toggle_maximised_slice)
        panel.context_menu.connect(lambda at: self._menus["view"].popup(at))
        self.opacity.valueChanged.connect(
            lambda value: self.store.update(lambda s: s.set_opacity(value / 100))
        )
        self.banner.triggered.connect(self._actions["edit.revert_all"].trigger)
        self.status_line.cancelled.connect(self._presenters.frame.cancel)
        self._presenters.frame.view_changed.connect(self._show_frame)
        self.store.changed.connect(self._on_session)
        self._desk.opened.connect(self._remember)
        self._desk.saved.connect(self._on_saved)
        self._desk.failed.connect(self._stay_open)
        self._keys = WindowKeys(self, self.store)

    def _slice_key(self, key: QKeySequence, steps: int) -> None:
        shortcut = QShortcut(key, self.slice_panel)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: self._presenters.slice_view.step(steps))

    # ------------------------------------------------------------------- view

    def _run(self, command_id: str) -> None:
        command = next(c for c in COMMANDS if c.id == command_id)
        if command.change is not None:
            self.store.update(command.change)
        elif command.ask is not None:
            command.ask(self)
        self._show_session()

    def _on_session(self) -> None:
        self._presenters.pace.in_turn(self._show_session)

    def _show_session(self) -> None:
        session = self.store.session
        for command in COMMANDS:
            show_state(self._actions[command.id], command, session)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(session.opacity * 100))
        self.opacity.blockSignals(False)

    def _show_frame(self, view: FrameView) -> None:
        self.setWindowTitle(view.title)
        self.toolbar.show_banner(view.banner, "Revert all", icons.icon("edit.revert_all"))
        self.status_line.show_view(view)

    # ---------------------------------------------------------------- opening

    def open_path(self, path: Path) -> None:
        """Open a model file or SavedModel folder as such, anything else as a study."""
        path = whole_model(path)
        if is_model(path):
            self._desk.open_model(path)
        else:
            self._desk.open_study(path)

    def _remember(self, path: Path) -> None:
        if path not in (self._paths.sample_model, self._paths.sample_study):
            self._recent.remember("models" if is_model(path) else "studies", path)

    def open_sample(self) -> None:
        """Open the study and the network that come with the program."""
        self._desk.open_model(self._paths.sample_model)
        self._desk.open_study(self._paths.sample_study)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, the model first so that the study meets it."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        for path in sorted(paths, key=lambda p: not is_model(whole_model(p))):
            self.open_path(path)
        event.acceptProposedAction()

    # ---------------------------------------------------------------- actions

    def ask_open_study_folder(self) -> None:
        """Ask for a folder and open it."""
        if path := dialogs.ask_folder(self):
            self.open_path(path)

    def ask_open_study_file(self) -> None:
        """Ask for a file and open it as a study."""
        if path := dialogs.ask_study_file(self):
            self.open_path(path)

    def ask_open_model(self) -> None:
        """Ask for a model file and open it."""
        if path := dialogs.ask_model(self):
            self.open_path(path)

    def ask_new_model(self) -> None:
        """Ask which network to build and where to, and open it when it is built."""
        NewModelDialog(self._recent.folder("models"), self._desk.create_model, self).open()

    def ask_save_model(self, *, then_close: bool = False) -> None:
        """Ask where to, and write the edited network there; then maybe close the window."""
        network = self.store.session.network
        if network is None:
            return
        proposed = network.path.with_name(f"{network.path.stem}-edited.keras")
        if path := dialogs.ask_save_model(self, proposed):
            self._close_when_saved = then_close
            self._desk.save_model(path)

    def ask_save_picture(self) -> None:
        """Ask where to, and write the window as PNG, without the patient's identity."""
        path = dialogs.ask_save_picture(self)
        if path is None:
            return
        if self.save_picture(path):
            told = Notice(f"Saved {path.name}; identity is hidden in it.", trouble=False)
        else:
            told = Notice(f"{path.name} could not be written.", "Choose another folder.")
        self._desk.notice.emit(told)

    def save_picture(self, path: Path) -> bool:
        """Write what the window shows as PNG, the patient's identity hidden."""
        hidden = self.store.session.identity_hidden
        if not hidden:
            self.store.update(Session.toggle_identity)
        written = self.grab().save(str(path))
        if not hidden:
            self.store.update(Session.toggle_identity)
        return bool(written)

    def segment_series(self) -> None:
        """Segment all slices of the series in the background."""
        self._presenters.frame.segment_series()

    def close_window(self) -> None:
        """Quit."""
        self.close()

    def find_layer(self) -> None:
        """Put the cursor into the layer search."""
        self.layers_panel.focus_search()

    def copy_kernel(self) -> None:
        """Copy the kernel as numbers."""
        self.kernel_panel.copy_kernel()

    def paste_kernel(self) -> None:
        """Paste a kernel from numbers."""
        self.kernel_panel.paste_kernel()

    def automatic_window(self) -> None:
        """All values but the tails."""
        self._presenters.slice_view.automatic_window()

    def reset_view(self) -> None:
        """The window from the file, the whole slice in view."""
        self.store.update(Session.reset_view)
        self.slice_panel.canvas.fit()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def toggle_maximised_slice(self) -> None:
        """Hide the panels around the slice, or bring the same ones back."""
        self._layout_of_panels.toggle_panels()

    def toggle_theme(self) -> None:
        """Change between the light and the dark theme, and remember it."""
        chosen = theme.LIGHT if theme.current().dark else theme.DARK
        self._settings.setValue("theme", chosen.name)
        self.apply_theme(chosen)

    def apply_theme(self, chosen: theme.Theme) -> None:
        """Put a theme in force, icons included."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply_theme(app, chosen)
        for command in COMMANDS:
            self._actions[command.id].setIcon(icons.icon(command.id))
        self._show_frame(self._presenters.frame.view)
        for panel in (self.slice_panel, self.layers_panel, self.kernel_panel):
            panel.show_theme()

    def reset_layout(self) -> None:
        """Put all panels back where they were at first."""
        self._layout_of_panels.reset()

    def show_shortcuts(self) -> None:
        """Say which keys and mouse buttons do what."""
        dialogs.show_shortcuts(self, [(c, self._actions[c.id]) for c in COMMANDS])

    def show_about(self) -> None:
        """Say what the program is."""
        dialogs.show_about(self)

    def _may_close(self) -> bool:
        """Whether the edits may be lost; saving them closes the window when it is done."""
        choice = dialogs.ask_about_edits(self)
        if choice is dialogs.Choice.SAVE:
            self.ask_save_model(then_close=True)
        return choice is dialogs.Choice.DISCARD

    def _on_saved(self, _path: Path) -> None:
        if self._close_when_saved:
            QTimer.singleShot(0, self, self.close)

    def _stay_open(self, _error: object) -> None:
        self._close_when_saved = False

    # ----------------------------------------------------------------- window

    def showEvent(self, event: QShowEvent) -> None:
        """Give the panels their room, now that the window has its size."""
        super().showEvent(event)
        self._layout_of_panels.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about edits that no file holds, and keep the layout for the next start."""
        if self._desk.has_unsaved_edits and not self._may_close():
            event.ignore()
            return
        self._layout_of_panels.save()
        self._keys.stop()
        super().closeEvent(event)
