"""The presenters of the window's parts."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.presenters.comparison import ComparisonPresenter
from unetscope.presenters.diagram import DiagramPresenter
from unetscope.presenters.filter_lab import FilterLabPresenter
from unetscope.presenters.filters import FiltersPresenter
from unetscope.presenters.frame import FramePresenter
from unetscope.presenters.history import HistoryPresenter
from unetscope.presenters.input_card import InputCardPresenter
from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.presenters.layer_card import LayerCardPresenter
from unetscope.presenters.layers import LayersPresenter
from unetscope.presenters.model_comparison import ModelComparisonPresenter
from unetscope.presenters.planes import PlanesPresenter
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.presenters.studies import StudiesPresenter
from unetscope.presenters.tags import TagsPresenter
from unetscope.state.pace import Pace
from unetscope.state.sessions import Sessions
from unetscope.ui.evaluation import EvaluationPresenters
from unetscope.ui.explain_panels import ExplainPresenters
from unetscope.ui.exports import ExportDialogs
from unetscope.ui.map_panels import MapPresenters


@dataclass(frozen=True, slots=True)
class Presenters:
    """One presenter for each panel and one for the frame, the pace they keep, and the sessions."""

    pace: Pace
    sessions: Sessions
    frame: FramePresenter
    slice_view: SlicePresenter
    planes: PlanesPresenter
    studies: StudiesPresenter
    layers: LayersPresenter
    layer_actions: LayerActionsPresenter
    layer_card: LayerCardPresenter
    diagram: DiagramPresenter
    filters: FiltersPresenter
    filter_lab: FilterLabPresenter
    maps: MapPresenters
    model_comparison: ModelComparisonPresenter
    kernel: KernelPresenter
    history: HistoryPresenter
    input_card: InputCardPresenter
    tags: TagsPresenter
    comparison: ComparisonPresenter
    evaluation: EvaluationPresenters
    explain: ExplainPresenters
    exports: ExportDialogs
