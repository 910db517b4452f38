"""The model card of a model file: ``<stem>.card.json`` beside it, or in the user's data folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import platformdirs

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of
from unetscope.io.replacing import replacing

_MAX_CARD = 1 << 20


def card_path(model_path: Path) -> Path:
    """Where the card of a model file is."""
    return model_path.with_name(f"{model_path.stem}.card.json")


def own_card_path(fingerprint: str) -> Path:
    """Where the user's own card of a model is, whose folder cannot be written to."""
    folder = platformdirs.user_data_path("unetscope", appauthor=False) / "cards"
    return folder / f"{fingerprint.removeprefix('sha256:')}.card.json"


def read_card(model_path: Path) -> ModelCard | None:
    """Read the card of a model; None when there is none.

    The user's own one comes first: it was made since the one beside the model could not be
    replaced. A card that was made for another file than this one is read all the same, but not
    confirmed.

    Raises
    ------
    ModelError
        The card cannot be read, or an entry is missing or wrong.
    """
    model_path = Path(model_path)
    beside, own_folder = card_path(model_path), own_card_path("").parent
    if not model_path.exists() or not (beside.is_file() or own_folder.is_dir()):
        return None
    fingerprint = fingerprint_of(model_path)
    own = own_card_path(fingerprint)
    path = own if own.is_file() else beside
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MAX_CARD:
            raise ValueError("too long")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{path.name} cannot be read as a model card.", "Compare it with the sample's card."
        ) from error
    card = ModelCard.from_json(content)
    if content.get("fingerprint") != fingerprint:
        card = replace(
            card,
            confirmed=False,
            note=f"{path.name} was made for another file than {model_path.name}.",
        )
    return card


def write_card(model_path: Path, card: ModelCard, *, shipped: Path | None = None) -> Path:
    """Save a card beside the model, or in the user's data folder where that cannot be done.

    Parameters
    ----------
    shipped : Path, optional
        A folder that came with the program: cards in it stay as they are.

    Returns
    -------
    path : Path
        Where it is now; what stood there is replaced at once or not at all.

    Raises
    ------
    ModelError
        The model is gone, or the card cannot be written to either place.
    """
    model_path = Path(model_path)
    try:
        fingerprint = fingerprint_of(model_path)
    except OSError as error:
        raise ModelError(
            f"{model_path.name} is not there any more, so its card was not saved.",
            "Put the model back, or open it where it is now.",
        ) from error
    content = card.to_json(model_path.name, fingerprint)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    beside, own = card_path(model_path), own_card_path(fingerprint)
    try:
        if shipped is not None and beside.resolve().is_relative_to(shipped.resolve()):
            raise PermissionError("it came with the program")
        with replacing(beside) as file:
            file.write(text)
    except OSError:
        try:
            own.parent.mkdir(parents=True, exist_ok=True)
            with replacing(own) as file:
                file.write(text)
        except OSError as error:
            raise ModelError(
                f"The card could be saved neither beside {model_path.name} nor in {own.parent}.",
                "Make room or ask for the right to write there; the card is still in the window.",
            ) from error
        return own
    own.unlink(missing_ok=True)
    return beside
