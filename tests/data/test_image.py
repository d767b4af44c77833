import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from numpyzf.data import image as image_module
from numpyzf.data import load_image, photograph

RNG = np.random.default_rng(0)


def picture(height, width, channels=3):
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def png(path, width, height, depth, color, rows, *others):
    """A PNG file of these rows of bytes; others: pairs (kind, content) of chunks before them."""
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = [(b"IHDR", header), *others, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks))
    return path


def png_header(path, width, height):
    """A PNG file that says it is this large, and has no pixels."""
    return png(path, width, height, 8, 2, b"")


def tiff(path, values, *, bits, count, photometric=1, sample_format=1):
    """A gray TIFF file of one row; values: its bytes."""
    tags = [(256, count), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1),
            (278, 1), (279, len(values)), (339, sample_format)]
    values += bytes(len(values) % 2)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(values)) + values
                     + struct.pack("<H", len(tags))
                     + b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
                     + bytes(4))
    return path


def test_pixels_come_as_they_are(tmp_path):
    pixels = picture(5, 9)
    for suffix in ("png", "bmp", "ppm", "tiff"):
        out = load_image(save(tmp_path / f"a.{suffix}", pixels))
        assert out.dtype == np.uint8 and out.flags.c_contiguous and out.shape == (3, 5, 9)
        np.testing.assert_array_equal(out, pixels.transpose(2, 0, 1))


def test_a_path_may_be_a_string(tmp_path):
    assert load_image(str(save(tmp_path / "a.png", picture(2, 3)))).shape == (3, 2, 3)


def test_a_path_may_begin_at_home(tmp_path, monkeypatch, refuses):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "a.png", picture(2, 3))
    assert load_image("~/a.png").shape == (3, 2, 3)
    with refuses(FileNotFoundError, tmp_path / "b.png"):
        load_image("~/b.png")
    with refuses(FileNotFoundError, "~nobody-of-this-name/b.png"):
        load_image("~nobody-of-this-name/b.png")


def test_gray_to_color_and_back(tmp_path):
    gray = picture(4, 6)[:, :, 0]
    save(tmp_path / "gray.png", gray)
    np.testing.assert_array_equal(load_image(tmp_path / "gray.png"), np.stack([gray] * 3))
    np.testing.assert_array_equal(load_image(tmp_path / "gray.png", channels=1), gray[None])
    pixels = picture(4, 6)
    luma = load_image(save(tmp_path / "color.png", pixels), channels=1)
    np.testing.assert_allclose(luma[0], pixels @ [0.299, 0.587, 0.114], atol=1)


@pytest.mark.parametrize("height, width, top, left", [(8, 13, 0, 2), (13, 8, 2, 0), (8, 8, 0, 0),
                                                      (8, 14, 0, 3)])
def test_without_scaling_the_center_is_exact(tmp_path, height, width, top, left):
    pixels = picture(height, width)
    out = load_image(save(tmp_path / "a.png", pixels), 8)
    np.testing.assert_array_equal(out, pixels[top:top + 8, left:left + 8].transpose(2, 0, 1))


def test_smallest_side_first_then_the_center(tmp_path):
    path = save(tmp_path / "a.png", picture(60, 100))
    with Image.open(path) as whole:
        expected = np.asarray(whole.resize((20, 12), Image.Resampling.LANCZOS).crop((4, 0, 16, 12)))
    np.testing.assert_array_equal(load_image(path, 12), expected.transpose(2, 0, 1))
    assert load_image(path, 12, channels=1).shape == (1, 12, 12)


def test_small_images_grow_and_thin_ones_take_no_memory(tmp_path):
    assert load_image(save(tmp_path / "a.png", picture(3, 2)), 10).shape == (3, 10, 10)
    assert load_image(save(tmp_path / "b.png", picture(1, 60_000)), 224).shape == (3, 224, 224)


def test_exif_orientation(tmp_path):
    pixels = picture(6, 4)
    exif = Image.Exif()
    exif[0x0112] = 6        # turn by 90° clockwise to see it upright
    path = save(tmp_path / "a.png", pixels, exif=exif)
    np.testing.assert_array_equal(load_image(path), np.rot90(pixels, -1).transpose(2, 0, 1))


def test_damaged_exif_data_do_no_harm(tmp_path):
    for exif in (b"Exif\0\0rubbish that is no TIFF header", b"Exif\0\0II*\0"):
        for suffix in ("png", "jpg"):
            path = save(tmp_path / f"a.{suffix}", picture(6, 4), exif=exif)
            assert load_image(path).shape == (3, 6, 4)


def test_sixteen_bits_become_eight(tmp_path):
    values = np.array([[0, 255, 256, 30_000, 65_535]], np.uint16)
    save(tmp_path / "a.png", values)
    expected = [[[0, 0, 1, 117, 255]]]
    np.testing.assert_array_equal(load_image(tmp_path / "a.png", channels=1), expected)
    (tmp_path / "a.pgm").write_bytes(b"P5 5 1 65535\n" + values.astype(">u2").tobytes())
    np.testing.assert_array_equal(load_image(tmp_path / "a.pgm", channels=1), expected)


