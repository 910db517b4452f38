# ruff: noqa: E501  (a row of the table is one line)
"""Small files that are damaged, others', or later ones: edits, cards, recipes, tables, the lab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtGui import QGuiApplication
from tests.faults.fault import Do, Fault, nothing
from tests.faults.room import PATIENT, Room

from unetscope import resources

EDIT = {"edit": "SetKernel", "layer": "enc1_conv1", "in_channel": 0, "filter": 0}


def text(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """A maker of a file with this content."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def edits(*listed: Any, **other: Any) -> Callable[[Path], Path]:
    """A maker of a list of edits, for the sample unless told otherwise."""
    content = {"format": 1, "model": "other.keras", "fingerprint": "sha256:0", "edits": listed}
    return text("mine.edits.json", json.dumps({**content, **other}))


def kernel(*rows: Any) -> dict[str, Any]:
    """An edit of the first kernel."""
    size = [len(rows), len(rows[0])]
    return {**EDIT, "values": {"shape": size, "values": [v for row in rows for v in row]}}


def huge(name: str) -> Callable[[Path], Path]:
    """A maker of a file of 300 MB that takes no room."""

    def make(folder: Path) -> Path:
        path = folder / name
        with path.open("wb") as file:
            file.truncate(300 << 20)
        return path

    return make


def beside_a_card(card: bytes) -> Callable[[Path], Path]:
    """A maker of the sample's network under another name, with a card beside it."""

    def make(folder: Path) -> Path:
        path = folder / "net.keras"
        shutil.copyfile(resources.sample_model(), path)
        with path.open("ab"):
            (folder / "net.card.json").write_bytes(card)
        return path

    return make


def array(values: Any, name: str = "kernel.npy") -> Callable[[Path], Path]:
    """A maker of a ``.npy`` file."""

    def make(folder: Path) -> Path:
        np.save(folder / name, values, allow_pickle=True)
        return folder / name

    return make


# ---------------------------------------------------------------- what is done


def apply(room: Room, path: Path) -> None:
    """Apply the edits of a file."""
    room.program.presenters.history.apply(path)
    room.wait_for_word()


def in_the_editor(room: Room, do: Callable[[], None]) -> None:
    """Do something of which the kernel editor says what became of it."""
    kernel = room.program.presenters.kernel
    kernel.report("")
    do()
    room.wait_for(lambda: bool(kernel.view.problem))
    room.elsewhere.append(kernel.view.problem)
    kernel.report("")


def take_recipe(room: Room, path: Path) -> None:
    """Take in a recipe."""
    in_the_editor(room, lambda: room.program.presenters.kernel.import_recipe(path))


def paste_file(room: Room, path: Path) -> None:
    """Put the numbers of a file into the kernel."""
    in_the_editor(room, lambda: room.program.presenters.kernel.paste_file(path))


def paste(content: str) -> Do:
    """What the clipboard holds, pasted into the kernel's grid."""

    def do(room: Room, _: Path) -> None:
        QGuiApplication.clipboard().setText(content)
        in_the_editor(room, room.program.window.action_of("edit.paste_kernel").trigger)

    return do


def read_lab(room: Room, path: Path) -> None:
    """Add the kernels of a file to the filter lab."""
    room.program.presenters.filter_lab.read_kernels(path)
    room.wait_for_word()


NO_EDITS = "mine.edits.json is no list of edits, or it is damaged. Choose a file that ends in .edits.json. Nothing has changed."
OTHER = "mine.edits.json was made for another model, other.keras, and does not fit:"
FIRST = "Open that model first."
NO_CARD = "net.card.json cannot be read as a model card. Compare it with the sample's card. Until then the card is guessed."
NO_RECIPE = "mine.recipe.json is no recipe: it needs a name, and rows of finite numbers of the same length, at most 64×64. Save a recipe and compare the two files."
NO_TABLE = "This text is no table of numbers. Copy the cells of a spreadsheet first."
DEEP = "[" * 100_000

