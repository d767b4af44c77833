import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from numpyzf.data import image as image_module
from numpyzf.data import load_image

RNG = np.random.default_rng(0)


def picture(height, width, channels=3):
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def png_header(path, width, height):
    """A PNG file that says it is this large, and has no pixels."""
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header
                     + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    return path


def test_pixels_come_as_they_are(tmp_path):
    pixels = picture(5, 9)
    for suffix in ("png", "bmp", "ppm", "tiff"):
        out = load_image(save(tmp_path / f"a.{suffix}", pixels))
        assert out.dtype == np.uint8 and out.flags.c_contiguous and out.shape == (3, 5, 9)
        np.testing.assert_array_equal(out, pixels.transpose(2, 0, 1))


def test_a_path_may_be_a_string(tmp_path):
    assert load_image(str(save(tmp_path / "a.png", picture(2, 3)))).shape == (3, 2, 3)


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


@pytest.mark.parametrize("data", [b"hello, this is text",
                                  b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"],
                         ids=["text", "eps"])
def test_what_is_no_image_is_named(tmp_path, refuses, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with refuses(ValueError, tmp_path / "a.jpg", "none of BMP, GIF, JPEG"):
        load_image(tmp_path / "a.jpg")


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


@pytest.mark.parametrize("channels", [0, 2, 4, None])
def test_bad_channels(tmp_path, refuses, channels):
    with refuses(ValueError, "channels must be", channels):
        load_image(save(tmp_path / "a.png", picture(2, 2)), channels=channels)
