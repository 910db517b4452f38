"""Numbers in the cells of a kernel: as text, and back."""

from __future__ import annotations

import math


def decimals_for(limit: float) -> int:
    """Decimals that show a value of the size of `limit` with two or three digits."""
    if not (limit > 0.0 and math.isfinite(limit)):
        return 2
    return min(max(2 - math.floor(math.log10(limit) + 0.31), 0), 6)


def number_text(value: float, decimals: int) -> str:
    """A value with its sign, such as +0.67; in powers of ten where that is shorter."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("+inf" if value > 0 else "-inf")
    if value != 0.0 and not 1e-4 <= abs(value) < 1e5 and decimals != 2:
        return short_text(value)
    return f"{value:+.{decimals}f}"


def short_text(value: float) -> str:
    """A value in a power of ten, such as +3e-4."""
    return f"{value:+.0e}".replace("e-0", "e-").replace("e+0", "e") if value else "0"


def exact_text(value: float) -> str:
    """A value with as many digits as a 32-bit number has."""
    return f"{value:.7g}"


def parse_number(text: str) -> float | None:
    """The number that someone typed, with a point or a comma; None if it is not one."""
    plain = text.strip().replace(",", ".").replace("\u2212", "-").replace(" ", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 3e38 else None
