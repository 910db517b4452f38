"""The composition root: the only module that knows every layer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QApplication

from unetscope import resources
from unetscope.bootstrap.explaining import Parts, explaining
from unetscope.disk_files import DiskFiles
from unetscope.domain.card import ClassLabel
from unetscope.domain.evaluation import Evaluation, Grid
from unetscope.domain.journals import Journals
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Engine
from unetscope.domain.sources import Files
from unetscope.io.exports.writing import DiskExports
from unetscope.io.text_files import DiskTexts
from unetscope.presenters.comparison import ComparisonPresenter
from unetscope.presenters.diagram import DiagramPresenter
from unetscope.presenters.evaluation import EvaluationPresenter
from unetscope.presenters.feature_map import FeatureMapPresenter
from unetscope.presenters.filter_lab import FilterLabPresenter
from unetscope.presenters.filters import FiltersPresenter
from unetscope.presenters.frame import Background, FramePresenter
from unetscope.presenters.history import HistoryPresenter
from unetscope.presenters.input_card import InputCardPresenter
from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.presenters.layer_card import LayerCardPresenter
from unetscope.presenters.layers import LayersPresenter
from unetscope.presenters.map_actions import MapActions
from unetscope.presenters.map_overlay import MapOverlayPresenter
from unetscope.presenters.map_series import MapSeriesPresenter
from unetscope.presenters.maps import MapsPresenter
from unetscope.presenters.model_comparison import ModelComparisonPresenter
from unetscope.presenters.planes import PlanesPresenter
from unetscope.presenters.reference_outline import ReferenceOutlinePresenter
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.presenters.studies import StudiesPresenter
from unetscope.presenters.tags import TagsPresenter
from unetscope.state.card_keeper import CardKeeper
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.dissections import Dissections
from unetscope.state.edit_lists import EditLists
from unetscope.state.effect_sweep import EffectSweep
from unetscope.state.effective_fields import EffectiveFields
from unetscope.state.exporting import Exporting
from unetscope.state.filter_lab import FilterLab
from unetscope.state.filter_statistics import FilterStatistics
from unetscope.state.jobs import Jobs
from unetscope.state.lab_files import LabFiles
from unetscope.state.layer_replacing import LayerReplacing
from unetscope.state.linked_cursor import LinkedCursor
from unetscope.state.live import Live
from unetscope.state.map_files import MapFiles
from unetscope.state.map_numbers import MapNumbers
from unetscope.state.measuring import Measuring
from unetscope.state.other_network import OtherNetwork
from unetscope.state.output_reference import OutputReference
from unetscope.state.own_recipes import OwnRecipes
from unetscope.state.pace import Pace
from unetscope.state.private_names import PrivateNames
from unetscope.state.probe import Probe
from unetscope.state.recovery import Recovery
from unetscope.state.references import References
from unetscope.state.series_changes import SeriesChanges
from unetscope.state.series_evaluation import SeriesEvaluation
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.series_survey import SeriesSurvey
from unetscope.state.series_volume import SeriesVolume
from unetscope.state.session_journal import SessionJournal
from unetscope.state.sessions import Sessions
from unetscope.state.shown_maps import ShownMaps
from unetscope.state.store import Store
from unetscope.ui import icons, recovery_dialog, replacing_dialog, theme
from unetscope.ui.evaluation import EvaluationPresenters
from unetscope.ui.exports import ExportDialogs
from unetscope.ui.frame_clock import FrameClock
from unetscope.ui.kept_lab import KeptLab
from unetscope.ui.kept_matchings import KeptMatchings
from unetscope.ui.main_window import MainWindow
from unetscope.ui.map_panels import MapPresenters
from unetscope.ui.pictures.pictures import Pictures
from unetscope.ui.preferences.choices import kept_choices
from unetscope.ui.presenters import Presenters
from unetscope.ui.scrolling import Scrolling

if TYPE_CHECKING:
    from unetscope.presenters.figure import FigurePresenter
    from unetscope.state.reporter import Reporter

ENGINE_MEMORY = "UNETSCOPE_CACHE_MB"  # as `engine.memory` reads it, in its own process


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


class SciPyEvaluator:
    """The real `Evaluator` port; SciPy is imported when something is first measured."""

    def evaluate(
        self,
        mask: Labels,
        reference: Labels,
        spacing: Grid,
        classes: Sequence[ClassLabel],
        *,
        step: Callable[[float], None] | None = None,
    ) -> Evaluation:
        """See `Evaluator.evaluate`."""
        from unetscope.evaluation.evaluating import evaluate

        return evaluate(mask, reference, spacing, classes, step=step)


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
    journal: SessionJournal | None = None
    recovery: Recovery | None = None
    private_names: PrivateNames | None = None  # held here: signals hold it weakly

    def stop(self) -> None:
        """End jobs and engine; the window is closed by whoever opened it."""
        self.jobs.stop()
        if self.recovery is not None:
            self.recovery.stop()
        if self.journal is not None:
            self.journal.stop()
        self.engine.stop()


def make_engine(courier: Courier) -> Engine:
    """The real engine: TensorFlow in a process of its own."""
    from unetscope.engine.process import EngineProcess

    return EngineProcess(courier.deliver)


def disk_journals() -> Journals:
    """The real journals, in the user's private folder."""
    from unetscope.io.journal import DiskJournals

    return DiskJournals()


