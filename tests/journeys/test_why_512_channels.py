"""The first seed's question: my images have one channel, so what does (3, 3, 512, 512) mean?"""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot
from tests.journeys.user import ANSWER, User

from unetscope.ui.new_model_dialog import NewModelDialog
from unetscope.ui.widgets.diagram_canvas import DiagramCanvas


def read(user: User, name: str) -> str:
    """What a label says, without its colours."""
    text = re.sub(r"</p>|<br>", "\n", user.find(QLabel, name).text())
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def test_the_shape_of_the_last_layer_is_explained(user: User, qtbot: QtBot, tmp_path: Path) -> None:
    user.choose("file.new_model")
    dialog = user.find(NewModelDialog, "new_model")
    presets = user.find(QComboBox, "new_model.preset")
    presets.setCurrentIndex(presets.findText("encoder", Qt.MatchFlag.MatchContains))
    path = tmp_path / "encoder.keras"
    user.find(QLineEdit, "new_model.file").setText(str(path))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: user.network.path == path, timeout=ANSWER)
    assert user.network.graph.parameters == 5_384_832

    user.pick_layer("conv5_2")
    assert read(user, "layers.card.title") == "kernel (3, 3, 512, 512)"
    user.find(QLabel, "layers.card.lines").linkActivated.emit("more")
    qtbot.waitUntil(lambda: read(user, "layer_card.title") == "conv5_2")

    shapes = read(user, "layer_card.shapes")
    assert "kernel (3, 3, 512, 512)" in shapes
    assert "= kernel height 3 × kernel width 3 × 512 input channels × 512 filters" in shapes
    assert "bias (512,)" in shapes
    story = read(user, "layer_card.story")
    assert "3 × 3 × 512 × 512 = 2,359,296 in kernel and 512 biases: 2,359,808 parameters." in story
    assert "A filter is a stack of 512 kernels of 3×3" in story
    assert "Why 512 input channels, when the image has 1 channel?" in story
    assert "only conv1_1 reads it" in story
    assert "the 512 feature maps made by conv5_1" in story
    assert "152×152 pixels of the image" in story
    weights = user.network.trained["conv5_2"][0]
    assert weights.shape == (3, 3, 512, 512)
    numbers = user.window.layer_card_panel.findChildren(QLabel, "layer_card.numbers")
    lowest = f"lowest {float(np.min(weights)):.4g}"
    qtbot.waitUntil(lambda: lowest in numbers[0].text(), timeout=ANSWER)

    user.choose("network.show_in_diagram")
    canvas = user.find(DiagramCanvas, "diagram.canvas")
    qtbot.waitUntil(lambda: "conv5_2" in canvas.content.diagram, timeout=ANSWER)
    assert [band.text for band in canvas.content.diagram.bands] == [
        "200×200", "100×100", "50×50", "25×25", "12×12",
    ]  # fmt: skip
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.place_of("pool4"))
    assert user.session.layer == "pool4"