FILES: tuple[Fault, ...] = (
    Fault("edits cut short", text("mine.edits.json", '{"format": 1, "edits": [{'), NO_EDITS, apply),
    Fault("edits nested 100,000 deep", text("mine.edits.json", DEEP), NO_EDITS, apply),
    Fault(
        "edits of a later version",
        edits(format=2),
        "mine.edits.json was written by a later version. Update Unetscope.",
        apply,
    ),
    Fault("edits of no version", edits(format="1"), NO_EDITS, apply),
    Fault(
        "edits that are bytes",
        text("mine.edits.json", b"\xff\xfe\0" * 99),
        "mine.edits.json is no text. Choose another file.",
        apply,
    ),
    Fault(
        "edits of 300 MB",
        huge("mine.edits.json"),
        "mine.edits.json is too large to be read. Is it the file?",
        apply,
    ),
    Fault(
        "edits that are gone",
        lambda f: f / "mine.edits.json",
        "mine.edits.json cannot be read. Is it still there?",
        apply,
    ),
    Fault("an edit nobody knows", edits({"edit": "Run", "code": PATIENT}), NO_EDITS, apply),
    Fault("an edit of numbers in words", edits(kernel(["a"] * 3)), NO_EDITS, apply),
    Fault(
        "an edit of absurd shape",
        edits({**EDIT, "values": {"shape": [1 << 40, 3], "values": [1]}}),
        NO_EDITS,
        apply,
    ),
    Fault(
        "an edit of another size",
        edits(kernel([1, 2], [3, 4])),
        f"{OTHER} A kernel of layer enc1_conv1 has shape (3, 3), but found (2, 2). {FIRST}",
        apply,
    ),
    Fault(
        "an edit that is not a number",
        edits(kernel(*[[1e39] * 3] * 3)),
        f"{OTHER} The values for layer enc1_conv1 must be finite numbers. {FIRST}",
        apply,
    ),
    Fault(
        "an edit of no layer here",
        edits({**kernel(*[[1] * 3] * 3), "layer": "x"}),
        f"{OTHER} brain-tissue-unet.keras has no layer called x. {FIRST}",
        apply,
    ),
    Fault(
        "an edit of filter −1",
        edits({**kernel(*[[1] * 3] * 3), "filter": -1}),
        f"{OTHER} Layer enc1_conv1 expects filter from 0 to 15, but found -1. {FIRST}",
        apply,
    ),
    Fault(
        "an edit of filter 10³⁰",
        edits({**kernel(*[[1] * 3] * 3), "filter": 10**30}),
        f"{OTHER} Layer enc1_conv1 expects filter from 0 to 15, but found 1000000000000000000000000000000. {FIRST}",
        apply,
    ),
    Fault(
        "an edit of filter 'a'", edits({**kernel(*[[1] * 3] * 3), "filter": "a"}), NO_EDITS, apply
    ),
    Fault("a card cut short", beside_a_card(b'{"name": '), NO_CARD, opens=True),
    Fault(
        "a card of wrong types",
        beside_a_card(b'{"format": 1, "name": 3, "input": "a"}'),
        "The model card lacks a name, an input or its classes. Compare it with the sample's card. Until then the card is guessed.",
        opens=True,
    ),
    Fault("a card nested 100,000 deep", beside_a_card(DEEP.encode()), NO_CARD, opens=True),
    Fault("a recipe cut short", text("mine.recipe.json", '{"format": 1'), NO_RECIPE, take_recipe),
    Fault(
        "a recipe of 65×65",
        text("mine.recipe.json", json.dumps({"format": 1, "name": "a", "values": [[0] * 65] * 65})),
        NO_RECIPE,
        take_recipe,
    ),
    Fault(
        "a recipe of a later version",
        text("mine.recipe.json", '{"format": 2, "name": "a"}'),
        "mine.recipe.json was written by a later version. Update Unetscope.",
        take_recipe,
    ),
    Fault(
        "a recipe that is a picture",
        text("mine.recipe.json", b"\x89PNG\xff"),
        "mine.recipe.json is no text. Choose another file.",
        take_recipe,
    ),
    Fault(
        "a lab that is no lab",
        text("lab.json", "{}"),
        "This is no list of kernels. Choose a file that the filter lab saved.",
        read_lab,
    ),
    Fault(
        "a lab of a later version",
        text("lab.json", '{"format": 9, "kernels": []}'),
        "This list was written by a later version. Update Unetscope.",
        read_lab,
    ),
    Fault(
        "a lab of 300 MB",
        huge("lab.json"),
        "lab.json is too large to be read. Is it the file?",
        read_lab,
    ),
    Fault(
        "an array with code in it",
        array(np.array([print], object)),
        "kernel.npy holds no array of numbers. Choose a .npy file.",
        read_lab,
    ),
    Fault(
        "an array cut short",
        text("kernel.npy", b"\x93NUMPY\1\0v\0{'descr'"),
        "kernel.npy holds no array of numbers. Choose a .npy file.",
        read_lab,
    ),
    Fault(
        "an array of 5 axes",
        array(np.zeros((2, 2, 2, 2, 2))),
        "kernel.npy holds an array of shape (2, 2, 2, 2, 2), no kernels. (rows, columns) is one kernel, (n, rows, columns) are several.",
        read_lab,
    ),
    Fault(
        "an array for the kernel of 4×4",
        array(np.zeros((4, 4))),
        "A kernel of enc1_conv1 has shape (3, 3), but found (4, 4). Copy as many rows and columns as the kernel has. Nothing has changed.",
        paste_file,
    ),
    Fault("a table that is prose", text("table.txt", "1 2\nthree"), NO_TABLE, paste_file),
    Fault("words pasted into a kernel", nothing, NO_TABLE, paste("Dear Sir,\n" + PATIENT)),
    Fault(
        "a smaller table pasted",
        nothing,
        "A kernel of enc1_conv1 has shape (3, 3), but found (2, 2). Copy as many rows and columns as the kernel has. Nothing has changed.",
        paste("1\t2\n3\t4"),
    ),
    Fault(
        "infinity pasted",
        nothing,
        "The values for layer enc1_conv1 must be finite numbers. Nothing has changed.",
        paste("1\t2\t3\n4\t1e99\t6\n7\t8\t9"),
    ),
    Fault(
        "not-a-number pasted",
        nothing,
        "The values for layer enc1_conv1 must be finite numbers. Nothing has changed.",
        paste("1\t2\t3\n4\tnan\t6\n7\t8\t9"),
    ),
    Fault("5 MB pasted", nothing, NO_TABLE, paste("1\t2\t3\n" * 900_000)),
    Fault("brackets pasted", nothing, NO_TABLE, paste("[" * 50_000)),
)
