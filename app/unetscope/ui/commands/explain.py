"""Explaining the mask: entries of the Explain menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from unetscope.domain.explaining.choice import ATTRIBUTIONS, Overlay
from unetscope.domain.session import Session
from unetscope.domain.viewer import Tool
from unetscope.ui.commands.command import Command, called, has_both, has_network

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


def _stay_at_voxel(window: MainWindow) -> None:
    window.places.reveal("inquiry")
    window.presenters.explain.inquiry.stay()


def _dissect(window: MainWindow) -> None:
    window.places.reveal("dissection")
    window.presenters.explain.dissection.start()


def _dissect_all(window: MainWindow) -> None:
    window.places.reveal("dissection")
    window.presenters.explain.dissection.start_all()


def _measure_uncertainty(window: MainWindow) -> None:
    window.places.reveal("uncertainty")
    window.presenters.explain.uncertainty.start()


def _measure_all_uncertainty(window: MainWindow) -> None:
    window.places.reveal("uncertainty")
    window.presenters.explain.uncertainty.start_series()


def _attribute(window: MainWindow) -> None:
    window.places.reveal("attribution")
    window.presenters.explain.attribution.start()


def _choose_tool(tool: Tool) -> Callable[[Session], Session]:
    def change(s: Session) -> Session:
        return s.look(s.viewer.choose_tool(None if s.viewer.tool is tool else tool))

    return change


def _toggle_map(s: Session) -> Session:
    seen = s.explaining.overlay in ATTRIBUTIONS
    return s.explain(s.explaining.lay_over(None if seen else Overlay.ATTRIBUTION))


def _show_switches(window: MainWindow) -> None:
    window.places.reveal("skips")
    window.explain.skips.show_switches()


def _measure_skips(window: MainWindow) -> None:
    _show_switches(window)
    window.presenters.explain.skips.measure()


def _measure_recovery(window: MainWindow) -> None:
    window.places.reveal("skips")
    window.explain.skips.show_curve()
    window.presenters.explain.skips.recover()


def _rank(window: MainWindow) -> None:
    window.places.reveal("ranking")
    window.presenters.explain.ranking.measure()


def _rank_all(window: MainWindow) -> None:
    window.places.reveal("ranking")
    window.presenters.explain.ranking.measure_all()


def _test_group(window: MainWindow) -> None:
    window.places.reveal("ranking")
    window.presenters.explain.ranking.test_group()


EXPLAIN: tuple[Command, ...] = (
    Command(
        id="explain.attribution",
        text=called("Explain the mask"),
        ask=_attribute,
        enabled=has_both,
        shortcut="Ctrl+Alt+E",
        tip="Show where in the image, or in a layer, the class of some pixels comes from",
    ),
    Command(
        id="explain.point",
        text=called("Point at a pixel"),
        change=_choose_tool(Tool.POINT),
        enabled=has_both,
        checked=lambda s: s.viewer.tool is Tool.POINT,
        shortcut="Shift+P",
        tip="A click on the slice chooses the pixel to explain; Esc brings the usual button back",
    ),
    Command(
        id="explain.region",
        text=called("Draw a region"),
        change=_choose_tool(Tool.REGION),
        enabled=has_both,
        checked=lambda s: s.viewer.tool is Tool.REGION,
        shortcut="Shift+D",
        tip="Draw around the pixels to explain, with Shift a rectangle; "
        "Esc brings the usual button back",
    ),
    Command(
        id="explain.pixel",
        text=called("Explain this pixel"),
        ask=lambda w: w.explain.target_overlay.explain_here(),
        enabled=has_both,
        tip="Explain the class of the pixel that the mouse was last over",
    ),
    Command(
        id="explain.overlay",
        text=called("Explanation on slice"),
        change=_toggle_map,
        enabled=has_both,
        checked=lambda s: s.explaining.overlay in ATTRIBUTIONS,
        shortcut="Shift+X",
        tip="Lay the map that explains over the slice",
    ),
    Command(
        id="explain.honesty",
        text=called("Compare with random weights"),
        change=lambda s: s.explain(s.explaining.be_honest(not s.explaining.honest)),
        enabled=has_both,
        checked=lambda s: s.explaining.honest,
        shortcut="Ctrl+Alt+H",
        tip="Make the same map with random weights: one that looks the same shows the image, "
        "not what the network has learnt",
    ),
    Command(
        id="explain.voxel",
        text=called("Voxel under the cursor"),
        ask=lambda w: w.places.reveal("inquiry"),
        enabled=has_both,
        shortcut="Ctrl+Alt+V",
        tip="What the network says about a pixel, and which feature maps push its class",
    ),
    Command(
        id="explain.stay_at_voxel",
        text=called("Stay at this voxel"),
        ask=_stay_at_voxel,
        enabled=has_both,
        checked=lambda s: s.explaining.voxel is not None,
        shortcut="Ctrl+Alt+P",
        tip="Keep telling about the pixel under the cursor, or follow the cursor again (Esc)",
    ),
    Command(
        id="explain.field",
        text=called("Receptive field on slice"),
        change=lambda s: s.explain(s.explaining.show_field(not s.explaining.field)),
        enabled=has_both,
        checked=lambda s: s.explaining.field,
        shortcut="Ctrl+Alt+I",
        tip="Draw what a pixel of the feature map can see, and ellipses with 50 % and 95 % of "
        "what it takes from there",
    ),
    Command(
        id="explain.ranking",
        text=called("Which feature maps matter"),
        ask=_rank,
        enabled=has_both,
        shortcut="Ctrl+Alt+F",
        tip="Silence each map of the layer in turn and rank them by what the mask loses; or stop",
    ),
    Command(
        id="explain.rank_all",
        text=called("Which feature maps matter, of all layers"),
        ask=_rank_all,
        enabled=has_both,
        tip="The same for every layer, the last one first, in the background",
    ),
    Command(
        id="explain.test_group",
        text=called("Silence the selected maps together"),
        ask=_test_group,
        enabled=has_both,
        tip="Measure what several maps do together, beside as many others taken at random",
    ),
    Command(
        id="explain.dissect",
        text=called("What each feature map follows"),
        ask=_dissect,
        enabled=has_both,
        tip="Compare the maps of the layer with the labels, over the series (network dissection)",
    ),
    Command(
        id="explain.dissect_all",
        text=called("What the feature maps of all layers follow"),
        ask=_dissect_all,
        enabled=has_both,
        tip="Compare the maps of every layer with the labels, over the series",
    ),
    Command(
        id="explain.uncertainty",
        text=called("How sure the network is"),
        ask=_measure_uncertainty,
        enabled=has_both,
        shortcut="Ctrl+U",
        tip="Show how undecided the network is about each pixel of this slice",
    ),
    Command(
        id="explain.entropy",
        text=called("Entropy over the slice"),
        ask=lambda w: w.presenters.explain.uncertainty.toggle_entropy(),
        enabled=has_both,
        checked=lambda s: s.explaining.overlay is Overlay.ENTROPY,
        shortcut="U",
        tip="Colour the pixels whose probabilities are undecided; not calibrated",
    ),
    Command(
        id="explain.uncertain_series",
        text=called("How sure it is of every slice"),
        ask=_measure_all_uncertainty,
        enabled=has_both,
        tip="Measure the uncertainty of all slices in the background",
    ),
    Command(
        id="explain.most_uncertain",
        text=called("Most uncertain slice"),
        ask=lambda w: w.presenters.explain.uncertainty.go_to_most(),
        enabled=has_both,
        shortcut="Shift+U",
        tip="Go to the most uncertain slice, then to the next one in that order",
    ),
    Command(
        id="explain.skips",
        text=called("Skip connections"),
        ask=_show_switches,
        enabled=has_network,
        shortcut="Ctrl+Alt+K",
        tip="Turn skip connections off, to their mean or to another slice, and watch the mask",
    ),
    Command(
        id="explain.measure_skips",
        text=called("What each skip connection is worth"),
        ask=_measure_skips,
        enabled=has_both,
        tip="Cut each skip connection alone, in the background, and tell how the mask changes",
    ),
    Command(
        id="explain.measure_recovery",
        text=called("Which layer brings the mask back"),
        ask=_measure_recovery,
        enabled=has_both,
        tip="Take one layer after the other from another slice or from the trained network",
    ),
)
