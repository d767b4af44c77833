import tracemalloc

import numpy as np
import pytest

from numpyzf.data.preprocess import mean_image, normalize, random_crop_flip, ten_crops

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 3, 7, 9), dtype=np.uint8)


class TestMeanImage:
    def test_by_hand(self):
        images = np.array([[[[0, 255]]], [[[1, 255]]], [[[0, 255]]]], np.uint8)
        mean = mean_image(images)
        assert mean.dtype == np.float32 and mean.shape == (1, 1, 2)
        np.testing.assert_array_equal(mean, np.array([[[1 / 3, 255]]], np.float32))

    def test_sums_are_exact_where_float32_is_not(self):
        images = np.random.default_rng(0).integers(0, 256, (300_001, 1, 1, 8), dtype=np.uint8)
        expected = (images.sum(axis=0, dtype=np.int64) / len(images)).astype(np.float32)
        assert not np.array_equal(images.mean(axis=0, dtype=np.float32), expected)
        np.testing.assert_array_equal(mean_image(images), expected)

    def test_memory_is_bounded(self):
        images = np.ones((4000, 3, 16, 16), np.uint8)
        tracemalloc.start()
        mean_image(images)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < images.nbytes / 4

    def test_bad_arguments(self, refuses):
        with refuses(TypeError, "uint8", "float32"):
            mean_image(IMAGES.astype(np.float32))
        with refuses(TypeError, "images", "list"):
            mean_image([[1]])
        with refuses(ValueError, "four axes", "(3, 7, 9)"):
            mean_image(IMAGES[0])
        with refuses(ValueError, "empty", "(0, 3, 7, 9)"):
            mean_image(IMAGES[:0])


class TestNormalize:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64])
    @pytest.mark.parametrize("shape", [(3, 7, 9), (3, 1, 1)])
    def test_by_the_formula(self, dtype, shape):
        images, mean = IMAGES.astype(dtype), np.random.default_rng(1).random(shape) * 255
        before = images.copy()
        out = normalize(images, mean.astype(np.float32), 64)
        assert out.dtype == np.float32 and out.flags.c_contiguous
        np.testing.assert_allclose(out, (IMAGES.astype(np.float64) - mean) / 64, atol=1e-5)
        np.testing.assert_array_equal(images, before)
        np.testing.assert_allclose(normalize(images, mean, 64), out, atol=1e-6)

    def test_dark_pixels_do_not_wrap_around(self):
        out = normalize(np.zeros((1, 1, 1, 1), np.uint8), np.full((1, 1, 1), 100, np.uint8), 1)
        assert out == -100

    def test_bad_arguments(self, refuses):
        for shape in ((7, 9), (1, 3, 7, 9), (3, 9, 7), (1, 1, 1)):
            with refuses(ValueError, "mean has shape", shape, "(3, 7, 9)"):
                normalize(IMAGES, np.zeros(shape, np.float32), 1)
        for scale in (0, -1, np.nan, np.inf, np.ones(3), "2"):
            with refuses(ValueError, "scale must be"):
                normalize(IMAGES, np.zeros((3, 7, 9), np.float32), scale)
        with refuses(ValueError, "four axes"):
            normalize(IMAGES[0], np.zeros((3, 7, 9), np.float32), 1)


def crop_by_loops(images, size, rng, pad, flip):
    n, c, h, w = images.shape
    padded = np.zeros((n, c, h + 2 * pad, w + 2 * pad), images.dtype)
    padded[:, :, pad:pad + h, pad:pad + w] = images
    rows = rng.integers(0, h + 2 * pad - size + 1, n)
    columns = rng.integers(0, w + 2 * pad - size + 1, n)
    coins = rng.random(n) if flip else np.ones(n)
    out = np.empty((n, c, size, size), images.dtype)
    for i in range(n):
        crop = padded[i, :, rows[i]:rows[i] + size, columns[i]:columns[i] + size]
        out[i] = crop[:, :, ::-1] if coins[i] < 0.5 else crop
    return out


