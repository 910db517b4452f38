#!/usr/bin/env python3
"""Set up the machine, start Unetscope on its sample, or run all checks.

    python3 packaging/dev.py run   [-- ARGUMENTS OF THE PROGRAM]
    python3 packaging/dev.py test  [-- ARGUMENTS OF PYTEST]
    python3 packaging/dev.py bench [-- ARGUMENTS OF PYTEST]
    python3 packaging/dev.py package [-- STEPS OF packaging/package.py]

Only the standard library, and no virtual environment to begin with: the first start makes `.venv`
with the packages of `uv.lock`; later starts find a stamp in it and go straight on.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".venv-tools"
STAMP = VENV / "unetscope-setup.json"
STAMP_FORMAT = 1
NATIVE = ROOT / "app" / "unetscope" / "engine" / "native"  # C sources, and what is built of them

OLDEST_PYTHON = (3, 11)
FIRST_UNSUPPORTED_PYTHON = (3, 14)  # TensorFlow has no wheels for it yet
UV_VERSION = "0.13.9"

# Shared libraries that Qt loads and PySide6 does not bring: soname to Debian package.
LIBRARIES = {
    "offscreen": {
        "libEGL.so.1": "libegl1",
        "libGL.so.1": "libgl1",
        "libdbus-1.so.3": "libdbus-1-3",
        "libfontconfig.so.1": "libfontconfig1",
        "libglib-2.0.so.0": "libglib2.0-0",
        "libxkbcommon.so.0": "libxkbcommon0",
    },
    "x11": {
        "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
        "libxcb-cursor.so.0": "libxcb-cursor0",
        "libxcb-icccm.so.4": "libxcb-icccm4",
        "libxcb-keysyms.so.1": "libxcb-keysyms1",
        "libxcb-shape.so.0": "libxcb-shape0",
    },
    "wayland": {
        "libwayland-cursor.so.0": "libwayland-cursor0",
        "libwayland-egl.so.1": "libwayland-egl1",
    },
}

CHECKS = (
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("ruff check", ("ruff", "check", ".")),
    ("mypy", ("mypy",)),
    ("lint-imports", ("lint-imports",)),
)

# A child must see the packages of .venv and nothing of the shell that started it.
FOREIGN_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "PYTHONOPTIMIZE",
    "CONDA_PREFIX",
    "VIRTUAL_ENV_PROMPT",
    "__PYVENV_LAUNCHER__",
)

PROBE = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
"""


class SetUpError(Exception):
    """The machine lacks something, and the message says what to do."""


# ---------------------------------------------------------------- what is wanted


