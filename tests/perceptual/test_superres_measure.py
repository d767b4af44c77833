"""Pictures made smaller, enlarged, compared: whole folders of them."""
import json
import math

import numpy as np
import pytest
from PIL import Image

from numpyzf import data
from numpyzf.perceptual import pictures
from numpyzf.perceptual.superres import measure
from numpyzf.perceptual.superres.measure import Row, Scores

pytestmark = pytest.mark.small


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def nearest(low):
    """An enlarger that repeats pixels."""
    return low.repeat(4, axis=1).repeat(4, axis=2)


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    Image.fromarray(pixels).save(path, **options)


# ---- reading -------------------------------------------------------------------------------------

def test_pictures_of_all_folders_and_kinds(tmp_path):
    color, gray = noise(3, 20, 24), noise(1, 30, 22)
    save(tmp_path / "a" / "color.png", color)
    save(tmp_path / "b" / "deep" / "gray.bmp", gray)
    save(tmp_path / "photo.jpg", color)
    (tmp_path / "notes.txt").write_text("no picture")
    found = dict(measure.read(tmp_path))
    assert [*found] == ["a/color", "b/deep/gray", "photo"]
    np.testing.assert_array_equal(found["a/color"], color)
    np.testing.assert_array_equal(found["b/deep/gray"], gray)       # stays gray
    assert found["photo"].shape == (3, 20, 24)
    (name, image), = measure.read(tmp_path / "b" / "deep" / "gray.bmp")
    assert name == "gray" and image.shape == (1, 30, 22)


def test_colors_that_are_all_gray_stay_colors(tmp_path):
    """As the protocol has it: the luminance of a file with colors runs from 16 to 235."""
    gray = noise(1, 24, 24)
    save(tmp_path / "color.png", gray.repeat(3, axis=0))
    save(tmp_path / "gray.png", gray)
    color_row, gray_row = measure.evaluate(tmp_path, 4, {})
    difference = color_row.scores["bicubic"].psnr - gray_row.scores["bicubic"].psnr
    assert difference == pytest.approx(20 * math.log10(255 / 219), abs=1e-6)


def test_a_data_set_s_name():
    name, image = next(measure.read("fashion-mnist-small"))
    assert name == "0000"
    np.testing.assert_array_equal(image, data.load("fashion-mnist-small", "test").images[0])


def test_nothing_to_read(tmp_path):
    with pytest.raises(ValueError, match="has no images"):
        next(measure.read(tmp_path))
    with pytest.raises(FileNotFoundError, match="no such folder"):
        next(measure.read(tmp_path / "elsewhere"))
    save(tmp_path / "bad.png", noise(1, 20, 20))
    (tmp_path / "bad.png").write_bytes((tmp_path / "bad.png").read_bytes()[:60])
    with pytest.raises(ValueError, match="bad.png: cannot be read"):
        next(measure.read(tmp_path))


# ---- measuring -----------------------------------------------------------------------------------

def test_what_is_compared_with_what():
    """Cropped, made smaller, enlarged by each method; the frame of 4 pixels doesn't count."""
    image, seen = noise(3, 35, 42), []

    def network(low):
        seen.append(low)
        return nearest(low)
    (row,) = measure.evaluate([("noise", image)], 4, {"nearest": network})
    original = image[:, :32, :40]
    low = pictures.low_resolution(image, 4)
    np.testing.assert_array_equal(seen, [low])
    assert row.picture == "noise" and row.size == (32, 40) and [*row.scores] == ["bicubic",
                                                                                 "nearest"]
    inner = slice(4, -4)
    for method, made in (("bicubic", pictures.enlarge_bicubic(low, 4)), ("nearest", nearest(low))):
        y, of = (pictures.luminance(x[:, inner, inner]) for x in (made, original))
        expected = 10 * math.log10(255 ** 2 / np.mean((y - of) ** 2))
        assert row.scores[method].psnr == pytest.approx(expected)
        assert row.scores[method].ssim == pictures.ssim(made, original, crop=4)
        steps = [np.mean(np.diff(x, axis=0) ** 2) + np.mean(np.diff(x, axis=1) ** 2)
                 for x in (y, of)]
        assert row.scores[method].sharpness == pytest.approx(steps[0] / steps[1])


def test_a_grid_is_seen_where_it_can_be():
    image = pictures.enlarge_bicubic(noise(3, 20, 20), 5)[:, :96, :96]

    def striped(low):
        return np.minimum(pictures.enlarge_bicubic(low, 4), 249) + np.uint8([0, 0, 3, 3] * 24)
    (row,) = measure.evaluate([("x", image)], 4, {"striped": striped})
    assert row.scores["striped"].grid > 10 > 1.2 > row.scores["bicubic"].grid
    (row,) = measure.evaluate([("x", image)], 3, {})
    assert math.isnan(row.scores["bicubic"].grid)
    (row,) = measure.evaluate([("x", image[:, :23])], 4, {})        # 12 rows are left
    assert math.isnan(row.scores["bicubic"].grid)


def test_a_perfect_network_and_a_plain_picture():
    image = noise(1, 24, 24)
    (row,) = measure.evaluate([("x", image)], 4, {"perfect": lambda low: image})
    assert row.scores["perfect"].psnr == math.inf and row.scores["perfect"].sharpness == 1
    assert row.scores["perfect"].ssim == pytest.approx(1)
    (row,) = measure.evaluate([("x", np.full_like(image, 9))], 4, {"noisy": lambda low: image})
    assert row.scores["bicubic"] == (math.inf, 1, 1, 1, 1)
    assert row.scores["noisy"].sharpness == math.inf


