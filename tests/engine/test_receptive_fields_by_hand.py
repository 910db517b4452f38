"""Receptive fields of networks that were computed by hand, and checked by impulses.

By hand: a window of k with stride s over a grid with stride j adds (k - 1) j to the size, makes the
stride j s, and moves the first position by j ((k - 1) / 2 - p), p being the padding before it.
Where upsampling lies in between, a position sees whole cells of the coarse grid, and how many is
counted out in the comment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import layers
from tests.engine.test_receptive_field import reading, transparent

from unetscope.domain.receptive_field import receptive_field, seen_by
from unetscope.engine.introspect import anatomy_of

pytestmark = pytest.mark.engine


def conv(size: Any = 3, padding: str = "same", **more: Any) -> Any:
    return layers.Conv2D(2, size, padding=padding, **more)


def valid(size: Any = 3, **more: Any) -> Any:
    return conv(size, "valid", **more)


def spread(size: int, padding: str = "same") -> Any:
    return layers.Conv2DTranspose(2, size, strides=2, padding=padding)


def pool(size: int = 2) -> Any:
    return layers.MaxPooling2D(size)


def up(size: int = 2, how: str = "nearest") -> Any:
    return layers.UpSampling2D(size, interpolation=how)


def chain(*steps: Any) -> Callable[[Any], Any]:
    def build(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return x

    return build


def join(*ways: Callable[[Any], Any], by: Any = layers.Concatenate) -> Callable[[Any], Any]:
    return lambda x: by()([way(x) for way in ways])


def as_it_is(x: Any) -> Any:
    return x


def block(x: Any) -> Any:
    return layers.Add()([x, chain(conv(), conv())(x)])


def unet(depth: int, convolutions: int, enlarge: Callable[[], Any]) -> Callable[[Any], Any]:
    def level(x: Any, left: int) -> Any:
        x = chain(*[conv() for _ in range(convolutions)])(x)
        if not left:
            return x
        below = enlarge()(level(pool()(x), left - 1))
        x = layers.Concatenate()([x, below])
        return chain(*[conv() for _ in range(convolutions)])(x)

    return lambda x: conv(1)(level(x, depth))


def valid_unet(x: Any) -> Any:
    skip = valid()(x)
    below = chain(pool(), valid(), spread(2))(skip)
    return valid()(layers.Concatenate()([layers.Cropping2D(2)(skip), below]))


def dense_unet(x: Any) -> Any:
    """U-Net++ of two levels: every node of the finest one reads all before it."""
    first = conv()(x)
    second = conv()(pool()(first))
    third = conv()(pool()(second))
    middle = conv()(layers.Concatenate()([first, up()(second)]))
    deeper = conv()(layers.Concatenate()([second, up()(third)]))
    return conv()(layers.Concatenate()([first, middle, up()(deeper)]))


def squeezed(x: Any) -> Any:
    x = conv()(x)
    mean = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    return layers.Add()([x, layers.Reshape((1, 1, 2))(mean)])


Pair = int | float | tuple[float, float]


class ByHand(NamedTuple):
    build: Callable[[Any], Any]
    size: Pair
    stride: Pair = 1
    offset: Pair = 0
    image: int = 32


NETWORKS: dict[str, ByHand] = {
    # one layer
    "1×1": ByHand(conv(1), 1),
    "3×3 same": ByHand(conv(3), 3),  # pixels i-1 to i+1
    "3×3 valid": ByHand(valid(3), 3, 1, 1),  # i to i+2
    "5×5 valid": ByHand(valid(5), 5, 1, 2),
    "4×4 same": ByHand(conv(4), 4, 1, 0.5),  # 1 of the 3 zeros before: i-1 to i+2
    "2×2 same": ByHand(conv(2), 2, 1, 0.5),  # none of 1 zero before: i and i+1
    "5×3, stride 2×1": ByHand(
        conv((5, 3), strides=(2, 1)), (5, 3), (2, 1), (1, 0)
    ),  # rows: 15·2+5-32 = 3 zeros, 1 before: 2i-1 to 2i+3
    "7×7, stride 2, even length": ByHand(conv(7, strides=2), 7, 2, 1),  # 5 zeros, 2 before
    "3×3, stride 2, even length": ByHand(conv(3, strides=2), 3, 2, 1),  # 1 zero, none before
    "3×3, stride 2, odd length": ByHand(conv(3, strides=2), 3, 2, 0, 33),  # 2 zeros, 1 before
    "patches of 4": ByHand(valid(4, strides=4), 4, 4, 1.5),
    "dilated by 2": ByHand(conv(3, dilation_rate=2), 5),  # 2·2+1
    "pool of 2": ByHand(pool(), 2, 2, 0.5),
    "overlapping pool": ByHand(layers.MaxPooling2D(3, strides=2, padding="same"), 3, 2, 1),
    "pool of 3, stride 1": ByHand(layers.AveragePooling2D(3, strides=1, padding="same"), 3),
    "depthwise": ByHand(layers.DepthwiseConv2D(3, padding="same"), 3),
    "separable valid": ByHand(layers.SeparableConv2D(2, 5), 5, 1, 2),
    "transposed 5, stride 2, valid": ByHand(spread(5, "valid"), 3, 0.5, -1),
    # ↑ output o reads i with o-4 ≤ 2i ≤ o: at most 3; pixel i is the middle of outputs 2i to 2i+4
    # chains
    "pointwise": ByHand(
        chain(layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.3), layers.Dense(2)), 1
    ),
    "two 3×3": ByHand(chain(conv(), conv()), 5),  # 3+2
    "five 3×3 valid": ByHand(chain(*[valid() for _ in range(5)]), 11, 1, 5),  # 1+5·2
    "dilated by 1, 2, 4": ByHand(
        chain(conv(), conv(dilation_rate=2), conv(dilation_rate=4)), 15
    ),  # 1+2+4+8
    "dilated valid": ByHand(chain(valid(dilation_rate=2), valid()), 7, 1, 3),  # 5+2; 2+1
    "strided, then 3×3": ByHand(chain(conv(strides=2), conv()), 7, 2, 1),  # 3+2·2
    "stride 3 valid": ByHand(chain(valid(5, strides=3), valid()), 11, 3, 5),  # 5+2·3; 2+3
    "two pools": ByHand(chain(layers.AveragePooling2D(2), pool()), 4, 4, 1.5),  # 2+2; .5+2·.5
    "VGG": ByHand(
        chain(conv(), conv(), pool(), conv(), conv()), 14, 2, 0.5
    ),  # 1+2+2 = 5, +1 = 6, +2·2+2·2
    "MobileNet": ByHand(
        chain(conv(1), layers.DepthwiseConv2D(3, strides=2, padding="same"), conv(1)), 3, 2, 1
    ),
    # shifts
    "padded by 1": ByHand(chain(layers.ZeroPadding2D(1), valid()), 3),
    "padded before only": ByHand(
        chain(layers.ZeroPadding2D(((2, 0), (2, 0))), valid()), 3, 1, -1
    ),  # i-2 to i
    "cropped by 3": ByHand(chain(layers.Cropping2D(3), conv()), 3, 1, 3),
    # enlarged again
    "pool and nearest": ByHand(chain(pool(), up()), 2),  # the one cell over i
    "pool, nearest, 3×3": ByHand(
        chain(pool(), up(), conv()), 4
    ),  # i-1 to i+1 lie in 2 cells of 2, whether i is even or odd
    "pool and bilinear": ByHand(chain(pool(), up(2, "bilinear")), 4),  # the 2 nearest cells
    "pool of 4 and bilinear": ByHand(chain(pool(4), up(4, "bilinear")), 8),  # 2 cells of 4
    "pool, transposed 2": ByHand(chain(pool(), spread(2)), 2),  # no overlap: as nearest
    "pool, transposed 3": ByHand(
        chain(pool(), spread(3)), 4, 1, -0.5
    ),  # even outputs read 2 cells; cell c is the middle of outputs 2c to 2c+2, pixel 2c+.5
    "pool, transposed 4": ByHand(chain(pool(), spread(4)), 4),  # all outputs read 2 cells
    # several ways
    "1×1 beside 5×5": ByHand(join(conv(1), conv(5)), 5),
    "7×7 plus two 3×3": ByHand(join(conv(7), chain(conv(), conv()), by=layers.Add), 7),
    "valid plus cropped": ByHand(join(valid(), chain(layers.Cropping2D(1), conv(1))), 3, 1, 1),
    "pyramid of dilations": ByHand(
        join(conv(1), *[conv(dilation_rate=rate) for rate in (2, 4, 6)]), 13
    ),  # 2·6+1
    "two residual blocks": ByHand(
        chain(conv(7, strides=2), block, block), 23, 2, 1
    ),  # 7 + 4·(2·2); what goes past the blocks lies where the stem put it
    "residual block that halves": ByHand(
        join(chain(conv(strides=2), conv()), conv(1, strides=2), by=layers.Add), 7, 2, 0
    ),  # 2i-2 to 2i+4 by the long way, 2i alone by the short one, which is the narrowest
    "mean of all beside 3×3": ByHand(squeezed, 32),  # no more than there is
    # U-Nets
    "U-Net of 1 level, nearest": ByHand(
        unet(1, 1, up), 10
    ),  # 3, pool 4, +2·2 = 8 a cell; the last 3×3 reads 2 cells of 2: 8+2
    "U-Net of 1 level, transposed": ByHand(unet(1, 1, lambda: spread(2)), 10),
    "U-Net of 2 levels, two 3×3 each": ByHand(
        unet(2, 2, up), 44, image=64
    ),  # 5, 6, 14, 16, 32 a cell of 4; the last convolutions of level 2 read 3 cells, those of
    # level 1 three positions of level 2, which read 4 cells: 32+3·4
    "U-Net without padding": ByHand(
        valid_unet, 10, 1, 4
    ),  # 3, 4, 8 a cell, 2 cells; by the skip: 1 valid, 2 cropped, 1 valid
    "U-Net++": ByHand(
        dense_unet, 26
    ),  # 3, 4, 8, 10, 18 a cell of 4; level 2 reads 2 cells, the last 3×3 two of its positions:
    # 3 cells where they are unlucky: 18+2·4
    "SegNet": ByHand(
        chain(conv(), pool(), conv(), pool(), conv(), up(), conv(), up(), conv()), 26
    ),  # the same way without skips
}


def test_there_are_enough() -> None:
    assert len(NETWORKS) >= 30


@pytest.mark.parametrize("name", NETWORKS)
def test_fields_are_as_computed_by_hand_and_as_impulses_show_them(name: str) -> None:
    hand = NETWORKS[name]
    start = keras.Input((hand.image, hand.image, 1), name="image")
    again = _copied(hand.build)
    model = transparent(keras.Model(start, again(start)))
    graph = anatomy_of(model, "net").graph
    last = graph.outputs[0]

    field = receptive_field(graph, last)

    assert field is not None
    assert (field.size, field.stride, field.offset) == (
        _pair(hand.size), _pair(hand.stride), _pair(hand.offset)
    )  # fmt: skip
    has_holes = any(
        each.config.get("dilation_rate", 1) not in (1, (1, 1), [1, 1]) for each in graph.layers
    )
    largest = [0, 0]
    for axis in (0, 1):
        for position, pixels in enumerate(reading(model, last, axis, (hand.image, hand.image))):
            at = (position, 0) if axis == 0 else (0, position)
            box = seen_by(graph, last, at)
            assert box is not None
            seen = np.flatnonzero(pixels)
            if not seen.size:
                continue  # an output between the windows of a transposed convolution
            hull = int(seen[0]), int(seen[-1]) + 1
            largest[axis] = max(largest[axis], hull[1] - hull[0])
            inside = box[axis][0] > 0 and box[axis][1] < hand.image
            if inside or not has_holes:  # at the border a dilated kernel may end in a hole
                assert box[axis] == hull, (axis, position)
            else:
                assert box[axis][0] <= hull[0]
                assert hull[1] <= box[axis][1]
    assert tuple(largest) == _pair(hand.size)


def _copied(build: Any) -> Any:
    """A lone layer is made anew, for Keras keeps the shape that it was first called with."""
    if isinstance(build, keras.layers.Layer):
        return type(build).from_config(build.get_config())
    return build


def _pair(value: Pair) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value, value)
