"""Names out of files, shown as they are written.

Where nothing else is said, Qt takes a text for rich text that looks like it, and rich text may tell
Qt to load a picture, from another computer even. Labels with names have the format ``PlainText``.
"""

from __future__ import annotations

from PySide6.QtGui import Qt


def as_written(text: str) -> str:
    """A tooltip that is shown letter by letter, whatever it holds."""
    return Qt.convertFromPlainText(text) if Qt.mightBeRichText(text) else text


def title_of(text: str) -> str:
    """A title of a dock, which is also its tab's tooltip, without the beginning of any tag."""
    return text.replace("<", "‹")
