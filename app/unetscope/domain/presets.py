"""Architectures to start from, as data: what they are called, what can be chosen, what they hold.

The window lists them and checks a choice without Keras; the engine builds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from unetscope.domain.errors import ModelError

MAX_SIDE = 2048
MAX_CHANNELS = 64
MAX_CLASSES = 64
MAX_FILTERS = 512
MAX_PARAMETERS = 100_000_000
MAX_SEED = 2**32 - 1

# (filters, window) of each convolution of the encoder, level by level.
ENCODER = (
    ((64, 5), (64, 5)),
    ((96, 3), (96, 3)),
    ((128, 3), (128, 3)),
    ((256, 3), (256, 4)),
    ((512, 3), (512, 3)),
)
DECODER = (256, 128, 96, 64)  # filters of the decoder that mirrors it, from the coarsest level

KernelShape = tuple[int, int, int, int]  # kernel height, kernel width, input channels, filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An architecture that Unetscope can build.

    Attributes
    ----------
    id, title, sentence : str
        Its name in scripts, its name for people, and what it is.
    image_shape : (int, int, int)
        Rows, columns and channels of the image it is proposed for.
    classes : int
        Output channels it is proposed with; 0 where it has no output for classes.
    filters, depth : int
        Filters of the first level and number of levels it is proposed with; 0 where they are fixed.
    """

    id: str
    title: str
    sentence: str
    image_shape: tuple[int, int, int]
    classes: int = 0
    filters: int = 0
    depth: int = 0


PRESETS = (
    Preset(
        id="unet",
        title="U-Net",
        sentence="Convolutions with batch normalisation, as in the network of the sample; its "
        "width and depth can be chosen.",
        image_shape=(256, 256, 1),
        classes=4,
        filters=16,
        depth=4,
    ),
    Preset(
        id="mirrored_unet",
        title="U-Net with a mirrored decoder",
        sentence="The encoder of 64 to 512 filters and a decoder that mirrors it; skips are "
        "cropped where a grid is odd.",
        image_shape=(200, 200, 1),
        classes=1,
    ),
    Preset(
        id="unet_encoder",
        title="U-Net encoder alone",
        sentence="Five levels of 64 to 512 filters, to look at feature maps; it gives no mask.",
        image_shape=(200, 200, 1),
    ),
)


