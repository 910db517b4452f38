from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLabel

from unetscope.ui import colours, icons, theme
from unetscope.ui.theme import Theme

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"
NAMES = sorted(path.stem for path in ICONS.glob("*.svg"))
THEMES = [theme.DARK, theme.LIGHT]
COLOURS = [field.name for field in fields(Theme) if field.name not in ("name", "dark")]


@pytest.fixture(autouse=True)
def folder(qapp: QApplication) -> Iterator[None]:
    icons.set_folder(ICONS)
    yield
    theme.apply_theme(qapp, theme.DARK)


def strong_pixels(icon: QIcon, size: int, mode: QIcon.Mode = QIcon.Mode.Normal) -> list[QColor]:
    """The pixels of an icon that are more than half covered."""
    picture = icon.pixmap(QSize(size, size), 1.0, mode).toImage()
    assert (picture.width(), picture.height()) == (size, size)
    pixels = [picture.pixelColor(x, y) for x in range(size) for y in range(size)]
    return [pixel for pixel in pixels if pixel.alpha() > 140]


def all_near(pixels: list[QColor], wanted: str) -> bool:
    """Whether there are pixels and all have a colour, but for rounding."""
    target = QColor(wanted)
    away = [
        max(
            abs(pixel.red() - target.red()),
            abs(pixel.green() - target.green()),
            abs(pixel.blue() - target.blue()),
        )
        for pixel in pixels
    ]
    return bool(away) and max(away) <= 4


def test_there_is_an_icon_for_each_basic_command() -> None:
    assert {"app", "file.open_study", "edit.undo", "view.mask", "help.about"} <= set(NAMES)
    assert list(icons.names()) == NAMES


@pytest.mark.parametrize("scheme", THEMES, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "app"])
def test_an_icon_is_drawn_in_the_colours_of_the_theme(
    qapp: QApplication, name: str, scheme: Theme
) -> None:
    theme.apply_theme(qapp, scheme)
    icon = icons.icon(name)
    for size in (16, 24, 48):
        assert all_near(strong_pixels(icon, size), scheme.text)
    assert all_near(strong_pixels(icon, 24, QIcon.Mode.Disabled), scheme.text_disabled)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "app"])
def test_an_icon_has_the_colour_of_its_surroundings_and_a_margin(name: str) -> None:
    text = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    assert 'viewBox="0 0 24 24"' in text
    assert "currentColor" in text
    assert "#" not in text
    picture = icons.pixmap(name, 48).toImage()
    edge = [picture.pixelColor(i, j).alpha() for i in range(48) for j in (0, 47)]
    edge += [picture.pixelColor(j, i).alpha() for i in range(48) for j in (0, 47)]
    assert max(edge) == 0


def test_the_program_icon_keeps_its_own_colours() -> None:
    assert len({pixel.name() for pixel in strong_pixels(icons.icon("app"), 64)}) > 4


def test_a_command_without_an_icon_gets_an_empty_one() -> None:
    assert icons.icon("edit.nothing").isNull()


def test_an_icon_is_made_once_per_theme(qapp: QApplication) -> None:
    theme.apply_theme(qapp, theme.DARK)
    dark = icons.icon("edit.undo")
    assert icons.icon("edit.undo") is dark
    theme.apply_theme(qapp, theme.LIGHT)
    assert icons.icon("edit.undo") is not dark


def test_a_picture_of_an_icon_is_crisp_on_a_dense_screen() -> None:
    picture = icons.pixmap("edit.undo", 20, "accent", ratio=2.0)
    assert (picture.width(), picture.devicePixelRatio()) == (40, 2.0)


@pytest.mark.parametrize("scheme", THEMES, ids=lambda scheme: scheme.name)
def test_every_token_is_a_colour(scheme: Theme) -> None:
    for token in COLOURS:
        assert QColor(str(asdict(scheme)[token])).isValid(), token
        assert str(asdict(scheme)[token]).startswith("#")


@pytest.mark.parametrize("scheme", THEMES, ids=lambda scheme: scheme.name)
def test_the_style_sheet_uses_only_tokens_that_exist(scheme: Theme) -> None:
    assert set(theme.SHEET.get_identifiers()) <= set(COLOURS)
    assert theme.SHEET.is_valid()
    assert "$" not in theme.style_sheet(scheme)


