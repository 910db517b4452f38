"""The main job: open a study and a network, look inside, edit a kernel, see the mask follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QSlider, QTreeWidget
from pytestqt.qtbot import QtBot

from unetscope.bootstrap import Application
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.tile_gallery import TileGallery

Wait = Callable[[], None]


def shown_mask(program: Application) -> np.ndarray:
    """The overlay as it is drawn over the slice."""
    canvas = program.window.findChild(ImageCanvas, "slice_view.canvas")
    overlay = canvas.content.overlay
    assert overlay is not None
    return overlay.copy()


def shown_map(program: Application, index: int) -> np.ndarray:
    """One feature map as the gallery holds it."""
    gallery = program.window.findChild(TileGallery, "feature_maps.gallery")
    return np.array(gallery.tiles.tiles(index, index + 1)[0])


def pick_layer(program: Application, name: str) -> None:
    """Click a layer in the tree."""
    tree = program.window.findChild(QTreeWidget, "layers.tree")
    (item,) = (
        i
        for i in tree.findItems(name, Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        if i.data(0, Qt.ItemDataRole.UserRole) == name
    )
    tree.setCurrentItem(item)


def pick_recipe(program: Application, name: str) -> None:
    """Choose a recipe in the kernel editor."""
    recipes = program.window.findChild(QComboBox, "kernel_editor.recipe")
    index = recipes.findText(name)
    assert index > 0
    recipes.setCurrentIndex(index)
    recipes.activated.emit(index)


def test_a_kernel_is_edited_undone_and_saved_while_mask_and_map_follow(
    sample: Application, settled: Wait, qtbot: QtBot, tmp_path: Path
) -> None:
    first = sample.store.session.network.graph.first_with_kernels()
    pick_layer(sample, first)
    filters = sample.window.findChild(TileGallery, "filters.gallery")
    spot = filters.tile_rect(0).center()
    qtbot.mouseClick(filters.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    settled()
    mask, first_map = shown_mask(sample), shown_map(sample, 0)

    pick_recipe(sample, "Sobel x")
    settled()

    edited_mask, edited_map = shown_mask(sample), shown_map(sample, 0)
    assert (edited_mask != mask).any()
    assert not np.allclose(edited_map, first_map)
    assert "Sobel x" in sample.window.action_of("edit.undo").text()
    assert "Edited model" in sample.window.banner.accessibleName()
    assert "px" in sample.window.kernel_panel.effect.table.text()

    saved = tmp_path / "edited.keras"
    sample.desk.save_model(saved)
    status = sample.window.status_line.text
    qtbot.waitUntil(lambda: "compared equal" in status.text(), timeout=60_000)
    probabilities = sample.live.answer.look.probabilities
    image = sample.live.answer.look.request.image

    sample.window.action_of("edit.undo").trigger()
    settled()

    assert np.array_equal(shown_mask(sample), mask)
    assert np.array_equal(shown_map(sample, 0), first_map)
    assert not sample.window.banner.accessibleName()

    keras = pytest.importorskip("keras")
    plain = keras.models.load_model(saved, compile=False)
    output = np.asarray(plain(image[None, ..., None], training=False))[0]
    np.testing.assert_allclose(output, probabilities, atol=1e-4)


def test_redo_and_revert_bring_the_same_pictures_back(sample: Application, settled: Wait) -> None:
    trained = shown_mask(sample)
    pick_recipe(sample, "Gaussian")
    settled()
    edited = shown_mask(sample)

    sample.window.action_of("edit.undo").trigger()
    settled()
    sample.window.action_of("edit.redo").trigger()
    settled()
    assert np.array_equal(shown_mask(sample), edited)

    sample.window.action_of("edit.revert_all").trigger()
    settled()
    assert np.array_equal(shown_mask(sample), trained)

    sample.window.action_of("edit.undo").trigger()
    settled()
    assert np.array_equal(shown_mask(sample), edited)


def test_holding_b_shows_the_trained_result(
    sample: Application, settled: Wait, qtbot: QtBot
) -> None:
    trained = shown_mask(sample)
    pick_recipe(sample, "Gaussian")
    settled()
    edited = shown_mask(sample)
    canvas = sample.window.findChild(ImageCanvas, "slice_view.canvas")
    sample.window.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(lambda: sample.window.isActiveWindow())

    qtbot.keyPress(canvas, Qt.Key.Key_B)
    assert np.array_equal(shown_mask(sample), trained)
    qtbot.keyRelease(canvas, Qt.Key.Key_B)
    assert np.array_equal(shown_mask(sample), edited)


def test_turning_the_wheel_over_a_value_is_one_step_to_undo(
    sample: Application, settled: Wait, qtbot: QtBot
) -> None:
    grid = sample.window.findChild(KernelGrid, "kernel_editor.grid")
    before = sample.store.session.weights()[0].copy()
    at = QPointF(grid.cell_rect(1, 1).center())
    for _ in range(5):
        event = QWheelEvent(
            at,
            QPointF(grid.mapToGlobal(at.toPoint())),
            QPointF(0, 0).toPoint(),
            QPointF(0, 120).toPoint(),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(grid, event)
    settled()

    assert sample.store.session.weights()[0][1, 1, 0, 0] > before[1, 1, 0, 0]
    assert len(sample.store.session.history.done) == 1
    sample.window.action_of("edit.undo").trigger()
    assert np.array_equal(sample.store.session.weights()[0], before)


def test_scrolling_brings_another_slice_with_its_own_mask(
    sample: Application, settled: Wait, qtbot: QtBot
) -> None:
    canvas = sample.window.findChild(ImageCanvas, "slice_view.canvas")
    slider = sample.window.findChild(QSlider, "slice_view.slider")
    start, picture = slider.value(), canvas.content.grey

    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: sample.live.shown.key.index == start + 1)
    settled()
    qtbot.waitUntil(lambda: sample.live.answer.key.index == start + 1)

    assert slider.value() == start + 1
    assert not np.array_equal(canvas.content.grey, picture)
    assert shown_mask(sample).shape[:2] == canvas.content.grey.shape


def test_the_mask_agrees_with_the_reference(sample: Application, sample_folder: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    reference = np.asarray(nibabel.load(sample_folder / "reference.nii.gz").dataobj)
    series, answer = sample.desk.shown, sample.live.answer
    lps = series.affine @ [answer.key.index, 100, 90, 1]
    to_voxel = np.linalg.inv(nibabel.load(sample_folder / "reference.nii.gz").affine)
    i, j, k = np.rint((to_voxel @ [-lps[0], -lps[1], lps[2], 1])[:3]).astype(int)
    columns = i + 90 - np.arange(series.shape[2])  # columns run to the left, x to the right
    rows = j + 100 - np.arange(series.shape[1])  # rows run to the back, y to the front
    truth = reference[np.ix_(columns % reference.shape[0], rows % reference.shape[1], [k])]
    truth = truth[..., 0].T

    for label, least in ((1, 0.5), (2, 0.7), (3, 0.8)):
        found = answer.mask == label
        overlap = 2 * (found & (truth == label)).sum() / (found.sum() + (truth == label).sum())
        assert overlap > least


def test_bad_files_are_refused_in_one_sentence_and_nothing_is_lost(
    sample: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    status = sample.window.findChild(QLabel, "status.text")
    text = tmp_path / "notes.dcm"
    text.write_text("not an image")
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut.keras"
    whole = sample.store.session.network.path.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    network, series = sample.store.session.network, sample.store.session.series

    for path in (tmp_path / "missing.dcm", text, empty, tmp_path / "missing.keras", cut):
        sample.window.open_path(path)
        frame = sample.presenters.frame
        qtbot.waitUntil(lambda path=path: path.name in frame.view.status, timeout=10_000)
        assert frame.view.trouble
        assert frame.view.hint
        assert frame.view.status in status.text()
        assert len(status.text()) < 300
        assert "Traceback" not in status.text()

    assert sample.store.session.network is network
    assert sample.store.session.series == series
    assert sample.live.answer is not None
