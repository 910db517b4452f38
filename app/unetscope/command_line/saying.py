"""What a command says: results on the standard output, all else on the standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """How far a piece of work is."""

    def __init__(self, progress: Progress, sentence: str) -> None:
        self._progress = progress
        self._task = progress.add_task(sentence, total=None)

    def step(self, done: int, total: int) -> None:
        """Show that so much is done."""
        self._progress.update(self._task, completed=done, total=max(total, 1))


@dataclass(slots=True)
class Voice:
    """Tells a person, or a program where it asks for JSON.

    Attributes
    ----------
    as_json : bool
        Nothing is printed but one JSON object at the end.
    quiet : bool
        Nothing is said but warnings and errors.
    warnings : list of str
        What was warned of so far.
    """

    as_json: bool = False
    quiet: bool = False
    warnings: list[str] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        """Print a line of the result."""
        if not self.as_json and not self.quiet:
            _put(sys.stdout, line)

    def warn(self, sentence: str) -> None:
        """Tell what the user should know, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)
            if not self.as_json:
                _put(sys.stderr, f"Warning: {sentence}")

    def fail(self, what: str, hint: str = "") -> None:
        """Tell why it did not work."""
        if self.as_json:
            self.result({"ok": False, "error": {"what": what, "hint": hint}})
        else:
            _put(sys.stderr, f"{what} {hint}".strip())

    def result(self, content: dict[str, Any]) -> None:
        """Print the JSON, where that was asked for."""
        if self.as_json:
            whole = {**content, "warnings": self.warnings, "note": "Research use only."}
            _put(sys.stdout, json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False))

    @contextmanager
    def bar(self, sentence: str) -> Iterator[Bar]:
        """Show a progress bar while something is done, where somebody looks."""
        console = Console(stderr=True, quiet=self.quiet or self.as_json or sys.stderr is None)
        shown = console.is_terminal and not console.quiet
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not shown,
        ) as progress:
            if not shown and not console.quiet:
                console.print(f"{sentence} …", highlight=False)
            yield Bar(progress, sentence)


def number(value: float) -> float | None:
    """A number as JSON has it: null where there is none."""
    return None if value != value or value in (float("inf"), float("-inf")) else float(value)


def _put(stream: Any, line: str) -> None:
    if stream is not None:  # without a console on Windows there is none
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()
