"""The sample's skip connections: switched, measured, and which layer mends what a cut has done."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

import unetscope
from unetscope.domain.interventions import CutSkip, PatchSkip, skips
from unetscope.presenters.skips.view import SkipsView
from unetscope.state.network_input import network_input
from unetscope.ui.widgets.switch_table import SwitchTable


def view_of(user: User) -> SkipsView:
    return user.program.presenters.explain.skips.view


def fed(user: User, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    card = user.session.card
    assert card is not None
    slices = [user.series.slice(index)]
    return network_input(slices, user.series, card.preprocessing, user.network, "").image


def turn(user: User, row: int, position: int) -> None:
    table = user.find(SwitchTable, "skips.table")
    table.turned.emit(row, position)
    user.qtbot.waitUntil(lambda: table.lines[row].position == position)
    user.wait()


def test_skips_are_switched_measured_and_mended(user: User, qtbot: QtBot) -> None:
    user.choose("explain.skips")
    index, donor = user.session.slice_index, user.session.slice_index + 10
    live = unetscope.open_model(user.network.path).run(fed(user, index))
    before, all_skips = live.mask(), skips(user.network.graph)

    user.find(QPushButton, "skips.measure").click()
    qtbot.waitUntil(lambda: bool(view_of(user).rows[-1].effects), timeout=ANSWER)
    qtbot.waitUntil(lambda: not view_of(user).measuring, timeout=ANSWER)
    found = live.skip_effects()
    text = user.program.presenters.explain.skips.effects_text()
    for row in range(len(all_skips)):
        for column in range(2):
            assert f"{all_skips[row][1]},{all_skips[row][0]}," in text
            assert f",{found.changed_pixels[row, column]},{found.share(row, column):.6g}" in text
    assert found.changed_pixels[1, 0] > 5 * found.changed_pixels[0, 0], "the second one counts most"

    turn(user, 1, 1)
    live.apply(CutSkip(*all_skips[1]))
    cut = user.answer.look.mask
    assert cut is not None
    np.testing.assert_array_equal(cut, live.mask())
    assert f"{np.count_nonzero(cut != before):,} pixels change" in view_of(user).summary

    user.find(QComboBox, "skips.source").activated.emit(1)
    user.choose("explain.measure_recovery")
    qtbot.waitUntil(lambda: bool(view_of(user).curve.layers), timeout=ANSWER)
    qtbot.waitUntil(lambda: not view_of(user).recovering, timeout=ANSWER)
    curve = view_of(user).curve
    at = curve.names.index(all_skips[1][0])
    assert np.nanmax(np.abs(curve.mean[:at])) == 0, "nothing above the cut was changed"
    np.testing.assert_allclose(curve.mean[at : curve.joined], 1, atol=1e-3)
    assert f"From {all_skips[1][0]} on it is all there" in view_of(user).found

    user.find(QSpinBox, "skips.donor").setValue(donor + 1)
    turn(user, 1, 3)
    live.undo().apply(PatchSkip(*all_skips[1], fed(user, donor), f"slice {donor + 1}"))
    patched = user.answer.look.mask
    assert patched is not None
    np.testing.assert_array_equal(patched, live.mask())

    user.find(QPushButton, "skips.all_on").click()
    user.wait()
    assert user.answer.look.mask is not None
    np.testing.assert_array_equal(user.answer.look.mask, before)
    assert len(user.session.history.done) == 3, "measuring leaves no steps"
