"""Lists of edits as text: ``.edits.json``, exact to the bit, for saving and sharing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from unetscope.domain import edits as weight_edits
from unetscope.domain import interventions
from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits
from unetscope.domain.network import Network
from unetscope.domain.plain_json import read_json

FORMAT = 1
ENDING = ".edits.json"
PIECE = 3 << 16  # bytes of a packed array that are one text
WRITTEN_OUT = 4096  # values of an array; larger ones are packed, which is shorter and faster

TYPES: Mapping[str, type[Edit]] = {
    kind.__name__: kind
    for kind in (
        weight_edits.SetKernel,
        weight_edits.SetFilter,
        weight_edits.SetInputChannel,
        weight_edits.SetBias,
        weight_edits.ScaleFilter,
        weight_edits.SetValues,
        weight_edits.SetLayerWeights,
        interventions.SilenceMap,
        interventions.ScaleMap,
        interventions.ForceMap,
        interventions.CutSkip,
        interventions.PatchSkip,
    )
}


@dataclass(frozen=True, slots=True)
class EditList:
    """Edits out of a file, and the model that they were made for.

    Attributes
    ----------
    fingerprint, model : str
        Of that model, and the name of its file.
    """

    fingerprint: str
    model: str
    edits: Edits

    def was_made_for(self, network: Network) -> bool:
        """Whether the network is the very one."""
        return self.fingerprint == network.fingerprint


def write_edits(network: Network, edits: Edits) -> str:
    """Write edits of a network as JSON."""
    content = {
        "format": FORMAT,
        "model": network.path.name,
        "fingerprint": network.fingerprint,
        "note": "Unetscope edits. Research use only.",
        "edits": [packed(edit) for edit in edits],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_edits(text: str, name: str) -> EditList:
    """Read a list of edits; whether they fit a network is checked when they are put in force.

    Parameters
    ----------
    text : str
        As `write_edits` makes it.
    name : str
        The file's name, for errors.

    Raises
    ------
    EditError
        It is no such text, of a later version, or damaged.
    """
    try:
        content = read_json(text)
        version = content["format"]
        if isinstance(version, int) and version > FORMAT:
            raise EditError(f"{name} was written by a later version.", "Update Unetscope.")
        if version != FORMAT:
            raise ValueError("format")
        found = tuple(unpacked(entry) for entry in content["edits"])
        return EditList(str(content["fingerprint"]), str(content.get("model", "")), found)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise EditError(
            f"{name} is no list of edits, or it is damaged.",
            f"Choose a file that ends in {ENDING}. Nothing has changed.",
        ) from error


def packed(edit: Edit) -> dict[str, Any]:
    """One edit as JSON, exact to the bit."""
    parts = {item.name: _plain(getattr(edit, item.name)) for item in fields(edit)}
    return {"edit": type(edit).__name__, **parts}


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray) and value.ndim:
        array = np.ascontiguousarray(value, "<f4")
        shape = list(array.shape)
        if array.size > WRITTEN_OUT:
            return {"shape": shape, "float32": _base64(array.tobytes())}
        return {"shape": shape, "values": [float(str(number)) for number in array.ravel()]}
    if isinstance(value, np.ndarray | np.generic):
        return value.item()
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def unpacked(entry: Mapping[str, Any]) -> Edit:
    """One edit as `packed` wrote it; whether it fits a network is not known yet.

    Raises
    ------
    EditError, ValueError, KeyError, TypeError, AttributeError
        It is no such edit.
    """
    kind = TYPES[entry["edit"]]
    known = {item.name for item in fields(kind)}
    parts = {key: _value(value) for key, value in entry.items() if key != "edit"}
    if set(parts) - known or not all(_is_plain(key, value) for key, value in parts.items()):
        raise ValueError("another version's edit")
    return kind(**parts)


def _is_plain(key: str, value: object) -> bool:
    """Whether a part is of the kind that its name says; arrays are checked by the edit itself."""
    if key in ("layer", "source", "how", "name"):
        return isinstance(value, str)
    if key in ("values", "weights", "image"):
        return True
    if key == "at" and value is not None:
        return isinstance(value, tuple) and all(isinstance(one, int) for one in value)
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _base64(content: bytes) -> str | list[str]:
    """Bytes as text; many of them in pieces, for each piece holds up all other threads."""
    pieces = [content[i : i + PIECE] for i in range(0, len(content), PIECE)]
    texts = [base64.b64encode(piece).decode("ascii") for piece in pieces]
    return texts if len(texts) > 1 else texts[0]


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        shape = tuple(int(n) for n in value["shape"])
        if "float32" in value:
            try:
                said = value["float32"]
                texts = said if isinstance(said, list) else [said]
                packed = b"".join(base64.b64decode(text, validate=True) for text in texts)
            except binascii.Error as error:
                raise ValueError("damaged numbers") from error
            return np.frombuffer(packed, "<f4").reshape(shape)
        with np.errstate(over="ignore"):  # to infinity, which an edit refuses
            return np.array(value["values"], np.float32).reshape(shape)
    return tuple(_value(one) for one in value) if isinstance(value, list) else value
