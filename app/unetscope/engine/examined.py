"""What is inside, for scripts: voxels, receptive fields, labels in maps, skips, uncertainty."""

from __future__ import annotations

from unetscope.engine.explained import Explained


class Examined(Explained):
    """Examinations of the network and the image; the network stays as it is."""
