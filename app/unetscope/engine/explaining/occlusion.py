"""Attribution by covering the image: how much of a target's score goes with each part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from unetscope.domain.errors import ModelError
from unetscope.engine.explaining.covering import Covering
from unetscope.engine.explaining.score import Array
from unetscope.engine.explaining.subject import Found, Subject, nothing_of
from unetscope.engine.explaining.work import Work, part
from unetscope.engine.forward import Forward
from unetscope.engine.region import Rect, Unknown


def occlusion(subject: Subject) -> Work[Found]:
    """Zeiler, Fergus: Visualizing and Understanding Convolutional Networks. ECCV 2014.

    A pixel's value is the mean fall of the score over the squares that cover it.
    """
    image = subject.image
    rows, columns = image.shape[1:3]
    squares = list(_squares(rows, columns, *_sizes(subject, min(rows, columns))))
    covered = nothing_of(image, subject.asked.fill)
    falls, times = np.zeros((rows, columns)), np.zeros((rows, columns))
    with subject.look() as one:
        whole = yield from part(subject.score.work(one), 0, len(squares) + 1)
        score = _scores(subject, one)
        for n, square in enumerate(squares):
            cut = slice(square.top, square.bottom), slice(square.left, square.right)
            fall = whole - (yield from part(score(covered[:, *cut], square), n, len(squares)))
            falls[cut] += fall
            times[cut] += 1
    return Found((falls / times).astype(np.float32))


def _scores(subject: Subject, one: Forward) -> Callable[[Array, Rect], Work[float]]:
    """How the score of the image with a square covered is found: in part, or by a whole pass."""
    try:
        covering = Covering(one, subject.node, subject.score)
    except Unknown:

        def whole(covered: Array, square: Rect) -> Work[float]:
            image = subject.image.copy()
            image[:, square.top : square.bottom, square.left : square.right] = covered
            return subject.scored(image)

        return whole

    def in_part(covered: Array, square: Rect) -> Work[float]:
        yield 0.0
        return covering.score(covered, square)

    return in_part


def _sizes(subject: Subject, shorter: int) -> tuple[int, int]:
    """Side of the square and distance to the next, in pixels."""
    patch = subject.asked.patch or max(shorter // 16, 1)
    stride = subject.asked.stride or max(patch // 2, 1)
    if not 1 <= stride <= patch:
        raise ModelError(
            f"Squares of {patch} pixels every {stride} pixels leave pixels out.",
            "Take a distance of 1 up to the square's side.",
        )
    return patch, stride


def _squares(rows: int, columns: int, patch: int, stride: int) -> Iterator[Rect]:
    """Squares from before the first pixel to behind the last, cut off at the edges.

    So every pixel is covered as often as any other, as far as the distances divide the side.
    """
    first = stride - patch
    for top in range(first, rows, stride):
        for left in range(first, columns, stride):
            yield Rect(top, left, top + patch, left + patch).within((rows, columns))
