"""Model files that are damaged or made to harm: makers by name, nothing of it downloaded.

Each maker is given an empty folder and returns the path to open. None needs Keras or TensorFlow.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tests.faults.model_files import (
    Config,
    archive,
    conv,
    entry,
    functional,
    h5,
    layer_of,
    masked,
    members,
    message,
    saved_model,
    stored,
    unet,
    variables,
    varint,
    weights,
    write_variables,
)

Maker = Callable[[Path], Path]
HOSTILE: dict[str, Maker] = {}

MARSHALLED = {"class_name": "__lambda__", "config": {"value": "4wEAAA==", "defaults": None}}


def hostile(name: str) -> Callable[[Maker], Maker]:
    """Enter a maker in the table."""

    def enter(maker: Maker) -> Maker:
        HOSTILE[name] = maker
        return maker

    return enter


# ------------------------------------------------------------- files that are no files


@hostile("nothing of that name")
def missing(folder: Path) -> Path:
    return folder / "net.keras"


@hostile("a folder of pictures")
def ordinary_folder(folder: Path) -> Path:
    (folder / "net.keras").mkdir()
    (folder / "net.keras" / "a.png").write_bytes(b"\x89PNG")
    return folder / "net.keras"


if sys.platform != "win32":

    @hostile("a pipe")
    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "net.h5")
        return folder / "net.h5"

    @hostile("a device without end")
    def device(folder: Path) -> Path:
        (folder / "net.h5").symlink_to("/dev/zero")
        return folder / "net.h5"

    @hostile("a socket")
    def door(folder: Path) -> Path:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket must be short
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind("net.h5")
        finally:
            os.chdir(here)
        return folder / "net.h5"

    @hostile("links in a circle")
    def circle_of_links(folder: Path) -> Path:
        (folder / "a.keras").symlink_to(folder / "b.keras")
        (folder / "b.keras").symlink_to(folder / "a.keras")
        return folder / "a.keras"

    @hostile("a link to nothing")
    def dangling(folder: Path) -> Path:
        (folder / "a.keras").symlink_to(folder / "gone.keras")
        return folder / "a.keras"

    if os.geteuid() != 0:

        @hostile("a file that may not be read")
        def forbidden(folder: Path) -> Path:
            path = archive(folder / "net.keras")
            path.chmod(0)
            return path


# ------------------------------------------------------------------ no model at all


def _of_bytes(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


class _Harm:
    """What a pickle can do when it is opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


def _torch() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("archive/data.pkl", pickle.dumps(_Harm()))
        made.writestr("archive/version", "3")
    return stream.getvalue()


