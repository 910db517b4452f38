"""The header of an NRRD file: a few lines of text, read here so that names may have any letters.

References
----------
G. Kindlmann: Definition of NRRD File Format, teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import bz2
import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from unetscope.io.references.label_planes import Stored
from unetscope.io.references.refusal import DAMAGED, CutShortError, NotMasksError

_LONGEST = 2**20  # bytes of a header
_MOST_SKIPPED = 2**24  # bytes
_MOST_LINES = 10_000
_TYPES = {
    name: code
    for code, names in {
        "i1": "signed char,int8,int8_t",
        "u1": "uchar,unsigned char,uint8,uint8_t",
        "i2": "short,short int,signed short,signed short int,int16,int16_t",
        "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
        "i4": "int,signed int,int32,int32_t",
        "u4": "uint,unsigned int,uint32,uint32_t",
        "i8": "longlong,long long,long long int,signed long long,int64,int64_t",
        "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(",")
}
_SPACES = {
    **dict.fromkeys(("left-posterior-superior", "lps"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("right-anterior-superior", "ras"), (-1.0, -1.0, 1.0)),
    **dict.fromkeys(("left-anterior-superior", "las"), (1.0, -1.0, 1.0)),
}
_MM = {"m": 1000.0, "cm": 10.0, "um": 0.001, "µm": 0.001}


@dataclass(frozen=True, slots=True)
class NrrdHeader:
    """What stands before the voxels.

    Attributes
    ----------
    fields : dict of str to str
        Those of the format, in lower case.
    notes : dict of str to str
        Others that a program has added: ``Segment0_Name`` and so on.
    end : int
        Where the header ends, in bytes.
    """

    fields: dict[str, str]
    notes: dict[str, str]
    end: int

    @classmethod
    def read(cls, path: Path) -> NrrdHeader:
        """Read a header; NotMasksError where there is none."""
        with path.open("rb") as stream:
            head = stream.read(_LONGEST)
        lines = head.split(b"\n")
        fields: dict[str, str] = {}
        notes: dict[str, str] = {}
        end = len(lines[0]) + 1
        whole = False
        for line in lines[1:]:
            end += len(line) + 1
            said = line.decode("utf-8", "replace").rstrip()
            if not said:
                whole = end <= len(head)
                break
            if said.startswith("#"):
                continue
            name, mark, value = said.partition(":")
            if not mark:
                raise NotMasksError("its header makes no sense", DAMAGED)
            if value.startswith("="):
                notes[name] = value[1:].replace("\\n", "\n").strip()
            else:
                fields[name.strip().lower()] = value.strip()
        if not whole and "data file" not in fields and "datafile" not in fields:
            raise CutShortError
        return cls(fields, notes, min(end, len(head)))

    def numbers(self, name: str) -> list[float]:
        """Numbers of a field, finite; NotMasksError where it holds others."""
        try:
            found = [float(part) for part in self.fields.get(name, "").split()]
        except ValueError:
            found = [math.nan]
        if not all(map(math.isfinite, found)):
            raise NotMasksError(f"its “{name}” is no number", DAMAGED)
        return found

    def vectors(self, name: str) -> list[list[float] | None]:
        """Vectors of a field, None for each ``none``."""
        found: list[list[float] | None] = []
        for part in self.fields.get(name, "").replace(" ", "").replace("none", "(none)").split(")"):
            inside = part.lstrip("(")
            if not inside:
                continue
            try:
                vector = None if inside == "none" else [float(n) for n in inside.split(",")]
            except ValueError:
                vector = []
            if vector is not None and (len(vector) != 3 or not all(map(math.isfinite, vector))):
                raise NotMasksError(f"its “{name}” makes no sense", DAMAGED)
            found.append(vector)
        return found

    def stored(self) -> Stored:
        """How its voxels are stored: three axes of space, and perhaps one of volumes."""
        sizes = [int(n) for n in self.numbers("sizes")]
        if len(sizes) not in (3, 4) or self.numbers("dimension") != [len(sizes)]:
            raise NotMasksError(
                "it is not a volume of labels", "Choose one with three axes, or four for layers."
            )
        code = _TYPES.get(self.fields.get("type", "").lower())
        if code is None:
            raise NotMasksError("its values are of an unknown type", DAMAGED)
        endian = {"little": "<", "big": ">"}.get(self.fields.get("endian", "").lower(), "")
        if not endian and code[1] != "1":
            raise NotMasksError("it does not say its byte order", "Save it again.")
        dtype = np.dtype((endian or "<") + code)
        listed = self._list_axis(len(sizes))
        channels = sizes.pop(listed) if listed is not None else 1
        i, j, k = sizes
        return Stored((i, j, k), channels, listed == 0 and channels > 1, dtype)

    def _list_axis(self, dimension: int) -> int | None:
        """The axis that is no axis of space: the first or the last of four."""
        if dimension == 3:
            return None
        directions = self.vectors("space directions")
        kinds = self.fields.get("kinds", "").lower().split()
        if len(directions) == 4 and directions.count(None) == 1:
            at = directions.index(None)
        elif len(kinds) == 4 and kinds.count("list") + kinds.count("vector") == 1:
            at = next(n for n, kind in enumerate(kinds) if kind in ("list", "vector"))
        else:
            at = 3
        if at not in (0, 3):
            raise NotMasksError(
                "its layers are neither its first nor its last axis", "Save it anew."
            )
        return at

    def affine(self) -> NDArray[np.float64] | None:
        """Map of ``(k, j, i)`` to LPS mm, (4, 4); None when the file does not say."""
        turn = _SPACES.get(self.fields.get("space", "").lower())
        directions = [each for each in self.vectors("space directions") if each is not None]
        origin = self.vectors("space origin")
        if turn is None or len(directions) != 3 or len(origin) != 1 or origin[0] is None:
            return None
        units = self.fields.get("space units", "").replace('"', " ").split()
        scale = _MM.get(units[0].lower(), 1.0) if units else 1.0
        affine = np.eye(4)
        affine[:3, :3] = np.array(directions[::-1]).T
        affine[:3, 3] = origin[0]
        affine[:3] *= scale * np.array(turn)[:, np.newaxis]
        return affine

    @contextmanager
    def voxels(self, path: Path, size: int) -> Iterator[BinaryIO]:
        """Open the voxels, unpacked as they are read.

        Parameters
        ----------
        path : Path
            The file of the header.
        size : int
            Bytes that the voxels take.
        """
        encoding = self.fields.get("encoding", "").lower()
        if encoding not in ("raw", "gzip", "gz", "bzip2", "bz2"):
            raise NotMasksError(
                f"its voxels are encoded as “{encoding[:20]}”", "Save it as raw or gzip."
            )
        skipped = [self._whole("line skip", "lineskip"), self._whole("byte skip", "byteskip")]
        lines, skip = skipped
        if not 0 <= lines <= _MOST_LINES or not -1 <= skip <= _MOST_SKIPPED:
            raise NotMasksError("it skips more than files do", DAMAGED)
        named = self.fields.get("data file", self.fields.get("datafile"))
        where = path if named is None else _beside(path, named)
        with where.open("rb") as file:
            file.seek(self.end if named is None else 0)
            for _ in range(lines):
                file.readline(_LONGEST)
            if encoding == "raw":
                begin = file.seek(-size, 2) if skip < 0 else file.seek(skip, 1)
                if file.seek(0, 2) - begin < size:
                    raise CutShortError
                file.seek(begin)
                yield file
                return
            opened = gzip.GzipFile(fileobj=file) if encoding.startswith("g") else bz2.BZ2File(file)
            with opened as unpacked:
                if skip > 0:
                    unpacked.read(skip)
                yield cast(BinaryIO, unpacked)

    def _whole(self, *names: str) -> int:
        for name in names:
            if found := self.numbers(name):
                return int(found[0])
        return 0


def _beside(path: Path, named: str) -> Path:
    """The file with the voxels; only one that lies beside its header."""
    parts = named.split()
    if named.upper().startswith("LIST") or (len(parts) > 1 and "%" in named):
        raise NotMasksError(
            "its voxels are spread over several files", "Save it as one .nrrd file."
        )
    name = named.removeprefix("./")
    if not name or any(mark in name for mark in ("/", "\\", ":", "\0")) or name in (".", ".."):
        raise NotMasksError("its voxels are in another folder", "Put both files into one folder.")
    found = path.parent / name
    if found.resolve().parent != path.resolve().parent or not found.is_file():
        raise NotMasksError(f"{name[:60]} with its voxels is not beside it", "Put it there.")
    return found
