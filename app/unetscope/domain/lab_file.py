"""The filter lab as text: its kernels as a file, and what is chosen in it for the next start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from unetscope.domain.errors import EditError
from unetscope.domain.lab import FIRST_LAB, MOST, MOST_STRIDE, Lab, LabKernel, LabLayer, LabSource
from unetscope.domain.plain_json import read_json
from unetscope.domain.recipes import RECIPE_BY_ID

FORMAT = 1


def write_kernels(kernels: Sequence[LabKernel]) -> str:
    """Write a list of kernels as JSON, exact to the bit."""
    content = {"format": FORMAT, "kernels": [asdict(kernel) for kernel in kernels]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_kernels(text: str) -> tuple[LabKernel, ...]:
    """Read a list of kernels.

    Raises
    ------
    EditError
        The text is no list of kernels that the lab can hold.
    """
    try:
        content = read_json(text)
        version = content["format"]
        if isinstance(version, int) and version > FORMAT:
            raise EditError("This list was written by a later version.", "Update Unetscope.")
        if version != FORMAT:
            raise ValueError("format")
        return _kernels(content)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EditError(
            "This is no list of kernels.", "Choose a file that the filter lab saved."
        ) from error


def write_lab(lab: Lab) -> str:
    """Write all that is chosen in a lab; what was undone is left out."""
    content = {
        "format": FORMAT,
        "kernels": [asdict(kernel) for kernel in lab.kernels],
        "selected": lab.selected,
        "source": lab.source.name,
        "layer": asdict(lab.layer),
        "flip": lab.flip,
    }
    return json.dumps(content)


def read_lab(text: str) -> Lab:
    """Read a lab that was kept; what makes no sense is as it is at first."""
    try:
        content = read_json(text)
        kernels = () if not content["kernels"] else _kernels(content)
        chosen = content["layer"]
        layer = LabLayer(
            stride=min(max(int(chosen["stride"]), 1), MOST_STRIDE),
            same=bool(chosen["same"]),
            relu=bool(chosen["relu"]),
            bias=float(chosen["bias"]),
        )
        lab = Lab(
            kernels=kernels,
            source=LabSource[content["source"]],
            layer=layer,
            flip=bool(content["flip"]),
        )
        return lab.select(int(content["selected"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, EditError):
        return FIRST_LAB


def _kernels(content: Mapping[str, object]) -> tuple[LabKernel, ...]:
    listed = content["kernels"]
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST:
        raise ValueError("kernels")
    return tuple(_kernel(each) for each in listed)


def _kernel(written: Mapping[str, object]) -> LabKernel:
    """A kernel; one that is not what its recipe makes was changed by hand."""
    name, rows = str(written["name"])[:80], written["rows"]
    if not isinstance(rows, list):
        raise TypeError("rows")
    kernel = LabKernel.of(name, rows)
    recipe = RECIPE_BY_ID.get(str(written.get("recipe", "")))
    made = LabKernel.by(recipe, kernel.size) if recipe else kernel
    return made if made.rows == kernel.rows and made.name == name else kernel
