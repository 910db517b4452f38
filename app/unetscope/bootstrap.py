"""The composition root: the only module that knows every layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QApplication

from unetscope import resources
from unetscope.domain.card import ModelCard
from unetscope.domain.network import Network
from unetscope.domain.ports import Engine, Files, StudySource
from unetscope.presenters.filters import FiltersPresenter
from unetscope.presenters.frame import FramePresenter
from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.presenters.layers import LayersPresenter
from unetscope.presenters.maps import MapsPresenter
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.presenters.studies import StudiesPresenter
from unetscope.state.desk import Desk
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.store import Store
from unetscope.ui import icons, theme
from unetscope.ui.frame_clock import FrameClock
from unetscope.ui.main_window import MainWindow, Presenters


class Courier(QObject):
    """Runs functions on the thread of the window, soon and in order."""

    _handed_over = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._handed_over.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def deliver(self, call: Callable[[], None]) -> None:
        """Have ``call`` run on the window's thread; may be called from any thread."""
        self._handed_over.emit(call)

    def _run(self, call: Callable[[], None]) -> None:
        call()


class DiskFiles:
    """The real `Files` port; pydicom and h5py are imported when a file is first opened."""

    def open_study(
        self, path: Path, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> StudySource:
        """See `Files.open_study`."""
        from unetscope.io.study import open_study

        return open_study(path, progress=progress, cancelled=cancelled)

    def read_network(self, path: Path) -> Network:
        """See `Files.read_network`."""
        from unetscope.io.network_file import read_network

        return read_network(path)

    def read_card(self, path: Path) -> ModelCard | None:
        """See `Files.read_card`."""
        from unetscope.io.model_card import read_card

        return read_card(path)


@dataclass(frozen=True, slots=True)
class SamplePaths:
    """Where the sample lies."""

    sample_study: Path
    sample_model: Path


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """Everything that runs while the window is open."""

    window: MainWindow
    store: Store
    desk: Desk
    live: Live
    jobs: Jobs
    engine: Engine
    presenters: Presenters
    courier: Courier

    def stop(self) -> None:
        """End jobs and engine; the window is closed by whoever opened it."""
        self.jobs.stop()
        self.engine.stop()


def make_engine(courier: Courier) -> Engine:
    """The real engine: TensorFlow in a process of its own."""
    from unetscope.engine.process import EngineProcess

    return EngineProcess(courier.deliver)


def build(
    *,
    settings: QSettings,
    engine: Engine | None = None,
    files: Files | None = None,
    courier: Courier | None = None,
) -> Application:
    """Put the program together around one window, not shown yet.

    Parameters
    ----------
    settings : QSettings
        Where layout, theme and recent files are kept.
    engine, files : optional
        Stand-ins for tests; left out, the real ones.
    """
    courier = courier or Courier()
    engine = engine or make_engine(courier)
    store = Store()
    jobs = Jobs(courier.deliver)
    desk = Desk(store, jobs, files or DiskFiles(), engine)
    live = Live(store, jobs, desk, engine)
    segmentation = SeriesSegmentation(store, jobs, desk, engine, live)
    pace = Pace()
    presenters = Presenters(
        pace=pace,
        frame=FramePresenter(store, desk, live, segmentation, pace),
        slice_view=SlicePresenter(store, desk, live, segmentation, pace),
        studies=StudiesPresenter(store, desk, jobs),
        layers=LayersPresenter(store, pace),
        filters=FiltersPresenter(store, pace),
        maps=MapsPresenter(store, live, pace),
        kernel=KernelPresenter(store, desk, live, pace),
    )
    paths = SamplePaths(resources.sample_study(), resources.sample_model())
    window = MainWindow(store, desk, presenters, paths, settings)
    FrameClock(pace, window)
    return Application(window, store, desk, live, jobs, engine, presenters, courier)


def dress(app: QApplication, settings: QSettings, chosen: str | None = None) -> None:
    """Put icons and theme in force: the one asked for, else the one remembered, else the desk's."""
    icons.set_folder(resources.folder() / "icons")
    name = chosen or str(settings.value("theme", ""))
    theme.apply_theme(app, theme.THEMES.get(name) or theme.system_theme())