def test_transparent_parts_are_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 0], pixels[0, :, 3] = 200, [0, 255, 51]
    np.testing.assert_array_equal(load_image(save(tmp_path / "a.png", pixels))[:, 0].T,
                                  [[255, 255, 255], [200, 0, 0], [244, 204, 204]])
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "b.png", transparency=b"\0\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(load_image(tmp_path / "b.png")[:, 0].T,
                                      [[255, 255, 255], [40, 50, 60]])


def test_a_huge_image_is_refused_by_its_header(tmp_path, refuses, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_345)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for width, height in ((50_000, 50_000), (10_000, 10_001), (1, 100_000_001)):
            with refuses(ValueError, tmp_path / "huge.png", f"{width}x{height}"):
                load_image(png_header(tmp_path / "huge.png", width, height), 32)
        # One of a size allowed, but without pixels.
        with refuses(ValueError, "small.png", "cannot be read"):
            load_image(png_header(tmp_path / "small.png", 10, 10), 32)
    assert Image.MAX_IMAGE_PIXELS == 12_345     # Pillow's own limit, which other code may count on


def test_the_limit_itself_is_allowed(tmp_path, refuses, monkeypatch):
    monkeypatch.setattr(image_module, "MAX_PIXELS", 12)
    assert load_image(save(tmp_path / "a.png", picture(3, 4))).shape == (3, 3, 4)
    with refuses(ValueError, "b.png", "13x1"):
        load_image(save(tmp_path / "b.png", picture(1, 13)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp"])
def test_a_truncated_image_is_named(tmp_path, refuses, suffix):
    path = save(tmp_path / f"a.{suffix}", picture(64, 64))
    data = path.read_bytes()
    assert load_image(path).shape == (3, 64, 64)
    for length in (0, 3, 30, len(data) // 2):
        path.write_bytes(data[:length])
        with refuses(ValueError, path, "cannot be read as an image", "replace"):
            load_image(path)


def test_a_corrupt_image_is_named(tmp_path, refuses):
    path = save(tmp_path / "a.png", picture(64, 64))
    data = bytearray(path.read_bytes())
    data[2000:2100] = bytes(100)
    path.write_bytes(data)
    with refuses(ValueError, path, "cannot be read as an image"):
        load_image(path)


def test_every_flipped_bit_of_a_png_is_told(tmp_path):
    path = save(tmp_path / "a.png", picture(30, 30))
    good, silent = path.read_bytes(), []
    for bit in RNG.integers(0, 8 * len(good), 1000):
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            load_image(path)
            silent.append(bit)
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
    assert silent == []


def test_zeroed_pages_of_a_png_are_told(tmp_path, refuses):
    path = save(tmp_path / "a.png", picture(100, 100))
    good = path.read_bytes()
    for start in range(0, len(good) - 4096, 1024):
        path.write_bytes(good[:start] + bytes(4096) + good[start + 4096:])
        with refuses(ValueError, path, "cannot be read as an image"):
            load_image(path)


@pytest.mark.parametrize("data", [b"hello, this is text",
                                  b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"],
                         ids=["text", "eps"])
def test_what_is_no_image_is_named(tmp_path, refuses, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with refuses(ValueError, tmp_path / "a.jpg", "none of BMP, GIF, JPEG"):
        load_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"tEXt", b"iTXt"])
def test_long_texts_and_profiles_do_no_harm(tmp_path, kind):
    content = b"x" * 2_000_000
    content = {b"tEXt": b"a\0" + content, b"iTXt": b"a\0\1\0\0\0" + zlib.compress(content)
               }.get(kind, b"a\0\0" + zlib.compress(content))
    path = png(tmp_path / "a.png", 2, 1, 8, 0, bytes([0, 5, 6]), *[(kind, content)] * 40)
    assert load_image(path, channels=1).tolist() == [[[5, 6]]]


def test_a_text_may_say_what_is_up(tmp_path):
    pixels = picture(6, 4)
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    path = save(tmp_path / "a.png", pixels, pnginfo=text)
    np.testing.assert_array_equal(load_image(path), np.rot90(pixels, -1).transpose(2, 0, 1))


@pytest.mark.parametrize("depth, row, value, expected", [
    (16, struct.pack(">3H", 0, 1000, 1001), 1000, [0, 255, 3]),
    (8, bytes([0, 7, 9]), 7, [0, 255, 9]),
    (4, bytes([0x01, 0x20]), 1, [0, 255, 34]), (2, bytes([0b00011000]), 2, [0, 85, 255]),
    (1, bytes([0b01000000]), 0, [255, 255, 255])], ids=["16", "8", "4", "2", "1"])
def test_one_transparent_gray(tmp_path, depth, row, value, expected):
    path = png(tmp_path / "a.png", 3, 1, depth, 0, b"\0" + row, (b"tRNS", struct.pack(">H", value)))
    assert load_image(path, channels=1).tolist() == [[expected]]


def test_one_transparent_color_of_sixteen_bits(tmp_path, refuses):
    """Pillow has lost the lower 8 bits before it compares."""
    path = png(tmp_path / "a.png", 1, 1, 16, 2, bytes(7), (b"tRNS", bytes(6)))
    with refuses(ValueError, path, "16 bits per channel", "save it with 8 bits"):
        load_image(path)


@pytest.mark.parametrize("bits, values, photometric, expected", [
    (32, np.array([0, 2 ** 31, 2 ** 32 - 1], "<u4").tobytes(), 1, [0, 128, 255]),
    (16, np.array([0, 256, 65535], "<u2").tobytes(), 1, [0, 1, 255]),
    (16, np.array([0, 256, 65535], "<u2").tobytes(), 0, [255, 254, 0]),
    (12, bytes([0xFF, 0xF8, 0x00, 0x01, 0x00]), 1, [255, 128, 1]),
    (8, bytes([0, 1, 255]), 0, [255, 254, 0]), (2, bytes([0b00011100]), 1, [0, 85, 255]),
], ids=["32", "16", "16-white-is-0", "12", "8-white-is-0", "2"])
def test_gray_tiffs(tmp_path, bits, values, photometric, expected):
    path = tiff(tmp_path / "a.tif", values, bits=bits, count=3, photometric=photometric)
    assert load_image(path, channels=1).tolist() == [[expected]]


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_signed_numbers_have_no_known_range(tmp_path, refuses, bits):
    path = tiff(tmp_path / "a.tif", bytes(bits // 8), bits=bits, count=1, sample_format=2)
    with refuses(ValueError, path, "signed numbers of no known range"):
        load_image(path)


def test_a_format_that_is_known_but_rare(tmp_path, refuses):
    path = tiff(tmp_path / "a.tif", bytes(8), bits=64, count=1)
    with refuses(ValueError, path, "begins like TIFF", "8 bits per channel"):
        load_image(path)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with refuses(ValueError, "a.jpg", "HEIC", "save it as JPEG"):
        load_image(tmp_path / "a.jpg")


def test_a_thin_image_takes_more_memory_than_its_pixels(tmp_path, refuses):
    for width, height in ((1, 65_536), (65_536, 1)):
        with refuses(ValueError, "thin.png", f"{width}x{height}", "65,535 on a side"):
            load_image(png_header(tmp_path / "thin.png", width, height), 32)
    assert load_image(save(tmp_path / "a.png", picture(65_535, 1)), 4).shape == (3, 4, 4)


def test_floating_point_pixels(tmp_path, refuses):
    path = save(tmp_path / "a.tiff", np.ones((2, 2), np.float32))
    with refuses(ValueError, path, "floating-point"):
        load_image(path)


def test_no_file(tmp_path, refuses):
    for path in (tmp_path / "gone.jpg", tmp_path):
        with refuses(FileNotFoundError, path, "no such image file"):
            load_image(path)


@pytest.mark.parametrize("size, kind", [(0, ValueError), (-1, ValueError), (10_001, ValueError),
                                        (2.0, TypeError),
                                        ("32", TypeError), (True, TypeError)])
def test_bad_sizes(tmp_path, refuses, size, kind):
    with refuses(kind, "size must", size):
        load_image(save(tmp_path / "a.png", picture(2, 2)), size)


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_bad_channels(tmp_path, refuses, channels):
    with refuses(ValueError, "channels must be", channels):
        load_image(save(tmp_path / "a.png", picture(2, 2)), channels=channels)


def test_channels_as_the_file_has_them(tmp_path):
    gray, color = picture(6, 7, 3)[..., 0], picture(6, 7)
    same = np.repeat(gray[..., None], 3, axis=2)        # colors, all of them gray
    for suffix in ("png", "tiff"):
        out = load_image(save(tmp_path / f"gray.{suffix}", gray), channels=None)
        np.testing.assert_array_equal(out, gray[None])
        for pixels in (color, same):
            out = load_image(save(tmp_path / f"color.{suffix}", pixels), channels=None)
            np.testing.assert_array_equal(out, pixels.transpose(2, 0, 1))
    Image.fromarray(gray).convert("LA").save(tmp_path / "alpha.png")
    Image.fromarray(np.uint16(gray) << 8).save(tmp_path / "16.png")
    Image.fromarray(color).convert("P").save(tmp_path / "palette.png")
    shapes = [load_image(tmp_path / f"{name}.png", 5, None).shape[0]
              for name in ("alpha", "16", "palette")]
    assert shapes == [1, 1, 3]
    # its channels are called L, A and B: neither gray nor an alpha channel
    to_lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(color), *to_lab, outputMode="LAB")
    lab.save(tmp_path / "lab.tiff")
    out = load_image(tmp_path / "lab.tiff", channels=None)
    np.testing.assert_array_equal(out, np.asarray(lab.convert("RGB")).transpose(2, 0, 1))
    with pytest.raises(ValueError, match="1 \\(gray\\) or None"):
        load_image(tmp_path / "alpha.png", channels=2)


@pytest.mark.parametrize("value, error", [("", ValueError), (7, TypeError), (None, TypeError)])
def test_no_picture_at_all_is_told_as_one(value, error):
    with pytest.raises(error, match="^picture (is empty; it )?must be a path"):
        photograph(value)
