"""How much memory this machine, or the container it is, has left."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NO_LIMIT = 1 << 60


def installed() -> int:
    """Bytes of memory in all, within the limits of a container; 8 GB where nobody says."""
    found = _windows_memory()[0] if sys.platform == "win32" else _from_pages("SC_PHYS_PAGES")
    limits = [limit for limit, _ in _containers()]
    return min([found or 8 << 30, *limits])


def free() -> int | None:
    """Bytes that could be taken without swapping; None where nobody says."""
    found = _windows_memory()[1] if sys.platform == "win32" else _available()
    left = [max(0, limit - used) for limit, used in _containers()]
    known = [*left, *([found] if found else [])]
    return min(known) if known else None


def used_by(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where nobody says."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0


def give_back() -> None:
    """Return memory that was freed but is held in reserve; glibc keeps pages between others.

    It takes milliseconds. Elsewhere nothing happens.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in musl
        if trim is not None:
            trim(0)


def _from_pages(name: str) -> int:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def _available() -> int:
    """What Linux thinks can be taken; elsewhere what is not in use at all, if anybody knows."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        return max(0, _from_pages("SC_AVPHYS_PAGES"))


def _containers() -> list[tuple[int, int]]:
    """Limit and use of each control group that this process is in, where they have a limit."""
    try:
        lines = _OWN.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, kinds, path = [*line.split(":", 2), "", ""][:3]
        if kinds not in ("", "memory"):
            continue
        top = _CGROUPS / kinds
        names = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if kinds
            else ("memory.max", "memory.current")
        )
        folder = top / path.lstrip("/")
        while True:
            limit, used = (_number(folder / name) for name in names)
            if limit is not None and limit < _NO_LIMIT:
                found.append((limit, used or 0))
            if folder == top or top not in folder.parents:
                break
            folder = folder.parent
    return found


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _windows_memory() -> tuple[int, int]:
    """Bytes installed and free."""

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "pages", "free_pages", "virtual", "free_virtual", "more")
        ]

    status = Status()
    status.length = ctypes.sizeof(Status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        return 0, 0
    return int(status.total), int(status.free)
