"""The main job: open a study and a network, look inside, edit a kernel, see the mask follow."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot
from tests.journeys.user import User


def test_a_kernel_is_edited_undone_and_saved_while_mask_and_map_follow(
    user: User, qtbot: QtBot, tmp_path: Path
) -> None:
    user.pick_layer("enc1_conv1")
    user.pick_filter(0)
    user.wait()
    mask, first_map = user.mask(), user.feature_map(0)

    user.pick_recipe("Sobel x")
    user.wait()

    assert (user.mask() != mask).any()
    assert not np.allclose(user.feature_map(0), first_map)
    assert "Sobel x" in user.window.action_of("edit.undo").text()
    assert "Edited model" in user.window.banner.accessibleName()
    assert "px" in user.window.kernel_panel.effect.table.text()

    saved = tmp_path / "edited.keras"
    user.program.desk.save_model(saved)
    qtbot.waitUntil(lambda: "compared equal" in user.status(), timeout=60_000)
    probabilities, image = user.answer.look.probabilities, user.answer.look.request.image

    user.choose("edit.undo")
    user.wait()

    assert np.array_equal(user.mask(), mask)
    assert np.array_equal(user.feature_map(0), first_map)
    assert not user.window.banner.accessibleName()

    keras = pytest.importorskip("keras")
    plain = keras.models.load_model(saved, compile=False)
    output = np.asarray(plain(image[None, ..., None], training=False))[0]
    assert probabilities is not None
    assert np.abs(output - probabilities).max() < 1e-4


def test_redo_and_revert_bring_the_same_pictures_back(user: User) -> None:
    trained = user.mask()
    user.pick_recipe("Gaussian")
    user.wait()
    edited = user.mask()

    user.choose("edit.undo")
    user.wait()
    user.choose("edit.redo")
    user.wait()
    assert np.array_equal(user.mask(), edited)

    user.choose("edit.revert_all")
    user.wait()
    assert np.array_equal(user.mask(), trained)

    user.choose("edit.undo")
    user.wait()
    assert np.array_equal(user.mask(), edited)


def test_holding_b_shows_the_trained_result(user: User, qtbot: QtBot) -> None:
    trained = user.mask()
    user.pick_recipe("Gaussian")
    user.wait()
    edited = user.mask()
    user.window.activateWindow()
    user.canvas.setFocus()
    qtbot.waitUntil(lambda: user.window.isActiveWindow())

    qtbot.keyPress(user.canvas, Qt.Key.Key_B)
    assert np.array_equal(user.mask(), trained)
    qtbot.keyRelease(user.canvas, Qt.Key.Key_B)
    assert np.array_equal(user.mask(), edited)


def test_turning_the_wheel_over_a_value_is_one_step_to_undo(user: User) -> None:
    before = user.session.weights()[0].copy()

    user.turn_wheel(user.grid, QPointF(user.grid.cell_rect(1, 1).center()), 5)
    user.wait()

    assert user.session.weights()[0][1, 1, 0, 0] > before[1, 1, 0, 0]
    assert len(user.session.history.done) == 1
    user.choose("edit.undo")
    assert np.array_equal(user.session.weights()[0], before)


def test_scrolling_brings_another_slice_with_its_own_mask(user: User, qtbot: QtBot) -> None:
    start, picture = user.slider.value(), user.picture()

    qtbot.keyClick(user.canvas, Qt.Key.Key_Down)
    user.wait()

    assert user.slider.value() == start + 1
    assert not np.array_equal(user.picture(), picture)
    assert user.mask().shape[:2] == user.picture().shape
    assert user.answer.key.index == start + 1


def test_selecting_a_layer_fills_gallery_activations_and_editor(user: User) -> None:
    user.pick_layer("dec1_conv2")
    user.wait()

    assert len(user.filters.tiles) == len(user.maps.tiles) == 16
    assert "dec1_conv2" in user.window.kernel_panel.windowTitle()
    assert np.array_equal(user.feature_map(3), user.window.maps_panel.gallery.tiles.tiles(3, 4)[0])

    user.pick_filter(5)
    assert user.maps.selected == 5
    assert "filter 5" in user.window.kernel_panel.windowTitle()
    assert "map 5" in user.window.feature_map_panel.windowTitle()


def test_the_mask_agrees_with_the_reference_by_patient_position(
    user: User, sample_folder: Path
) -> None:
    image = nibabel.load(sample_folder / "reference.nii.gz")
    labels = np.asarray(image.dataobj)
    slices, rows, columns = user.series.shape
    index = np.zeros((4, rows, columns))
    index[0], index[3] = user.answer.key.index, 1
    index[1], index[2] = np.mgrid[:rows, :columns]
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ user.series.affine @ index.reshape(4, -1)
    i, j, k = np.rint((np.linalg.inv(image.affine) @ ras)[:3]).astype(int)
    truth = labels[i, j, k].reshape(rows, columns)

    found = user.answer.mask
    assert found is not None
    assert slices == labels.shape[2]
    for label, least in ((1, 0.6), (2, 0.75), (3, 0.85)):
        both = int(((found == label) & (truth == label)).sum())
        assert 2 * both / int((found == label).sum() + (truth == label).sum()) > least


def test_bad_files_are_refused_in_one_sentence_and_nothing_is_lost(
    user: User, qtbot: QtBot, tmp_path: Path
) -> None:
    text = tmp_path / "notes.dcm"
    text.write_text("not an image")
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut.keras"
    whole = user.network.path.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    network, series = user.network.ref, user.session.series
    frame = user.program.presenters.frame

    def told_of(path: Path) -> bool:
        return path.name in frame.view.status

    for path in (tmp_path / "missing.dcm", text, empty, tmp_path / "missing.keras", cut):
        user.window.open_path(path)
        qtbot.waitUntil(lambda path=path: told_of(path), timeout=10_000)
        assert frame.view.trouble
        assert frame.view.hint
        assert frame.view.status in user.status()
        assert len(user.status()) < 300

    assert user.network.ref == network
    assert user.session.series == series
    assert user.program.live.answer is not None
