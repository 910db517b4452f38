"""Icons by command id, drawn from SVG in the colours of the theme in force.

Call `set_folder` once at the start; ask again for the icons after a change of theme.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from unetscope.ui import theme

SIZES = (16, 20, 24, 32, 48)  # device pixels: menus and tool bars at 1×, 1.25×, 1.5× and 2×
APP_SIZES = (16, 24, 32, 48, 64, 128, 256)

_LOOKS = (
    (QIcon.Mode.Normal, QIcon.State.Off, "text"),
    (QIcon.Mode.Normal, QIcon.State.On, "accent"),
    (QIcon.Mode.Disabled, QIcon.State.Off, "text_disabled"),
)

_folder: list[Path] = []


def set_folder(path: Path) -> None:
    """Take icons from ``<path>/<command id>.svg`` from now on."""
    if _folder == [path]:
        return
    _folder[:] = [path]
    _svg.cache_clear()
    _icon.cache_clear()


def names() -> tuple[str, ...]:
    """The icons there are, sorted."""
    return tuple(sorted(path.stem for folder in _folder for path in folder.glob("*.svg")))


def icon(name: str) -> QIcon:
    """The icon of a command; an empty one if the command has none, which menus take well."""
    return _icon(name, theme.current())


def pixmap(name: str, size: int, token: str = "text", ratio: float = 1.0) -> QPixmap:
    """One icon as a picture in one colour of the theme.

    Parameters
    ----------
    size : int
        Edge in device-independent pixels.
    token : str
        Name of the colour among the theme's fields.
    ratio : float
        Device pixels per device-independent pixel.
    """
    renderer = _renderer(name, str(getattr(theme.current(), token)))
    made = _render(renderer, round(size * ratio))
    made.setDevicePixelRatio(ratio)
    return made


@cache
def _svg(name: str) -> str:
    for folder in _folder:
        path = folder / f"{name}.svg"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""


@cache
def _icon(name: str, in_force: theme.Theme) -> QIcon:
    made = QIcon()
    text = _svg(name)
    if not text:
        return made
    if "currentColor" not in text:  # drawn in its own colours, as the program's icon is
        renderer = _renderer(name, in_force.text)
        for size in APP_SIZES:
            made.addPixmap(_render(renderer, size))
        return made
    for mode, state, token in _LOOKS:
        renderer = _renderer(name, str(getattr(in_force, token)))
        for size in SIZES:
            made.addPixmap(_render(renderer, size), mode, state)
    return made


def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_svg(name).replace("currentColor", colour).encode()))


def _render(renderer: QSvgRenderer, pixels: int) -> QPixmap:
    """A drawing on a transparent square of `pixels` device pixels."""
    picture = QPixmap(pixels, pixels)
    picture.fill(Qt.GlobalColor.transparent)
    if renderer.isValid():
        with QPainter(picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            renderer.render(painter, QRectF(0, 0, pixels, pixels))
    return picture
