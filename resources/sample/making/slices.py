"""Endless random training slices, cut and changed from a few labelled heads."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi

# isort: split
from grids import normalise

CROP = 160


@dataclass
class Head:
    """One labelled head in radiological slices, and its share of the cuts."""

    picture: np.ndarray
    labels: np.ndarray
    share: float


def scaled(volume: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Divide by the brightness of white matter so that heads are alike; white matter is 0.7."""
    return (0.7 / np.median(volume[labels == 3]) * volume).astype(np.float32)


def with_skull(brain: np.ndarray, labels: np.ndarray, lender: np.ndarray) -> np.ndarray:
    """Lay a skull-stripped head into another head that lies on the same grid."""
    mask = ndi.gaussian_filter((brain > 0).astype(np.float32), 1.0)
    mask = np.where(labels > 0, 1, mask)
    return mask * scaled(brain, labels) + (1 - mask) * scaled(lender, labels)


def smooth_field(rng, shape: tuple[int, int], knots: int, strength: float) -> np.ndarray:
    """Return a smooth random field of zero mean."""
    coarse = rng.normal(0, strength, (knots, knots)).astype(np.float32)
    return ndi.zoom(
        coarse, (shape[0] / knots, shape[1] / knots), order=3, grid_mode=True, mode="nearest"
    )


