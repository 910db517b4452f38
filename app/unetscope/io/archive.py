"""A zip of files, extracted one by one to a folder of its own as they are asked for."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType

from unetscope import private_folder
from unetscope.domain.errors import StudyError
from unetscope.domain.study import Skipped
from unetscope.io.foreign import is_hidden
from unetscope.io.notices import LIBRARY_ERRORS

_MOST_FILES = 200_000
_MOST_BYTES = 16 * 2**30  # all files together, unpacked
_HARMLESS = 2**30  # bytes up to which nobody asks how well they were packed
_BEST_RATIO = 200  # images pack to a tenth at best; deflate can pack zeros to a thousandth
_CHUNK = 2**20
_ZIP_ERRORS: tuple[type[Exception], ...] = (*LIBRARY_ERRORS, zipfile.BadZipFile)


class PrivateFolder:
    """A folder only this user can read; removed with the last reference to it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="zip-", dir=private_folder.temporary()))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Archive:
    """A zip that is open; a context manager.

    Parameters
    ----------
    path : Path
        The zip.

    Attributes
    ----------
    folder : PrivateFolder
        Where its files go.
    files : list of Path
        Where each of them will lie, by name.
    skipped : list of Skipped
        Hidden files and folders, by their place in the zip.

    Raises
    ------
    StudyError
        If it is damaged, needs a password, would grow too big, or holds a file that would land
        elsewhere. Nothing has been written then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.skipped: list[Skipped] = []
        self.folder = PrivateFolder()
        try:
            self._zip = zipfile.ZipFile(path)
            entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
            self._refuse(entries)
            self._entries = {self._target(entry): entry for entry in entries}
        except _ZIP_ERRORS as error:
            raise self._damaged() from error
        hidden = {target: self._hidden(target) for target in self._entries}
        self.files = sorted(target for target in self._entries if hidden[target] is None)
        for target in sorted({target for target in hidden.values() if target is not None}):
            kind = "file" if target in self._entries else "folder"
            place = path / target.relative_to(self.folder.path)
            self.skipped.append(Skipped(place, f"a hidden {kind}", expected=True))

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._zip.close()

    def fetch(self, file: Path) -> Path:
        """Extract one of `files`, of a pair both; StudyError if the zip is damaged there."""
        pair = [file, file.with_suffix(".img")] if file.suffix.lower() == ".hdr" else [file]
        try:
            for target in pair:
                if target in self._entries and not target.exists():
                    self._extract(self._entries[target], target)
        except _ZIP_ERRORS as error:
            raise self._damaged() from error
        return file

    def _damaged(self) -> StudyError:
        return StudyError(f"{self._path.name} cannot be unpacked.", "The zip may be damaged.")

    def _refuse(self, entries: list[zipfile.ZipInfo]) -> None:
        name = self._path.name
        if len(entries) > _MOST_FILES:
            raise StudyError(f"{name} holds more than {_MOST_FILES:,} files.")
        if any(entry.flag_bits & 1 for entry in entries):
            raise StudyError(f"{name} needs a password.", "Unpack it, then open the folder.")
        total = sum(entry.file_size for entry in entries)
        if total > _MOST_BYTES:
            limit = _MOST_BYTES // 2**30
            raise StudyError(f"{name} unpacks to more than {limit} GB.", "It may be harmful.")
        if total > _HARMLESS and total > _BEST_RATIO * self._path.stat().st_size:
            raise StudyError(
                f"{name} unpacks to more than {_BEST_RATIO} times its size.", "It may be harmful."
            )
        free = shutil.disk_usage(self.folder.path).free
        if total > free:
            raise StudyError(
                f"{name} needs {total / 2**30:.1f} GB to unpack; {free / 2**30:.1f} GB are free.",
                f"Make room in {self.folder.path.parent}, or unpack it elsewhere yourself.",
            )

    def _target(self, entry: zipfile.ZipInfo) -> Path:
        inside = PurePosixPath(entry.filename.replace("\\", "/"))
        parts = inside.parts
        if inside.is_absolute() or not parts or ".." in parts or ":" in entry.filename:
            raise StudyError(
                f"{self._path.name} holds a file that would land outside its folder.",
                "It may be harmful.",
            )
        return self.folder.path.joinpath(*parts)

    def _hidden(self, target: Path) -> Path | None:
        """The hidden folder a file lies in, or the file itself if it is hidden."""
        at = self.folder.path
        for part in target.relative_to(at).parts:
            at = at / part
            if is_hidden(part):
                return at
        return None

    def _extract(self, entry: zipfile.ZipInfo, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._zip.open(entry) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)  # reads no more than the entry says it holds