def split_arguments(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those after `--` for the program or for pytest."""
    if "--" not in argv:
        return list(argv), []
    at = list(argv).index("--")
    return list(argv[:at]), list(argv[at + 1 :])


def python_problem(version: tuple[int, ...], command: str = "run") -> str:
    """Why this Python cannot be used, or nothing."""
    if OLDEST_PYTHON <= version[:2] < FIRST_UNSUPPORTED_PYTHON:
        return ""
    oldest = "{}.{}".format(*OLDEST_PYTHON)
    newest = f"{FIRST_UNSUPPORTED_PYTHON[0]}.{FIRST_UNSUPPORTED_PYTHON[1] - 1}"
    return (
        f"Unetscope needs Python {oldest} to {newest}; this is {version[0]}.{version[1]}.\n"
        f"Start it with another one, for example: python{oldest} packaging/dev.py {command}"
    )


def has_display(environ: Mapping[str, str], system: str) -> bool:
    """Whether a window can be opened."""
    if system in ("win32", "darwin"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def wanted_libraries(environ: Mapping[str, str], system: str) -> list[str]:
    """Names of the sets in LIBRARIES that this machine needs."""
    if not system.startswith("linux"):
        return []
    displays = {"x11": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}
    return ["offscreen", *(name for name, variable in displays.items() if environ.get(variable))]


def program_arguments(given: Sequence[str], display: bool) -> list[str]:
    """What the program is started with: a report takes the window's place without a display."""
    if given:
        return list(given)
    return ["--sample"] if display else ["--sample", "--report"]


# ---------------------------------------------------------------- environments


def binaries() -> Path:
    """Folder of the virtual environment's commands."""
    return VENV / ("Scripts" if sys.platform == "win32" else "bin")


def command_path(name: str) -> str:
    """One command of the virtual environment."""
    return str(binaries() / (f"{name}.exe" if sys.platform == "win32" else name))


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of every child: that of the user, with `.venv` and no other Python in it."""
    clean = {name: value for name, value in environ.items() if name not in FOREIGN_VARIABLES}
    clean["VIRTUAL_ENV"] = str(VENV)
    clean["PYTHONNOUSERSITE"] = "1"
    clean["PATH"] = os.pathsep.join([str(binaries()), clean.get("PATH", os.defpath)])
    return clean


def pip_settings(listing: str) -> dict[str, str]:
    """What `pip config list` says, by option; `install` beats `global`, the environment both."""
    found: dict[str, tuple[int, str]] = {}
    ranks = {"global": 0, "install": 1, ":env:": 2}
    for line in listing.splitlines():
        key, _, quoted = line.partition("=")
        section, _, option = key.partition(".")
        if section not in ranks or not option:
            continue
        try:
            value = str(ast.literal_eval(quoted))
        except (ValueError, SyntaxError):
            continue
        if option not in found or ranks[section] >= found[option][0]:
            found[option] = (ranks[section], value)
    return {option: " ".join(value.split()) for option, (_, value) in found.items()}


def uv_settings(
    pip: Mapping[str, str], environ: Mapping[str, str], *, system_certificates: bool
) -> dict[str, str]:
    """The same index, certificates and proxy for uv, which does not read pip's configuration."""
    given = {
        "SSL_CERT_FILE": pip.get("cert")
        or environ.get("REQUESTS_CA_BUNDLE")
        or environ.get("CURL_CA_BUNDLE"),
        "SSL_CLIENT_CERT": pip.get("client-cert"),
        "ALL_PROXY": pip.get("proxy"),
        "UV_INSECURE_HOST": pip.get("trusted-host"),
        "UV_HTTP_TIMEOUT": pip.get("timeout") or pip.get("default-timeout") or "180",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_COMPILE_BYTECODE": "1",  # the engine's process may not write it, at every start
    }
    if "index-url" in pip and not uses_mirror(environ):
        given["UV_DEFAULT_INDEX"] = pip["index-url"]
        if "extra-index-url" in pip:
            given["UV_INDEX"] = pip["extra-index-url"]
            given["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does; hashes are checked
    if system_certificates and not given["SSL_CERT_FILE"] and "SSL_CERT_FILE" not in environ:
        given["UV_SYSTEM_CERTS"] = "true"
    return {name: value for name, value in given.items() if value and name not in environ}


def uses_mirror(environ: Mapping[str, str]) -> bool:
    """Whether uv is told to fetch packages from elsewhere than uv.lock says."""
    index = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or ""
    return bool(index) and urlsplit(index).hostname != "pypi.org"


def has_system_certificates() -> bool:
    """Whether the machine has certificates of its own; a bare container may have none."""
    if sys.platform in ("win32", "darwin"):
        return True
    import ssl

    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))


# ---------------------------------------------------------------- the stamp


def fingerprint(parts: Iterable[bytes]) -> str:
    """One short name for everything that the environment was made from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def wanted_fingerprint() -> str:
    """The fingerprint that a finished environment must carry."""
    return fingerprint(
        [
            f"{STAMP_FORMAT} {sys.version_info[:3]} {ROOT}".encode(),
            (ROOT / "pyproject.toml").read_bytes(),
            (ROOT / "uv.lock").read_bytes(),
            (ROOT / "packaging" / "build_native.py").read_bytes(),
            *(path.read_bytes() for path in sorted(NATIVE.iterdir()) if path.is_file()),
        ]
    )


def read_stamp(path: Path) -> tuple[str, list[str]]:
    """The fingerprint and the library sets that a finished set-up left, or nothing."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return str(found["fingerprint"]), [str(name) for name in found["libraries"]]
    except (OSError, ValueError, KeyError, TypeError):
        return "", []