@pytest.mark.parametrize("image, network, error", [
    (noise(3, 40, 40), lambda low: low, r"small one: wrong made a picture of shape \(3, 10, 10\)"),
    (noise(3, 40, 3), nearest, "small one: the picture has 3×40 pixels, too few"),
    (noise(1, 16, 16), nearest, "small one: SSIM takes pictures of 11×11 pixels or more, not 8×8"),
    (noise(1, 8, 40), nearest, "small one: one picture of more than 8×8 pixels")])
def test_what_can_t_be_measured_is_named(image, network, error):
    with pytest.raises(ValueError, match=error):
        measure.evaluate([("small one", image)], 4, {"wrong": network})


# ---- many pictures -------------------------------------------------------------------------------

ROWS = [Row("Set5/a", (8, 9), {"bicubic": Scores(20., .5, .1, 1., 1.),
                               "net": Scores(30., .7, .4, 1., 1.)}),
        Row("Set5/b", (8, 9), {"bicubic": Scores(22., .7, .3, 1., 1.),
                               "net": Scores(np.inf, .9, .6, 1., 1.)}),
        Row("Other/x/c", (8, 9), {"bicubic": Scores(30., .3, .2, 1., 1.),
                                  "net": Scores(50., .2, np.inf, 1., 1.)})]


def test_means_of_each_set():
    found = {name: measure.means(rows) for name, rows in measure.groups(ROWS).items()}
    assert [*found] == ["Set5", "Other", ""]
    # of the same pictures for all methods: without b, where the net makes no error
    assert found["Set5"]["bicubic"] == pytest.approx((20, .6, .2, 1, 1))
    assert found["Set5"]["net"] == pytest.approx((30, .8, .5, 1, 1))
    assert found["Other"]["net"] == (50, .2, math.inf, 1, 1)
    assert found["Other"]["bicubic"] == (30, .3, .2, 1, 1)
    assert found[""]["bicubic"] == pytest.approx((25, .5, .2, 1, 1))
    assert found[""]["net"] == pytest.approx((40, .6, .5, 1, 1))
    plain = [row._replace(picture="a") for row in ROWS]
    assert [*measure.groups(plain)] == [""]


def test_what_is_left_out_of_means_is_told():
    assert measure.counted(ROWS) == {"psnr": 2, "ssim": 3, "sharpness": 2, "grid": 3, "pattern": 3}
    assert measure.uncounted(ROWS).endswith("has the number, of 3: psnr of 2, sharpness of "
                                           "2.")
    small = [row._replace(scores={"bicubic": Scores(20., .5, .1, np.nan, np.nan)}) for row in ROWS]
    assert measure.uncounted(small) == ""           # there is no grid by design: none is left out
    assert measure.uncounted(ROWS[:1]) == ""


def test_flat_pictures_do_not_speak_for_one_method():
    """Bicubic makes no error in one-colored pictures; that is not to be held against it."""
    flat = [(f"flat {n}", np.full((3, 24, 24), 50 * n, np.uint8)) for n in range(3)]

    def network(low):
        made = nearest(low)
        made[:, 9:12, 9:12] ^= 1
        return made
    rows = measure.evaluate([*flat, ("noise", noise(3, 40, 40))], 4, {"net": network})
    found = measure.means(rows)
    assert rows[0].scores["bicubic"].psnr == math.inf and rows[0].scores["net"].psnr > 50
    assert found["net"].psnr == rows[3].scores["net"].psnr
    assert found["bicubic"].psnr == rows[3].scores["bicubic"].psnr


def test_a_table_of_few_and_of_many_pictures():
    lines = measure.table(ROWS).splitlines()
    assert len(lines) == 1 + 3 + 3 and "bicubic" in lines[0]
    assert lines[1].split() == ["Set5/a", "9×8", "20.00", "0.5000", "10%", "1.00", "1.00",
                                "30.00", "0.7000", "40%", "1.00", "1.00"]
    assert lines[4].split()[:6] == ["mean", "of", "2,", "Set5", "20.00", "0.6000"]
    assert lines[6].split()[:4] == ["mean", "of", "3", "25.00"]
    plain = [row._replace(picture="a") for row in ROWS]
    lines = measure.table(plain * 20).splitlines()
    assert len(lines) == 2 and lines[1].startswith("mean of 60")


def test_as_json():
    text = json.dumps(measure.as_json("folder", 4, ROWS), allow_nan=False)
    found = json.loads(text)
    assert found["source"] == "folder" and found["scale"] == 4
    assert found["means"]["Set5"]["bicubic"]["psnr"] == pytest.approx(20)
    assert [*found["means"]] == ["Set5", "Other"] and found["counted"]["psnr"] == 2
    assert found["counts"]["Set5"] == {"psnr": 1, "ssim": 2, "sharpness": 2, "grid": 2,
                                       "pattern": 2}
    last = found["pictures"][2]
    assert (last["picture"], last["height"], last["width"]) == ("Other/x/c", 8, 9)
    assert last["scores"]["net"] == {"psnr": 50, "ssim": .2, "sharpness": None, "grid": 1,
                                     "pattern": 1}


def test_the_paper_s_rows_are_typed_right():
    """By PSNR its feature loss comes last, and its pixel loss first only at ×8."""
    for (_, scale), row in measure.PAPER.items():
        assert row["feature"][0] < min(row["pixel"][0], row["bicubic"][0])
        assert (row["pixel"][0] > row["bicubic"][0]) == (scale == 8)


def test_a_picture_too_small_is_told_before_any_is_measured(tmp_path):
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((18, 40, 3), np.uint8)).save(tmp_path / "z.png")
    with pytest.raises(ValueError, match="^z: 40×18 pixels are too few to be measured at ×4: SSIM "
                                         "takes 11×11 beside 4 at each side"):
        measure.evaluate(tmp_path, 4, {"net": None})        # which is never called