def build(
    *,
    settings: QSettings,
    engine: Engine | None = None,
    files: Files | None = None,
    courier: Courier | None = None,
    journals: Journals | None = None,
) -> Application:
    """Put the program together around one window, not shown yet.

    Parameters
    ----------
    settings : QSettings
        Where layout, theme and recent files are kept.
    engine, files : optional
        Stand-ins for tests; left out, the real ones.
    journals : optional
        Where the session is kept against a crash, and looked for after one; left out, nowhere.
    """
    courier = courier or Courier()
    engine = engine or make_engine(courier)
    choices = kept_choices(settings)
    if choices.engine_mb:
        os.environ.setdefault(ENGINE_MEMORY, str(choices.engine_mb))
    store = Store(choices.first_session())
    jobs = Jobs(courier.deliver)
    if files is None:
        files = DiskFiles()
        files.prepare()
    desk = Desk(store, jobs, files, engine)
    live = Live(store, jobs, desk, engine)
    segmentation = SeriesSegmentation(store, jobs, desk, engine, live)
    display = Display(store, desk, live, segmentation)
    probe = Probe(store, jobs, desk, live, display)
    measuring = Measuring(store, desk, live)
    pace = Pace()
    survey = SeriesSurvey(store, jobs, desk, engine, live)
    shown, cursor = ShownMaps(store, live, desk), LinkedCursor()
    fields = EffectiveFields(store, live, engine, shown, cursor, pace)
    other = OtherNetwork(store, jobs, desk, files, pace)
    statistics = FilterStatistics(store, jobs, live, pace)
    texts = DiskTexts()
    sessions = Sessions(store, jobs, desk, texts)
    references = References(store, jobs, desk, files, KeptMatchings(settings))
    sweep = EffectSweep(store, desk, engine, live, OutputReference(live, references))
    scores = SeriesEvaluation(
        store, jobs, desk, live, display, segmentation, references, SciPyEvaluator(), pace
    )
    dissections = Dissections(store, desk, references)
    parts = Parts(
        store=store,
        jobs=jobs,
        desk=desk,
        live=live,
        engine=engine,
        files=files,
        texts=texts,
        display=display,
        segmentation=segmentation,
        references=references,
        sweep=sweep,
        dissections=dissections,
        shown=shown,
        cursor=cursor,
        probe=probe,
        pace=pace,
    )
    explain, explaining_works = explaining(parts)
    works: tuple[Background, ...] = (sweep, survey, references, scores, *explaining_works)
    changes = SeriesChanges(store, desk, segmentation)
    replacing = LayerReplacing(store, jobs, desk, files)
    own = OwnRecipes(jobs, texts)
    presenters = Presenters(
        pace=pace,
        sessions=sessions,
        frame=FramePresenter(store, desk, live, segmentation, pace, works, sessions),
        slice_view=SlicePresenter(store, desk, live, segmentation, display, probe, measuring, pace),
        planes=PlanesPresenter(
            store, desk, live, segmentation, display, SeriesVolume(store, jobs, desk), pace
        ),
        studies=StudiesPresenter(store, desk, jobs),
        layers=LayersPresenter(store, pace, replacing, dissections),
        layer_actions=LayerActionsPresenter(store, desk, jobs, files),
        layer_card=LayerCardPresenter(store, desk, jobs, live, pace),
        diagram=DiagramPresenter(store, jobs, pace),
        filter_lab=FilterLabPresenter(
            store,
            desk,
            FilterLab(store, desk, live, engine),
            LabFiles(jobs, desk, texts, files),
            own,
            pace,
        ),
        filters=FiltersPresenter(store, desk, statistics, sweep, other, pace, dissections),
        model_comparison=ModelComparisonPresenter(store, other),
        maps=MapPresenters(
            gallery=MapsPresenter(
                store, live, desk, shown, MapNumbers(jobs), sweep, pace, dissections
            ),
            large=FeatureMapPresenter(store, live, desk, shown, cursor, pace),
            series=MapSeriesPresenter(store, jobs, live, desk, display, shown, survey, pace),
            overlay=MapOverlayPresenter(store, live, desk, shown, cursor, pace, fields),
            actions=MapActions(store, desk, shown, MapFiles(jobs, files, desk)),
        ),
        kernel=KernelPresenter(store, desk, live, pace, own, references),
        history=HistoryPresenter(store, desk, EditLists(store, jobs, desk, texts), pace),
        input_card=InputCardPresenter(
            store, desk, live, CardKeeper(store, jobs, files, desk), pace
        ),
        tags=TagsPresenter(store, desk, jobs),
        comparison=ComparisonPresenter(
            store,
            desk,
            live,
            display,
            segmentation,
            changes,
            pace,
        ),
        exports=ExportDialogs(
            Exporting(store, jobs, desk, live, segmentation, DiskExports()), settings
        ),
        evaluation=EvaluationPresenters(
            panel=EvaluationPresenter(
                store, desk, live, display, segmentation, references, scores, pace
            ),
            outline=ReferenceOutlinePresenter(store, live, references, pace),
        ),
        explain=explain,
    )
    paths = SamplePaths(resources.sample_study(), resources.sample_model())
    window = MainWindow(store, desk, presenters, paths, settings)

    def reporter() -> Reporter:
        from unetscope.state.reporter import Reporter

        return Reporter(store, jobs, desk, live, display, changes, scores, references)

    def figures() -> FigurePresenter:
        from unetscope.presenters.figure import FigurePresenter

        return FigurePresenter(store, desk, live, display, shown, references)

    Pictures(window, desk, reporter, figures)
    FrameClock(pace, window)
    own.load()
    KeptLab(store, settings, pace, window)
    Scrolling(store, pace, window)
    replacing_dialog.offer_over(replacing, window)
    journal = recovery = None
    if journals is not None:
        journal = SessionJournal(store, desk, pace, journals, courier.deliver)
        recovery = Recovery(jobs, desk, sessions, journal, journals)
        recovery_dialog.offer(
            recovery, window.unsaved.may_be_lost, lambda: store.session.identity_hidden, window
        )
    return Application(
        window,
        store,
        desk,
        live,
        jobs,
        engine,
        presenters,
        courier,
        journal,
        recovery,
        PrivateNames(desk),
    )


def dress(app: QApplication, settings: QSettings, chosen: str | None = None) -> None:
    """Put icons and theme in force: the one asked for, else the one remembered, else the desk's.

    Numbers have a point in every country, as the program's own texts and the files it writes have.
    """
    QLocale.setDefault(QLocale.c())
    icons.set_folder(resources.folder() / "icons")
    asked = theme.THEMES.get(chosen or "")
    theme.apply_theme(app, asked or kept_choices(settings).theme_in_force())
