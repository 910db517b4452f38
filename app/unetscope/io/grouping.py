"""From frames to stacks: what belongs together, and what must never be interleaved.

A DICOM series may hold several volumes: echoes, b-values, phases of a heart, magnitude and phase,
a localizer in three planes. Frames are first parted by what always makes another picture, then,
while two of them lie at the same place, by the first trait that tells them apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from unetscope.domain.geometry import plane_name, position_along, slice_normal
from unetscope.domain.study import Skipped
from unetscope.io.dicom import DicomImage
from unetscope.io.frames import Frame, Traits

_SAME_DIRECTION = 0.01  # direction cosines that differ less belong to one orientation
_SAME_PLACE = 0.01  # mm
SEVERAL_PATIENTS = "patients; each has a series of their own."
"""How the warning ends that a DICOM series holds slices of more than one person."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A frame and the file it is in."""

    image: DicomImage
    frame: Frame

    @property
    def traits(self) -> Traits:
        return self.frame.traits

    @property
    def place(self) -> tuple[float, ...] | None:
        """Position, when the orientation that gives it a meaning is known too."""
        return self.frame.position if self.frame.orientation is not None else None


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames that make one series.

    Attributes
    ----------
    slices : tuple of Slice
        Not sorted yet.
    label : str
        What tells it from its siblings of the same DICOM series: ``echo 2, phase``; may be empty.
    warnings : tuple of str
        Sentences.
    """

    slices: tuple[Slice, ...]
    label: str = ""
    warnings: tuple[str, ...] = ()

    def part(self, slices: Iterable[Slice], label: str, warning: str = "") -> Stack:
        """Make a stack of some of the slices, with one thing more to say about them."""
        return replace(
            self,
            slices=tuple(slices),
            label=", ".join(word for word in (self.label, label) if word),
            warnings=(*self.warnings, warning) if warning else self.warnings,
        )


@dataclass(slots=True)
class Grouping:
    """Stacks, and the files that turned out to be copies of others."""

    stacks: list[Stack] = field(default_factory=list)
    copies: list[Skipped] = field(default_factory=list)


_Key = Callable[[Slice], Hashable]
_Label = Callable[[Any], str]


def group(images: Iterable[DicomImage], same_pixels: Callable[[Slice, Slice], bool]) -> Grouping:
    """Sort images into stacks.

    Parameters
    ----------
    images : iterable of DicomImage
        In any order; the order of the stacks follows it.
    same_pixels : callable
        Whether two slices hold the same stored values; asked only about slices that have the same
        UID, or lie at the same place and differ in nothing else.
    """
    result = Grouping()
    series: dict[Hashable, list[DicomImage]] = defaultdict(list)
    seen: dict[Hashable, DicomImage] = {}
    copied: Counter[Hashable] = Counter()
    for image in images:
        known = seen.setdefault(_identity(image), image) if image.sop_uid else image
        if known is image or not _is_copy(image, known, same_pixels):
            series[_series_key(image)].append(image)
        else:
            result.copies.append(Skipped(image.path, f"a duplicate of {known.path.name}"))
            copied[_series_key(known)] += 1
    for key, members in series.items():
        warnings = (_left_out(copied[key]),) if copied[key] else ()
        slices = tuple(Slice(image, frame) for image in members for frame in image.frames)
        people = _by_patient(Stack(slices, "", warnings))
        for stack in (part for person in people for part in _by_frame_of_reference(person)):
            for part in _by_nature(stack):
                result.stacks.extend(_by_repetition(part, same_pixels, result.copies))
    return result


def _identity(image: DicomImage) -> Hashable:
    """What a copy of a file has in common with it, besides its pixels."""
    frame = image.frames[0]
    return (image.sop_uid, image.series_uid, frame.position, frame.traits.instance)


def _is_copy(
    image: DicomImage, known: DicomImage, same_pixels: Callable[[Slice, Slice], bool]
) -> bool:
    """Whether two files of one UID hold the same: a UID used twice makes no copy."""
    return len(image.frames) == len(known.frames) and all(
        same_pixels(Slice(known, one), Slice(image, other))
        for one, other in zip(known.frames, image.frames, strict=True)
    )


def _left_out(count: int) -> str:
    return (
        "1 duplicate slice is left out."
        if count == 1
        else f"{count} duplicate slices are left out."
    )


def _series_key(image: DicomImage) -> Hashable:
    if image.series_uid:
        return (image.study.uid, image.series_uid)
    return (image.study.uid, image.path.parent, image.modality, image.number, image.description)


def _by_patient(stack: Stack) -> list[Stack]:
    """Part the slices of different people, by patient ID or, without one, by name."""

    def person(piece: Slice) -> str:
        patient = piece.image.study.patient
        return patient.identity or patient.name

    parts = _parted(stack.slices, person)
    if len(parts) == 1:
        return [stack]
    warning = f"This series holds slices of {len(parts)} {SEVERAL_PATIENTS}"
    return [
        stack.part(slices, f"patient {number}", warning)
        for number, slices in enumerate(parts.values(), start=1)
    ]


def _by_frame_of_reference(stack: Stack) -> list[Stack]:
    """Part slices whose positions are told from different origins (DICOM PS3.3 C.7.4.1)."""
    parts = _parted(stack.slices, lambda piece: piece.image.frame_of_reference)
    if len(parts) == 1:
        return [stack]
    warning = (
        f"This series holds slices of {len(parts)} frames of reference, whose positions cannot be "
        "compared; each has a series of its own."
    )
    return [
        stack.part(slices, f"frame of reference {number}", warning)
        for number, slices in enumerate(parts.values(), start=1)
    ]


def _by_nature(stack: Stack) -> list[Stack]:
    """Part what is never one volume, whether or not the slices overlap."""
    orientations = _orientation_clusters(stack.slices)
    natures: list[tuple[_Key, _Label]] = [
        (lambda s: (s.image.layout.rows, s.image.layout.columns), lambda v: f"{v[0]} x {v[1]}"),
        (lambda s: s.image.monochrome1, lambda v: "inverted" if v else ""),
        (lambda s: s.image.in_colour, lambda v: "colour" if v else ""),
        (lambda s: s.traits.localizer, lambda v: "localizer" if v else ""),
        (lambda s: s.traits.component, str),
        (lambda s: s.traits.stack, lambda v: f"stack {v}" if v else ""),
        (lambda s: orientations[id(s)], _plane_label(stack.slices, orientations)),
        (lambda s: s.place is not None, lambda v: "" if v else "no position"),
        (_rounded_spacing, lambda v: f"{v[0]:g} mm pixels" if v else "no spacing"),
        (lambda s: s.traits.echo, lambda v: f"echo {v}" if v is not None else ""),
        (lambda s: s.traits.b_value, lambda v: f"b {v:g}" if v is not None else ""),
    ]
    stacks = [stack]
    for key, label in natures:
        stacks = [part for whole in stacks for part in _split(whole, key, label)]
    return stacks


def _split(stack: Stack, key: _Key, label: _Label) -> list[Stack]:
    parts = _parted(stack.slices, key)
    if len(parts) == 1:
        return [stack]
    return [stack.part(slices, label(value)) for value, slices in parts.items()]


def _parted(slices: Iterable[Slice], key: _Key) -> dict[Any, list[Slice]]:
    """Slices by key, in the order of the keys where they have one, else as they came."""
    parts: dict[Any, list[Slice]] = defaultdict(list)
    for piece in slices:
        parts[key(piece)].append(piece)
    try:
        return {value: parts[value] for value in sorted(parts, key=lambda v: (v is not None, v))}
    except TypeError:
        return parts


def _rounded_spacing(piece: Slice) -> Hashable:
    spacing = piece.frame.spacing
    return None if spacing is None else tuple(round(v, 3) if v == v else -1.0 for v in spacing)


def _orientation_clusters(slices: Iterable[Slice]) -> dict[int, int]:
    """Number the orientations: ``id(slice)`` to the first orientation that is the same."""
    known: list[tuple[float, ...] | None] = []
    clusters = {}
    for piece in slices:
        orientation = piece.frame.orientation
        same = (n for n, other in enumerate(known) if _same_direction(orientation, other))
        number = next(same, len(known))
        if number == len(known):
            known.append(orientation)
        clusters[id(piece)] = number
    return clusters


def _same_direction(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= _SAME_DIRECTION for a, b in zip(one, other, strict=True))


def _plane_label(slices: Iterable[Slice], clusters: dict[int, int]) -> _Label:
    planes: dict[int, str] = {}
    for piece in slices:
        orientation, cluster = piece.frame.orientation, clusters[id(piece)]
        if cluster not in planes:
            name = plane_name(orientation[:3], orientation[3:]) if orientation else ""
            planes[cluster] = name or "no orientation"
    twice = {name for name, count in Counter(planes.values()).items() if count > 1}
    return lambda v: f"{planes[v]} {v + 1}" if planes[v] in twice else planes[v]


_REPEATED: list[tuple[_Key, _Label]] = [
    (lambda s: s.traits.echo_time, lambda v: f"TE {v:g} ms" if v is not None else ""),
    (lambda s: s.traits.temporal, lambda v: f"time {v}" if v is not None else ""),
    (lambda s: s.traits.gradient, lambda v: "direction " + " ".join(f"{x:g}" for x in v)),
    (lambda s: s.traits.trigger, lambda v: f"trigger {v:g} ms" if v is not None else ""),
    (lambda s: s.traits.acquisition, lambda v: f"acquisition {v}" if v is not None else ""),
    (lambda s: s.traits.image_type, lambda v: str(v).replace("\\", " ").lower()),
]


def _by_repetition(
    stack: Stack, same_pixels: Callable[[Slice, Slice], bool], copies: list[Skipped]
) -> list[Stack]:
    """Part slices that lie at the same place, by the first trait that tells them apart."""
    slots = _slots(stack.slices)
    most = max(map(len, slots), default=1)
    if most == 1:
        return [stack]
    for key, label in _REPEATED:
        parts = _parted(stack.slices, key)
        # A trait with more values than there are pictures of a place varies from slice to slice:
        # it does not name volumes.
        if not 2 <= len(parts) <= most:
            continue
        if max(len(slot) for part in parts.values() for slot in _slots(part)) < most:
            return [
                piece
                for value, part in parts.items()
                for piece in _by_repetition(stack.part(part, label(value)), same_pixels, copies)
            ]
    return _by_order(stack, slots, same_pixels, copies)


def _by_order(
    stack: Stack,
    slots: list[list[Slice]],
    same_pixels: Callable[[Slice, Slice], bool],
    copies: list[Skipped],
) -> list[Stack]:
    """Last resort: the first picture of every place, then the second, ..."""
    before = len(copies)
    ordered = [sorted(slot, key=_order) for slot in slots]
    if len({len(slot) for slot in slots}) > 1:
        ordered = [_without_copies(slot, same_pixels, copies) for slot in ordered]
    left_out = len(copies) - before
    depth = max(map(len, ordered))
    extra = sum(len(slot) > 1 for slot in ordered)
    warning = _left_out(left_out) if left_out else ""
    if depth > 1 and len({len(slot) for slot in ordered}) > 1:
        warning = (
            f"{warning} Some positions have duplicate slices ({extra}), which are shown as a "
            "series of their own."
        ).strip()
    return [
        stack.part(
            [slot[rank] for slot in ordered if rank < len(slot)],
            f"repeat {rank + 1}" if depth > 1 else "",
            warning,
        )
        for rank in range(depth)
    ]


def _without_copies(
    slot: list[Slice], same_pixels: Callable[[Slice, Slice], bool], copies: list[Skipped]
) -> list[Slice]:
    kept: list[Slice] = []
    for piece in slot:
        twin = next((other for other in kept if same_pixels(other, piece)), None)
        if twin is None:
            kept.append(piece)
        elif len(piece.image.frames) == 1:
            copies.append(Skipped(piece.image.path, f"a duplicate of {twin.image.path.name}"))
    return kept


def _order(piece: Slice) -> tuple[int, float, str, int, str]:
    traits = piece.traits
    return (
        traits.temporal or 0,
        traits.trigger or 0.0,
        traits.time,
        traits.instance,
        piece.image.path.name,
    )


def _slots(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Slices of one orientation by place along its normal, ascending.

    A slice without a place has a slot of its own.
    """
    normal = None
    placed: list[tuple[float, Slice]] = []
    slots: list[list[Slice]] = []
    for piece in slices:
        orientation, place = piece.frame.orientation, piece.place
        if normal is None and orientation is not None:
            normal = slice_normal(orientation[:3], orientation[3:])
        if normal is None or place is None:
            slots.append([piece])
        else:
            placed.append((position_along(normal, place), piece))
    last = float("-inf")
    for position, piece in sorted(placed, key=lambda pair: pair[0]):
        if position - last <= _SAME_PLACE:
            slots[-1].append(piece)
        else:
            slots.append([piece])
        last = position
    return slots
