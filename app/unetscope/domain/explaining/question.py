"""What is asked of the engine to explain a mask: a complete value, like every request."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef

Floats = NDArray[np.float32]
Steps = Generator[tuple[int, int, Any], None, None]
"""``(done, total, answer so far)``, every so often; the last answer is the complete one."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Question:
    """What every question names; each tool adds what it needs.

    Attributes
    ----------
    model, image, image_key, edits
        As in `ports.LookRequest`.
    """

    of_many: ClassVar[bool] = False
    """It is asked of one slice of many, and goes after all that is more urgent."""

    model: ModelRef
    image: Floats
    image_key: str
    edits: Edits = ()
