"""The checksum that TensorFlow keeps of every array: CRC-32C, computed many bytes at a time."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_LANE = 1024  # bytes that one lane takes in, one pair after the other
_TILE = 256  # lanes that are turned at a time, so that they stay in the cache
_POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected
_ONES = 0xFFFFFFFF

Registers = NDArray[np.uint32]


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes.

    The bytes are laid out in lanes that are all taken in at once; as the checksum is linear, those
    of the lanes are then added up two by two, each left one moved on by the length of the right.

    References
    ----------
    RFC 3720, appendix B.4.
    """
    if len(data) < 4:
        return _byte_by_byte(data)
    lanes = 1 << (-(-len(data) // _LANE) - 1).bit_length()
    padded = np.zeros(lanes * _LANE, np.uint8)  # zeros in front change nothing
    padded[padded.size - len(data) :] = np.frombuffer(data, np.uint8)
    padded[padded.size - len(data) :][:4] ^= 0xFF  # the register begins with ones
    registers = _taken_in(padded.view("<u2").reshape(lanes, -1))
    further = _moved_on(_LANE)
    while registers.size > 1:
        registers = _applied(further, registers[0::2]) ^ registers[1::2]
        further = _applied(further, further)
    return int(registers[0]) ^ _ONES


def unmasked(stored: int) -> int:
    """A checksum as TensorFlow stores it, in its plain form."""
    turned = (stored - 0xA282EAD8) & _ONES
    return (turned >> 17 | turned << 15) & _ONES


def _table() -> tuple[Registers, Registers]:
    """What a register becomes by a byte, and by two."""
    one = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        one = np.where(one & 1, one >> 1 ^ np.uint32(_POLYNOMIAL), one >> 1)
    two = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(2):
        two = one[two & 0xFF] ^ (two >> 8)
    return one, two


_BYTE, _PAIR = _table()


def _byte_by_byte(data: bytes) -> int:
    register = _ONES
    for byte in data:
        register = int(_BYTE[(register ^ byte) & 0xFF]) ^ (register >> 8)
    return register ^ _ONES


def _taken_in(pairs: NDArray[np.uint16]) -> Registers:
    """The registers of all lanes, ``(lanes, pairs of bytes)``, each after its last pair."""
    lanes, count = pairs.shape
    turned = np.empty((count, lanes), np.uint16)
    for at in range(0, lanes, _TILE):
        turned[:, at : at + _TILE] = pairs[at : at + _TILE].T
    registers, found = np.zeros(lanes, np.uint32), np.empty(lanes, np.uint32)
    for column in turned:
        index = registers.astype(np.uint16) ^ column
        np.take(_PAIR, index, out=found, mode="clip")
        np.right_shift(registers, 16, out=registers)
        np.bitwise_xor(registers, found, out=registers)
    return registers


@cache
def _moved_on(count: int) -> Registers:
    """What becomes of each single bit of a register over some zero bytes: a 32×32 matrix."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(count):
        bits = _BYTE[bits & 0xFF] ^ (bits >> 8)
    return bits


def _applied(matrix: Registers, registers: Registers) -> Registers:
    result = np.zeros_like(registers)
    for bit in range(32):
        result ^= np.where(registers >> np.uint32(bit) & np.uint32(1), matrix[bit], np.uint32(0))
    return result