def write_stamp(path: Path, made_from: str, libraries: Iterable[str]) -> None:
    """Remember a finished set-up, in one step, so that a half-written stamp is never read."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"fingerprint": made_from, "libraries": sorted(libraries)}), "utf-8")
    part.replace(path)


# ---------------------------------------------------------------- steps


def say(text: str) -> None:
    """One line for the person, in order with what children print."""
    print(text, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    say(f"{title} ...")
    start = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - start:.1f} s")


def output_of(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What a command prints, or nothing when it fails."""
    try:
        done = subprocess.run(
            command, env=environ, check=False, capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def must(command: Sequence[str], environ: Mapping[str, str], otherwise: str) -> None:
    """Run a command of the set-up; SetUpError when it fails."""
    if subprocess.run(command, env=environ, check=False, cwd=ROOT).returncode:
        raise SetUpError(f"{otherwise}\nThe command was: {shlex.join(command)}")


def apt_command(packages: Sequence[str], prefix: Sequence[str] = ()) -> list[str]:
    """The command that installs Debian packages."""
    return [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *packages]


def root_prefix() -> list[str] | None:
    """What to put before apt-get so that it may install, or None when it may not."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages when we may; whether it was done."""
    prefix = root_prefix()
    if prefix is None:
        return False
    environ = dict(os.environ)
    environ["PATH"] = os.pathsep.join([environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    prefix = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NOWARNINGS=yes"]
    with step(f"Installing Debian packages: {' '.join(packages)}"):
        subprocess.run([*prefix, "apt-get", "-qq", "update"], check=False, env=environ)
        command = [*apt_command(packages, prefix), "-qq", "-o", "Dpkg::Use-Pty=0"]
        done = subprocess.run(command, check=False, env=environ, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def missing_libraries(sets: Iterable[str]) -> dict[str, str]:
    """Shared libraries that the loader does not find, with their Debian packages."""
    names = {soname: package for key in sets for soname, package in LIBRARIES[key].items()}
    # In a process of its own: the loader remembers where it looked, and some libraries run code.
    found = output_of([sys.executable, "-I", "-S", "-c", PROBE, *names], os.environ).split()
    return {soname: names[soname] for soname in found}


def library_advice(missing: Mapping[str, str]) -> str:
    """What to type when libraries are missing and we may not install them."""
    lines = [f"Qt needs shared libraries that are not here: {', '.join(missing)}."]
    if shutil.which("apt-get"):
        lines += ["Install them with:", "  sudo " + shlex.join(apt_command([*missing.values()]))]
    else:
        lines.append("Install them with your system's package manager, then start again.")
    return "\n".join(lines)


def provide_libraries(sets: Sequence[str]) -> str:
    """Install missing libraries; what to do by hand when that cannot be done."""
    missing = missing_libraries(sets)
    if missing and apt_install([*missing.values()]):
        missing = missing_libraries(sets)
    return library_advice(missing) if missing else ""


def uv_version(text: str) -> tuple[int, ...]:
    """The version in what `uv --version` prints; empty when there is none."""
    words = text.split()
    numbers = words[1].split(".") if len(words) > 1 and words[0] == "uv" else []
    return tuple(int(number) for number in numbers if number.isdigit())


def find_uv(environ: Mapping[str, str]) -> str:
    """uv: ours, or the user's own when new enough, or the pinned one fetched with pip."""
    folder = TOOLS / f"uv-{UV_VERSION}"
    name = "uv.exe" if sys.platform == "win32" else "uv"
    places = [folder / "bin" / name, folder / "Scripts" / name]
    ours = next((str(place) for place in places if place.exists()), "")
    if ours:
        return ours
    users = shutil.which("uv")
    if users:
        wanted = uv_version(f"uv {UV_VERSION}")
        if uv_version(output_of([users, "--version"], environ)) >= wanted:
            return users
    with step(f"Fetching uv {UV_VERSION}, which installs the packages"):
        need_pip()
        part = TOOLS / "uv.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        (TOOLS / ".gitignore").write_text("*\n", "utf-8")
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-qq",
            "--no-deps",
            "--only-binary=:all:",
        ]
        # Into a private folder: no system package is touched, so pip's own bans do not apply.
        private = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"}
        must(
            [*pip, "--disable-pip-version-check", "--target", str(part), f"uv=={UV_VERSION}"],
            {**environ, **private},
            "pip could not fetch uv. Is the network there, and pip's index right?",
        )
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    return next(str(place) for place in places if place.exists())


def need_pip() -> None:
    """Make sure that `python -m pip` works."""
    if importlib.util.find_spec("pip"):
        return
    apt_install(["python3-pip"])
    if not output_of([sys.executable, "-m", "pip", "--version"], os.environ):
        raise SetUpError(
            "This Python has no pip. On Debian: sudo "
            + shlex.join(apt_command(["python3-pip"]))
            + "\nElsewhere: install uv (https://docs.astral.sh/uv), then start again."
        )


def venv_is_current() -> bool:
    """Whether `.venv` was made with the Python that runs this."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return False
    version = "{}.{}.{}".format(*sys.version_info)
    return Path(command_path("python")).exists() and f"version_info = {version}" in lines


def uv_command() -> tuple[list[str], dict[str, str]]:
    """How to start uv, and the environment it needs."""
    environ = clean_environment(os.environ)
    listing = output_of([sys.executable, "-m", "pip", "config", "list"], os.environ)
    certificates = has_system_certificates()
    environ |= uv_settings(pip_settings(listing), os.environ, system_certificates=certificates)
    environ["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    return [find_uv(environ), *([] if sys.stdout.isatty() else ["--quiet"])], environ


def install_packages() -> None:
    """Make `.venv` and put exactly the packages of uv.lock into it."""
    uv, environ = uv_command()
    python = ["--python", str(getattr(sys, "_base_executable", "") or sys.executable)]
    failed = "The packages could not be installed. Is the network there?"
    with step("Installing the packages of uv.lock into .venv (the first time: some minutes)"):
        if not uses_mirror(environ):
            must([*uv, "sync", "--frozen", *python], environ, failed)
            return
        # `uv sync` fetches from the addresses in uv.lock; a mirror has the same files elsewhere.
        if not venv_is_current():
            must([*uv, "venv", "--clear", *python, str(VENV)], environ, failed)
        here = ["--python", command_path("python")]
        names = VENV / "locked.txt"
        export = [uv[0], "--quiet", "export", "--frozen", "--no-emit-project", "-o", str(names)]
        must(export, environ, failed)
        must([*uv, "pip", "sync", "--require-hashes", *here, str(names)], environ, failed)
        must([*uv, "pip", "install", "--no-deps", *here, "-e", str(ROOT)], environ, failed)


def set_up() -> str:
    """Bring the machine to where commands work; what stays to be done by hand."""
    wanted = wanted_fingerprint()
    made_from, libraries = read_stamp(STAMP)
    sets = wanted_libraries(os.environ, sys.platform)
    if (
        wanted == made_from
        and set(sets) <= set(libraries)
        and Path(command_path("python")).exists()
    ):
        return ""
    start = time.monotonic()
    advice = provide_libraries(sets)
    if wanted != made_from or not Path(command_path("python")).exists():
        install_packages()
        wanted = wanted_fingerprint()
    write_stamp(STAMP, wanted, [] if advice else {*libraries, *sets})
    say(f"Set up in {time.monotonic() - start:.1f} s.")
    return advice


# ---------------------------------------------------------------- commands


def call(command: Sequence[str], environ: Mapping[str, str], folder: Path | None = None) -> int:
    """Run a child to its end for its exit code; Ctrl+C and SIGTERM are the child's to answer."""
    child = subprocess.Popen(command, env=environ, cwd=folder)

    def stop(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    before = signal.signal(signal.SIGTERM, stop)
    interrupts = 0
    try:
        while True:
            try:
                code = child.wait()
                break
            except KeyboardInterrupt:  # the terminal has told the child as well
                interrupts += 1
                if interrupts > 1:
                    child.terminate()
    finally:
        signal.signal(signal.SIGTERM, before)
    if interrupts:
        raise KeyboardInterrupt
    return code if code >= 0 else 128 - code


def run(arguments: Sequence[str]) -> int:
    """Start the program; without a display it reports in place of opening a window."""
    environ = clean_environment(os.environ)
    display = has_display(os.environ, sys.platform)
    if not display:
        environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        if not arguments:
            say("No display here: the program works on its sample and reports what it did.")
    given = program_arguments(arguments, display)
    return call([command_path("python"), "-m", "unetscope", *given], environ)


def test(arguments: Sequence[str]) -> int:
    """Run every check, whatever the ones before it said; pytest's closing line comes last."""
    environ = clean_environment(os.environ)
    environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    results: list[tuple[str, bool, float]] = []
    for name, (program, *rest) in CHECKS:
        say(f"== {name}")
        start = time.monotonic()
        code = call([command_path(program), *rest], environ, ROOT)
        results.append((name, code == 0, time.monotonic() - start))
    summary = check_summary(results)
    say(f"== pytest (so far: {summary})")
    environ["UNETSCOPE_CHECKS"] = summary  # tests/conftest.py repeats it above the closing line
    code = call([command_path("pytest"), *arguments], environ, ROOT)
    return code or int(not all(good for _, good, _ in results))


def check_summary(results: Iterable[tuple[str, bool, float]]) -> str:
    """One line about the checks before pytest."""
    return ", ".join(
        f"{name} {'passed' if good else 'FAILED'} in {seconds:.1f} s"
        for name, good, seconds in results
    )


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks only."""
    environ = clean_environment(os.environ)
    environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    only = ["--benchmark-enable", "--benchmark-only", "tests/benchmarks"]
    return call([command_path("pytest"), *only, *arguments], environ, ROOT)


def package(arguments: Sequence[str]) -> int:
    """Make the installers for this system in `dist/`; see packaging/package.py."""
    environ = clean_environment(os.environ)
    return call([command_path("python"), "packaging/package.py", *arguments], environ, ROOT)


def main(argv: Sequence[str]) -> int:
    """Set up what is missing, then do what was asked."""
    ours, theirs = split_arguments(argv)
    parser = argparse.ArgumentParser(
        prog="dev.py",
        description="Set up the machine, then start Unetscope, run all checks or make installers.",
        epilog="Arguments after -- go to the program, to pytest, or to packaging/package.py.",
    )
    commands = {"run": run, "test": test, "bench": bench, "package": package}
    parser.add_argument("command", choices=commands)
    command = parser.parse_args(ours).command
    problem = python_problem(sys.version_info[:2], command)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        advice = set_up()
        if advice:
            print(advice, file=sys.stderr, flush=True)
            if command == "run":
                return 2
        return commands[command](theirs)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
