"""Display scaling, mosaics and PNG bytes: worked out by hand."""
import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from numpyzf import plots

pytestmark = pytest.mark.small


def test_zero_is_mid_gray_exactly():
    flat = plots.to_display(np.zeros((1, 2, 3)))
    np.testing.assert_array_equal(flat, np.full((2, 3), 0.5), strict=True)
    shown = plots.to_display(np.array([[[0, 3e-30, -1e30]]], np.float32))
    assert shown[0, 0] == 0.5 and np.isfinite(shown).all()


def test_display_is_symmetric_and_keeps_the_sign(rng):
    r = rng.standard_normal((3, 5, 4))
    shown = plots.to_display(r)
    assert shown.shape == (5, 4, 3)
    np.testing.assert_array_equal(np.sign(shown - 0.5), np.sign(np.moveaxis(r, 0, -1)))
    np.testing.assert_allclose(plots.to_display(-r), 1 - shown, rtol=0, atol=1e-15)
    np.testing.assert_allclose(plots.to_display(1e-3 * r), shown, atol=1e-12)


def test_display_scales_by_a_percentile_of_what_is_not_zero():
    r = np.zeros((1, 40, 40))
    r[0, 0, :5] = [1, -2, 3, -4, 100]
    np.testing.assert_allclose(plots.to_display(r, percentile=75)[0, :6],       # the scale is 4
                               [0.625, 0.25, 0.875, 0, 1, 0.5])
    np.testing.assert_allclose(plots.to_display(r, percentile=100)[0, :5], 0.5 + r[0, 0, :5] / 200)


def test_display_of_integers():
    np.testing.assert_array_equal(plots.to_display(np.array([[[-2, 0, 2]]])), [[0, 0.5, 1]])


@pytest.mark.parametrize("r, message", [(np.full((1, 2, 2), np.nan), "4 NaN"),
                                        (np.full((1, 1, 1), np.inf), "infinite"),
                                        (np.zeros((2, 2)), r"not of shape \(2, 2\)"),
                                        (np.zeros((2, 4, 4)), r"\(2, 4, 4\)")])
def test_display_refuses(r, message):
    with pytest.raises(ValueError, match=message):
        plots.to_display(r)


def test_images_keep_their_own_black_and_white():
    np.testing.assert_array_equal(plots.to_image(np.array([[[51, 102]]], np.uint8)), [[0.2, 0.4]])
    colors = np.array([255, 0, 51], np.uint8).reshape(3, 1, 1)
    np.testing.assert_array_equal(plots.to_image(colors), [[[1, 0, 0.2]]])
    with pytest.raises(TypeError, match="uint8"):
        plots.to_image(np.zeros((1, 2, 2)))


def test_a_gray_picture_is_not_stretched_when_drawn():
    axes = plots.figure(1, 1).subplots()
    plots.show(axes, np.array([[0.4, 0.6]]))
    assert axes.images[0].get_clim() == (0, 1)


def test_grid_puts_every_image_in_its_place():
    images = [np.full((2, 3), i / 10) for i in range(5)]
    out = plots.grid(images, columns=2, pad=1, background=0.9)
    assert out.shape == (3 * 2 + 2, 2 * 3 + 1)
    expected = np.full((8, 7), 0.9)
    for i, (top, left) in enumerate([(0, 0), (0, 4), (3, 0), (3, 4), (6, 0)]):
        expected[top:top + 2, left:left + 3] = i / 10
    np.testing.assert_array_equal(out, expected)
    assert plots.grid([np.zeros((2, 2, 3))] * 2, columns=2, pad=0).shape == (2, 4, 3)


@pytest.mark.parametrize("images, columns", [([], 2), ([np.zeros((2, 2)), np.zeros((2, 3))], 2),
                                             ([np.zeros((2, 2))], 0)])
def test_grid_refuses(images, columns):
    with pytest.raises(ValueError, match="a grid takes"):
        plots.grid(images, columns)


