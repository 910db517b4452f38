"""Compile the engine's own kernels while the package is built.

Zig's C compiler comes as a Python package for every system, so that nobody needs one installed.
Where it can't be had the package is built without the kernels: everything works, more slowly.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("app/unetscope/engine/native")
LIBRARY = "unetscope_native"
ENDINGS = {"win32": ".dll", "darwin": ".dylib"}
OLDEST_GLIBC = "2.28"
# What the vectors of 16, 8 and 4 floats are compiled for.
WIDTHS: dict[str, dict[int, tuple[str, ...]]] = {
    "x86_64": {
        16: ("-mcpu=x86_64_v4", "-mprefer-vector-width=512"),
        8: ("-mcpu=x86_64_v3",),
        4: ("-mcpu=x86_64",),
    },
    "aarch64": {4: ()},
}


class NativeBuildHook(BuildHookInterface[Any]):
    """Builds the library beside its sources, and has the wheel contain it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See `BuildHookInterface.initialize`."""
        if self.target_name != "wheel":
            return
        folder = Path(self.root) / SOURCES
        try:
            library = build(folder)
        except (OSError, subprocess.CalledProcessError, LookupError) as error:
            said = getattr(error, "stderr", "")  # what the compiler said
            warning = f"The engine's own kernels could not be compiled: {error}\n{said}"
            self.app.display_warning(warning)
            return
        build_data["artifacts"].append(str(library.relative_to(self.root)))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform_tag()}"


def build(folder: Path) -> Path:
    """Compile the library for this machine unless it is newer than its sources.

    Parameters
    ----------
    folder : Path
        Of the C files.

    Returns
    -------
    library : Path
        Beside them.

    Raises
    ------
    LookupError
        No widths are known for this processor.
    subprocess.CalledProcessError
        A file does not compile.
    """
    library = folder / (LIBRARY + ENDINGS.get(sys.platform, ".so"))
    newest = max(path.stat().st_mtime for path in (*folder.glob("*.c"), Path(__file__)))
    if library.exists() and library.stat().st_mtime >= newest:
        return library
    processor = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    with TemporaryDirectory() as made:
        parts = [
            _compile(folder / "winograd.c", Path(made) / f"{lanes}.o", processor, lanes, flags)
            for lanes, flags in WIDTHS[processor].items()
        ]
        parts.append(_compile(folder / "lanes.c", Path(made) / "lanes.o", processor, 0, ()))
        built = Path(made) / library.name
        _zig(processor, "-shared", "-s", "-o", str(built), *map(str, parts))
        library.write_bytes(built.read_bytes())
    return library


def _compile(source: Path, made: Path, processor: str, lanes: int, flags: tuple[str, ...]) -> Path:
    every = ("-c", "-std=c11", "-O3", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden")
    positional = () if sys.platform == "win32" else ("-fPIC",)
    contracted = ("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
    _zig(
        *(processor, *every, *positional, *contracted, *flags, f"-DLANES={lanes}"),
        *("-o", str(made), str(source)),
    )
    return made


def _zig(processor: str, *arguments: str) -> None:
    system = {"win32": "windows-gnu", "darwin": "macos"}.get(
        sys.platform, f"linux-gnu.{OLDEST_GLIBC}"
    )
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{processor}-{system}"]
    subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)


def _platform_tag() -> str:
    tag = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return tag.replace("linux", f"manylinux_{OLDEST_GLIBC.replace('.', '_')}")


if __name__ == "__main__":
    print(build(Path(__file__).parents[1] / SOURCES))
