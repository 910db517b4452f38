"""The model card beside a model file: ``<stem>.card.json``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import ModelError
from unetscope.domain.fingerprint import fingerprint_of

_MAX_CARD = 1 << 20


def card_path(model_path: Path) -> Path:
    """Where the card of a model file is."""
    return model_path.with_name(f"{model_path.stem}.card.json")


def read_card(model_path: Path) -> ModelCard | None:
    """Read the card beside a model; None when there is none.

    A card that was made for another file than this one is read all the same, but not confirmed.

    Raises
    ------
    ModelError
        The card cannot be read, or an entry is missing or wrong.
    """
    path = card_path(Path(model_path))
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
    if content.get("fingerprint") != fingerprint_of(Path(model_path)):
        card = replace(card, confirmed=False)
    return card
