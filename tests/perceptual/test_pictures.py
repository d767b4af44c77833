"""Pictures made smaller, larger, and measured: by hand, by literal loops, by Pillow."""
import math

import numpy as np
import pytest
from PIL import Image

from numpyzf import data
from numpyzf.perceptual import pictures

pytestmark = pytest.mark.small
# Keys' cubic at distances of 1/4, 3/4, 5/4, 7/4
NEAR, FAR, BEYOND, LAST = 0.8671875, 0.2265625, -0.0703125, -0.0234375


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# ---- smaller and larger --------------------------------------------------------------------------

def test_the_cubic_s_weights_by_hand():
    twice = pictures.bicubic_matrix(6, 12)
    # new pixel 5 lies at 2.25, a quarter right of old pixel 2
    np.testing.assert_allclose(twice[5], [0, BEYOND, NEAR, FAR, LAST, 0], atol=1e-15)
    # new pixel 0 lies at −0.25: the pixels at −1 and −2 are mirrored into 0 and 1
    np.testing.assert_allclose(twice[0], [NEAR + FAR, BEYOND + LAST, 0, 0, 0, 0], atol=1e-15)


def test_antialiasing_by_hand():
    half = pictures.bicubic_matrix(12, 6)
    # new pixel 2 lies at 4.5; the cubic is twice as wide, and half as high
    expected = np.array([0, LAST, BEYOND, FAR, NEAR, NEAR, FAR, BEYOND, LAST, 0, 0, 0]) / 2
    np.testing.assert_allclose(half[2], expected, atol=1e-15)


def literal_matrix(old, new):
    """bicubic_matrix, pixel by pixel."""
    def cubic(t):
        t = abs(t)
        if t <= 1:
            return 1.5 * t ** 3 - 2.5 * t ** 2 + 1
        return -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 if t <= 2 else 0.0
    share, matrix = min(1, new / old), np.zeros((new, old))
    for i in range(new):
        center = (i + 0.5) * old / new - 0.5
        for j in range(-9 * old, 9 * old):
            place = j
            while not 0 <= place < old:
                place = -1 - place if place < 0 else 2 * old - 1 - place
            matrix[i, place] += cubic((center - j) * share)
        matrix[i] /= matrix[i].sum()
    return matrix


@pytest.mark.parametrize("old, new", [(1, 1), (1, 5), (5, 1), (7, 3), (3, 7), (8, 2), (2, 8),
                                      (9, 9), (10, 7), (13, 4)])
def test_the_matrix_is_the_literal_one(old, new):
    matrix = pictures.bicubic_matrix(old, new)
    assert matrix.shape == (new, old) and matrix.dtype == np.float64
    np.testing.assert_allclose(matrix, literal_matrix(old, new), atol=1e-13)


