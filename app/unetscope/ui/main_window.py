"""The window: panels around the slice, menus, toolbar, banner and status bar, put together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow

from unetscope import reports
from unetscope.presenters.frame import FrameView
from unetscope.state.desk import Desk
from unetscope.state.store import Store
from unetscope.ui import dialogs, icons, theme, window_picture
from unetscope.ui.actions import COMMANDS, MENUS, make_action, show_state
from unetscope.ui.bindings import WindowBindings
from unetscope.ui.command_palette import CommandPalette
from unetscope.ui.crash_dialog import Trouble
from unetscope.ui.evaluation import Evaluation
from unetscope.ui.explain_panels import ExplainPanels
from unetscope.ui.going import Going
from unetscope.ui.labels_menu import LabelsMenu
from unetscope.ui.layout import Place, Side, WindowLayout
from unetscope.ui.map_panels import MapPanels
from unetscope.ui.menus import Menus
from unetscope.ui.model_comparison import ModelComparison
from unetscope.ui.opening import Opening, Paths
from unetscope.ui.panels.comparison_panel import ComparisonPanel
from unetscope.ui.panels.diagram_panel import DiagramPanel
from unetscope.ui.panels.filter_lab_panel import FilterLabPanel
from unetscope.ui.panels.filters_panel import FiltersPanel
from unetscope.ui.panels.history_panel import HistoryPanel
from unetscope.ui.panels.input_card_panel import InputCardPanel
from unetscope.ui.panels.kernel_panel import KernelPanel
from unetscope.ui.panels.layer_card_panel import LayerCardPanel
from unetscope.ui.panels.layers_panel import LayersPanel
from unetscope.ui.panels.slice_panel import SlicePanel
from unetscope.ui.panels.studies_panel import StudiesPanel
from unetscope.ui.pictures.pictures import Pictures
from unetscope.ui.preferences.preferences import Preferences
from unetscope.ui.presenters import Presenters
from unetscope.ui.probability_menu import ProbabilityMenu
from unetscope.ui.single_instance import Asked
from unetscope.ui.skipped_dialog import SkippedDialog
from unetscope.ui.status_line import StatusLine
from unetscope.ui.tag_browser import TagBrowser
from unetscope.ui.toolbar import Toolbar
from unetscope.ui.unsaved_edits import UnsavedEdits
from unetscope.ui.warnings_dialog import WarningsDialog
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.window_keys import WindowKeys


@guarded
class MainWindow(QMainWindow):
    """Draws the frame and holds the panels; everything else is the presenters' work."""

    # declared here for the commands, which ask them
    presenters: Presenters
    trouble: Trouble
    unsaved: UnsavedEdits
    opening: Opening
    places: WindowLayout
    bindings: WindowBindings
    preferences: Preferences
    slice_panel: SlicePanel
    layers_panel: LayersPanel
    diagram_panel: DiagramPanel
    filters_panel: FiltersPanel
    kernel_panel: KernelPanel
    maps: MapPanels
    history_panel: HistoryPanel
    filter_lab_panel: FilterLabPanel
    comparison_panel: ComparisonPanel
    pictures: Pictures
    evaluation: Evaluation
    explain: ExplainPanels

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
        self.presenters = presenters
        self._desk = desk
        self._settings = settings
        self.trouble = Trouble(desk.save_file, desk.notice.emit, self)
        sessions = presenters.sessions
        self.unsaved = UnsavedEdits(store, desk, sessions, presenters.input_card.save, self)
        apply = presenters.history.apply
        self.opening = Opening(store, desk, sessions, self.unsaved, apply, paths, settings, self)
        self.going = Going(store, desk, self)
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setWindowIcon(icons.icon("app"))

        self.slice_panel = SlicePanel(presenters.slice_view, presenters.planes, self)
        self.setCentralWidget(self.slice_panel)
        self.studies_panel = StudiesPanel(presenters.studies, self)
        self.input_card_panel = InputCardPanel(presenters.input_card, self)
        self.layers_panel = LayersPanel(presenters.layers, presenters.layer_actions, self)
        self.diagram_panel = DiagramPanel(presenters.diagram, presenters.layer_actions, self)
        self.layer_card_panel = LayerCardPanel(
            presenters.layer_card, presenters.layer_actions, self
        )
        network = (self.layers_panel, self.diagram_panel, self.layer_card_panel)
        self.filters_panel = FiltersPanel(presenters.filters, self)
        self.filter_lab_panel = FilterLabPanel(presenters.filter_lab, self)
        self.kernel_panel = KernelPanel(presenters.kernel, self)
        self.history_panel = HistoryPanel(presenters.history, self)
        self.maps = MapPanels(presenters.maps, self.slice_panel.canvas, self)
        self.maps_panel, self.feature_map_panel = self.maps.gallery, self.maps.large
        self.comparison_panel = ComparisonPanel(presenters.comparison, self)
        self.evaluation = Evaluation(presenters.evaluation, self.slice_panel.canvas, self)
        self.explain = explain = ExplainPanels(presenters.explain, self.slice_panel.canvas, self)
        upper = (self.maps_panel, self.comparison_panel, *explain.upper)
        lower = (self.maps.large, self.maps.series, self.evaluation.panel, *explain.lower)
        bottom = (self.filters_panel, self.filter_lab_panel, *explain.bottom)
        studies = (self.studies_panel, self.input_card_panel, self.history_panel)
        self.places = WindowLayout(
            self,
            settings,
            (
                Place(Side.LEFT, 270, studies),
                Place(Side.LEFT, 450, network),
                Place(Side.RIGHT, 400, upper),
                Place(Side.RIGHT, 320, lower),
                Place(Side.BOTTOM, 290, bottom),
                Place(Side.BOTTOM, 500, (self.kernel_panel,)),
            ),
        )
        self._actions = {command.id: make_action(command, self) for command in COMMANDS}
        explain.use_actions(self.action_of)
        self.menus = Menus(
            self,
            self._actions,
            self.places.docks,
            {
                "file.save_session": self.opening.recent,
                "view.auto_window": LabelsMenu(presenters.slice_view, self),
                "slice.file_window": ProbabilityMenu(presenters.slice_view, store, self),
            },
        )
        self.toolbar = Toolbar(self._actions, self)
        self.addToolBar(self.toolbar)
        self.banner, self.opacity = self.toolbar.banner, self.toolbar.opacity
        self.status_line = StatusLine(self)
        self.setStatusBar(self.status_line)
        self._connect()
        self._show_session()
        self._show_frame(presenters.frame.view)
        self.places.restore_geometry()

    def action_of(self, command_id: str) -> QAction:
        """The action of a command, by its id."""
        return self._actions[command_id]

    def _connect(self) -> None:
        for command in COMMANDS:
            self._actions[command.id].triggered.connect(partial(self.run, command.id))
        panel = self.slice_panel
        for command in COMMANDS:
            if command.in_slice:
                panel.addAction(self._actions[command.id])
        panel.command_chosen.connect(self.run)
        self.layers_panel.more.connect(lambda: self.places.reveal("layer_card"))
        panel.maximise.connect(self.places.toggle_panels)
        panel.context_menu.connect(self.menus.slice_menu.open_at)
        panel.warnings.clicked.connect(self.show_warnings)
        self.opacity.valueChanged.connect(
            lambda value: self.store.update(lambda s: s.set_opacity(value / 100))
        )
        self.banner.triggered.connect(self._actions["edit.revert_all"].trigger)
        self.banner.clicked.connect(lambda: self.places.reveal("history"))
        self.status_line.cancelled.connect(self.presenters.frame.cancel)
        self.status_line.details_wanted.connect(self.show_details)
        self.presenters.frame.view_changed.connect(self._show_frame)
        self.store.changed.connect(self._on_session)
        self._keys = WindowKeys(self, self.store)
        canvases = panel.findChildren(ImageCanvas)
        self.bindings = WindowBindings(self._settings, self._actions, canvases, self._keys, self)
        self.preferences = Preferences(
            self._settings, self.bindings, self.apply_theme, self._show_session, self
        )
        self._tag_browser: TagBrowser | None = None
        self._model_comparison: ModelComparison | None = None

    # ------------------------------------------------------------------- view

    def run(self, command_id: str) -> None:
        """Do what a command says, by its id."""
        reports.note(command_id)
        command = next(c for c in COMMANDS if c.id == command_id)
        if command.change is not None:
            self.store.update(command.change)
        elif command.ask is not None:
            command.ask(self)
        self._show_session()

    def _on_session(self) -> None:
        self.presenters.pace.in_turn(self._show_session)

    def _show_session(self) -> None:
        session = self.store.session
        for command in COMMANDS:
            show_state(self._actions[command.id], command, session)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(session.opacity * 100))
        self.opacity.blockSignals(False)

    def _show_frame(self, view: FrameView) -> None:
        self.setWindowTitle(view.title)
        revert = icons.icon("edit.revert_all")
        self.toolbar.show_banner(view.banner, view.short_banner, "Revert all", revert)
        self.status_line.show_view(view)

    # -------------------------------------------------------- what is asked of it

    def open_path(self, path: Path) -> None:
        """Open a model file or SavedModel folder as such, anything else as a study."""
        self.opening.open_path(path)

    def open_from_outside(self, asked: Asked) -> None:
        """Come to the front with what a second start of the program was given."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        self.take(asked)

    def take(self, asked: Asked) -> None:
        """Open what a start of the program was given, and go where it says."""
        self.going.go(asked)
        if asked.sample:
            self.open_sample()
        self.opening.open_all(asked.paths)

    def open_sample(self) -> None:
        """Open the study and the network that come with the program."""
        self.opening.open_sample()

    def ask_save_picture(self) -> None:
        """Ask where to, and write the window as PNG, without the patient's identity."""
        window_picture.ask_save(self, self._desk.save_file)

    def save_picture(self, path: Path) -> bool:
        """Write what the window shows as PNG, the patient's identity hidden, and wait for it."""
        return window_picture.taken_of(self).save(str(path))

    def close_window(self) -> None:
        """Quit."""
        self.close()

    def reset_view(self) -> None:
        """The usual tool; or else the cursor's voxel again, or else the view as at first."""
        if self.store.session.viewer.tool or not self.presenters.explain.inquiry.let_go():
            self.slice_panel.reset_view()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def toggle_theme(self) -> None:
        """Change between the light and the dark theme, and remember it."""
        self.preferences.choose_theme(theme.LIGHT if theme.current().dark else theme.DARK)

    def apply_theme(self, chosen: theme.Theme) -> None:
        """Put a theme in force, icons included."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply_theme(app, chosen)
        for command in COMMANDS:
            self._actions[command.id].setIcon(icons.icon(command.id))
        self._show_frame(self.presenters.frame.view)
        for panel in (
            self.slice_panel,
            self.layers_panel,
            self.kernel_panel,
            self.history_panel,
        ):
            panel.show_theme()

    def show_warnings(self) -> None:
        """List what is unsure about the series shown."""
        WarningsDialog(self.presenters.slice_view.view.warnings, self).open()

    def show_details(self) -> None:
        """List the files that the status line is about, or show the report behind it."""
        if self.presenters.frame.view.report:
            self.trouble.show()
            return
        SkippedDialog(self.presenters.frame.view.details, self).open()

    def show_shortcuts(self) -> None:
        """Say which keys and mouse gestures do what."""
        dialogs.show_shortcuts(self, self.bindings.sheet())

    def show_tags(self) -> None:
        """Show the header of the slice, following it until that is closed."""
        if self._tag_browser is None:
            self._tag_browser = TagBrowser(self.presenters.tags, self)
        self._tag_browser.show()
        self._tag_browser.activateWindow()

    def show_model_comparison(self) -> None:
        """Ask for another model, and compare the two layer by layer until that is closed."""
        if self._model_comparison is None:
            self._model_comparison = ModelComparison(self.presenters.model_comparison, self)
        self._model_comparison.show()
        self._model_comparison.activateWindow()
        self._model_comparison.ask()

    def show_palette(self) -> None:
        """List all commands to choose one by a few letters."""
        entries = [(MENUS[c.menu].replace("&", ""), self._actions[c.id]) for c in COMMANDS]
        panels = [("Panel", dock.toggleViewAction()) for dock in self.places.docks]
        CommandPalette([*entries, *self.menus.listed(), *panels], self).open_over(self)

    def show_about(self) -> None:
        """Say what the program is."""
        dialogs.show_about(self, self.presenters.frame.view.guard)

    # ----------------------------------------------------------------- window

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if self.opening.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.opening.take(event.mimeData())

    def showEvent(self, event: QShowEvent) -> None:
        """Give the panels their room, now that the window has its size."""
        super().showEvent(event)
        self.places.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about edits that no file holds, and keep the layout for the next start."""
        if not self.unsaved.may_be_lost(self.close_window):
            event.ignore()
            return
        self.places.save()
        self._keys.stop()
        super().closeEvent(event)
