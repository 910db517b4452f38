"""While a value is dragged, nothing on screen is made of two versions of the weights."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from tests.journeys.user import User

from unetscope.scripting import open_model
from unetscope.state.shown import Answer

EVENTS, PAUSE = 240, 10  # of the drag at least, and ms between two of them
ANSWERS, MOST = 30, 3000  # that come in it, or so many events at most
WHOLE_PASSES = 6  # answers that are computed again from nothing
OLDEST = 40  # answers before the newest that a picture is looked for in
TURNS = 16  # frames in which every view that follows a gesture has had its turn


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What was drawn at one moment.

    Attributes
    ----------
    overlay : (H, W, 4) ndarray of uint8
        The mask in colours.
    tiles : (maps, H, W) ndarray of float32
        The feature maps in the gallery.
    edited_map : (H, W) ndarray of float32, or None
        The map beside the numbers of the kernel editor.
    numbers : dict of str to str
        Those numbers.
    """

    when: float
    overlay: NDArray[np.uint8] | None
    tiles: NDArray[np.float32]
    edited_map: NDArray[np.float32] | None
    numbers: dict[str, str]


@dataclass(eq=False)
class Recorder(QObject):
    """Keeps what is drawn whenever the slice is painted, and all answers with their times."""

    user: User
    frames: list[Frame] = field(default_factory=list)
    answers: list[tuple[float, Answer]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.user.canvas.installEventFilter(self)
        self.user.program.live.answered.connect(self._on_answer)
        self._on_answer()

    def _on_answer(self) -> None:
        if (answer := self.user.program.live.answer) is not None:
            self.answers.append((perf_counter(), answer))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.record()
        return False

    def record(self) -> None:
        """Keep what the panels draw now; the arrays are never written to."""
        user = self.user
        effect = user.program.presenters.kernel.view.effect
        self.frames.append(
            Frame(
                when=perf_counter(),
                overlay=user.canvas.content.overlay,
                tiles=np.asarray(user.maps.tiles.tiles(0, len(user.maps.tiles))),
                edited_map=effect.edited_map,
                numbers={line.name: line.value for line in effect.lines},
            )
        )

    def stop(self) -> None:
        """Record nothing more."""
        self.user.canvas.removeEventFilter(self)
        self.user.program.live.answered.disconnect(self._on_answer)


def mouse(user: User, kind: QEvent.Type, up: int) -> None:
    """The left button over the first cell, so many pixels above its middle."""
    at = user.grid.cell_rect(0, 0).center() - QPoint(0, up)
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    where = QPointF(at)
    modifier = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, where, user.grid.mapToGlobal(where), button, held, modifier)
    QApplication.sendEvent(user.grid, event)


def labels_of(overlay: NDArray[np.uint8], colours: dict[bytes, int]) -> NDArray[np.int64]:
    """The labels that an overlay is drawn of; -1 for a colour of no label."""
    packed = np.ascontiguousarray(overlay).view(np.uint32)[..., 0]
    known = {int(np.frombuffer(key, np.uint32)[0]): label for key, label in colours.items()}
    found, places = np.unique(packed, return_inverse=True)
    table = np.array([known.get(int(value), -1) for value in found])
    return table[places].reshape(packed.shape)


def colours_of(answer: Answer, overlay: NDArray[np.uint8]) -> dict[bytes, int]:
    """Which colour stands for which label, by a picture that is at rest."""
    assert answer.mask is not None
    pairs = {}
    for label in np.unique(answer.mask):
        drawn = np.unique(overlay[answer.mask == label], axis=0)
        assert len(drawn) == 1, "a label has one colour"
        pairs[drawn[0].tobytes()] = int(label)
    return pairs


