"""PNG files of 8 and 16 bits as numpy arrays [height, width, channels], for pictures too large for tests/program/pictures.py."""

import struct
import zlib

import numpy
import pictures

UNFILTERED, UP = 0, 2


def write(path, samples):
    height, width, channels = samples.shape
    depth = 8 * samples.itemsize
    header = struct.pack(">IIBBBBB", width, height, depth, pictures.COLOUR_TYPE[channels], 0, 0, 0)
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(height, -1).view(numpy.uint8)
    rows = numpy.insert(rows, 0, UNFILTERED, axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pictures.SIGNATURE + pictures.chunk(b"IHDR", header) +
                     pictures.chunk(b"IDAT", zlib.compress(rows.tobytes(), 1)) + pictures.chunk(b"IEND", b""))


def chunks_of(data):
    position = len(pictures.SIGNATURE)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4:position + 8], data[position + 8:position + 8 + length]
        position += length + 12


def read(path):
    """Of 16 bits in RGB, with the filters that attune writes."""
    chunks = list(chunks_of(path.read_bytes()))
    width, height, depth, colour_type = struct.unpack_from(">IIBB", dict(chunks)[b"IHDR"])
    assert (depth, colour_type) == (16, pictures.COLOUR_TYPE[3]), path
    compressed = b"".join(body for name, body in chunks if name == b"IDAT")
    rows = numpy.frombuffer(zlib.decompress(compressed), numpy.uint8).reshape(height, -1)
    assert (rows[1:, 0] == UP).all() and rows[0, 0] in (UNFILTERED, UP), path
    samples = numpy.cumsum(rows[:, 1:], axis=0, dtype=numpy.uint8)
    return samples.view(">u2").astype(numpy.uint16).reshape(height, width, 3)
