# ruff: noqa: E501  (a row of the table is one line)
"""Studies that are damaged, made to harm, or lost while they are read."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from pydicom import DataElement, Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    MediaStorageDirectoryStorage,
)
from tests.faults.fault import Fault
from tests.faults.room import IDENTITY, PATIENT, Room, as_nobody
from tests.unit.io.builders import DEFLATED, IMPLICIT, mr_slice, save, save_nifti

WHO: dict[str, Any] = {
    "PatientName": PATIENT,
    "PatientID": IDENTITY,
    "PatientBirthDate": "19500101",
}
SMALL = np.arange(4096, dtype=np.int16).reshape(64, 64)


def one(folder: Path, name: str = "scan.dcm", syntax: str = "", **elements: Any) -> Path:
    """One slice of the patient."""
    dataset = mr_slice(0.0, SMALL, **{**WHO, **elements})
    return save(dataset, folder / name, *([syntax] if syntax else []))


def visit(folder: Path, count: int = 5, **elements: Any) -> Path:
    """A folder of slices, 2 mm apart."""
    for number in range(count):
        dataset = mr_slice(2.0 * number, SMALL + number, **{**WHO, **elements})
        save(dataset, folder / "visit" / f"{number}.dcm")
    return folder / "visit"


def changed(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The file with other bytes."""
    path.write_bytes(change(path.read_bytes()))
    return path


def written(path: Path, content: bytes) -> Path:
    """A file of these bytes."""
    path.write_bytes(content)
    return path


# ------------------------------------------------------------------ the makers


def truncated(folder: Path) -> Path:
    return changed(one(folder), lambda raw: raw[:-3000])


def header_cut(folder: Path) -> Path:
    return changed(one(folder), lambda raw: raw[:400])


def empty_folder(folder: Path) -> Path:
    (folder / "visit").mkdir()
    return folder / "visit"


def only_reports(folder: Path) -> Path:
    visit = empty_folder(folder)
    (visit / "letter.pdf").write_bytes(b"%PDF-1.4 of " + PATIENT.encode())
    (visit / "scan").write_text("no DICOM at all, but about " + PATIENT)
    return visit


def zip_bomb(folder: Path) -> Path:
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for number in range(40):
            pack.writestr(f"{number}.dcm", bytes(30_000_000))
    return path


def zip_outside(folder: Path) -> Path:
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr(f"../../{PATIENT}.dcm", one(folder).read_bytes())
    return path


def zip_with_password(folder: Path) -> Path:
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w") as pack:
        pack.write(one(folder), "scan.dcm")
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # encrypted, in the local header ...
    raw[raw.index(b"PK\1\2") + 8] |= 1  # ... and in the directory
    path.write_bytes(raw)
    return path


def damaged_zip(folder: Path) -> Path:
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.write(one(folder), "scan.dcm")
    raw = bytearray(path.read_bytes())
    for at in range(200, 900):
        raw[at] ^= 0x55
    path.write_bytes(raw)
    return path


def dicomdir_outside(folder: Path) -> Path:
    index = Dataset()
    index.DirectoryRecordSequence = []
    for parts in (["..", "..", "ETC", "PASSWD"], ["C:", "SECRET"], ["/ETC/PASSWD"]):
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record[0x00041500] = DataElement(
            0x00041500, "CS", parts, validation_mode=pydicom.config.IGNORE
        )
        index.DirectoryRecordSequence.append(record)
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    index.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    index.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def link_loop(folder: Path) -> Path:
    folder = visit(folder).parent
    (folder / "visit" / "again").symlink_to(folder / "visit", target_is_directory=True)
    (folder / "visit" / "self.dcm").symlink_to(folder / "visit" / "self.dcm")
    return folder / "visit"


def unreadable_file(folder: Path) -> Path:
    path = one(folder)
    path.chmod(0)
    return path


