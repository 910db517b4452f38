"""A child process that can do no harm, whatever is fed to it.

It reads what Python and its packages need and what it was given, writes in a folder of its own, and
has no network, no other programs and no other processes. On Linux the kernel sees to that, once it
was asked before the first thread of a library was started. Elsewhere the process only finds home
and temporary files in its own folder, and `Guard.sentence` says that this is all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from unetscope.processes import kernel_rules
from unetscope.processes.kernel_rules import READ, WRITE

SWITCH = "UNETSCOPE_SANDBOX"  # "off" leaves children as free as the program
_HOMES = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "KERAS_HOME")
_XDG = ("CACHE", "CONFIG", "DATA", "STATE", "RUNTIME")
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local/lib"),
    *("/nix/store", "/gnu/store", "/usr/share/zoneinfo", "/usr/share/locale"),
    *("/etc/ld.so.cache", "/etc/localtime"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version"),
    *("/proc/sys/vm", "/proc/sys/kernel", "/sys/devices/system", "/sys/fs/cgroup"),
    *("/sys/kernel/mm", "/dev/urandom", "/dev/random", "/dev/zero"),
)


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a child process may touch.

    Attributes
    ----------
    room : Path
        Its own folder, which is there: home, temporary files, all it writes.
    read, write : tuple of Path
        Files, and folders with all below, that it may read, or read and write, besides.
    """

    room: Path
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps a process from doing harm.

    Attributes
    ----------
    files : bool
        It reads and writes only what it was given.
    calls : bool
        It has no network and starts no programs.
    """

    files: bool = False
    calls: bool = False

    @property
    def sentence(self) -> str:
        """What is in force and what is not, for the user."""
        if self.files and self.calls:
            return "Sandboxed: no access to your files, no network, no other programs."
        if self.calls:
            return (
                "Partly sandboxed: no network and no other programs; this system's kernel cannot "
                "keep it from files (it lacks Landlock)."
            )
        if self.files:
            return "Partly sandboxed: it cannot read your files; network and programs are open."
        if os.environ.get(SWITCH) == "off":
            return f"Not sandboxed: {SWITCH} is off. Model files are checked before they are used."
        return (
            "Not sandboxed: this system has no way for it. Model files are checked before they are "
            "used, and no code from them is run."
        )


NO_GUARD = Guard()
_guard = NO_GUARD


def available() -> Guard:
    """What can be in force on this machine."""
    if os.environ.get(SWITCH) == "off":
        return NO_GUARD
    return Guard(files=kernel_rules.landlock_version() > 0, calls=kernel_rules.has_filter())


def guard() -> Guard:
    """What is in force in this process."""
    return _guard


def confine(to: Confinement) -> Guard:
    """Confine this process for good; to be called before threads are started.

    It never fails: what the system cannot do is not in force, and the answer says so.
    """
    global _guard
    _move_into(to.room)
    if os.environ.get(SWITCH) == "off" or sys.platform != "linux":
        return _guard
    files = calls = False
    try:
        rules = [(each, READ) for each in (*map(Path, _SYSTEM), *_program(), *to.read)]
        rules += [(each, READ | WRITE) for each in (to.room, Path(os.devnull), *to.write)]
        is_whole = kernel_rules.is_alone()
        kernel_rules.narrow_files(rules)
        files = is_whole
    except OSError:
        pass
    try:
        if kernel_rules.has_filter():
            kernel_rules.narrow_calls()
            calls = True
    except OSError:
        pass
    _guard = Guard(files, calls)
    return _guard


def _move_into(room: Path) -> None:
    """Have whatever looks for a home or a place for temporary files find it in the room."""
    for name in _HOMES:
        os.environ[name] = str(room)
    for name in _XDG:
        os.environ[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = str(room)
    tempfile.tempdir = str(room)
    sys.dont_write_bytecode = True
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))  # it would hold pictures of patients


def _program() -> set[Path]:
    """Where Python, its packages and the program lie, frozen or not."""
    package = Path(__file__).resolve().parents[1]
    known = {Path(each) for each in sys.path if each.endswith(("-packages", "-dynload", ".zip"))}
    known |= {Path(each) for each in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    known |= {package, Path(os.__file__).parent}
    if hasattr(sys, "_MEIPASS"):  # frozen: the code is in the starter itself
        known |= {Path(sys._MEIPASS), Path(sys.executable)}
    return {each for each in known if not _is_home_or_above(each)}


def _is_home_or_above(folder: Path) -> bool:
    """Whether a folder holds more than programs."""
    import pwd

    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir).resolve()
    except KeyError:
        home = Path("/root")
    folder = folder.resolve()
    return home.is_relative_to(folder)