def preset(id: str) -> Preset:  # noqa: A002
    """Give a preset by its id; ModelError when there is none."""
    for known in PRESETS:
        if known.id == id:
            return known
    names = ", ".join(known.id for known in PRESETS)
    raise ModelError(f"There is no architecture called {id!r}.", f"Choose one of {names}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A preset with everything chosen: what is needed to build the same network again.

    Attributes
    ----------
    preset : str
        Id of the preset.
    image_shape : (int, int, int)
        Rows, columns and channels of the image.
    classes : int
        Output channels: 1 for a sigmoid, more for a softmax; 0 for a preset without classes.
    filters, depth : int
        Filters of the first level, and number of levels; 0 for a preset that fixes them.
    seed : int
        What the first weights are drawn by.

    Raises
    ------
    ModelError
        A choice is out of bounds, or does not belong to the preset.
    """

    preset: str
    image_shape: tuple[int, int, int]
    classes: int = 0
    filters: int = 0
    depth: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        known = preset(self.preset)
        if len(self.image_shape) != 3:
            raise ModelError(
                f"An image has rows, columns and channels, but found {self.image_shape}.",
                "Give three numbers, such as (256, 256, 1).",
            )
        rows, columns, channels = self.image_shape
        _within("Classes", self.classes, known.classes, MAX_CLASSES)
        _within("Filters", self.filters, known.filters, MAX_FILTERS)
        _within("Levels", self.depth, known.depth, 7, least=2)
        _within("Channels", channels, 1, MAX_CHANNELS)
        _within("The seed", self.seed, 1, MAX_SEED, least=0)
        step = 2 ** ((self.depth or len(ENCODER)) - 1)
        for what, side in (("Rows", rows), ("Columns", columns)):
            _within(what, side, 1, MAX_SIDE, least=step)
            if self.depth and side % step:
                below = side - side % step
                raise ModelError(
                    f"{what} must be a multiple of {step} for {self.depth} levels, but found "
                    f"{side}.",
                    f"Choose {below} or {below + step}.",
                )
        if self.parameters > MAX_PARAMETERS:
            raise ModelError(
                f"The network would have {self.parameters:,} parameters; at most "
                f"{MAX_PARAMETERS:,} are built.",
                "Choose fewer filters or levels.",
            )

    @classmethod
    def proposed(
        cls,
        id: str,  # noqa: A002
        *,
        image_shape: tuple[int, int, int] | None = None,
        classes: int | None = None,
        filters: int | None = None,
        depth: int | None = None,
        seed: int = 0,
    ) -> NewModel:
        """Take the preset's own proposal for whatever is left out."""
        known = preset(id)
        return cls(
            preset=id,
            image_shape=known.image_shape if image_shape is None else image_shape,
            classes=known.classes if classes is None else classes,
            filters=known.filters if filters is None else filters,
            depth=known.depth if depth is None else depth,
            seed=seed,
        )

    @property
    def kernels(self) -> tuple[tuple[str, KernelShape], ...]:
        """Name and kernel shape of each convolution, in the order they are run."""
        if self.preset == "unet":
            return tuple(_unet(self))
        return tuple(_encoder(self) if self.preset == "unet_encoder" else _mirrored(self))

    @property
    def parameters(self) -> int:
        """Number of weight values: kernels, biases, and four for each normalised channel."""
        total = 0
        for name, shape in self.kernels:
            normalised = 4 if self.preset == "unet" and name != "head" else 0
            total += prod(shape) + shape[-1] * (1 + normalised)
        return total


def _within(what: str, value: int, proposed: int, most: int, *, least: int = 1) -> None:
    if type(value) is not int:
        raise ModelError(
            f"{what} must be a whole number, but found {value!r}.", "Choose another number."
        )
    if not proposed and value:
        raise ModelError(f"{what} cannot be chosen for this architecture.", "Leave it out.")
    if proposed and not least <= value <= most:
        raise ModelError(
            f"{what} must be {least} to {most}, but found {value}.", "Choose another number."
        )


def _encoder(new: NewModel) -> list[tuple[str, KernelShape]]:
    kernels = []
    before = new.image_shape[2]
    for level, convolutions in enumerate(ENCODER, start=1):
        for number, (filters, window) in enumerate(convolutions, start=1):
            kernels.append((f"conv{level}_{number}", (window, window, before, filters)))
            before = filters
    return kernels


def _mirrored(new: NewModel) -> list[tuple[str, KernelShape]]:
    kernels = _encoder(new)
    before = ENCODER[-1][-1][0]
    skips = [level[-1][0] for level in ENCODER[-2::-1]]
    for level, (filters, skip) in enumerate(zip(DECODER, skips, strict=True), start=6):
        kernels.append((f"conv{level}_1", (3, 3, before + skip, filters)))
        kernels.append((f"conv{level}_2", (3, 3, filters, filters)))
        before = filters
    return [*kernels, ("conv10_1", (1, 1, before, new.classes))]


def _unet(new: NewModel) -> list[tuple[str, KernelShape]]:
    widths = [new.filters * 2**level for level in range(new.depth)]
    names = [f"enc{level}" for level in range(1, new.depth)]
    read = [new.image_shape[2], *widths[:-1]]
    blocks = list(zip([*names, "mid"], read, widths, strict=True))
    for level in range(new.depth - 1, 0, -1):
        width = widths[level - 1]
        blocks.append((f"dec{level}", widths[level] + width, width))
    kernels = []
    for name, before, width in blocks:
        kernels.append((f"{name}_conv1", (3, 3, before, width)))
        kernels.append((f"{name}_conv2", (3, 3, width, width)))
    return [*kernels, ("head", (1, 1, new.filters, new.classes))]
