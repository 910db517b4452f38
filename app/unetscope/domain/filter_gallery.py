"""What the filter gallery shows and how: one frozen value of the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Gallery(Enum):
    """Which kernels of a layer the gallery shows; the value is what people call it."""

    FILTERS = "every filter, one input channel"
    INPUTS = "one filter, every input channel"
    ALL = "every kernel: filters down, input channels across"
    REDUCED = "every filter, all its input channels taken together"
    HEAT = "every kernel as one colour: filters down, input channels across"

    @property
    def is_matrix(self) -> bool:
        """Whether rows are filters and columns are input channels."""
        return self in (Gallery.ALL, Gallery.HEAT)

    @property
    def is_reduced(self) -> bool:
        """Whether many values are taken together to one."""
        return self in (Gallery.REDUCED, Gallery.HEAT)


class ColourScale(Enum):
    """What one colour scale covers."""

    KERNEL = "kernel"
    FILTER = "filter"
    LAYER = "layer"


class SortBy(Enum):
    """What the filters are ordered by; the value is what people call it."""

    INDEX = "index"
    NORM = "norm"
    SPARSITY = "sparsity"
    SIMILARITY = "similarity"
    ACTIVATION = "mean activation"
    EFFECT = "effect on mask"


class Reduction(Enum):
    """How many values become one."""

    NORM = "norm"
    MEAN = "mean"


class Picture(Enum):
    """Which of two networks a tile shows."""

    NOW = "in force"
    BEFORE = "compared with"
    DIFFERENCE = "difference"


class Against(Enum):
    """What the network in force is compared with."""

    TRAINED = "trained"
    OTHER = "other model"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterGallery:
    """Which kernels, in which order, on which colours.

    Attributes
    ----------
    depth : int
        Of a 3-D kernel, which of its slices is shown.
    """

    shows: Gallery = Gallery.FILTERS
    scale: ColourScale = ColourScale.KERNEL
    sort: SortBy = SortBy.INDEX
    descending: bool = False
    reduction: Reduction = Reduction.NORM
    picture: Picture = Picture.NOW
    against: Against = Against.TRAINED
    depth: int = 0

    def next_picture(self) -> FilterGallery:
        """In force, compared with, difference, in turn."""
        pictures = list(Picture)
        after = (pictures.index(self.picture) + 1) % len(pictures)
        return replace(self, picture=pictures[after])

    @property
    def scale_in_force(self) -> ColourScale:
        """What one colour scale covers: never a single value, which would always be at its end."""
        alone = self.shows is Gallery.HEAT and self.scale is ColourScale.KERNEL
        return ColourScale.LAYER if alone else self.scale


FIRST_GALLERY = FilterGallery()