def test_enlarging_repeats_pixels():
    image = np.array([[0.0, 1.0]])
    np.testing.assert_array_equal(plots.enlarge(image, 4), [[0, 0, 1, 1], [0, 0, 1, 1]])
    np.testing.assert_array_equal(plots.enlarge(image, 1), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_patch_has_lines_where_nothing_is_seen(channels):
    """A white wall is white, and what is outside of the image isn't."""
    white = np.full((channels, 4, 4), 255, np.uint8)
    seen = np.ones((4, 4), bool)
    assert (plots.patch(white, seen, 32) == 1).all()
    seen[:, 2:] = False
    image = plots.patch(white, seen, 32)
    assert image.shape == (32, 32, 3)[:1 + channels] or image.shape == (32, 32)
    assert (image[:, :16] == 1).all()
    lines = image[:, 16:] == plots.HATCH
    assert lines.mean() == 1 / 4 and (image[:, 16:][~lines] == 1).all()
    assert not lines.all(axis=0).any() and not lines.all(axis=1).any()      # oblique


def test_a_picture_for_a_notebook():
    gray = plots.picture(np.array([[0, 0.5], [1, 0.25]]), side=4)
    assert gray.mode == "L" and gray.size == (4, 4)
    np.testing.assert_array_equal(np.asarray(gray)[::2, ::2], [[0, 128], [255, 64]])
    assert gray._repr_png_()[:4] == b"\x89PNG"          # what a notebook shows
    color = plots.picture(np.zeros((2, 3, 3)))
    assert color.mode == "RGB" and color.size == (255, 170)


def test_a_heading_stays_on_its_picture():
    text = plots.heading(f"{'word ' * 60}\nand a line", 4)
    assert max(map(len, text.split("\n"))) <= 64 and text.endswith("\nand a line")


def test_every_filter_is_scaled_on_its_own():
    w = np.zeros((4, 1, 5, 5))
    w[0, 0, 0, 0], w[1, 0, 0, 0], w[2, 0, 0, 0] = 0.001, -7, 0.5
    w[2, 0, 4, 4] = -1
    image = plots.filters_image(w)
    assert image.shape == (2 * 40 + 4, 2 * 40 + 4)      # 2 × 2 filters, 8 times enlarged
    places = [(0, 0), (0, 44), (44, 0), (83, 39), (44, 44)]
    assert [image[place] for place in places] == [1, 0, 0.75, 0, 0.5]
    assert image[20, 42] == 1                           # between them
    large = plots.filters_image(np.zeros((96, 3, 7, 7)))
    assert large.shape == (8 * (42 + 4) - 4, 12 * (42 + 4) - 4, 3)
    with pytest.raises(ValueError, match=r"\(6, 4, 3, 3\)"):
        plots.filters_image(np.zeros((6, 4, 3, 3)))


@pytest.mark.parametrize("count, rows, columns", [(97, 10, 10), (7, 3, 3), (5, 1, 5), (1, 1, 1)])
def test_filters_stay_together_whatever_their_number(count, rows, columns):
    image = plots.filters_image(np.zeros((count, 1, 5, 5)))
    assert image.shape == (rows * 44 - 4, columns * 44 - 4)


def test_without_filters_there_is_no_picture_of_them():
    with pytest.raises(ValueError, match=r"one at least, not \(0, 1, 5, 5\)"):
        plots.filters_image(np.zeros((0, 1, 5, 5)))


def test_png(tmp_path):
    figure = plots.figure(1, 0.5)
    plots.show(figure.subplots(), np.zeros((2, 2)))
    png = plots.png_bytes(figure, dpi=100)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(png[i:i + 4], "big") for i in (16, 20)] == [100, 50]
    plots.save(figure, tmp_path / "x.png", dpi=100)
    assert (tmp_path / "x.png").read_bytes() == png


# ---- what a user's surroundings would change ----------------------------------------------------

DRAW = """
from numpyzf import plots
with plots.style():
    figure = plots.figure(2, 2)
    axes = figure.subplots()
    axes.plot([1, 2], [1, 1000])
    axes.set(yscale="log", title="shoes")
    axes.set_xticks([1, 2], labels=["a", "b"])
import hashlib
print(hashlib.sha256(plots.png_bytes(figure)).hexdigest())
"""


def drawn(program, **settings):
    """What a program prints that draws, in a process of its own."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MPLBACKEND", "MATPLOTLIBRC")}
    done = subprocess.run([sys.executable, "-c", program], env=environment | settings, text=True,
                          capture_output=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "tkagg", "typo"])
def test_a_notebook_s_backend_is_no_obstacle(backend):
    assert drawn(DRAW, MPLBACKEND=backend) == drawn(DRAW)


def test_a_backend_that_can_be_had_is_set():
    """As if matplotlib had been imported by the notebook itself."""
    program = f"{DRAW}\nimport matplotlib, os\nprint(matplotlib.get_backend())\n" \
        "print(os.environ['MPLBACKEND'])"
    assert drawn(program, MPLBACKEND="svg").split()[1:] == ["svg", "svg"]


def test_a_user_s_matplotlibrc_changes_no_picture(tmp_path):
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 20\naxes.grid: True\nsavefig.bbox: tight\nimage.origin: lower\n"
        "text.usetex: True\nlines.linestyle: --\nsavefig.transparent: True\n")
    assert drawn(DRAW, MATPLOTLIBRC=str(tmp_path)) == drawn(DRAW)


@pytest.mark.parametrize("name", ["$$", "$a$", r"$\frac{$", r"\$", "50 % & _^{}"])
def test_dollar_signs_are_no_formulas(name, tmp_path):
    """In a title, along an axis, in a legend; and powers along a logarithmic axis stay formulas."""
    with plots.style():
        drawing = plots.figure(3, 3)
        axes = drawing.subplots()
        axes.plot([1, 2], [1, 1000], label=name)
        axes.set(yscale="log", title=name, ylabel=name)
        axes.set_xticks([1, 2], labels=[name, "b"])
        axes.legend()
    png = plots.png_bytes(drawing)
    assert png == plots.png_bytes(drawing)          # also the second time
    texts = [text for text in drawing.findobj(Text) if text.get_text() == name]
    assert len(texts) >= 4
    assert not any(text.get_parse_math() for text in texts)
    powers = [label for label in axes.yaxis.get_ticklabels() if "$" in label.get_text()]
    assert powers and all(label.get_parse_math() for label in powers)
    plots.save(drawing, tmp_path / "x.svg")


# ---- pixels --------------------------------------------------------------------------------------

@pytest.mark.parametrize("channels, mode", [(3, "RGB"), (1, "L")])
def test_saved_pixels_are_the_file_s(tmp_path, rng, channels, mode):
    x = rng.integers(256, size=(channels, 7, 5), dtype=np.uint8)
    plots.save_pixels(x, tmp_path / "a.PNG")
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image).reshape(7, 5, channels),
                                      x.transpose(1, 2, 0))


@pytest.mark.parametrize("name, error, message", [
    ("a.svg", ValueError, "a.svg: .svg is no kind of image; use .png"),
    ("a", ValueError, "a: no ending is no kind of image"),
    ("none/a.png", OSError, "none is no folder"),
    ("folder.png", IsADirectoryError, "folder.png is a folder"),
])
def test_pixels_that_can_t_be_saved_are_refused(tmp_path, name, error, message):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(error, match=message):
        plots.save_pixels(np.zeros((1, 2, 2), np.uint8), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