class TestRandomCropFlip:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
    @pytest.mark.parametrize("size, pad, flip", [(5, 0, True), (5, 0, False), (7, 2, True),
                                                 (9, 1, True), (1, 0, True),
                                                 (7, 0, True)])
    def test_against_loops(self, dtype, size, pad, flip):
        images = IMAGES.astype(dtype)
        before = images.copy()
        out = random_crop_flip(images, size, np.random.default_rng(3), pad=pad, flip=flip)
        assert out.dtype == dtype and out.flags.c_contiguous
        expected = crop_by_loops(images, size, np.random.default_rng(3), pad, flip)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(images, before)
        assert not np.shares_memory(out, images)

    def test_each_image_has_its_own_place_and_coin(self):
        image = np.arange(35, dtype=np.float32).reshape(1, 1, 5, 7)
        crops = random_crop_flip(np.repeat(image, 3000, axis=0), 4, np.random.default_rng(0))
        kinds, counts = np.unique(crops.reshape(3000, -1), axis=0, return_counts=True)
        assert len(kinds) == 2 * 4 * 2                  # rows × columns × coin: every one comes up
        assert counts.min() > 3000 / 16 * 0.7 and counts.max() < 3000 / 16 * 1.3

    def test_same_seed_same_crops(self):
        a, b, c = (random_crop_flip(IMAGES, 4, np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert np.array_equal(a, b) and not np.array_equal(a, c)

    def test_an_empty_batch(self):
        crops = random_crop_flip(IMAGES[:0], 4, np.random.default_rng(0), pad=1)
        assert crops.shape == (0, 3, 4, 4)

    def test_bad_arguments(self, refuses):
        rng = np.random.default_rng(0)
        for size, pad in ((8, 0), (10, 1)):
            with refuses(ValueError, f"size {size} is larger"):
                random_crop_flip(IMAGES, size, rng, pad=pad)
        with refuses(ValueError, "size must be at least 1"):
            random_crop_flip(IMAGES, 0, rng)
        with refuses(ValueError, "pad must lie between 0 and 4096, not -1"):
            random_crop_flip(IMAGES, 3, rng, pad=-1)
        for size in (3.0, "3", True, None):
            with refuses(TypeError, "size must be an integer"):
                random_crop_flip(IMAGES, size, rng)
        with refuses(TypeError, "rng must be a numpy.random.Generator"):
            random_crop_flip(IMAGES, 3, np.random)
        with refuses(ValueError, "four axes"):
            random_crop_flip(IMAGES[0], 3, rng)


class TestTenCrops:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_the_order(self, dtype):
        images = IMAGES.astype(dtype)
        crops = ten_crops(images, 4)
        assert crops.shape == (6, 10, 3, 4, 4) and crops.dtype == dtype and crops.flags.c_contiguous
        for i, (y, x) in enumerate([(0, 0), (0, 5), (3, 0), (3, 5), (1, 2)]):
            expected = images[:, :, y:y + 4, x:x + 4]
            np.testing.assert_array_equal(crops[:, i], expected)
            np.testing.assert_array_equal(crops[:, 5 + i], expected[..., ::-1])

    def test_crops_of_the_whole_image(self):
        square = IMAGES[:, :, :, :7]
        crops = ten_crops(square, 7)
        for i in range(5):
            np.testing.assert_array_equal(crops[:, i], square)

    def test_bad_arguments(self, refuses):
        with refuses(ValueError, "size 8 is larger", "7×9"):
            ten_crops(IMAGES, 8)
        with refuses(ValueError, "size must be at least 1"):
            ten_crops(IMAGES, 0)
        with refuses(TypeError, "size must be an integer"):
            ten_crops(IMAGES, 2.5)
        with refuses(ValueError, "four axes"):
            ten_crops(IMAGES[0], 2)
        with refuses(TypeError, "images must be a NumPy array"):
            ten_crops(None, 2)
