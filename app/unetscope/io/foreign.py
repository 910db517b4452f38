"""Files that are no DICOM: what they are instead, and whether anybody would have expected it."""

from __future__ import annotations

from pathlib import Path

from unetscope.io.notices import CHOOSE, NotASlice

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\3\4": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "RAR",
}
_NAMES = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    *("readme", "license", "licence", "copying", "notice", "authors", "changelog", "changes"),
    *("version", "makefile"),
}
_ENDINGS = frozenset(
    (
        *("txt", "text", "md", "rst", "rtf", "pdf", "ps", "doc", "docx", "odt", "log"),
        *("xls", "xlsx", "ods", "csv", "tsv", "ppt", "pptx", "json", "jsonl", "xml", "yaml"),
        *("yml", "toml", "ini", "inf", "cfg", "conf", "bval", "bvec", "htm", "html", "xhtml"),
        *("css", "js", "xsl", "xsd", "dtd", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff"),
        *("ico", "icns", "icc", "svg", "webp", "avi", "mp4", "mpg", "mpeg", "mov", "wmv", "mp3"),
        *("wav", "exe", "dll", "ocx", "msi", "bat", "cmd", "com", "sh", "ps1", "py", "pyc"),
        *("jar", "class", "so", "dylib", "app", "cab", "sys", "manifest", "plist", "chm", "hlp"),
        *("lnk", "url", "db", "db3", "sqlite", "lock", "md5", "sha1", "sha256", "sum", "ttf"),
        *("otf", "woff", "woff2", "keras", "h5", "hdf5", "npy", "npz", "mat"),
    )
)


def refusal(path: Path, head: bytes | None = None) -> NotASlice:
    """Say what a file is that is no DICOM.

    Parameters
    ----------
    path : Path
        The file.
    head : bytes, optional
        Its first bytes, where they are not those of DICOM.
    """
    expected = is_expected(path)
    if head == b"":
        return NotASlice(path, "empty", expected=expected)
    if path.suffix.lower() == ".img" and (header := path.with_suffix(".hdr")).is_file():
        return NotASlice(
            path, f"the pixels of {header.name}", f"Open {header.name}.", expected=True
        )
    if head is not None and not expected:
        for magic, kind in _PACKED.items():
            if head.startswith(magic):
                return NotASlice(path, f"a {kind} file", "Unpack it first.")
    return NotASlice(path, "not a DICOM file", CHOOSE, expected=expected)


def is_expected(path: Path) -> bool:
    """Whether nobody would take a file of this name for a slice."""
    name = path.name.lower()
    return name in _NAMES or is_hidden(path.name) or name.rpartition(".")[2] in _ENDINGS


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is not meant to be seen."""
    return name.startswith(".") or name == "__MACOSX"