def unreadable_folder(folder: Path) -> Path:
    path = visit(folder)
    path.chmod(0)
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "scan.dcm")
    return folder / "scan.dcm"


def pipe_among_slices(folder: Path) -> Path:
    path = visit(folder)
    os.mkfifo(path / "scan.dcm")
    return path


def absurd_size(folder: Path) -> Path:
    return one(folder, Rows=65535, Columns=65535)


def palette_without_data(folder: Path) -> Path:
    return one(
        folder,
        PhotometricInterpretation="PALETTE COLOR",
        RedPaletteColorLookupTableDescriptor=[256, 0, 16],
        PixelRepresentation=0,
    )


def compressed(folder: Path, syntax: str, frame: bytes, **elements: Any) -> Path:
    values = np.zeros((64, 64), np.uint8)
    dataset = mr_slice(0.0, values, **{**WHO, **elements})
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return save(dataset, folder / "scan.dcm", syntax)


def damaged_jpeg(folder: Path) -> Path:
    frame = bytearray(imagecodecs.jpeg8_encode(np.arange(4096, dtype=np.uint8).reshape(64, 64)))
    frame[100:-2] = bytes(len(frame) - 102)
    return compressed(folder, JPEGBaseline8Bit, bytes(frame))


def damaged_jpeg_2000(folder: Path) -> Path:
    frame = bytes(imagecodecs.jpeg2k_encode(np.zeros((64, 64), np.uint8), codecformat="j2k"))
    return compressed(folder, JPEG2000Lossless, frame[:40] + bytes(20))


def bomb_jpeg(folder: Path) -> Path:
    """A frame that says of itself that it is 60,000 × 60,000."""
    frame = bytearray(imagecodecs.jpeg8_encode(np.zeros((64, 64), np.uint8)))
    at = frame.index(b"\xff\xc0")
    frame[at + 5 : at + 9] = struct.pack(">HH", 60000, 60000)
    return compressed(folder, JPEGBaseline8Bit, bytes(frame))


def deflated_bomb(folder: Path) -> Path:
    path = save(mr_slice(0.0, SMALL, **WHO), folder / "scan.dcm", DEFLATED)
    raw = path.read_bytes()
    head = raw[: 144 + struct.unpack_from("<L", raw, 140)[0]]
    pack = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    pieces = [head, pack.compress(zlib.decompress(raw[len(head) :], -zlib.MAX_WBITS))]
    pieces.append(pack.compress(struct.pack("<HH2sHL", 0x7FE1, 0x0010, b"OB", 0, 2**30)))
    pieces += [pack.compress(bytes(2**24)) for _ in range(64)]
    return written(path, b"".join([*pieces, pack.flush()]))


def nested(folder: Path, levels: int = 3000) -> Path:
    """Sequences in sequences, deeper than any reader that calls itself can go."""
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    opening = struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) + item
    closing = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    path = one(folder)
    at = struct.pack("<HH", 0x0008, 0x1030)
    deep = opening * levels + closing * levels
    return changed(path, lambda raw: raw.replace(at, deep + at, 1))


def wrong_syntax(folder: Path) -> Path:
    """The file says implicit, and is explicit."""
    told, true = b"1.2.840.10008.1.2\0\0\0", b"1.2.840.10008.1.2.1\0"
    return changed(one(folder), lambda raw: raw.replace(true, told, 1))


def unknown_syntax(folder: Path) -> Path:
    told, true = b"1.2.840.10008.9.9.9\0", b"1.2.840.10008.1.2.1\0"
    return changed(one(folder), lambda raw: raw.replace(true, told, 1))


def lost_slice(folder: Path) -> Path:
    path = visit(folder, 6)
    (path / "3.dcm").unlink()
    return path


def mixed_frames(folder: Path) -> Path:
    path = visit(folder, 4, FrameOfReferenceUID="1.2.9")
    for number in range(4, 8):
        dataset = mr_slice(2.0 * number, SMALL, **WHO, FrameOfReferenceUID="1.2.10")
        save(dataset, path / f"{number}.dcm")
    return path


