"""Cut the top skip, see what it changes in mm³, take it back: the comparison of both networks."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

from unetscope import open_model
from unetscope.domain.comparing import Unit, Way
from unetscope.domain.interventions import CutSkip, skips
from unetscope.domain.metrics import Labels
from unetscope.state.network_input import network_input, on_slice

SERIES = 300_000  # ms: some slices, by both networks, on a slow machine
FEW = slice(84, 96)  # of the sample's slices


@pytest.fixture
def few_slices(user: User, sample_folder: Path, tmp_path: Path) -> User:
    """The person looks at some slices of the sample."""
    folder = tmp_path / "few"
    folder.mkdir()
    for path in sorted((sample_folder / "study").iterdir())[FEW]:
        shutil.copy(path, folder)
    user.window.open_path(folder)
    count = FEW.stop - FEW.start
    user.qtbot.waitUntil(lambda: user.series.shape[0] == count, timeout=10_000)
    assert user.series.geometry_sure
    user.wait()
    return user


def by_script(user: User, cut: CutSkip) -> tuple[Labels, Labels]:
    """The masks of every slice from two full passes each: trained, and with the skip cut."""
    card, series = user.session.card, user.series
    assert card is not None
    live = open_model(user.network.path)
    trained, edited = [], []
    for index in range(series.shape[0]):
        slices = [series.slice(index)]
        fed = network_input(slices, series, card.preprocessing, user.network, str(index))
        trained.append(on_slice(live.follow(()).run(fed.image).mask(), fed.placement))
        edited.append(on_slice(live.follow((cut,)).run(fed.image).mask(), fed.placement))
    return np.stack(trained), np.stack(edited)


def test_cut_the_top_skip_see_the_delta_in_mm3_and_revert(
    few_slices: User, qtbot: QtBot, tmp_path: Path
) -> None:
    user = few_slices
    presenter = user.program.presenters.comparison
    reads, source = skips(user.network.graph)[0]  # the shallowest
    cut = CutSkip(reads, source)
    user.program.store.update(lambda s: s.edit(cut))
    user.wait()
    assert "1 skip cut" in user.window.banner.accessibleName()

    user.choose("compare.delta")
    assert user.session.comparing.way is Way.DELTA
    gained, lost, other = (line.name for line in user.canvas.content.legend)
    answer = user.answer
    assert answer.mask is not None
    assert answer.trained_mask is not None
    said = sum(
        int(text.split("px")[0].split()[-1].replace(",", "")) for text in (gained, lost, other)
    )
    assert said == int((answer.mask != answer.trained_mask).sum()) > 0

    user.choose("compare.series")
    presenter.show_table(unit=Unit.MM)
    qtbot.waitUntil(lambda: bool(presenter.view.running), timeout=10_000)
    qtbot.waitUntil(
        lambda: presenter.view.missing == 0 and not presenter.view.running, timeout=SERIES
    )
    trained, edited = by_script(user, cut)
    voxel = float(np.prod(user.series.spacing))
    path = tmp_path / "changes.csv"
    presenter.save(path)
    qtbot.waitUntil(path.exists, timeout=10_000)
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    start = next(i for i, row in enumerate(rows) if row[:1] == ["whole series"] and "mm³" in row)
    for label, row in enumerate(rows[start + 2 : start + 2 + 1 + len(presenter.view.rows)]):
        a, b = trained == label, edited == label
        expected = [x.sum() * voxel for x in (a, b, b & ~a, a & ~b)]
        assert [float(text) for text in row[1:5]] == pytest.approx(expected, rel=1e-5)
    changed = (trained != edited).reshape(len(trained), -1).sum(axis=1)
    assert presenter.view.curve.tolist() == changed.tolist()

    user.choose("compare.worst")
    assert user.session.slice_index == int(np.argmax(changed))
    user.choose("edit.revert_all")
    user.wait()
    assert not user.window.banner.accessibleName()
    assert not presenter.view.curve.any()
    assert all(float(row[3]) == float(row[4]) == 0 for row in presenter.view.rows)
    assert all(" 0 px" in line.name for line in user.canvas.content.legend)
