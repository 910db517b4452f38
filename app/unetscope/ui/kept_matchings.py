"""Which segments make which class, remembered for each model from start to start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from PySide6.QtCore import QSettings

from unetscope.domain.label_matching import from_text, to_text
from unetscope.domain.reference import Matching, Segment

GROUP = "matchings"
MOST = 64  # of all models; the oldest is forgotten


class KeptMatchings:
    """The `Matchings` of the user's settings; names of segments are kept as a hash only."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def recall(self, model: str, segments: Sequence[Segment]) -> Matching | None:
        """See `Matchings.recall`."""
        text = self._kept().get(_key(model, segments))
        return from_text(text) if isinstance(text, str) else None

    def remember(self, model: str, segments: Sequence[Segment], matching: Matching) -> None:
        """See `Matchings.remember`."""
        kept, key = self._kept(), _key(model, segments)
        kept.pop(key, None)  # the newest stands last
        kept[key] = to_text(matching)
        newest = dict(list(kept.items())[-MOST:])
        self._settings.setValue(GROUP, json.dumps(newest))

    def _kept(self) -> dict[str, object]:
        text = self._settings.value(GROUP)
        try:
            kept = json.loads(text) if isinstance(text, str) else {}
        except (ValueError, RecursionError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _key(model: str, segments: Sequence[Segment]) -> str:
    said = json.dumps([model, [[segment.number, segment.name] for segment in segments]])
    return hashlib.sha256(said.encode()).hexdigest()[:32]
