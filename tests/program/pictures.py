"""PNG files of 8 bits, written and read with the standard library alone."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # by the number of channels


class Picture:
    """Interleaved rows, as attune::Image has them."""

    def __init__(self, width, height, channels, pixels):
        assert len(pixels) == width * height * channels
        self.width, self.height, self.channels, self.pixels = width, height, channels, bytes(pixels)

    def pixel(self, index):
        return self.pixels[index * self.channels:(index + 1) * self.channels]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bytes(picture):
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, COLOUR_TYPE[picture.channels], 0, 0, 0)
    stride = picture.width * picture.channels
    rows = b"".join(b"\0" + picture.pixels[y * stride:(y + 1) * stride] for y in range(picture.height))
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_png(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(picture))
    return path


def predict(kind, left, above, corner):
    """What a PNG filter adds to a byte."""
    if kind == 4:  # Paeth: whichever neighbour is nearest to left + above - corner
        estimate = left + above - corner
        return min((left, above, corner), key=lambda neighbour: abs(estimate - neighbour))
    return (0, left, above, (left + above) // 2)[kind]


def read_png(path):
    data = path.read_bytes()
    assert data.startswith(SIGNATURE), path
    position, compressed, header = len(SIGNATURE), b"", None
    while position < len(data):
        (length,), name = struct.unpack_from(">I", data, position), data[position + 4:position + 8]
        body = data[position + 8:position + 8 + length]
        position += length + 12
        if name == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif name == b"IDAT":
            compressed += body
    width, height, depth, colour_type = header[:4]
    assert depth == 8 and header[6] == 0, path
    channels = {number: count for count, number in COLOUR_TYPE.items()}[colour_type]
    stride, rows = width * channels, zlib.decompress(compressed)
    pixels, above = bytearray(), bytes(stride)
    for y in range(height):
        kind, row = rows[y * (stride + 1)], bytearray(rows[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, corner = (row[i - channels], above[i - channels]) if i >= channels else (0, 0)
            row[i] = (row[i] + predict(kind, left, above[i], corner)) % 256
        pixels += row
        above = row
    return Picture(width, height, channels, pixels)


def photograph(width, height, seed):
    """Gradients with a texture, in colours that depend on the seed."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            texture = (x * 7 + y * 13 + seed * 29) % 23
            pixels += bytes((40 + seed * 31 % 90 + 80 * x // width + texture, 60 + 90 * y // height + texture,
                             150 - seed * 17 % 70 - 60 * x // width + texture))
    return Picture(width, height, 3, pixels)


def disc(width, height):
    """A mask: 255 in an ellipse, soft at its edge."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            distance = ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2
            pixels.append(255 if distance < 0.06 else 128 if distance < 0.08 else 0)
    return Picture(width, height, 1, pixels)


def darkened(picture, mask):
    """A composite: the picture with its foreground darker and bluer."""
    pixels = bytearray(picture.pixels)
    for index, weight in enumerate(mask.pixels):
        for channel, factor in enumerate((0.5, 0.6, 0.9)):
            value = pixels[3 * index + channel]
            pixels[3 * index + channel] = int(value + weight / 255 * (factor - 1) * value)
    return Picture(picture.width, picture.height, 3, pixels)