for _name, (_file, _content) in {
    "an empty .keras": ("net.keras", b""),
    "an empty .h5": ("net.h5", b""),
    "zeros": ("net.h5", bytes(4096)),
    "text": ("net.keras", b"This is no network.\n" * 20),
    "a picture": ("net.h5", b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "a DICOM file": ("net.keras", bytes(128) + b"DICM" + bytes(200)),
    "a program": ("net.keras", b"\x7fELF" + bytes(500)),
    "a pickle called .keras": ("net.keras", pickle.dumps(_Harm())),
    "a pickle called .h5": ("net.h5", pickle.dumps(_Harm())),
    "a network of PyTorch": ("net.keras", _torch()),
    "the signature of HDF5 alone": ("net.h5", b"\x89HDF\r\n\x1a\n"),
    "the signature of a zip alone": ("net.keras", b"PK\x03\x04"),
    "a GIF of a zip's end": ("net.keras", b"GIF89a" + b"PK\x05\x06" + bytes(18)),
}.items():
    HOSTILE[_name] = _of_bytes(_file, _content)


# ---------------------------------------------------------------- damage on the way


def _cut(suffix: str, share: float) -> Maker:
    def make(folder: Path) -> Path:
        path = (archive if suffix == ".keras" else h5)(folder / f"net{suffix}")
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path

    return make


for _suffix in (".keras", ".h5"):
    for _share in (0.01, 0.5, 0.99):
        HOSTILE[f"{_suffix} cut at {_share:.0%}"] = _cut(_suffix, _share)


def flipped(folder: Path, at: int, mask: int, suffix: str = ".h5") -> Path:
    """A file with one byte changed; ``at`` counts from the end when negative."""
    path = (archive if suffix == ".keras" else h5)(folder / f"net{suffix}")
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= mask
    path.write_bytes(content)
    return path


for _name, (_at, _mask) in {
    "the version of the superblock": (8, 0xFF),
    "the size of addresses": (13, 0x10),
    "the address of the end": (40, 0x7F),
    "the address of the root": (64, 0x18),
    "the root's header": (96, 0xFF),
    "the length of a message": (112, 0x80),
}.items():
    HOSTILE[f".h5 with {_name} changed"] = partial(flipped, at=_at, mask=_mask)
HOSTILE[".h5 in which libhdf5 goes round in circles"] = partial(flipped, at=3985, mask=8)
HOSTILE[".keras with a byte of a weight changed"] = partial(
    flipped, at=6000, mask=4, suffix=".keras"
)
HOSTILE[".keras with its table of members changed"] = partial(
    flipped, at=-40, mask=0x33, suffix=".keras"
)


@hostile("a file followed by another's half")
def two_halves(folder: Path) -> Path:
    path = archive(folder / "net.keras")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + content[: len(content) // 3])
    return path


# ----------------------------------------------------------------------- archives


@hostile("a description that inflates to 70 MB")
def zip_bomb(folder: Path) -> Path:
    return archive(folder / "net.keras", members(b" " * (70 << 20)), method=zipfile.ZIP_DEFLATED)


@hostile("weights that inflate to 70 MB")
def weights_bomb(folder: Path) -> Path:
    return archive(folder / "net.keras", members(hdf5=bytes(70 << 20)), method=zipfile.ZIP_DEFLATED)


@hostile("an asset that inflates to 70 MB")
def asset_bomb(folder: Path) -> Path:
    content = {**members(), "assets/words.txt": bytes(70 << 20)}
    return archive(folder / "net.keras", content, method=zipfile.ZIP_DEFLATED)


@hostile("two descriptions in one archive")
def doubled(folder: Path) -> Path:
    path = archive(folder / "net.keras")
    import warnings

    with zipfile.ZipFile(path, "a") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.writestr("config.json", json.dumps(unet()))
    return path


def _with_member(name: str, content: bytes = b"harm") -> Maker:
    def make(folder: Path) -> Path:
        return archive(folder / "net.keras", {**members(), name: content})

    return make


for _name, _member in {
    "a member above the archive": "../../evil.py",
    "a member with an absolute name": "/etc/cron.d/evil",
    "a member with a name of Windows": "C:\\Windows\\evil.dll",
    "a program among the members": "model.py",
    "a pickle among the members": "model.pkl",
    "a member that hides above assets": "assets/../../evil",
}.items():
    HOSTILE[_name] = _with_member(_member)


@hostile("a link among the members")
def linked_member(folder: Path) -> Path:
    path = archive(folder / "net.keras")
    info = zipfile.ZipInfo("assets/link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(info, "/etc/passwd")
    return path


@hostile("20,000 members")
def many_members(folder: Path) -> Path:
    more = {f"assets/{i}": b"" for i in range(20_000)}
    return archive(folder / "net.keras", {**members(), **more})


@hostile("an archive without a description")
def no_description(folder: Path) -> Path:
    content = members()
    del content["config.json"]
    return archive(folder / "net.keras", content)


@hostile("an archive without weights")
def no_weights(folder: Path) -> Path:
    content = members()
    del content["model.weights.h5"]
    return archive(folder / "net.keras", content)


@hostile("a pickle in place of weights")
def pickled_weights(folder: Path) -> Path:
    return archive(folder / "net.keras", members(hdf5=pickle.dumps(_Harm())))


@hostile("an archive that wants a password")
def with_password(folder: Path) -> Path:
    path = archive(folder / "net.keras")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    return path


@hostile("a member that says it is small and is not")
def lying_size(folder: Path) -> Path:
    """The list says 100 bytes, the member inflates to 20 MB."""
    path = archive(folder / "net.keras", members(b" " * (20 << 20)), method=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)  # config.json
    struct.pack_into("<I", content, at + 24, 100)
    path.write_bytes(content)
    return path


@hostile("two members in the same bytes")
def overlapping(folder: Path) -> Path:
    path = archive(folder / "net.keras")
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    last = content.rindex(b"PK\x01\x02")
    (offset,) = struct.unpack_from("<I", content, first + 42)
    struct.pack_into("<I", content, last + 42, offset)
    path.write_bytes(content)
    return path


@hostile("an archive in an archive")
def nested_archive(folder: Path) -> Path:
    inner = archive(folder / "inner.keras").read_bytes()
    return archive(folder / "net.keras", {"inner.keras": inner})


# -------------------------------------------------------------------- descriptions


def _described(text: bytes) -> Maker:
    return lambda folder: archive(folder / "net.keras", members(text))


def _changed(change: Callable[[Config], object], *, old: bool = False) -> Maker:
    """The U-Net with its description changed, as ``.keras`` or ``.h5``."""

    def make(folder: Path) -> Path:
        config = unet()
        change(config)
        return (
            h5(folder / "net.h5", config) if old else archive(folder / "net.keras", members(config))
        )

    return make


def _set(layer: str, key: str, value: object) -> Callable[[Config], object]:
    return lambda config: layer_of(config, layer)["config"].update({key: value})


def _put(layer: str, kind: str, module: str | None = "keras.layers", /, **own: Any) -> Maker:
    """Another layer in the place of one."""

    def change(config: Config) -> None:
        held = layer_of(config, layer)
        held.update(class_name=kind, module=module, registered_name=None)
        held["config"] = {"name": layer, **own}

    return _changed(change)


def _add(*layers: Config) -> Callable[[Config], object]:
    return lambda config: config["config"]["layers"].extend(layers)


def _many(config: Config) -> None:
    chain = [entry("Activation", f"a{i}", f"a{i - 1}" if i else "head", activation="linear")
             for i in range(20_000)]  # fmt: skip
    config["config"]["layers"] += chain
    config["config"]["output_layers"] = [["a19999", 0, 0]]


def _doubling(config: Config) -> None:
    """Thirty models in each other, each of which calls the one in it twice."""
    inside = functional(
        [entry("InputLayer", "i", batch_shape=[None, 32, 32, 3]), entry("Activation", "o", "i")],
        "i", "o",
    )  # fmt: skip
    layer_of(inside, "o")["config"]["activation"] = "relu"
    for level in range(30):
        held = {**inside, "name": f"m{level}"}
        held["config"] = {**inside["config"], "name": f"m{level}"}
        held["inbound_nodes"] = [[["i", 0, 0, {}]], [[f"m{level}", 1, 0, {}]]]
        start = entry("InputLayer", "i", batch_shape=[None, 32, 32, 3])
        inside = functional([start, held], "i", f"m{level}")
        inside["config"]["output_layers"] = [[f"m{level}", 2, 0]]
    inside = {**inside, "name": "deep", "inbound_nodes": [[["head", 0, 0, {}]]]}
    inside["config"] = {**inside["config"], "name": "deep"}
    config["config"]["layers"].append(inside)
    config["config"]["output_layers"] = [["deep", 1, 0]]


def _code_as(value: object) -> Callable[[Config], object]:
    return _set("down", "activation", value)


_TEXT = json.dumps(unet())

HOSTILE |= {
    "a description that is no JSON": _described(b"{'module': keras}"),
    "a description cut short": _described(_TEXT[:400].encode()),
    "a description 100,000 deep": _described(b"[" * 100_000 + b"]" * 100_000),
    "a description 500 deep": _described(
        _TEXT.replace('"trainable": true', '"x": ' + "[" * 500 + "]" * 500).encode()
    ),
    "a description with a key twice": _described(
        _TEXT.replace('"filters": 4', '"filters": 4, "filters": 4000000').encode()
    ),
    "a number of 5,000 digits": _described(
        _TEXT.replace("32, 32", "9" * 5000 + ", 32", 1).encode()
    ),
    "a number of 300 digits": _described(_TEXT.replace("32, 32", "9" * 300 + ", 32", 1).encode()),
    "a description that is a list": _described(b"[1, 2, 3]"),
    "a description of nothing": _described(b"{}"),
    "a description in bytes that are no text": _described(b"\xff\xfe\x00" * 100),
    "a description of 40 MB": lambda folder: h5(
        folder / "net.h5", _TEXT.replace("spoiled", "x" * (40 << 20))
    ),
    "a model without layers": _changed(lambda c: c["config"].update(layers=[])),
    "layers that are no list": _changed(lambda c: c["config"].update(layers={"a": 1})),
    "a model of a class of its own": _changed(
        lambda c: c.update(class_name="MyUNet", module="lab")
    ),
    "20,000 layers": _changed(_many),
    "models that double thirty times": _changed(_doubling),
    "layers in a circle": _changed(
        lambda c: layer_of(c, "down").update(inbound_nodes=[[["join", 0, 0, {}]]])
    ),
    "a layer that reads itself": _changed(
        lambda c: layer_of(c, "norm").update(inbound_nodes=[[["norm", 0, 0, {}]]])
    ),
    "two layers of one name": _changed(_add(conv("down", "image", 4))),
    "a layer that reads what is not there": _changed(
        lambda c: layer_of(c, "norm").update(inbound_nodes=[[["nobody", 0, 0, {}]]])
    ),
    "an end where no layer is": _changed(
        lambda c: c["config"].update(output_layers=[["nobody", 0, 0]])
    ),
    # sizes that the file does not hold
    "a convolution of 200 million filters": _changed(_set("middle", "filters", 200_000_000)),
    "a convolution of 200 million filters in .h5": _changed(
        _set("middle", "filters", 200_000_000), old=True
    ),
    "a dense layer of 200 million units": _changed(
        lambda c: layer_of(c, "head").update(
            class_name="Dense", config={"name": "head", "units": 200_000_000}
        )
    ),
    "a window of a million pixels": _changed(_set("down", "kernel_size", [1000, 1000])),
    "filters below zero": _changed(_set("down", "filters", -4)),
    "half a filter": _changed(_set("down", "filters", 3.5)),
    "filters in words": _changed(_set("down", "filters", "4")),
    "an enlargement by a million": _changed(_set("up", "size", [1_000_000, 1_000_000])),
    "an enlargement by a million of any size": _changed(
        lambda c: (
            _set("up", "size", [1_000_000, 1_000_000])(c),
            _set("image", "batch_shape", [None, None, None, 1])(c),
        )
    ),
    "padding by a thousand million": _put("pool", "ZeroPadding2D", padding=[[10**9] * 2] * 2),
    "an image of 2 million by 2 million": _changed(
        _set("image", "batch_shape", [None, 2_000_000, 2_000_000, 1])
    ),
    "an image of sides below zero": _changed(_set("image", "batch_shape", [None, -32, 32, 1])),
    "a batch of a million": _changed(_set("image", "batch_shape", [1_000_000, 32, 32, 1])),
    "a pooling of nothing": _changed(_set("pool", "pool_size", [0, 0])),
    "strides of nothing": _changed(_set("down", "strides", [0, 0])),
    "dilation by a million": _changed(_set("down", "dilation_rate", [1_000_000, 1_000_000])),
    "a size that a shape hides": _changed(
        lambda c: (
            layer_of(c, "norm").update(
                module="keras.src.ops.numpy", class_name="GetItem",
                registered_name="GetItem", config={"name": "norm"},
            ),
            _set("head", "filters", 50_000_000)(c),
        )
    ),
    "heads without end": _put(
        "norm", "MultiHeadAttention", num_heads=2**20, key_dim=2**20, output_shape=[2**20]
    ),
    # what could run code, or read files
    "a Lambda with marshalled code": _put("norm", "Lambda", function=MARSHALLED),
    "a Lambda with a Python 2 function": _put(
        "norm", "Lambda", function=["4wEAAAA=\n", None, None], function_type="lambda"
    ),
    "code as an activation": _changed(_code_as(MARSHALLED)),
    "a function of the system as an activation": _changed(
        _code_as({"module": "os", "class_name": "function", "config": "system"})
    ),
    "a builtin as an activation": _changed(
        _code_as({"module": "builtins", "class_name": "function", "config": "exec"})
    ),
    "an activation nobody knows": _changed(_code_as("my_activation")),
    "a download as an initialiser": _changed(
        _set("down", "kernel_initializer", {
            "module": "keras.utils", "class_name": "get_file",
            "config": {"fname": "x", "origin": "file:///etc/passwd"}, "registered_name": None,
        })
    ),
    "a class of the system as a layer": _put("norm", "Popen", "subprocess", args=["touch", "x"]),
    "a layer of a module of its own": _put("norm", "Conv2D", "evil.layers", filters=4),
    "a layer of Keras's inner modules": _put("norm", "load_model", "keras.src.saving.saving_api"),
    "a layer that reads words from a file": _put("norm", "StringLookup", vocabulary="/etc/passwd"),
    "a layer that wraps a SavedModel": _put("norm", "TFSMLayer", filepath="/tmp/evil"),
    "a layer that wraps code of PyTorch": _put("norm", "TorchModuleWrapper", module="UEsDBA=="),
    "a function of TensorFlow that writes": _put(
        "norm", "TFOpLambda", None, function="io.write_file"
    ),
    "an operation of Keras nobody needs": _changed(
        lambda c: layer_of(c, "norm").update(
            module="keras.src.ops.core", class_name="Map", registered_name="Map",
            config={"name": "norm"},
        )
    ),
    "a class of a package as a layer": _changed(
        lambda c: layer_of(c, "norm").update(registered_name="evil>BatchNormalization")
    ),
    "a layer in a layer": _put(
        "norm", "TimeDistributed", layer={"class_name": "Lambda", "config": {}}
    ),
}  # fmt: skip


# ----------------------------------------------------------------------------- HDF5


KERNEL, GROUP = "layers/conv2d_1/vars/0", "layers/conv2d_1/vars"


def _stored(change: Callable[[Any], object]) -> Maker:
    """The U-Net with its weights changed."""
    return lambda folder: archive(folder / "net.keras", members(hdf5=stored(change=change)))


def _instead(make: Callable[[Any], object], at: str = KERNEL) -> Maker:
    """Something else in the place of one array."""

    def change(file: Any) -> None:
        del file[at]
        made = make(file)
        if made is not None:
            file[at] = made

    return _stored(change)


def _kernel(values: object) -> Maker:
    def make(_: Any) -> object:
        array = weights()["middle"][0].astype(complex if isinstance(values, complex) else "f4")
        array.flat[7] = values
        return array

    return _instead(make)


def _empty(file: Any, shape: tuple[int, ...], **more: Any) -> None:
    file.create_dataset(KERNEL, shape, "f4", **more)


def _squeezed(file: Any) -> None:
    """1 GB of zeros in chunks of which each is 16 kB in the file."""
    chunk = zlib.compress(bytes(16 << 20), 9)
    held = file.create_dataset(
        KERNEL, (64, 2048, 2048), "f4", chunks=(1, 2048, 2048), compression="gzip"
    )
    for i in range(64):
        held.id.write_direct_chunk((i, 0, 0), chunk)


def _virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((3, 3, 4, 6), "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 4, 6))
    file.create_virtual_dataset(KERNEL, layout)


def _outside(file: Any) -> None:
    file.create_dataset(KERNEL, (3, 3, 4, 6), "f4", external=[("/etc/passwd", 0, 864)])


def _filtered(file: Any) -> None:
    """A filter that libhdf5 would look for among plug-ins."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((3, 3, 4, 6))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((3, 3, 4, 6))
    h5py.h5d.create(file[GROUP].id, b"0", h5py.h5t.IEEE_F32LE, space, plan)


def _itself(file: Any) -> None:
    del file[KERNEL]
    file[KERNEL] = file["layers"]
    file["layers/again"] = file["layers"]


def _deep(file: Any) -> None:
    group = file
    for _ in range(3000):
        group = group.create_group("d")


def _crowd(file: Any) -> None:
    crowd = file.create_group("crowd")
    for i in range(30_000):
        crowd[str(i)] = h5py.SoftLink("/nowhere")


def _names(names: list[bytes]) -> Maker:
    return lambda folder: h5(
        folder / "net.h5",
        change=lambda file: file["model_weights/middle"].attrs.__setitem__("weight_names", names),
    )


def _linked_h5(target: Any) -> Maker:
    def change(file: Any) -> None:
        del file["model_weights"]
        file["model_weights"] = target

    return lambda folder: h5(folder / "net.h5", change=change)


HOSTILE |= {
    "weights in another file": _instead(lambda _: h5py.ExternalLink("/etc/hostname", "/x")),
    "weights behind a soft link": _instead(lambda _: h5py.SoftLink("/layers/conv2d/vars/0")),
    "weights behind a link to itself": _instead(lambda _: h5py.SoftLink(f"/{KERNEL}")),
    "all weights of an .h5 in another file": _linked_h5(h5py.ExternalLink("/etc/hostname", "/")),
    "all weights of an .h5 behind a soft link": _linked_h5(h5py.SoftLink("/")),
    "a group that holds itself": _stored(_itself),
    "a virtual array": _instead(_virtual),
    "an array in the bytes of another file": _instead(_outside),
    "an array behind an unknown filter": _instead(_filtered),
    "complex weights": _kernel(1j),
    "a weight that is not a number": _kernel(np.nan),
    "an infinite weight": _kernel(np.inf),
    "a weight of 10³⁰": _kernel(1e30),
    "weights in words": _instead(lambda _: ["a"] * 216),
    "weights that are references": _instead(
        lambda f: np.array([f["layers"].ref] * 4, dtype=h5py.ref_dtype)
    ),
    "weights in records": _instead(lambda _: np.zeros(216, [("a", "f4"), ("b", "i4")])),
    "a group in place of weights": _instead(lambda f: f.create_group(KERNEL) and None),
    "weights of other sizes than stated": _instead(lambda _: np.zeros((3, 3, 4, 7), "f4")),
    "weights that are missing": _instead(lambda _: None),
    "3.6 GB of weights that are not stored": _instead(partial(_empty, shape=(3, 3, 10000, 10000))),
    "3.6 GB of weights in chunks that are not stored": _instead(
        partial(_empty, shape=(3, 3, 10000, 10000), chunks=(1, 1, 100, 100))
    ),
    "1 GB of zeros in 1 MB": _instead(_squeezed),
    "chunks of 1 GB": _instead(
        partial(
            _empty,
            shape=(3, 3, 4, 6),
            chunks=(1, 1, 2**14, 2**14),
            maxshape=(3, 3, None, None),
        )
    ),
    "groups 3,000 deep": _stored(_deep),
    "30,000 links": _stored(_crowd),
    "a list of weights that leads out": _names([b"../../norm/norm/w_0:0", b"middle/w_1:0"]),
    "a list of weights that begins at the root": _names([b"/model_weights/norm", b"middle/w_1:0"]),
    "the same weights twice in a list": _names([b"middle/w_0:0", b"middle/w_0:0"]),
    "a list of 60,000 weights": lambda folder: h5(
        folder / "net.h5",
        change=lambda file: [
            file["model_weights/middle"].attrs.__setitem__(
                f"weight_names{i}", [b"middle/w_0:0"] * 600
            )
            for i in range(100)
        ] and file["model_weights/middle"].attrs.__delitem__("weight_names"),
    ),
    "a description that is a number": lambda folder: h5(
        folder / "net.h5", change=lambda file: file.attrs.__setitem__("model_config", 7)
    ),
    "an .h5 that wants weights beside it": lambda folder: _weights_only(folder),
}  # fmt: skip


def _weights_only(folder: Path) -> Path:
    """Weights alone, with a description beside them that would not fit into memory."""
    path = h5(folder / "net.h5", change=lambda file: file.attrs.__delitem__("model_config"))
    with h5py.File(path, "r+") as file:
        file.attrs["layer_names"] = file["model_weights"].attrs["layer_names"]
    config = unet()
    _set("middle", "filters", 10**9)(config)
    (folder / "net.json").write_text(json.dumps(config))
    return path


# ------------------------------------------------------------------------ SavedModel


def _folder(change: Callable[[Path], object]) -> Maker:
    def make(folder: Path) -> Path:
        made = saved_model(folder)
        change(made)
        return made

    return make


def _with_operation(kind: str) -> Callable[[Path], object]:
    """A graph with one more operation, which runs when the folder is loaded or called."""

    def change(folder: Path) -> None:
        node = message(1, b"evil") + message(2, kind.encode())
        graph = message(2, message(1, node))  # MetaGraphDef.graph_def.node
        path = folder / "saved_model.pb"
        path.write_bytes(path.read_bytes() + message(2, graph))

    return change


def _in_function(kind: str) -> Callable[[Path], object]:
    """The same within a function of the graph's library, where calls lead."""

    def change(folder: Path) -> None:
        node = message(1, b"evil") + message(2, kind.encode())
        function = message(1, message(1, b"call")) + message(3, node)
        graph = message(2, message(2, message(1, function)))
        path = folder / "saved_model.pb"
        path.write_bytes(path.read_bytes() + message(2, graph))

    return change


def _with_initialiser(folder: Path) -> None:
    """A file that is written as soon as the folder is loaded."""
    _with_operation("WriteFile")(folder)
    value = message(1, message(1, b"evil"))  # CollectionDef.node_list
    collection = message(4, message(1, b"saved_model_main_op") + message(2, value))
    path = folder / "saved_model.pb"
    path.write_bytes(path.read_bytes() + message(2, collection))


def _metadata(text: bytes) -> Callable[[Path], object]:
    node = message(2, 0) + message(3, b"root") + message(4, b"_tf_keras_model") + message(5, text)
    return lambda folder: (folder / "keras_metadata.pb").write_bytes(message(1, node))


def _written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def _cut_variables(folder: Path) -> None:
    path = folder / "variables" / "variables.data-00000-of-00001"
    path.write_bytes(path.read_bytes()[:100])


def _one_bit(folder: Path) -> None:
    path = folder / "variables" / "variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)


def _entry(kind: int, shape: tuple[int, ...], offset: int, content: bytes, size: int = -1) -> bytes:
    """Where an array lies, with the checksum that its bytes have."""
    sizes = b"".join(message(2, message(1, length)) for length in shape)
    checksum = varint(6 << 3 | 5) + masked(content).to_bytes(4, "little")
    where = message(4, offset) + message(5, len(content) if size < 0 else size)
    return message(1, kind) + message(2, sizes) + where + checksum


def _variable(make: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Another entry for the first variable, in an index whose checksums are right."""

    def change(folder: Path) -> None:
        held = variables(folder)
        key = next(key for key in sorted(held) if "VARIABLE_VALUE" in key and "kernel" in key)
        data = (folder / "variables" / "variables.data-00000-of-00001").read_bytes()
        held[key] = make(data)
        write_variables(folder, held)

    return change


def _not_a_number(folder: Path) -> None:
    path = folder / "variables" / "variables.data-00000-of-00001"
    content = path.read_bytes()
    bad = np.full((3, 3, 1, 2), np.nan, "<f4").tobytes()
    path.write_bytes(content + bad)
    held = variables(folder)
    key = next(key for key in sorted(held) if "VARIABLE_VALUE" in key and "kernel" in key)
    held[key] = _entry(1, (3, 3, 1, 2), len(content), bad)
    write_variables(folder, held)


def _lambda_within(folder: Path) -> None:
    path = folder / "keras_metadata.pb"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"class_name": "Activation"', b'"class_name": "Lambda"    '))


HOSTILE |= {
    "a SavedModel that writes a file when called": _folder(_with_operation("WriteFile")),
    "a SavedModel that writes a file while it is loaded": _folder(_with_initialiser),
    "a SavedModel that gives a local file's bytes": _folder(_in_function("ReadFile")),
    "a SavedModel that calls Python": _folder(_in_function("PyFunc")),
    "a SavedModel that prints": _folder(_in_function("PrintV2")),
    "a SavedModel with an operation nobody knows": _folder(_with_operation("EvilCustomOp")),
    "a SavedModel without Keras's description": _folder(
        lambda f: (f / "keras_metadata.pb").unlink()
    ),
    "a SavedModel without variables": _folder(
        lambda f: (f / "variables" / "variables.index").unlink()
    ),
    "a SavedModel whose graph is noise": _folder(
        _written("saved_model.pb", bytes(range(256)) * 40)
    ),
    "a SavedModel whose description is noise": _folder(
        _written("keras_metadata.pb", bytes(range(1, 256)) * 40)
    ),
    "a SavedModel whose description is no JSON": _folder(_metadata(b"{evil")),
    "a SavedModel whose description is 100,000 deep": _folder(_metadata(b"[" * 100_000)),
    "a SavedModel with a length without end": _folder(
        _written("keras_metadata.pb", b"\x0a" + b"\xff" * 12)
    ),
    "a SavedModel with a Lambda": _folder(_lambda_within),
    "a SavedModel whose index is cut": _folder(
        _written("variables/variables.index", bytes(60))
    ),
    "a SavedModel whose variables are cut": _folder(_cut_variables),
    "a SavedModel with one bit of a variable changed": _folder(_one_bit),
    "a SavedModel with a variable of 4 TB": _folder(
        _variable(lambda data: _entry(1, (2**20, 2**20), 0, data[:72], size=2**42))
    ),
    "a SavedModel with a variable beyond its file": _folder(
        _variable(lambda data: _entry(1, (3, 3, 1, 2), 10**12, data[:72]))
    ),
    "a SavedModel with complex variables": _folder(
        _variable(lambda data: _entry(8, (3, 3, 1), 0, data[:72]))
    ),
    "a SavedModel with a variable of another shape": _folder(
        _variable(lambda data: _entry(1, (3, 3, 2, 1), 0, data[:72]))
    ),
    "a SavedModel with a variable that is not a number": _folder(_not_a_number),
}  # fmt: skip

if sys.platform != "win32":

    def _leads_out(folder: Path) -> None:
        path = folder / "variables" / "variables.data-00000-of-00001"
        path.unlink()
        path.symlink_to("/etc/passwd")

    def _endless(folder: Path) -> None:
        (folder / "keras_metadata.pb").unlink()
        (folder / "keras_metadata.pb").symlink_to("/dev/zero")

    def _waits(folder: Path) -> None:
        (folder / "keras_metadata.pb").unlink()
        os.mkfifo(folder / "keras_metadata.pb")

    HOSTILE |= {
        "a SavedModel whose variables lie elsewhere": _folder(_leads_out),
        "a SavedModel whose description is a device": _folder(_endless),
        "a SavedModel whose description is a pipe": _folder(_waits),
    }