def cut(rng, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Cut a tilted, turned, scaled and bent slice out of a head."""
    depth, height, width = head.picture.shape
    rows, columns = rng.integers(176, 257, 2)
    tilt_x, tilt_y = rng.normal(0, 0.10, 2)
    turn = rng.normal(0, 0.17)
    zoom = np.exp(rng.normal(0, 0.09, 2))
    r, c = np.mgrid[:rows, :columns].astype(np.float32)
    r -= rows / 2 - rng.normal(0, 6)
    c -= columns / 2 - rng.normal(0, 6)
    if rng.random() < 0.7:
        strength = rng.uniform(0, 3.5)
        r += smooth_field(rng, (rows, columns), 7, strength)
        c += smooth_field(rng, (rows, columns), 7, strength)
    if rng.random() < 0.5:
        c = -c
    y = zoom[0] * (np.cos(turn) * r - np.sin(turn) * c)
    x = zoom[1] * (np.sin(turn) * r + np.cos(turn) * c)
    # The neck and the crown are where a brain is seen too easily: cut there more often.
    low, high = ((0, 30), (depth - 30, depth - 1), (0, depth - 1))[
        rng.choice(3, p=[0.25, 0.1, 0.65])
    ]
    z = rng.uniform(low, high) + tilt_x * x + tilt_y * y
    where = np.stack([z, y + height / 2, x + width / 2])
    picture = ndi.map_coordinates(head.picture, where, order=1, mode="constant")
    labels = ndi.map_coordinates(head.labels, where, order=0, mode="constant")
    return picture, labels


def curve(rng, picture: np.ndarray, strength: float) -> np.ndarray:
    """Bend the brightness by a random rising curve."""
    knots = np.linspace(0, 1.6, 7)
    steps = np.diff(knots) * np.exp(rng.normal(0, strength, 6))
    return np.interp(picture, knots, np.concatenate([[0], np.cumsum(steps)])).astype(np.float32)


def tissue_outside(rng, picture: np.ndarray) -> np.ndarray:
    """Give skin, muscle, fat and bone another look: brightness, texture, sharpness."""
    outside = picture
    if rng.random() < 0.45:
        outside = ndi.gaussian_filter(outside, rng.uniform(0.5, 2.0))
    if rng.random() < 0.3:
        # Any brightness may become any other, but for air.
        knots = np.linspace(0.08, 1.6, 6)
        values = rng.uniform(0, 1.3, 6)
        outside = np.interp(outside, [0, *knots], [0, *values]).astype(np.float32)
    else:
        outside = curve(rng, outside, 0.5) * rng.uniform(0.5, 1.7)
    return outside * np.exp(smooth_field(rng, picture.shape, 6, 0.25))


def paint(rng, picture: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Repaint the brain from its labels with random T1-like brightness."""
    csf, grey = rng.uniform(0.05, 0.3), rng.uniform(0.38, 0.62)
    white = grey + rng.uniform(0.12, 0.35)
    values = np.array([0, csf, grey, white], np.float32)[labels]
    values += rng.normal(0, rng.uniform(0.01, 0.06), labels.shape)
    values = ndi.gaussian_filter(values, rng.uniform(0.3, 0.7))
    inside = ndi.gaussian_filter((labels > 0).astype(np.float32), 0.6)
    mix = inside * rng.uniform(0.6, 1.0)
    return mix * values + (1 - mix) * picture


def change(rng, picture: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Change contrast, shading, sharpness and noise as scanners do."""
    inside = ndi.gaussian_filter((labels > 0).astype(np.float32), 1.0)
    if rng.random() < 0.25:
        picture = paint(rng, picture, labels)
    elif rng.random() < 0.6:
        for k in (1, 2, 3):
            picture = picture + rng.normal(0, 0.05) * ndi.gaussian_filter(
                (labels == k).astype(np.float32), 0.7
            )
    if rng.random() < 0.1:
        picture = picture * (ndi.gaussian_filter((labels > 0).astype(np.float32), 1.5) > 0.3)
    elif rng.random() < 0.75:
        picture = inside * picture + (1 - inside) * tissue_outside(rng, picture)
    if rng.random() < 0.8:
        picture = curve(rng, picture, 0.25)
    if rng.random() < 0.6:
        picture = np.clip(picture, 0, None) ** rng.uniform(0.7, 1.45)
    if rng.random() < 0.7:
        knots = int(rng.integers(2, 5))
        picture = picture * np.exp(smooth_field(rng, picture.shape, knots, rng.uniform(0, 0.3)))
    kind = rng.random()
    if kind < 0.25:
        picture = ndi.gaussian_filter(picture, rng.uniform(0.3, 1.0, 2))
    elif kind < 0.6:
        sharp = picture - ndi.gaussian_filter(picture, rng.uniform(0.7, 1.5))
        picture = picture + rng.uniform(0.3, 1.8) * sharp
    elif kind < 0.7:
        factor = rng.uniform(0.45, 0.9, 2)
        small = ndi.zoom(ndi.gaussian_filter(picture, 0.4 / factor), factor, order=1)
        again = np.array(picture.shape) / small.shape
        picture = ndi.zoom(small, again, order=1)
    if rng.random() < 0.6:
        noise = rng.uniform(0, 0.05) * rng.normal(0, 1, (2, *picture.shape))
        picture = np.hypot(picture + noise[0], noise[1])
    return picture.astype(np.float32)


def crop(rng, picture: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square out of the slice, padded with zeros where the slice is smaller."""
    room = [(max(0, CROP - n + 12), max(0, CROP - n + 12)) for n in picture.shape]
    edge = 10 if rng.random() < 0.3 else 0
    room = [(a + edge, b + edge) for a, b in room]
    picture, labels = np.pad(picture, room), np.pad(labels, room)
    top, left = (rng.integers(0, n - CROP + 1) for n in picture.shape)
    window = np.s_[top : top + CROP, left : left + CROP]
    return picture[window], labels[window]


def batches(heads: list[Head], size: int, seed: int):
    """Yield (pictures, labels) for ever."""
    rng = np.random.default_rng(seed)
    shares = np.array([h.share for h in heads])
    shares /= shares.sum()
    while True:
        pictures, targets = [], []
        while len(pictures) < size:
            picture, labels = cut(rng, heads[rng.choice(len(heads), p=shares)])
            picture = normalise(change(rng, picture, labels))
            picture, labels = crop(rng, picture, labels)
            # Little is learnt from air.
            if (picture > 0.1).mean() < 0.08:
                continue
            pictures.append(picture)
            targets.append(labels)
        yield np.stack(pictures)[..., None], np.stack(targets)
