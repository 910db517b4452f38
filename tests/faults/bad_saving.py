# ruff: noqa: E501  (a row of the table is one line)
"""What cannot be written: closed folders, full disks, names that no disk takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.faults.fault import Do, Fault, nothing
from tests.faults.room import Room, as_nobody, full_disk

from unetscope import resources

ONLY = "linux"
OLD = b"what stood there before"


def save(name: str) -> Do:
    """Save the edited network under a name in the folder."""

    def do(room: Room, folder: Path) -> None:
        room.program.desk.save_model(folder / name)
        room.wait_for_word()

    return do


def save_over_the_open_model(room: Room, _: Path) -> None:
    before = resources.sample_model().read_bytes()
    room.program.desk.save_model(resources.sample_model())
    room.wait_for_word()
    assert resources.sample_model().read_bytes() == before


def with_old(save: Callable[[Room, Path], None], name: str) -> Do:
    """Save where a file stands already, on a disk that is full: it must stay as it is."""

    def do(room: Room, folder: Path) -> None:
        (folder / name).write_bytes(OLD)
        engine = room.program.engine.pid  # type: ignore[attr-defined]
        with full_disk(4096, engine):
            save(room, folder / name)
        assert (folder / name).read_bytes() == OLD
        assert [path.name for path in folder.iterdir()] == [name], "something is left behind"

    return do


def save_model(room: Room, path: Path) -> None:
    room.program.desk.save_model(path)
    room.wait_for_word()


def save_picture(room: Room, path: Path) -> None:
    room.program.desk.save_file(path, lambda: bytes(100_000))
    room.wait_for_word()


def without_rights(save: Callable[[Room, Path], None], name: str) -> Do:
    """Save where nobody may write."""

    def do(room: Room, folder: Path) -> None:
        folder.chmod(0o555)
        with as_nobody():
            save(room, folder / name)
        assert not list(folder.iterdir())

    return do


def into_a_folder_that_went(save: Callable[[Room, Path], None], name: str) -> Do:
    """Save into a folder that was there when it was chosen."""

    def do(room: Room, folder: Path) -> None:
        shutil.rmtree(folder)
        save(room, folder / name)

    return do


SAVING: tuple[Fault, ...] = (
    Fault(
        "a network onto a full disk",
        nothing,
        "a.keras could not be written: File too large. Choose another folder, or make room.",
        with_old(save_model, "a.keras"),
        only=ONLY,
    ),
    Fault(
        "a picture onto a full disk",
        nothing,
        "a.png could not be written. Choose another folder, or make room.",
        with_old(save_picture, "a.png"),
        only=ONLY,
    ),
    Fault(
        "a network into a folder that went",
        nothing,
        "a.keras could not be written: No such file or directory. Choose another folder, or make room.",
        into_a_folder_that_went(save_model, "a.keras"),
    ),
    Fault(
        "a picture into a folder that went",
        nothing,
        "a.png could not be written. Choose another folder, or make room.",
        into_a_folder_that_went(save_picture, "a.png"),
    ),
    Fault(
        "a picture into a closed folder",
        nothing,
        "a.png could not be written. Choose another folder, or make room.",
        without_rights(save_picture, "a.png"),
        only=ONLY,
    ),
    Fault(
        "a network under a name too long",
        nothing,
        "ñ*.keras could not be written: File name too long. Choose another*",
        save("ñ" * 130 + ".keras"),
    ),
    Fault(
        "a network under a name of another kind",
        nothing,
        "An edited network is saved as a .keras file, but found a.h5. Choose a name that ends in .keras.",
        save("a.h5"),
    ),
    Fault(
        "a network over the one that is open",
        nothing,
        "brain-tissue-unet.keras is the trained network. Choose another name.",
        save_over_the_open_model,
    ),
)
