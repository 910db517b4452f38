"""NRRD files as masks: labels, layers of them, and segmentations of 3D Slicer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from unetscope.domain.codes import Code
from unetscope.domain.reference import Segment
from unetscope.domain.tags import short
from unetscope.io.references.label_planes import Volume, check_size, read_labels, read_volumes
from unetscope.io.references.nrrd_header import NrrdHeader
from unetscope.io.references.placing import MOST_SEGMENTS, Labelled
from unetscope.io.references.planes import Layer, NoPlaceError, Planes
from unetscope.io.references.refusal import DAMAGED, NotMasksError
from unetscope.io.references.structure_values import SIDES, hex_colour

_FIELD = re.compile(r"Segment(\d{1,4})_(Name|LabelValue|Layer|Color|Tags)")


def read_nrrd_labels(path: Path, cancelled: Callable[[], bool]) -> Labelled:
    """Read an NRRD file as labels on its own grid.

    Raises
    ------
    NotMasksError
        It is damaged, or holds no labels.
    Cancelled
        If told to stop.
    """
    header = NrrdHeader.read(path)
    stored = header.stored()
    check_size(stored)
    affine = header.affine()
    try:
        where = np.eye(4) if affine is None else affine
        planes = Planes.of_affine(where, stored.shape[::-1])
    except NoPlaceError as error:
        raise NotMasksError("its directions have no meaning", "Save it again.") from error
    described = _described(header)
    size = math.prod(stored.shape) * stored.channels * stored.dtype.itemsize
    with header.voxels(path, size) as stream:
        if described:
            volumes, notes = read_volumes(stream, stored, cancelled)
            segments, layers = _segments(described, volumes, notes)
            said = tuple(notes)
        else:
            segments, layers, said = read_labels(stream, stored, cancelled)
    layers = tuple(planes.in_order(layer) for layer in layers)
    return Labelled("NRRD", segments, layers, planes, said, placed=affine is not None)


def _described(header: NrrdHeader) -> list[dict[str, str]]:
    """What is said of each segment, in order."""
    found: dict[int, dict[str, str]] = {}
    for name, value in header.notes.items():
        if field := _FIELD.fullmatch(name):
            found.setdefault(int(field[1]), {})[field[2]] = value
    if len(found) > MOST_SEGMENTS:
        raise NotMasksError(f"it describes {len(found)} segments", DAMAGED)
    return [found[index] for index in sorted(found)]


def _segments(
    described: list[dict[str, str]], volumes: list[Volume], notes: list[str]
) -> tuple[tuple[Segment, ...], tuple[Layer, ...]]:
    """Match what is described with the labels that are there."""
    one_each = len(described) == len(volumes) > 1
    wanted = []
    for place, said in enumerate(described):
        layer = _whole(said.get("Layer"), place if one_each else 0)
        label = _whole(said.get("LabelValue"), 1 if len(volumes) > 1 else place + 1)
        wanted.append((layer, label))
    unique = len({label for _, label in wanted}) == len(wanted)
    segments = tuple(
        _segment(said, label if unique and label > 0 else place)
        for place, (said, (_, label)) in enumerate(zip(described, wanted, strict=True), start=1)
    )
    layers: list[Layer] = []
    unknown = False
    for index, (labels, volume) in enumerate(volumes):
        table: Layer = np.zeros(len(labels) + 1, np.uint8 if len(segments) < 256 else np.uint16)
        for place, label in enumerate(labels, start=1):
            if (index, label) in wanted:
                table[place] = wanted.index((index, label)) + 1
            else:
                unknown = True
        layers.append(table[volume])
    if unknown:
        notes.append("Some labels are not described, and left out.")
    return segments, tuple(layers)


def _segment(said: dict[str, str], number: int) -> Segment:
    code, side = _code(said.get("Tags", ""))
    name = said.get("Name") or (code.meaning if code is not None else "") or f"Segment {number}"
    if side and side not in name.lower():
        name = f"{name} ({side})"
    return Segment(number, short(name), _colour(said.get("Color", "")), code)


def _code(tags: str) -> tuple[Code | None, str]:
    """Code and side of a segment, as 3D Slicer writes them.

    They stand in an entry ``Segmentation...TerminologyEntry:context~category~type~modifier~...``
    whose parts are ``scheme^value^meaning``.
    """
    for tag in tags.split("|"):
        if "TerminologyEntry:" not in tag:
            continue
        parts = [part.split("^") for part in tag.split("~")]
        if len(parts) > 3 and len(parts[2]) == 3 and parts[2][1]:
            scheme, value, meaning = parts[2]
            side = SIDES.get(parts[3][1], "") if len(parts[3]) == 3 else ""
            return Code(value, scheme, meaning), side
    return None, ""


def _colour(said: str) -> str | None:
    try:
        parts = [float(part) for part in said.split()]
    except ValueError:
        return None
    return hex_colour(parts) if len(parts) == 3 and all(map(math.isfinite, parts)) else None


def _whole(said: str | None, otherwise: int) -> int:
    try:
        return otherwise if said is None else int(said)
    except ValueError:
        return otherwise
