"""A mask as pictures in the colours of its classes: one a slice, or the pages of one TIFF."""

from __future__ import annotations

from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, TiffImagePlugin

from unetscope.domain.errors import Cancelled
from unetscope.domain.export import AskCancelled, Labels, Order, Progress, Written
from unetscope.io.exports.checked import new_folder, write_checked, write_within

_PALETTE, _GREY = "P", "L"
_DESCRIPTION, _SOFTWARE = 270, 305  # tags of TIFF
_X_RESOLUTION, _Y_RESOLUTION, _UNIT, _CENTIMETRE = 282, 283, 296, 3


def write_pngs(
    order: Order, progress: Progress = lambda *_: None, cancelled: AskCancelled = lambda: False
) -> Written:
    """Write each slice as a PNG whose values are class indices, shown in their colours.

    The folder is made whole or not at all.

    Raises
    ------
    UnetscopeError
        There is something of that name, or it cannot be written; nothing is left behind.
    Cancelled
        It is not wanted any more.
    """
    folder, kept, wanted = order.path, order.kept(), order.wanted
    said = PngImagePlugin.PngInfo()
    said.add_text("Description", order.maker.sentence)
    voxels = 0
    with new_folder(folder) as place:
        for done, index in enumerate(wanted):
            if cancelled():
                raise Cancelled
            picture = _picture(kept[index], order)

            def write(file: IO[bytes], picture: Image.Image = picture) -> None:
                picture.save(file, "PNG", pnginfo=said, optimize=False)

            voxels += write_within(place / f"{index + 1:04d}.png", write, _values, kept[index])
            progress(done + 1, len(wanted))
    return Written(folder, voxels, len(wanted))


def write_tiff(order: Order, cancelled: AskCancelled = lambda: False) -> Written:
    """Write the slices as the pages of a TIFF, whose values are class indices.

    Raises
    ------
    UnetscopeError
        It cannot be written; nothing is left behind.
    Cancelled
        It is not wanted any more.
    """
    kept, wanted = order.kept(), order.wanted
    pages = [_picture(kept[index], order) for index in wanted]
    if cancelled():
        raise Cancelled
    _, row, column = order.series.spacing
    said = TiffImagePlugin.ImageFileDirectory_v2()
    said[_DESCRIPTION] = order.maker.sentence
    said[_SOFTWARE] = "Unetscope"
    said[_UNIT] = _CENTIMETRE
    said[_X_RESOLUTION], said[_Y_RESOLUTION] = 10 / column, 10 / row

    def write(file: IO[bytes]) -> None:
        pages[0].save(
            file,
            "TIFF",
            save_all=True,
            append_images=pages[1:],
            compression="tiff_adobe_deflate",
            tiffinfo=said,
        )

    def read(file: IO[bytes]) -> NDArray[np.generic]:
        with Image.open(file) as found:
            read_pages = []
            for page in range(getattr(found, "n_frames", 1)):
                found.seek(page)
                read_pages.append(np.array(found))
        return np.stack(read_pages)

    voxels = write_checked(order.path, write, read, kept[list(wanted)])
    return Written(order.path, voxels)


def _picture(labels: Labels, order: Order) -> Image.Image:
    picture = Image.fromarray(labels, _GREY)
    colours = np.zeros((256, 3), np.uint8)
    for each in order.classes:
        colours[each.index] = [int(each.colour[at : at + 2], 16) for at in (1, 3, 5)]
    picture.putpalette(colours.tobytes())
    return picture


def _values(file: IO[bytes]) -> NDArray[np.generic]:
    with Image.open(file) as found:
        if found.mode not in (_PALETTE, _GREY):
            raise ValueError("no class indices")
        return np.array(found)