@pytest.mark.parametrize("scheme", THEMES, ids=lambda scheme: scheme.name)
def test_text_can_be_read(scheme: Theme) -> None:
    for text, behind, least in (
        ("text", "panel", 7.0),
        ("text", "field", 7.0),
        ("text", "panel_title", 7.0),
        ("text_muted", "panel", 4.5),
        ("text_muted", "panel_title", 4.5),
        ("text_muted", "field", 4.5),
        ("accent_text", "accent", 4.5),
        ("selection_text", "selection", 4.5),
        ("link", "panel", 4.5),
        ("ok", "panel", 4.5),
        ("warning", "panel", 4.5),
        ("error", "panel", 4.5),
        ("banner_text", "banner", 7.0),
        ("canvas_text", "canvas", 7.0),
        ("canvas_text_muted", "canvas", 4.5),
        ("canvas_letter", "canvas", 7.0),
    ):
        ratio = colours.contrast(getattr(scheme, text), getattr(scheme, behind))
        assert ratio >= least, f"{text} on {behind}: {ratio:.1f}"


def test_a_theme_reaches_the_palette_and_the_widgets(qapp: QApplication, qtbot: Any) -> None:
    label = QLabel("value")
    label.setProperty("role", "muted")
    qtbot.addWidget(label)
    for scheme in THEMES:
        theme.apply_theme(qapp, scheme)
        assert theme.current() is scheme
        assert theme.colour("accent").name() == scheme.accent
        assert theme.colour("accent", 40).alpha() == 40
        assert qapp.palette().color(QPalette.ColorRole.Window).name() == scheme.panel
        label.ensurePolished()
        assert label.palette().color(QPalette.ColorRole.WindowText).name() == scheme.text_muted


def test_the_system_theme_is_one_of_ours(qapp: QApplication) -> None:
    assert theme.system_theme() in THEMES


def test_the_diverging_map_is_symmetric_about_zero() -> None:
    lut = colours.DIVERGING
    assert lut.shape == (256, 3)
    assert lut.dtype == np.uint8
    assert lut[127].tolist() == lut[128].tolist()
    light = colours.luminance(lut)
    assert np.all(np.diff(light[:128]) >= 0)
    assert np.all(np.diff(light[128:]) <= 0)
    assert np.abs(light - light[::-1]).max() < 0.06
    assert lut[0, 2] > lut[0, 0] + 60  # blue
    assert lut[255, 0] > lut[255, 2] + 60  # red


def test_the_sequential_maps_get_lighter_all_the_way() -> None:
    for lut in (colours.GREY, colours.VIRIDIS):
        assert np.all(np.diff(colours.luminance(lut)) >= -1e-3)
        assert not lut.flags.writeable


def test_values_become_entries_of_a_map() -> None:
    values = np.array([-9.0, -1.0, 0.0, 1.0, 9.0, np.nan, np.inf, -np.inf], np.float32)
    assert colours.to_levels(values, -1.0, 1.0).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]
    assert colours.to_levels(np.full(3, 5.0), 5.0, 5.0).tolist() == [0, 0, 0]


def test_limits_are_symmetric_and_never_empty() -> None:
    assert colours.symmetric_limits(np.array([-0.5, 0.2, np.nan])) == (-0.5, 0.5)
    assert colours.symmetric_limits(np.zeros((3, 3))) == (-1.0, 1.0)
    assert colours.symmetric_limits(np.zeros((0, 3))) == (-1.0, 1.0)


def test_words_are_pixels_of_a_qimage() -> None:
    words = np.ascontiguousarray(colours.to_rgb32(colours.VIRIDIS)[None, :])
    picture = QImage(words.data, 256, 1, 1024, QImage.Format.Format_RGB32)
    assert picture.pixelColor(0, 0).name() == "#440154"
    assert picture.pixelColor(255, 0).name() == "#fde725"


def test_labels_differ_and_repeat() -> None:
    assert len(set(colours.LABEL_COLOURS)) == len(colours.LABEL_COLOURS)
    assert colours.label_colour(1) == colours.label_colour(1 + len(colours.LABEL_COLOURS))
