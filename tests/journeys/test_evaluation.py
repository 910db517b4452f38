"""The sample's reference: opened, measured against, and again after an edit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

import unetscope
from unetscope.domain.evaluation_table import evaluation_csv
from unetscope.domain.interventions import CutSkip, skips
from unetscope.domain.metrics import Labels
from unetscope.presenters.evaluation.view import EvaluationView
from unetscope.state.network_input import network_input, on_slice

SERIES = 300_000  # ms: some slices, by both networks, on a slow machine
FEW = slice(86, 94)  # of the sample's slices


@pytest.fixture
def few_slices(user: User, sample_folder: Path, tmp_path: Path) -> User:
    """The person looks at some slices of the sample; the reference of all of them lies beside."""
    folder = tmp_path / "few"
    folder.mkdir()
    for path in sorted((sample_folder / "study").iterdir())[FEW]:
        shutil.copy(path, folder)
    shutil.copy(sample_folder / "reference.nii.gz", tmp_path)
    user.window.open_path(folder)
    count = FEW.stop - FEW.start
    user.qtbot.waitUntil(lambda: user.series.shape[0] == count, timeout=10_000)
    user.wait()
    return user


def by_script(user: User) -> Labels:
    """The masks of every slice from a full pass each."""
    card, series = user.session.card, user.series
    assert card is not None
    live, masks = unetscope.open_model(user.network.path), []
    for index in range(series.shape[0]):
        slices = [series.slice(index)]
        fed = network_input(slices, series, card.preprocessing, user.network, str(index))
        masks.append(on_slice(live.run(fed.image).mask(), fed.placement))
    return np.stack(masks)


def view_of(user: User) -> EvaluationView:
    return user.program.presenters.evaluation.panel.view


def test_the_reference_beside_a_study_is_measured_against(
    few_slices: User, qtbot: QtBot, tmp_path: Path
) -> None:
    user = few_slices
    user.window.places.reveal("evaluation")
    qtbot.waitUntil(lambda: view_of(user).beside is not None)
    user.find(QPushButton, "evaluation.beside").click()
    qtbot.waitUntil(lambda: bool(view_of(user).rows), timeout=20_000)
    assert user.window.evaluation.overlay.isVisible()
    assert user.find(QLabel, "evaluation.worst").isHidden()

    user.find(QPushButton, "evaluation.start").click()
    qtbot.waitUntil(lambda: view_of(user).missing == 0, timeout=SERIES)
    qtbot.waitUntil(lambda: not view_of(user).running, timeout=SERIES)
    reference = unetscope.open_reference(tmp_path / "reference.nii.gz", user.series)
    assert user.session.card is not None
    classes = user.session.card.classes
    found = unetscope.evaluate(by_script(user), reference, user.series, classes)
    told = evaluation_csv({"trained": found}, user.network)
    assert user.program.presenters.evaluation.panel.as_csv() == told
    dice = [round(score.dice, 2) for score in found.classes]
    assert [score.name for score in found.classes] == ["CSF", "Grey matter", "White matter"]
    assert dice[0] > 0.8
    assert min(dice[1:]) > 0.9
    assert all(score.hd95 < 4 for score in found.classes)

    reads, source = skips(user.network.graph)[0]  # the shallowest
    user.program.store.update(lambda s: s.edit(CutSkip(reads, source)))
    user.wait()
    effect = user.window.kernel_panel.effect.table.text()
    assert "Dice to ref." in effect
    assert "→" in effect
    rows = [row for row in view_of(user).rows if row.trained]
    assert len(rows) == 3  # of the slice shown; the series has no edited masks yet
    edited = [row for row in view_of(user).rows if not row.trained and not row.heading]
    assert np.mean([row.share for row in edited]) < np.mean([row.share for row in rows])
