"""A network from a preset, and a SavedModel folder: built or opened in the window, and used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.ui.new_model_dialog import NewModelDialog

SAVED_MODEL = Path(__file__).parents[1] / "engine" / "data" / "keras2_savedmodel"


def test_a_new_model_is_built_opened_and_edited(user: User, qtbot: QtBot, tmp_path: Path) -> None:
    user.choose("file.new_model")
    dialog = user.find(NewModelDialog, "new_model")
    for name, value in (("rows", 64), ("columns", 64), ("filters", 4), ("levels", 3), ("seed", 5)):
        user.find(QSpinBox, f"new_model.{name}").setValue(value)
    path = tmp_path / "mine.keras"
    user.find(QLineEdit, "new_model.file").setText(str(path))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: user.network.path == path, timeout=ANSWER)
    user.wait()
    assert user.network.name == "unet"
    assert user.network.trained["head"][0].shape == (1, 1, 4, 4)
    before = user.feature_map(0)

    user.pick_layer("enc1_conv1")
    user.pick_recipe("Sobel x")
    user.wait()
    assert not np.allclose(user.feature_map(0), before)


def test_a_saved_model_folder_opens_and_can_be_edited(user: User, qtbot: QtBot) -> None:
    user.window.open_path(SAVED_MODEL)
    qtbot.waitUntil(lambda: user.network.path == SAVED_MODEL, timeout=ANSWER)
    user.wait()
    assert user.network.name == "tiny_unet"
    mask = user.mask()

    user.pick_layer("head")
    user.pick_recipe("Identity")
    user.wait()
    user.choose("edit.revert_all")
    user.wait()
    assert np.array_equal(user.mask(), mask)
