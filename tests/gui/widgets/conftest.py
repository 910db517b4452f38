"""Events that QTest cannot make: a wheel, and moves of the mouse with modifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from unetscope.ui import theme

NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton

Wheel = Callable[..., None]
Drag = Callable[..., None]


@pytest.fixture(autouse=True)
def dark(qapp: QApplication) -> Iterator[None]:
    theme.apply_theme(qapp, theme.DARK)
    yield
    theme.apply_theme(qapp, theme.DARK)


@pytest.fixture
def wheel() -> Wheel:
    """Turn the wheel over a point: positive is away from the hand."""

    def turn(
        widget: QWidget, at: QPoint, notches: float, modifiers: Qt.KeyboardModifier = NONE
    ) -> None:
        where = QPointF(at)
        event = QWheelEvent(
            where,
            widget.mapToGlobal(where),
            QPoint(),
            QPoint(0, round(notches * 120)),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    return turn


@pytest.fixture
def drag() -> Drag:
    """Press a button, go through points, and release it at the last (unless told not to)."""

    def along(
        widget: QWidget,
        points: list[tuple[int, int]],
        button: Qt.MouseButton = LEFT,
        modifiers: Qt.KeyboardModifier = NONE,
        *,
        release: bool = True,
    ) -> None:
        kinds = [QEvent.Type.MouseButtonPress] + [QEvent.Type.MouseMove] * (len(points) - 1)
        steps = list(zip(kinds, points, strict=True))
        if release:
            steps.append((QEvent.Type.MouseButtonRelease, points[-1]))
        for kind, point in steps:
            where = QPointF(*point)
            moved = kind == QEvent.Type.MouseMove
            held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
            event = QMouseEvent(
                kind,
                where,
                widget.mapToGlobal(where),
                Qt.MouseButton.NoButton if moved else button,
                held,
                modifiers,
            )
            QApplication.sendEvent(widget, event)

    return along
