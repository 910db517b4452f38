"""See where the network wavers, find the slice where it wavers most, and run it with dropout."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.domain.explaining.uncertainty import Spread, UncertaintyKind, Zone, entropy
from unetscope.presenters.uncertainty import UncertaintyPresenter
from unetscope.resources import sample_model
from unetscope.ui.widgets.slice_curve import SliceCurve
from unetscope.ui.widgets.table_of_values import TableOfValues

BEFORE = "mid_relu2"
FEW = slice(86, 92)  # of the sample's slices


@pytest.fixture
def few_slices(user: User, sample_folder: Path, tmp_path: Path) -> User:
    """The person looks at some slices of the sample."""
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


def presenter(user: User) -> UncertaintyPresenter:
    return user.program.presenters.explain.uncertainty


def pick(user: User, name: str, text: str) -> None:
    """Choose an entry of a box as a click does."""
    box = user.find(QComboBox, name)
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_the_entropy_is_seen_measured_over_the_series_and_jumped_to(
    few_slices: User, qtbot: QtBot, tmp_path: Path
) -> None:
    user = few_slices
    mask, weights = user.mask(), user.session.weights()
    user.choose("explain.uncertainty")
    heats = user.program.presenters.explain.heats
    qtbot.waitUntil(lambda: heats.shown is not None, timeout=ANSWER)
    look = user.answer.look
    assert look.probabilities is not None
    assert heats.shown is not None
    expected = entropy(look.probabilities, exclusive=True)
    assert np.array_equal(heats.shown.values, expected)
    rows = user.find(TableOfValues, "uncertainty.table")
    qtbot.waitUntil(lambda: "White matter" in rows.text(), timeout=ANSWER)
    assert f"{Zone.WHOLE.value}: {expected.mean():.3f} bits" in rows.text()

    user.window.open_path(tmp_path / "reference.nii.gz")
    references = user.program.presenters.evaluation.panel
    qtbot.waitUntil(lambda: bool(references.view.reference), timeout=ANSWER)
    user.window.places.reveal("uncertainty")  # the evaluation came to the front
    finding = user.find(QLabel, "uncertainty.finding")
    qtbot.waitUntil(lambda: "wrong pixels are" in finding.text(), timeout=ANSWER)

    user.find(QPushButton, "uncertainty.measure").click()
    qtbot.waitUntil(lambda: "uncertainty of 6 slices" in user.status(), timeout=ANSWER)
    curve = user.find(SliceCurve, "uncertainty.curve")
    assert np.isfinite(curve.values).all()
    shown = user.session.slice_index
    inside = look.mask is not None and expected[look.mask > 0].mean()
    assert curve.values[shown] == pytest.approx(inside, abs=1e-5)
    assert "AUROC" in user.find(QLabel, "uncertainty.series_finding").text()

    user.choose("explain.most_uncertain")
    user.wait()
    assert user.session.slice_index == int(np.argmax(curve.values))
    user.choose("explain.entropy")
    assert heats.shown is None
    presenter(user).go_to(shown)
    user.wait()
    assert np.array_equal(user.mask(), mask)
    assert all(a is b for a, b in zip(user.session.weights(), weights, strict=True))


def test_runs_over_changed_slices_and_over_dropout_spread(
    few_slices: User, qtbot: QtBot, tmp_path: Path
) -> None:
    user = few_slices
    user.choose("explain.uncertainty")
    pick(user, "uncertainty.kind", UncertaintyKind.AUGMENTATIONS.value)
    presenter(user).choose(replace(presenter(user).view.choice, repeats=4))
    user.find(QPushButton, "uncertainty.run").click()
    qtbot.waitUntil(lambda: "4 times over augmentations" in user.status(), timeout=ANSWER)
    heats = user.program.presenters.explain.heats
    assert heats.shown is not None
    assert 0.05 < float(heats.shown.values.max()) <= 0.5
    rows = user.find(TableOfValues, "uncertainty.table")
    qtbot.waitUntil(lambda: "±" in rows.text(), timeout=ANSWER)

    pick(user, "uncertainty.kind", UncertaintyKind.DROPOUT.value)
    told = user.find(QLabel, "uncertainty.empty")
    qtbot.waitUntil(lambda: "no dropout" in told.text(), timeout=ANSWER)
    user.window.open_path(with_dropout(tmp_path / "dropping.keras"))
    run = user.find(QPushButton, "uncertainty.run")
    qtbot.waitUntil(run.isEnabled, timeout=ANSWER)
    user.wait()
    pick(user, "uncertainty.spread", Spread.INFORMATION.value)
    run.click()
    qtbot.waitUntil(lambda: "4 times over dropout" in user.status(), timeout=ANSWER)
    assert heats.shown is not None
    assert heats.shown.unit == "bits"
    assert float(heats.shown.values.max()) > 0


def with_dropout(path: Path) -> Path:
    """The sample's network with a dropout layer between its encoder and its decoder."""
    with ZipFile(sample_model()) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(parts["config.json"])
    layers = told["config"]["layers"]
    (at,) = (i for i, layer in enumerate(layers) if layer["name"] == BEFORE)
    reads = json.dumps(layers[at + 1 :]).replace(f'["{BEFORE}", 0, 0]', '["drop", 0, 0]')
    drop = json.loads(json.dumps(layers[at]).replace(f'"{layers[at - 1]["name"]}"', f'"{BEFORE}"'))
    drop |= {"class_name": "Dropout", "name": "drop", "config": {"name": "drop", "rate": 0.3}}
    told["config"]["layers"] = [*layers[: at + 1], drop, *json.loads(reads)]
    parts["config.json"] = json.dumps(told).encode()
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path