def duplicates(folder: Path) -> Path:
    path = visit(folder, 4)
    twin = mr_slice(2.0, SMALL + 100, **WHO)
    save(twin, path / "twin.dcm")
    return path


def two_people(folder: Path) -> Path:
    path = visit(folder, 3)
    for number in range(3, 6):
        other = {**WHO, "PatientName": "PLANTED^OTHER", "PatientID": "PLANTED88"}
        save(mr_slice(2.0 * number, SMALL, **other), path / f"{number}.dcm")
    return path


def odd_numbers(folder: Path) -> Path:
    """Spacing, slope and window that are no numbers to work with."""
    dataset = mr_slice(0.0, SMALL, **WHO)
    for tag, text in ((0x00280030, "0\\nan"), (0x00281053, "nan"), (0x00281051, "-inf")):
        dataset[tag] = DataElement(tag, "LO", text)
    return save(dataset, folder / "scan.dcm", IMPLICIT)


def nifti_cut(folder: Path) -> Path:
    path = save_nifti(folder / "scan.nii.gz", np.ones((30, 40, 50), np.int16), np.eye(4))
    return changed(path, lambda raw: raw[: len(raw) // 2])


def nifti_absurd(folder: Path) -> Path:
    path = save_nifti(folder / "scan.nii", np.ones((3, 4, 5), np.int16), np.eye(4))
    return changed(path, lambda raw: raw[:42] + struct.pack("<3h", 32767, 32767, 32767) + raw[48:])


def goes_while_read(folder: Path) -> Path:
    return visit(folder, 40)


def nifti(folder: Path, name: str = "scan.nii") -> Path:
    values = np.random.default_rng(0).integers(0, 999, (64, 64, 40)).astype(np.int16)
    return save_nifti(folder / name, values, np.diag([1.0, 1.0, 2.0, 1.0]))


# -------------------------------------------------------------- what is done


def open_without_rights(room: Room, path: Path) -> None:
    """As somebody who may not read it."""
    try:
        with as_nobody():
            room.open(path)
    finally:
        path.chmod(0o700)


def scroll_to(room: Room, index: int) -> None:
    """Turn to a slice, and wait until it is drawn or refused."""
    live = room.program.live
    room.program.store.update(lambda s: s.select_slice(index))
    room.wait_for_word(
        lambda: (
            live.problem is not None
            or (live.shown is not None and live.shown.key.index == room.session.slice_index)
        )
    )


def open_and_lose(room: Room, path: Path, lose: Callable[[Path], None]) -> None:
    """Open a study, have its files lost or changed, and turn to a slice not read yet."""
    room.open(path)
    room.wait_for_the_mask()
    lose(path)
    room.told.clear()
    room.opened.clear()
    scroll_to(room, 0)
    wait_for_problem(room)


def open_and_look(room: Room, path: Path) -> None:
    """Open it, and wait for what the pixels say."""
    room.open(path)
    live = room.program.live

    def is_answered() -> bool:
        shown = room.session.series
        return live.answer is not None and shown is not None and live.answer.key.series == shown.uid

    room.wait_for_word(lambda: live.problem is not None or is_answered())


def wait_for_problem(room: Room) -> None:
    """Wait until the slice could not be shown."""
    room.wait_for_word(lambda: room.program.live.problem is not None)


def remove(path: Path) -> None:
    shutil.rmtree(path)


def write_over(path: Path) -> None:
    for file in path.iterdir():
        file.write_bytes(b"something else, of " + PATIENT.encode() + bytes(9000))


def shorten(path: Path) -> None:
    for file in path.iterdir() if path.is_dir() else [path]:
        file.write_bytes(file.read_bytes()[:-2000])


def replace_first(path: Path) -> None:
    """Put another slice, as sound and as big, in the place of the first."""
    other = save(mr_slice(0.0, SMALL[::-1], **WHO), path.parent / "other.dcm")
    other.replace(path / "0.dcm")


def rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


ONLY = "linux"
CHOOSE = "Choose a DICOM or NIfTI file, a folder of them, a DICOMDIR or a zip."
AGAIN = "Copy or export it again."
DAMAGED = "The file may be damaged; copy or export it again."
GONE = "is no longer there. Open the study again."
OTHER = "has changed since it was opened. Open the study again."
STUDIES: tuple[Fault, ...] = (
    Fault(
        "nothing at the path",
        lambda f: f / "gone.dcm",
        "gone.dcm does not exist. It may have been moved or renamed.",
    ),
    Fault("an empty file", lambda f: written(f / "scan.dcm", b""), f"scan.dcm is empty. {AGAIN}"),
    Fault(
        "a text called .dcm",
        lambda f: written(f / "scan.dcm", b"Dear Sir, " * 90),
        f"scan.dcm is not a DICOM file. {CHOOSE}",
    ),
    Fault("an empty folder", empty_folder, f"No images in visit. {CHOOSE}"),
    Fault(
        "a folder without images",
        only_reports,
        "No images in visit. 2 files were skipped; scan is not a DICOM file.",
    ),
    Fault("pixels cut short", truncated, f"scan.dcm is cut short. {AGAIN}"),
    Fault(
        "a header cut short",
        header_cut,
        f"scan.dcm is cut short: it ends before its pixels. {AGAIN}",
    ),
    Fault(
        "a zip that grows a thousandfold",
        zip_bomb,
        "study.zip unpacks to more than 200 times its size. It may be harmful.",
    ),
    Fault(
        "a zip that reaches outside",
        zip_outside,
        "study.zip holds a file that would land outside its folder. It may be harmful.",
    ),
    Fault(
        "a zip with a password",
        zip_with_password,
        "study.zip needs a password. Unpack it, then open the folder.",
    ),
    Fault("a damaged zip", damaged_zip, "study.zip cannot be unpacked. The zip may be damaged."),
    Fault(
        "a DICOMDIR that points outside",
        dicomdir_outside,
        "No images in DICOMDIR. 3 files were skipped; DICOMDIR is a DICOMDIR that refers to a file outside its folder.",
    ),
    Fault(
        "links in a circle",
        link_loop,
        "1 file could not be shown. self.dcm: not a file.",
        opens=True,
        only=ONLY,
    ),
    Fault(
        "a file that may not be read",
        unreadable_file,
        "scan.dcm cannot be read. Check that you may read it.",
        open_without_rights,
        only=ONLY,
    ),
    Fault(
        "a folder that may not be read",
        unreadable_folder,
        "No images in visit. 1 file was skipped; visit is a folder that cannot be read.",
        open_without_rights,
        only=ONLY,
    ),
    Fault("a pipe in the place of a file", pipe, f"scan.dcm is not a file. {CHOOSE}", only=ONLY),
    Fault(
        "a pipe among the slices",
        pipe_among_slices,
        "1 file could not be shown. scan.dcm: not a file.",
        opens=True,
        only=ONLY,
    ),
    Fault("a device", lambda _: Path("/dev/zero"), f"zero is not a file. {CHOOSE}", only=ONLY),
    Fault(
        "no Rows", partial(one, Rows=None), f"scan.dcm is without the size of its image. {AGAIN}"
    ),
    Fault("Rows × Columns beyond all pixels", absurd_size, f"scan.dcm is cut short. {AGAIN}"),
    Fault(
        "no pixels",
        partial(one, PixelData=None),
        f"scan.dcm is cut short: it ends before its pixels. {AGAIN}",
    ),
    Fault(
        "a palette without its colours",
        palette_without_data,
        f"scan.dcm is a colour image whose palette cannot be read. {AGAIN}",
    ),
    Fault(
        "a damaged JPEG",
        damaged_jpeg,
        f"scan.dcm has pixels that cannot be decoded. {DAMAGED}",
        open_and_look,
        opens=True,
    ),
    Fault(
        "a damaged JPEG 2000",
        damaged_jpeg_2000,
        f"scan.dcm has pixels that cannot be decoded. {DAMAGED}",
        open_and_look,
        opens=True,
    ),
    Fault(
        "a JPEG of 60,000 × 60,000",
        bomb_jpeg,
        f"scan.dcm has pixels that cannot be decoded. {DAMAGED}",
        open_and_look,
        opens=True,
    ),
    Fault(
        "a deflated file of a gigabyte",
        deflated_bomb,
        "scan.dcm is deflated to hide more than 256 MB. It may be harmful.",
    ),
    Fault(
        "sequences nested 3,000 deep",
        nested,
        f"scan.dcm is damaged: its sequences are nested too deep. {AGAIN}",
        open_and_look,
        opens=True,
    ),
    Fault("implicit by name, explicit in fact", wrong_syntax, "", open_and_look, opens=True),
    Fault(
        "an unknown transfer syntax",
        unknown_syntax,
        "scan.dcm is stored as 1.2.840.10008.9.9.9, which this app cannot decode. Convert it to another transfer syntax.",
    ),
    Fault(
        "a series with one slice lost",
        lost_slice,
        "",
        opens=True,
        warns="1 slice is missing: the stack has a gap",
    ),
    Fault("two frames of reference in a series", mixed_frames, "", opens=True, series=2),
    Fault(
        "two slices at one place", duplicates, "", opens=True, series=2, warns="duplicate slices"
    ),
    Fault("two people in a series", two_people, "", opens=True, series=2, warns="2 patients"),
    Fault(
        "spacing, slope and window no numbers",
        odd_numbers,
        "",
        open_and_look,
        opens=True,
        warns="1 mm is assumed. 1 slice has rescale slope nan",
    ),
    Fault(
        "a NIfTI cut short",
        nifti_cut,
        "scan.nii.gz has pixels that cannot be read. The file may be damaged or cut short; copy it again.",
    ),
    Fault(
        "a NIfTI of 32,767³",
        nifti_absurd,
        f"scan.nii is larger than 4 GB a volume, or damaged. {AGAIN}",
    ),
    Fault(
        "a study deleted while it is open",
        goes_while_read,
        f"0.dcm {GONE}",
        partial(open_and_lose, lose=remove),
        opens=True,
    ),
    Fault(
        "a study written over while it is open",
        goes_while_read,
        f"0.dcm {OTHER}",
        partial(open_and_lose, lose=write_over),
        opens=True,
    ),
    Fault(
        "a study cut short while it is open",
        goes_while_read,
        f"0.dcm {OTHER}",
        partial(open_and_lose, lose=shorten),
        opens=True,
    ),
    Fault(
        "a slice replaced by another while the study is open",
        goes_while_read,
        f"0.dcm {OTHER}",
        partial(open_and_lose, lose=replace_first),
        opens=True,
    ),
    Fault(
        "a study's folder renamed while it is open",
        goes_while_read,
        f"0.dcm {GONE}",
        partial(open_and_lose, lose=rename),
        opens=True,
    ),
    Fault(
        "a NIfTI cut short while it is open",
        nifti,
        f"scan.nii {OTHER}",
        partial(open_and_lose, lose=shorten),
        opens=True,
    ),
    Fault(
        "a packed NIfTI cut short while it is open",
        partial(nifti, name="scan.nii.gz"),
        f"scan.nii.gz {OTHER}",
        partial(open_and_lose, lose=shorten),
        opens=True,
    ),
    Fault(
        "a NIfTI deleted while it is open",
        nifti,
        f"scan.nii {GONE}",
        partial(open_and_lose, lose=Path.unlink),
        opens=True,
    ),
)