def versions(recorder: Recorder, colours: dict[bytes, int]) -> list[dict[str, set[int]]]:
    """For each frame, by picture: the answers that it may be drawn of, of those there were."""
    made = []
    for frame in recorder.frames:
        known = [i for i, (when, _) in enumerate(recorder.answers) if when <= frame.when][-OLDEST:]
        fits: dict[str, set[int]] = {"mask": set(), "maps": set(), "numbers": set()}
        drawn = None if frame.overlay is None else labels_of(frame.overlay, colours)
        for i in known:
            answer = recorder.answers[i][1]
            maps = answer.look.maps
            assert maps is not None
            assert answer.mask is not None
            assert answer.trained_mask is not None
            if drawn is not None and np.array_equal(drawn, answer.mask):
                fits["mask"].add(i)
            if np.array_equal(frame.tiles, np.moveaxis(maps.edited, -1, 0)):
                fits["maps"].add(i)
            changed = int((answer.mask != answer.trained_mask).sum())
            said = frame.numbers.get("mask, to trained", "0 px") == f"{changed:,} px"
            beside = frame.edited_map
            if said and beside is not None and np.array_equal(beside, maps.edited[..., 0]):
                fits["numbers"].add(i)
        made.append(fits)
    return made


def test_nothing_drawn_during_a_drag_mixes_two_versions_of_the_weights(user: User) -> None:
    recorder = Recorder(user)  # of all answers: the first frames may be drawn of earlier ones
    mouse(user, QEvent.Type.MouseButtonPress, 0)
    mouse(user, QEvent.Type.MouseMove, 3)
    user.wait()
    recorder.frames.clear()
    number = 0
    while number < EVENTS or (len(recorder.answers) < ANSWERS and number < MOST):
        number += 1
        mouse(user, QEvent.Type.MouseMove, 3 + number % 90)
        user.qtbot.wait(PAUSE)
    mouse(user, QEvent.Type.MouseButtonRelease, 40)
    user.wait()
    user.qtbot.wait(100)
    recorder.record()
    recorder.stop()

    last = recorder.frames[-1]
    assert last.overlay is not None
    fits = versions(recorder, colours_of(user.answer, last.overlay))
    mixed = [
        (number, picture)
        for number, frame in enumerate(fits)
        for picture, answers in frame.items()
        if not answers
    ]
    lags = [lag_of(recorder, number, frame) for number, frame in enumerate(fits)]
    report = (
        f"{len(fits)} frames, {len(recorder.answers)} answers, {len(mixed)} pictures mixed, "
        f"longest lag {max(lags) * 1000:.0f} ms"
    )
    sys.stdout.write(f"\n{report}\n")
    assert len(fits) > 20, "the drag was not drawn"
    assert len(recorder.answers) > 20, "the mask did not follow"
    assert not mixed, report
    behind = [number for number in range(len(fits)) if is_behind(recorder, fits, number)]
    assert not behind, f"frames {behind} show what was old {TURNS} frames before"
    assert set.intersection(*fits[-1].values()), "at rest all panels show one answer"
    assert user.answer.look.request.edits == user.session.edits
    check_whole_passes(user, [answer for _, answer in recorder.answers])


def lag_of(recorder: Recorder, number: int, frame: dict[str, set[int]]) -> float:
    """How long the newest answer was there before a frame that drew an older one in a panel."""
    now = recorder.frames[number].when
    oldest = min(max(answers, default=0) for answers in frame.values())
    newer = [when for when, _ in recorder.answers[oldest + 1 :] if when <= now]
    return now - newer[0] if newer else 0.0


def is_behind(recorder: Recorder, fits: list[dict[str, set[int]]], number: int) -> bool:
    """Whether a panel draws an answer older than one that was there some frames before."""
    if number < TURNS:
        return False
    then = recorder.frames[number - TURNS].when
    newest = sum(when <= then for when, _ in recorder.answers) - 1
    return any(max(answers, default=0) < newest for answers in fits[number].values())


def check_whole_passes(user: User, answers: list[Answer]) -> None:
    """Some answers, computed again from nothing by a network that has seen no drag."""
    steps = np.linspace(0, len(answers) - 1, WHOLE_PASSES).astype(int)
    model: Any = open_model(user.network.path)
    for answer in (answers[int(step)] for step in steps):
        look = answer.look
        fresh = model.follow(()).run(look.request.image).follow(look.request.edits)
        assert look.maps is not None
        assert look.mask is not None
        top, left, height, width = look.exact_in or (0, 0, *look.mask.shape)
        exact = np.s_[top : top + height, left : left + width]
        differs = look.mask[exact] != fresh.mask()[exact]
        assert differs.mean() < 1e-4, f"{int(differs.sum())} pixels are of other weights"
        whole = fresh.activation(look.maps.layer)
        assert np.allclose(look.maps.edited, whole, atol=1e-4 * np.abs(whole).max())
