"""Which paths are models, as far as a path alone can tell."""

from __future__ import annotations

from pathlib import Path

MODEL_ENDINGS = frozenset({".keras", ".h5", ".hdf5"})
_SAVED_MODEL = ("saved_model.pb", "keras_metadata.pb")


def is_model(path: Path) -> bool:
    """Whether a path is a model file or a SavedModel folder; anything else may be a study."""
    if path.suffix.lower() in MODEL_ENDINGS:
        return True
    try:
        return (path / _SAVED_MODEL[0]).is_file()
    except OSError:  # a folder that may not be searched, a name too long: whoever opens it says so
        return False


def whole_model(path: Path) -> Path:
    """The folder of a SavedModel where one of its files was chosen; else the path itself."""
    return path.parent if path.name in _SAVED_MODEL else path


def is_edit_list(path: Path) -> bool:
    """Whether a path is taken for a list of edits, by its name."""
    return path.name.lower().endswith(".edits.json")
