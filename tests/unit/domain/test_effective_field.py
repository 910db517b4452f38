"""Ellipses of the energy of a gradient: those of a Gaussian are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from unetscope.domain.explaining.effective_field import EffectiveField

Floats = NDArray[np.float32]


def field_of(energy: Any, corner: tuple[int, int] = (0, 0), **more: Any) -> EffectiveField:
    part = np.asarray(energy, np.float32)
    size = (corner[0] + part.shape[0] + 3, corner[1] + part.shape[1] + 4)
    made: dict[str, Any] = {"layer": "mid", "position": (1, 2), "channel": 0, "size": size}
    return EffectiveField(**(made | more), corner=corner, part=part)


def gaussian(covariance: Any, size: int = 301) -> Floats:
    at = np.arange(size) - size // 2
    away = np.stack(np.meshgrid(at, at, indexing="ij"), -1)
    squared = np.einsum("ijk,kl,ijl->ij", away, np.linalg.inv(covariance), away)
    energy: Floats = np.exp(-squared / 2).astype(np.float32)
    return energy


@pytest.mark.parametrize(
    "covariance", [[[324, 0], [0, 324]], [[900, 0], [0, 225]], [[720, 270], [270, 360]]]
)
@pytest.mark.parametrize(("share", "radius"), [(0.5, 1.17741), (0.95, 2.44775)])
def test_of_a_gaussian_the_ellipses_are_those_of_the_book(
    covariance: Any, share: float, radius: float
) -> None:
    """In two dimensions a share p lies within the distance √(-2 ln(1 - p))."""
    field = field_of(gaussian(covariance), corner=(7, 11))

    ellipse = field.ellipse(share)

    assert field.centre == pytest.approx((157, 161), abs=1e-3)
    np.testing.assert_allclose(field.covariance, covariance, rtol=2e-3, atol=0.05)
    np.testing.assert_allclose(
        ellipse.shape, radius**2 * np.asarray(covariance), rtol=0.01, atol=0.5
    )
    assert ellipse.size == pytest.approx(2 * radius * np.sqrt(np.diag(covariance)), rel=0.01)
    area = np.pi * radius**2 * np.sqrt(np.linalg.det(covariance))
    assert ellipse.area == pytest.approx(area, rel=0.02)


energies = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).random((9, 12), dtype=np.float32) ** 4
)


@given(energy=energies, share=st.sampled_from([0.25, 0.5, 0.95, 1.0]))
def test_an_ellipse_holds_its_share_and_hardly_more(energy: Floats, share: float) -> None:
    field = field_of(energy, corner=(2, 5))
    ellipse = field.ellipse(share)
    at = np.indices(energy.shape).astype(np.float64)
    rows, columns = at[0] + 2, at[1] + 5
    inside = ellipse.holds(rows, columns)
    total = float(energy.sum(dtype=np.float64))
    assert energy[inside].sum(dtype=np.float64) >= share * total * (1 - 1e-6)
    smaller = 1 - 1e-4
    shrunk = type(ellipse)(ellipse.centre, ellipse.shape * smaller)
    less = shrunk.holds(rows, columns)
    assert energy[less].sum(dtype=np.float64) < share * total


def test_an_outline_lies_on_its_ellipse() -> None:
    ellipse = field_of(gaussian([[80, 30], [30, 40]])).ellipse(0.5)
    outline = ellipse.outline(90)
    away = outline - ellipse.centre
    on = np.einsum("ik,kl,il->i", away, np.linalg.inv(ellipse.shape), away)
    np.testing.assert_allclose(on, 1)
    spans = np.ptp(outline, axis=0)
    assert spans == pytest.approx(ellipse.size, rel=1e-2)
    moved = ellipse.moved(lambda r, c: (2 * r, c))
    np.testing.assert_allclose(moved, ellipse.outline() * (2, 1))


def test_one_pixel_is_as_wide_as_a_pixel() -> None:
    field = field_of([[3.0]], corner=(4, 6))
    assert field.centre == (4, 6)
    assert field.ellipse(0.95).size == pytest.approx((1, 1))
    assert field.energy.shape == (8, 11)
    assert field.energy[4, 6] == 3
    assert field.energy.sum() == 3


def test_a_line_has_an_ellipse_along_it() -> None:
    high, wide = field_of(np.ones((1, 9))).ellipse(0.95).size
    assert high == pytest.approx(1)
    assert wide == pytest.approx(8)  # from the middle of the first pixel to that of the last


def test_where_nothing_changes_the_value_there_is_no_ellipse() -> None:
    field = field_of(np.zeros((2, 3)))
    assert field.is_empty
    assert np.isnan(field.centre).all()
    assert np.isnan(field.ellipse(0.5).area)


def test_the_share_of_the_theoretical_field() -> None:
    field = field_of(gaussian([[36, 0], [0, 36]]), box=(80, 40))
    assert field.share_of_box(0.5) == pytest.approx(field.ellipse(0.5).area / 3200)
    assert field_of([[1.0]]).share_of_box(0.5) is None
