"""What a Linux process may ask of the kernel, narrowed for good: Landlock and seccomp by ctypes.

Neither needs root. Both hold for the thread that asks, for what it starts later, and cannot be
taken back.

References
----------
https://docs.kernel.org/userspace-api/landlock.html, and ``seccomp(2)``.
"""

from __future__ import annotations

import ctypes
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

READ = 1 << 2 | 1 << 3  # files, and lists of folders
WRITE = 1 << 1 | 0b11011 << 4 | 1 << 14  # files, making and removing files and folders, cutting
_OF_FILES = 0b111 | 1 << 14 | 1 << 15  # rights that mean something for one file

_NEW_PRIVILEGES, _SECCOMP = 38, 317  # of prctl; `seccomp` itself on x86-64
_FS_RIGHTS = (0, 13, 14, 15, 15, 16)  # how many kinds of access a version of Landlock handles
_TCP = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract sockets and signals to others, from version 6

_LOAD, _EQUAL, _NOT_BELOW, _RETURN = 0x20, 0x15, 0x35, 0x06  # of the filter's little machine
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # with "operation not permitted"
_X32 = 0x40000000

_MACHINES = {"x86_64": (0xC000003E, 317, 0), "aarch64": (0xC00000B7, 277, 1)}
_REFUSED = (  # number on x86-64 and on 64-bit ARM
    (41, 198),  # socket
    (42, 203),  # connect
    (49, 200),  # bind
    (53, 199),  # socketpair
    (59, 221),  # execve
    (322, 281),  # execveat
    (101, 117),  # ptrace
    (310, 270),  # process_vm_readv
    (311, 271),  # process_vm_writev
    (438, 438),  # pidfd_getfd
    (425, 425),  # io_uring_setup, which would open sockets too
    (304, 265),  # open_by_handle_at
    (165, 40),  # mount
    (272, 97),  # unshare
    (308, 268),  # setns
    (321, 280),  # bpf
    (298, 241),  # perf_event_open
    (323, 282),  # userfaultfd
    (248, 217),  # add_key
    (249, 218),  # request_key
    (250, 219),  # keyctl
)


def landlock_version() -> int:
    """Version of Landlock that the kernel has; 0 where it has none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    return max(0, _syscall(444, None, 0, 1))


def has_filter() -> bool:
    """Whether calls of the kernel can be refused on this machine."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def is_alone() -> bool:
    """Whether this process has one thread only, so that what holds for it holds for all of it."""
    return len(list(Path("/proc/self/task").iterdir())) == 1


def narrow_files(rules: Iterable[tuple[Path, int]]) -> None:
    """Leave this thread and what it starts no other access to files, and no TCP.

    Parameters
    ----------
    rules : iterable of (path, rights)
        A file or a folder with all below it, and ``READ``, ``WRITE`` or both. What is not there is
        left out.

    Raises
    ------
    OSError
        If the kernel does not do it; then nothing has changed.
    """
    version = landlock_version()
    if not version:
        raise OSError("there is no Landlock")
    handled = (1 << _FS_RIGHTS[min(version, len(_FS_RIGHTS) - 1)]) - 1
    fields = [handled, *([_TCP] if version >= 4 else []), *([_SCOPES] if version >= 6 else [])]
    about = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = _checked(_syscall(444, about, len(about), 0))
    try:
        for path, rights in rules:
            _add(ruleset, path, rights & handled)
        _forgo_privileges()
        _checked(_syscall(446, ruleset, 0))
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        _checked(_syscall(445, ruleset, 1, struct.pack("=Qi", rights, place), 0))
    finally:
        os.close(place)


def narrow_calls() -> None:
    """Refuse this process sockets, other programs, and a look into other processes.

    Raises
    ------
    OSError
        If the kernel does not do it; then nothing has changed.
    """
    machine, number, column = _MACHINES[platform.machine()]
    refused = [each[column] for each in _REFUSED]
    program = _filter(machine, refused, x32=column == 0)
    kept = ctypes.create_string_buffer(program)
    about = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(kept))
    _forgo_privileges()
    all_threads = 1
    if _syscall(number, 1, all_threads, about):
        raise OSError("the kernel took no filter")


def _filter(machine: int, refused: Sequence[int], *, x32: bool) -> bytes:
    """Instructions of 8 bytes: operation, steps ahead if so, steps ahead if not, number."""
    lines = [(_LOAD, 0, 0, 4), (_EQUAL, 0, -1, machine), (_LOAD, 0, 0, 0)]
    lines += [(_NOT_BELOW, -1, 0, _X32)] if x32 else []
    lines += [(_EQUAL, -1, 0, number) for number in refused]
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    end = len(lines) - 1  # -1 stands for going there
    return b"".join(
        struct.pack("HBBI", code, *(end - at - 1 if step < 0 else step for step in steps), value)
        for at, (code, *steps, value) in enumerate(lines)
    )


def _forgo_privileges() -> None:
    _checked(ctypes.CDLL(None, use_errno=True).prctl(_NEW_PRIVILEGES, 1, 0, 0, 0))


def _syscall(number: int, *arguments: object) -> int:
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return int(library.syscall(ctypes.c_long(number), *given))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