@pytest.mark.parametrize("height, width", [(15, 20), (120, 160), (90, 33)])
def test_away_from_the_edges_it_is_pillow_s(height, width):
    """Pillow's cubic is the same, but it doesn't mirror at the edges."""
    x = np.random.default_rng(1).random((60, 80), np.float32)
    ours = pictures.resize(x[None], height, width)[0]
    pillow = np.asarray(Image.fromarray(x).resize((width, height), Image.Resampling.BICUBIC))
    rows, columns = (slice(n // 5, n - n // 5) for n in (height, width))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[rows, columns], pillow[rows, columns], atol=2e-5)


def test_resize_keeps_axes_apart():
    x = np.zeros((2, 3, 4, 6))
    x[1, 2] = np.arange(4)[:, None] + 10.0 * np.arange(6)
    y = pictures.resize(x, 4, 12)
    assert y.shape == (2, 3, 4, 12) and not y[0].any() and not y[1, :2].any()
    np.testing.assert_allclose(y[1, 2, :, 5] - y[1, 2, 0, 5], np.arange(4), atol=1e-12)


def test_low_resolution_crops_and_rounds():
    image = noise(3, 14, 17)
    low = pictures.low_resolution(image, 4)
    assert low.shape == (3, 3, 4) and low.dtype == np.uint8
    exact = literal_matrix(12, 3) @ image[0, :12, :16].astype(float) @ literal_matrix(16, 4).T
    np.testing.assert_array_equal(low[0], np.round(np.clip(exact, 0, 255)))
    np.testing.assert_array_equal(pictures.crop_to_multiple(image, 4), image[:, :12, :16])
    with pytest.raises(ValueError, match="17×3 pixels, too few to be made 4 times smaller"):
        pictures.low_resolution(image[:, :3], 4)


def test_enlarged_values_are_clipped_not_wrapped():
    image = np.zeros((1, 4, 4), np.uint8)
    image[:, :, 2:] = 255
    y = pictures.enlarge_bicubic(image, 4)
    assert y.shape == (1, 16, 16) and y.dtype == np.uint8
    assert (y[..., :6] <= 10).all() and (y[..., 10:] >= 245).all()
    assert (np.diff(y[0, 0, 4:12].astype(int)) >= 0).all()


# ---- bytes ---------------------------------------------------------------------------------------

def test_bytes_there_and_back():
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for dtype in (np.float32, np.float64):
        x = pictures.from_bytes(every, dtype)
        assert x.dtype == dtype and x.max() == 1
        np.testing.assert_array_equal(pictures.to_bytes(x), every)
    np.testing.assert_array_equal(pictures.to_bytes(np.array([-0.2, 1.7, 0.49 / 255, 0.51 / 255])),
                                  [0, 255, 0, 1])


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="1 NaN"):
        pictures.to_bytes(np.array([0.5, np.nan]))
    with pytest.raises(TypeError, match="uint8"):
        pictures.from_bytes(np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match=r"not of shape \(4, 3, 3\)"):
        pictures.luminance(np.zeros((4, 3, 3)))
    with pytest.raises(ValueError, match="a has shape"):
        pictures.psnr(noise(1, 4, 4), noise(1, 4, 5))
    with pytest.raises(ValueError, match="more than 4×4 pixels"):
        pictures.psnr(noise(1, 4, 4), noise(1, 4, 4), crop=2)
    with pytest.raises(ValueError, match="11×11 pixels or more, not 10×12"):
        pictures.ssim(noise(1, 12, 10), noise(1, 12, 10))


# ---- measured ------------------------------------------------------------------------------------

def test_luminance_by_hand():
    colors = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255],
                       [10, 20, 40]], np.uint8)
    expected = [16, 235, 81.481, 144.553, 40.966,
                16 + (654.81 + 2571.06 + 998.64) / 255]
    image = colors.T.reshape(3, 1, 6)
    np.testing.assert_allclose(pictures.luminance(image)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(pictures.luminance(image / 255)[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(pictures.luminance(image[:1]), image[0])      # gray stays gray


def test_psnr_by_hand():
    a = noise(1, 9, 8) // 2
    b = a + np.uint8(5)
    assert pictures.psnr(a, b) == pytest.approx(20 * math.log10(51))
    assert pictures.psnr(a / 255, b / 255) == pytest.approx(20 * math.log10(51))
    b[:, 3:6, 3:5] = a[:, 3:6, 3:5]         # equal inside
    assert pictures.psnr(a, b, crop=3) == math.inf
    b[0, 4, 4] += 6                         # one of 6 pixels, off by 6: a mean square of 6
    assert pictures.psnr(a, b, crop=3) == pytest.approx(10 * math.log10(255 ** 2 / 6))


def test_psnr_of_colors_is_that_of_their_luminance():
    a = np.full((3, 5, 5), 100, np.uint8)
    b = a.copy()
    b[1] += 51                              # green: 51 · 128.553 / 255 = 25.7106
    assert pictures.psnr(a, b) == pytest.approx(20 * math.log10(255 / 25.7106))


def literal_ssim(a, b):
    """SSIM of two arrays of luminance, place by place, as the definition says."""
    weights = [[math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / 4.5) for j in range(11)]
               for i in range(11)]
    weights = np.array(weights) / sum(map(sum, weights))
    c1, c2, values = 6.5025, 58.5225, []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            p, q = a[i:i + 11, j:j + 11], b[i:i + 11, j:j + 11]
            mp, mq = (weights * p).sum(), (weights * q).sum()
            vp, vq = (weights * (p - mp) ** 2).sum(), (weights * (q - mq) ** 2).sum()
            both = (weights * (p - mp) * (q - mq)).sum()
            values.append((2 * mp * mq + c1) * (2 * both + c2)
                          / ((mp ** 2 + mq ** 2 + c1) * (vp + vq + c2)))
    return np.mean(values)


@pytest.mark.parametrize("height, width", [(11, 11), (13, 21), (2 * pictures.STRIP + 23, 14)])
def test_ssim_is_the_literal_one(height, width):
    a = noise(1, height, width)
    b = np.uint8(np.clip(a + np.random.default_rng(2).normal(0, 30, a.shape), 0, 255))
    expected = literal_ssim(a[0].astype(float), b[0].astype(float))
    assert 0.3 < expected < 0.99
    assert pictures.ssim(a, b) == pytest.approx(expected, abs=1e-11)
    assert pictures.ssim(b, a) == pytest.approx(expected, abs=1e-11)
    assert pictures.ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_ssim_of_two_grays_by_hand():
    """Nothing varies: what is left is (2 · 50 · 100 + c1) / (50² + 100² + c1)."""
    a, b = np.full((1, 12, 15), 50, np.uint8), np.full((1, 12, 15), 100, np.uint8)
    assert pictures.ssim(a, b) == pytest.approx((10000 + 6.5025) / (12500 + 6.5025), abs=1e-9)


def test_the_protocol_on_a_photograph():
    """Low resolution, bicubic, PSNR, SSIM, all by literal loops: of a piece of the cat."""
    image = data.load_image(data.photograph("cat"), 120)[:, 30:72, 40:85]
    original = pictures.crop_to_multiple(image, 4)
    down, up = [literal_matrix(4 * n, n) for n in (10, 11)], [literal_matrix(n, 4 * n)
                                                              for n in (10, 11)]
    low = np.round(np.clip(down[0] @ (original / 255) @ down[1].T, 0, 1) * 255)
    bicubic = np.round(np.clip(up[0] @ (low / 255) @ up[1].T, 0, 1) * 255)
    ours = pictures.enlarge_bicubic(pictures.low_resolution(image, 4), 4)
    np.testing.assert_array_equal(ours, bicubic)
    ya, yb = (sum(k * x[c, 4:-4, 4:-4] for c, k in enumerate((65.481, 128.553, 24.966))) / 255 + 16
              for x in (original.astype(float), bicubic))
    squares = [(p - q) ** 2 for p, q in zip(ya.flat, yb.flat)]
    expected = 10 * math.log10(255 ** 2 * len(squares) / sum(squares))
    assert 20 < expected < 40
    assert pictures.psnr(ours, original, crop=4) == pytest.approx(expected, abs=1e-9)
    assert pictures.ssim(ours, original, crop=4) == pytest.approx(literal_ssim(ya, yb), abs=1e-9)


def test_gradient_energy_by_hand():
    ramp = np.broadcast_to(np.arange(8, dtype=np.uint8) * 3, (1, 6, 8))
    assert pictures.gradient_energy(ramp) == 9
    stripes = np.uint8(np.indices((6, 8))[0] % 2 * 10)[None]
    assert pictures.gradient_energy(stripes) == 100
    framed = np.pad(ramp, ((0, 0), (2, 2), (2, 2)))
    assert pictures.gradient_energy(framed, crop=2) == 9


# ---- histograms ----------------------------------------------------------------------------------

def test_a_picture_s_own_histogram_changes_nothing():
    image = noise(3, 12, 12) // 3 * 2
    np.testing.assert_array_equal(pictures.match_histogram(image, image), image)


def test_histograms_by_hand():
    image = np.array([[[1, 1, 2, 2], [3, 3, 9, 9]]], np.uint8)
    like = np.array([[[200], [10], [100], [40]]], np.uint8)      # a fourth of each
    np.testing.assert_array_equal(pictures.match_histogram(image, like),
                                  [[[10, 10, 40, 40], [100, 100, 200, 200]]])


def test_histograms_channel_by_channel():
    like = np.stack([np.full((4, 4), value, np.uint8) for value in (20, 30, 40)])
    out = pictures.match_histogram(noise(3, 6, 6), like)
    assert out.shape == (3, 6, 6)
    assert [set(channel.flat) for channel in out] == [{20}, {30}, {40}]


@pytest.mark.parametrize("call, error, message", [
    (lambda: pictures.psnr(noise(3, 12, 12).astype(int), noise(3, 12, 12).astype(int)), TypeError,
     "uint8, 0 … 255, or floats, 0 … 1, not int64"),
    (lambda: pictures.psnr(noise(3, 12, 12), noise(3, 12, 12), crop=-1), ValueError, "crop"),
    (lambda: pictures.to_bytes(noise(3, 4, 4)), TypeError, "floats 0 … 1, not uint8"),
    (lambda: pictures.crop_to_multiple(noise(3, 4, 4), 0), ValueError, "scale"),
    (lambda: pictures.match_histogram(noise(3, 4, 4), noise(1, 4, 4)), ValueError,
     "as many channels each"),
    (lambda: pictures.match_histogram(noise(3, 4, 4) / 255, noise(3, 4, 4)), TypeError, "uint8")])
def test_other_numbers_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_small_integer_type_s_scale_does_not_wrap():
    assert pictures.enlarge_bicubic(noise(3, 2, 3), np.uint8(100)).shape == (3, 200, 300)
