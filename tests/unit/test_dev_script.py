"""packaging/dev.py: what it decides, without touching the machine."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "dev.py"


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    """The script as a module; it is in no package."""
    spec = importlib.util.spec_from_file_location("unetscope_dev_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("argv", "ours", "theirs"),
    [
        (["run"], ["run"], []),
        (["run", "--", "--sample"], ["run"], ["--sample"]),
        (["test", "--", "-k", "a", "--", "b"], ["test"], ["-k", "a", "--", "b"]),
        ([], [], []),
    ],
)
def test_arguments_after_two_dashes_are_handed_on(
    dev: ModuleType, argv: list[str], ours: list[str], theirs: list[str]
) -> None:
    assert dev.split_arguments(argv) == (ours, theirs)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_pythons_that_tensorflow_has_wheels_for(dev: ModuleType, version: tuple[int, int]) -> None:
    assert dev.python_problem(version) == ""


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
def test_other_pythons_are_told_what_to_do(dev: ModuleType, version: tuple[int, int]) -> None:
    problem = dev.python_problem(version, "test")
    assert f"this is {version[0]}.{version[1]}" in problem
    assert "python3.11 packaging/dev.py test" in problem


@pytest.mark.parametrize(
    ("environ", "system", "display"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_a_display_is_found(
    dev: ModuleType, environ: dict[str, str], system: str, display: bool
) -> None:
    assert dev.has_display(environ, system) is display


def test_a_window_needs_more_libraries_than_no_window(dev: ModuleType) -> None:
    assert dev.wanted_libraries({}, "linux") == ["offscreen"]
    assert dev.wanted_libraries({"DISPLAY": ":0"}, "linux") == ["offscreen", "x11"]
    assert dev.wanted_libraries({"WAYLAND_DISPLAY": "w"}, "linux") == ["offscreen", "wayland"]
    assert dev.wanted_libraries({}, "win32") == []


def test_the_program_reports_where_it_cannot_open_a_window(dev: ModuleType) -> None:
    assert dev.program_arguments([], True) == ["--sample"]
    assert dev.program_arguments([], False) == ["--sample", "--report"]
    assert dev.program_arguments(["--version"], False) == ["--version"]


def test_children_see_the_environment_and_no_other_python(dev: ModuleType) -> None:
    clean = dev.clean_environment(
        {"PATH": "elsewhere", "PYTHONPATH": "x", "PYTHONHOME": "y", "LANG": "C.UTF-8"}
    )
    assert clean["PATH"].split(os.pathsep) == [str(dev.binaries()), "elsewhere"]
    assert clean["LANG"] == "C.UTF-8"
    assert "PYTHONPATH" not in clean
    assert "PYTHONHOME" not in clean


def test_the_environment_of_pip_beats_its_files(dev: ModuleType) -> None:
    listing = "\n".join(
        [
            ":env:.index-url='https://third.example/simple'",
            "global.index-url='https://first.example/simple'",
            "install.index-url='https://second.example/simple'",
            "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
            "list.format='columns'",
            "global.broken=",
        ]
    )
    assert dev.pip_settings(listing) == {
        "index-url": "https://third.example/simple",
        "extra-index-url": "https://a.example https://b.example",
    }


def test_uv_is_told_of_pips_index_and_certificates(dev: ModuleType) -> None:
    pip = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://more.example/simple",
        "cert": "company.pem",
        "proxy": "http://proxy.example:3128",
    }
    told = dev.uv_settings(pip, {}, system_certificates=True)
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert told["UV_INDEX"] == "https://more.example/simple"
    assert told["SSL_CERT_FILE"] == "company.pem"
    assert told["ALL_PROXY"] == "http://proxy.example:3128"
    assert "UV_SYSTEM_CERTS" not in told


def test_what_uv_was_told_by_the_person_stays(dev: ModuleType) -> None:
    said = {"UV_DEFAULT_INDEX": "https://own.example/simple", "SSL_CERT_FILE": "own.pem"}
    pip = {"index-url": "https://mirror.example/simple", "cert": "company.pem"}
    told = dev.uv_settings(pip, said, system_certificates=True)
    assert not set(told) & set(said)
    assert "UV_INDEX" not in told


def test_a_plain_machine_uses_the_certificates_of_the_system(dev: ModuleType) -> None:
    told = dev.uv_settings({}, {}, system_certificates=True)
    assert told["UV_SYSTEM_CERTS"] == "true"
    assert "UV_DEFAULT_INDEX" not in told
    assert "UV_SYSTEM_CERTS" not in dev.uv_settings({}, {}, system_certificates=False)


@pytest.mark.parametrize(
    ("environ", "mirror"),
    [
        ({}, False),
        ({"UV_DEFAULT_INDEX": "https://pypi.org/simple"}, False),
        ({"UV_DEFAULT_INDEX": "https://mirror.example/simple"}, True),
        ({"UV_INDEX_URL": "file:///srv/wheels"}, True),
    ],
)
def test_a_mirror_is_recognised(dev: ModuleType, environ: dict[str, str], mirror: bool) -> None:
    assert dev.uses_mirror(environ) is mirror


@pytest.mark.parametrize(
    ("text", "version"),
    [("uv 0.13.9 (x86_64)", (0, 13, 9)), ("uv 1.0\n", (1, 0)), ("", ()), ("nonsense", ())],
)
def test_the_version_of_uv_is_read(dev: ModuleType, text: str, version: tuple[int, ...]) -> None:
    assert dev.uv_version(text) == version


def test_a_fingerprint_tells_where_parts_end(dev: ModuleType) -> None:
    assert dev.fingerprint([b"ab", b"c"]) != dev.fingerprint([b"a", b"bc"])
    assert dev.fingerprint([b"ab", b"c"]) == dev.fingerprint([b"ab", b"c"])


def test_a_stamp_is_read_back(dev: ModuleType, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    dev.write_stamp(stamp, "abc", ["x11", "offscreen"])
    assert dev.read_stamp(stamp) == ("abc", ["offscreen", "x11"])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"fingerprint": "abc"}', "null"])
def test_a_damaged_stamp_is_no_stamp(dev: ModuleType, content: str, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(content, "utf-8")
    assert dev.read_stamp(stamp) == ("", [])
    assert dev.read_stamp(tmp_path / "none.json") == ("", [])


def test_the_advice_is_a_command_to_copy(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda name: name)
    advice = dev.library_advice({"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1"})
    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1" in advice
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    assert "apt-get" not in dev.library_advice({"libEGL.so.1": "libegl1"})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are probed on Linux")
def test_the_loader_is_asked_for_libraries(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = {"here": {"libc.so.6": "libc6"}, "gone": {"libunetscope-none.so.1": "none"}}
    monkeypatch.setattr(dev, "LIBRARIES", sets)
    assert dev.missing_libraries(["here", "gone"]) == {"libunetscope-none.so.1": "none"}


def test_one_line_says_how_the_checks_went(dev: ModuleType) -> None:
    summary = dev.check_summary([("ruff check", True, 0.21), ("mypy", False, 3.0)])
    assert summary == "ruff check passed in 0.2 s, mypy FAILED in 3.0 s"


def test_every_check_runs_and_one_failure_counts(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def call(command: list[str], environ: dict[str, str], folder: Path | None = None) -> int:
        called.append(Path(command[0]).stem)
        return int(called[-1] == "mypy")

    monkeypatch.setattr(dev, "call", call)
    assert dev.test([]) == 1
    assert called == ["ruff", "ruff", "mypy", "lint-imports", "pytest"]


def test_a_child_gives_its_exit_code(dev: ModuleType) -> None:
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    assert dev.call(command, os.environ) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
def test_a_killed_child_is_told_apart(dev: ModuleType) -> None:
    command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    assert dev.call(command, os.environ) == 128 + signal.SIGKILL


def test_the_script_explains_itself_on_any_python() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "--help"],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0
    assert "run" in done.stdout


def test_an_unknown_command_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "fly"], capture_output=True, check=False
    )
    assert done.returncode == 2
