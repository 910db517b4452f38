"""Processes that are there to be killed, forked in milliseconds from one that has it all loaded.

Run as a program it imports what it is told to, and then forks for every line ``name seed folder``
that it reads: the child runs that function of `lives` until it is killed. It says the child's
number, and again when the child is no more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class Nursery:
    """The side of the test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, name: str, seed: int, folder: Path) -> int:
        """Start a child; gives its number."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {seed} {folder}\n")
        self._process.stdin.flush()
        return int(self._said())

    def kill(self, child: int) -> None:
        """Kill a child, and wait until it is no more."""
        os.kill(child, signal.SIGKILL)
        assert self._said() == "-9", "it had ended before"

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def nursery(module: str) -> Iterator[Nursery]:
    """A nursery that has a module of lives loaded."""
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'app'}"}
    with subprocess.Popen(
        [sys.executable, __file__, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield Nursery(process)
        finally:
            process.kill()


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork for every line."""
    lives = import_module(sys.argv[1])
    _say("ready")
    for line in sys.stdin:
        name, seed, folder = line.rstrip("\n").split(" ", 2)
        child = os.fork()
        if child == 0:
            os.close(0)
            os.close(1)
            getattr(lives, name)(int(seed), Path(folder))
            os._exit(0)
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
