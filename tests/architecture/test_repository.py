"""Nothing of one person's machine is in the repository."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}
# Folders of a person, on Linux, macOS and Windows.
HOME = re.compile(r"(?<![\w.<])(?:/(?:home|Users)/\w[\w.-]*/|/root/\w|[A-Z]:\\{1,2}Users\\{1,2}\w)")


def _strings(value: Any) -> list[tuple[str, str]]:
    """Every string below a value of a TOML file, with the key that it stands under."""
    found: list[tuple[str, str]] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(key, inner)] if isinstance(inner, str) else _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            found += [("", inner)] if isinstance(inner, str) else _strings(inner)
    return found


def _locked() -> list[tuple[str, str]]:
    return _strings(tomllib.loads((REPOSITORY / "uv.lock").read_text("utf-8")))


def test_the_lock_file_fetches_from_the_public_index_only() -> None:
    addresses = {text for key, text in _locked() if key in ("url", "registry") or "://" in text}
    strange = {urlsplit(text).netloc or text for text in addresses} - PUBLIC_HOSTS
    assert not strange


def test_the_lock_file_names_no_folder_of_a_machine() -> None:
    folders = {text for key, text in _locked() if key in ("path", "directory", "editable")}
    assert folders <= {"."}


def _repository_files() -> list[Path]:
    """Files that git tracks or would track; every file where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if listed.returncode:
        folders = [REPOSITORY / name for name in ("app", "tests", "packaging", "resources")]
        found = [*REPOSITORY.glob("*.*"), *(p for folder in folders for p in folder.rglob("*"))]
    else:
        found = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return sorted({path for path in found if path.is_file()})


def _home_folders(text: str) -> list[str]:
    found = HOME.findall(text)
    if len(REPOSITORY.parts) > 2 and f"{REPOSITORY}/" in text:
        found.append(str(REPOSITORY))
    return found


def test_no_text_file_names_a_home_folder() -> None:
    guilty = {}
    for path in _repository_files():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        found = _home_folders(content.decode("utf-8", "replace"))
        if found:
            guilty[path.relative_to(REPOSITORY).as_posix()] = sorted(set(found))
    assert not guilty


@pytest.mark.parametrize(
    "start", ["/ho" + "me/ann/", "/Us" + "ers/ann/", "/ro" + "ot/x", "C:\\Us" + "ers\\ann"]
)
def test_the_rule_sees_home_folders(start: str) -> None:
    assert _home_folders(f'open("{start}study.dcm")')


def test_the_rule_leaves_relative_folders_alone() -> None:
    assert not _home_folders("docs/home/index.html, https://example.org/home/page/, a/root/x")
