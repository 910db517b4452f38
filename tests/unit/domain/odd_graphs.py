"""Networks of many shapes, as graphs: what people publish under the name of U-Net, and others."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.fakes import layer

from unetscope.domain.graph import Graph, Layer


class Drawn:
    """A graph that grows layer by layer; every method gives the name of what it added."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self._sides: dict[str, tuple[int | None, ...]] = {}
        self._channels: dict[str, int] = {}

    def graph(self, *outputs: str) -> Graph:
        return Graph(self.layers, outputs or (self.layers[-1].name,))

    def add(
        self,
        name: str,
        kind: str,
        inputs: tuple[str, ...],
        side: tuple[int | None, ...],
        channels: int,
        kernel: tuple[int, ...] | None = None,
        config: Mapping[str, object] | None = None,
    ) -> str:
        shape = (None, *side, channels)
        self.layers.append(layer(name, kind, inputs, output=shape, kernel=kernel, config=config))
        self._sides[name], self._channels[name] = side, channels
        return name

    def image(self, name: str, side: int | None, channels: int = 1) -> str:
        return self.add(name, "InputLayer", (), (side, side), channels)

    def conv(self, name: str, source: str, channels: int, window: int = 3, stride: int = 1) -> str:
        side = tuple(n and -(-n // stride) for n in self._sides[source])
        kernel = (window, window, self._channels[source], channels)
        config = {"strides": (stride, stride)}
        return self.add(name, "Conv2D", (source,), side, channels, kernel, config)

    def pool(self, name: str, source: str, size: int = 2) -> str:
        side = tuple(n and n // size for n in self._sides[source])
        config = {"pool_size": (size, size), "strides": (size, size)}
        return self.add(name, "MaxPooling2D", (source,), side, self._channels[source], None, config)

    def up(self, name: str, source: str, size: int = 2) -> str:
        side = tuple(n and n * size for n in self._sides[source])
        config = {"size": (size, size)}
        return self.add(name, "UpSampling2D", (source,), side, self._channels[source], None, config)

    def transposed(self, name: str, source: str, channels: int) -> str:
        side = tuple(n and n * 2 for n in self._sides[source])
        kernel = (2, 2, channels, self._channels[source])
        config = {"strides": (2, 2)}
        return self.add(name, "Conv2DTranspose", (source,), side, channels, kernel, config)

    def merge(self, name: str, *sources: str, kind: str = "Concatenate") -> str:
        total = sum(self._channels[source] for source in sources)
        channels = total if kind == "Concatenate" else self._channels[sources[0]]
        return self.add(name, kind, sources, self._sides[sources[0]], channels)

    def same(self, name: str, source: str, kind: str) -> str:
        return self.add(name, kind, (source,), self._sides[source], self._channels[source])

    def single(self, name: str, source: str) -> str:
        return self.add(name, "GlobalAveragePooling2D", (source,), (), self._channels[source])


def nested_u_net() -> Graph:
    """U-Net++ of three levels, each layer listed as soon as it can be."""
    net = Drawn()
    net.image("image", 32)
    made: dict[tuple[int, int], str] = {}
    for diagonal in range(4):
        for column in range(diagonal + 1):
            row = diagonal - column
            if column == 0:
                source = "image" if row == 0 else net.pool(f"pool{row}", made[row - 1, 0])
            else:
                up = net.up(f"up{row}{column}", made[row + 1, column - 1])
                before = [made[row, k] for k in range(column)]
                source = net.merge(f"cat{row}{column}", up, *before)
            made[row, column] = net.conv(f"x{row}{column}", source, 8 * 2**row)
    head = net.conv("mask", made[0, 3], 2, window=1)
    return net.graph(head)


def gated_u_net() -> Graph:
    """An attention U-Net: skips pass gates that a strided convolution leads to."""
    net = Drawn()
    net.image("image", 32)
    one = net.conv("enc1", "image", 8)
    two = net.conv("enc2", net.pool("pool1", one), 16)
    here = net.conv("mid", net.pool("pool2", two), 32)
    for level, skip in ((2, two), (1, one)):
        theta = net.conv(f"theta{level}", skip, 8, window=1, stride=2)
        phi = net.conv(f"phi{level}", here, 8, window=1)
        both = net.same(f"relu{level}", net.merge(f"sum{level}", theta, phi, kind="Add"), "ReLU")
        psi = net.conv(f"psi{level}", both, 1, window=1)
        weight = net.up(f"weight{level}", net.same(f"sigmoid{level}", psi, "Activation"))
        gated = net.merge(f"gated{level}", skip, weight, kind="Multiply")
        up = net.transposed(f"up{level}", here, 8 * level)
        here = net.conv(f"dec{level}", net.merge(f"cat{level}", up, gated), 8 * level)
    return net.graph(net.conv("mask", here, 3, window=1))


def classifier() -> Graph:
    """Convolutions and pooling, then dense layers."""
    net = Drawn()
    here = net.image("image", 32)
    for level in (1, 2, 3):
        here = net.pool(f"pool{level}", net.conv(f"conv{level}", here, 8 * level))
    flat = net.add("flat", "Flatten", (here,), (), 384)
    dense = net.add("dense", "Dense", (flat,), (), 10, (384, 10))
    return net.graph(dense)


def strided_u_net(side: int | None = 32) -> Graph:
    """Strided convolutions down, transposed ones up; of any size where none is given."""
    net = Drawn()
    net.image("image", side)
    one = net.conv("enc1", "image", 8)
    two = net.conv("enc2", net.conv("down1", one, 8, stride=2), 16)
    mid = net.conv("mid", net.conv("down2", two, 16, stride=2), 32)
    dec2 = net.conv("dec2", net.merge("cat2", net.transposed("up2", mid, 16), two), 16)
    dec1 = net.conv("dec1", net.merge("cat1", net.transposed("up1", dec2, 8), one), 8)
    return net.graph(net.conv("mask", dec1, 2, window=1))


def two_inputs_two_outputs() -> Graph:
    """Two sequences go in; a mask and a boundary come out."""
    net = Drawn()
    net.image("t1", 16)
    net.image("t2", 16)
    one = net.merge("both", net.conv("a", "t1", 4), net.conv("b", "t2", 4))
    mid = net.conv("mid", net.pool("pool", one), 16)
    dec = net.conv("dec", net.merge("cat", net.up("up", mid), one), 8)
    return net.graph(net.conv("mask", dec, 2, window=1), net.conv("edge", dec, 1, window=1))


def squeezed_u_net() -> Graph:
    """Channels weighed by what a pooled single position says, in encoder and bottleneck."""
    net = Drawn()
    net.image("image", 16)
    one = net.conv("enc", "image", 8)
    weight = net.add("weigh", "Dense", (net.single("squeeze", one),), (), 8, (8, 8))
    one = net.merge("weighed", one, weight, kind="Multiply")
    mid = net.conv("mid", net.pool("pool", one), 16)
    wide = net.add("wide", "Reshape", (net.single("all", mid),), (1, 1), 16)
    spread = net.up("spread", wide, 8)
    mid2 = net.conv("mid2", net.merge("pyramid", mid, spread), 16)
    dec = net.conv("dec", net.merge("cat", net.up("up", mid2), one), 8)
    return net.graph(net.conv("mask", dec, 2, window=1))


def odd_u_net() -> Graph:
    """25 becomes 12, doubled 24, padded to 25; and convolutions that cut their border off."""
    net = Drawn()
    net.image("image", 25)
    one = net.conv("enc", "image", 8)
    mid = net.conv("mid", net.pool("pool", one), 16)
    up = net.up("up", mid)
    padded = net.add("pad", "ZeroPadding2D", (up,), (25, 25), 16)
    cut = net.add("dec", "Conv2D", (net.merge("cat", padded, one),), (23, 23), 8, (3, 3, 24, 8))
    return net.graph(net.conv("mask", cut, 2, window=1))


def residual_encoder(blocks: int = 4) -> Graph:
    """Residual blocks, each with a way around it."""
    net = Drawn()
    here = net.conv("stem", net.image("image", 64), 8, stride=2)
    for level in range(2):
        for block in range(blocks):
            name = f"s{level}b{block}"
            stride = 2 if level and not block else 1
            one = net.conv(f"{name}_conv1", here, 8 * 2**level, stride=stride)
            one = net.same(
                f"{name}_relu1", net.same(f"{name}_bn1", one, "BatchNormalization"), "ReLU"
            )
            two = net.conv(f"{name}_conv2", one, 8 * 2**level)
            way = here if stride == 1 else net.conv(f"{name}_way", here, 16, window=1, stride=2)
            here = net.same(f"{name}_relu", net.merge(f"{name}_add", two, way, kind="Add"), "ReLU")
    return net.graph(here)


ALL = {
    "nested": nested_u_net,
    "gated": gated_u_net,
    "classifier": classifier,
    "strided": strided_u_net,
    "any size": lambda: strided_u_net(None),
    "two inputs": two_inputs_two_outputs,
    "squeezed": squeezed_u_net,
    "odd": odd_u_net,
    "residual": residual_encoder,
}
