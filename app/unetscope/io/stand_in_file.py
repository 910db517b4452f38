"""What stands in for layers with code of their own, remembered by the model's fingerprint."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from unetscope import private_folder
from unetscope.domain.errors import ModelError
from unetscope.domain.stand_ins import Replacements, from_json, to_json
from unetscope.io.replacing import replacing

NAME = "replaced-layers.json"
MOST = 200  # models; the ones chosen for longest ago are forgotten
_WRONG = (OSError, ValueError, TypeError, LookupError, AttributeError, ModelError)

_writing = threading.Lock()


def remembered(fingerprint: str) -> Replacements:
    """What was chosen for a model; nothing where nothing was, or where it cannot be read."""
    try:
        return from_json(_read().get(fingerprint, []))
    except _WRONG:
        return ()


def remember(fingerprint: str, replaced: Replacements) -> None:
    """Keep what was chosen for a model; nothing chosen forgets it.

    Raises
    ------
    ModelError
        It cannot be kept.
    """
    with _writing:
        known = _read()
        known.pop(fingerprint, None)
        if replaced:
            known[fingerprint] = to_json(replaced)
        path = _path()
        try:
            if path is None:
                raise OSError("no folder")
            with replacing(path) as file:
                json.dump(dict(list(known.items())[-MOST:]), file, indent=1)
        except OSError as error:
            raise ModelError(
                "Unetscope cannot remember what stands in for the layers, so the model stays shut.",
                "Make room in your home folder, or ask for the right to write there.",
            ) from error


def _path() -> Path | None:
    folder = private_folder.state()
    return folder / NAME if folder is not None else None


def _read() -> dict[str, Any]:
    path = _path()
    try:
        found = json.loads(path.read_text("utf-8")) if path is not None else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
