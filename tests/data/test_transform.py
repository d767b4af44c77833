import numpy as np
import pytest

from numpyzf.data.transform import border_color, rotate, scale, translate

RNG = np.random.default_rng(0)


def picture(channels=3, height=6, width=8):
    return RNG.integers(0, 256, (channels, height, width), dtype=np.uint8)


TRANSFORMS = {"translate": lambda image, **fill: translate(image, 2, **fill),
              "scale": lambda image, **fill: scale(image, 0.5, **fill),
              "rotate": lambda image, **fill: rotate(image, 45, **fill)}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("down, right", [(0, 0), (2, 0), (-1, 0), (0, 3), (-5, -2), (6, 0), (-9, 1),
                                         (1, 20)])
def test_translation_rolls_and_covers_what_came_around(channels, down, right):
    image = picture(channels)
    expected = np.roll(image, (down, right), axis=(1, 2))
    rows, columns = np.mgrid[:6, :8]
    outside = (rows < down) | (rows >= 6 + down) | (columns < right) | (columns >= 8 + right)
    expected[:, outside] = 7
    np.testing.assert_array_equal(translate(image, down, right, fill=7), expected)


def test_down_is_positive():
    image = np.zeros((1, 5, 5), np.uint8)
    image[0, 1, 2] = 200
    assert np.argwhere(translate(image, 3)).tolist() == [[0, 4, 2]]
    assert np.argwhere(translate(image, -1, 2)).tolist() == [[0, 0, 4]]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [6, 7])
@pytest.mark.parametrize("degrees, turns", [(0, 0), (90, 1), (180, 2), (270, 3), (-90, 3), (360, 0),
                                            (450, 1)])
def test_right_angles_are_exact_and_counterclockwise(channels, side, degrees, turns):
    image = picture(channels, side, side)
    np.testing.assert_array_equal(rotate(image, degrees), np.rot90(image, turns, axes=(1, 2)))


def test_rotation_about_the_center_of_an_image_that_is_not_square():
    image = np.zeros((1, 5, 9), np.uint8)
    image[0, 2, 4], image[0, 2, 6] = 100, 200
    turned = rotate(image, 90, fill=9)
    assert turned[0, 2, 4] == 100 and turned[0, 0, 4] == 200
    assert (turned[0, :, [0, 1, 7, 8]] == 9).all() and (turned[0, 1:, 2:7] != 9).all()


def test_a_small_angle_turns_the_right_side_up():
    image = np.zeros((1, 21, 21), np.uint8)
    image[0, 10, 18] = 200      # 8 pixels right of the center; at 30°, 4 up and 6.9 right
    rows, columns = np.nonzero(rotate(image, 30)[0] > 40)
    assert abs(rows.mean() - 6) <= 1 and abs(columns.mean() - 16.9) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height, width", [(6, 8), (7, 5)])
def test_a_factor_of_one_changes_nothing(channels, height, width):
    image = picture(channels, height, width)
    np.testing.assert_array_equal(scale(image, 1), image)


def test_scaling_by_hand():
    """Twice as large about its center, a ramp has half the slope.

    Bilinear interpolation is exact there.
    """
    row = np.arange(100, 220, 10, dtype=np.uint8)       # 100 + 10 · column
    ramp = np.broadcast_to(row, (1, 12, 12)).copy()
    expected = 100 + 10 * (5.5 + (np.arange(12) - 5.5) / 2)
    large = scale(ramp, 2)
    np.testing.assert_allclose(large[0], np.broadcast_to(expected, (12, 12)), rtol=0, atol=0.5)
    upright = scale(ramp.transpose(0, 2, 1).copy(), 2)
    np.testing.assert_array_equal(upright, large.transpose(0, 2, 1))


def test_scaling_keeps_the_center_and_moves_the_rest_away():
    image = np.zeros((3, 21, 31), np.uint8)
    image[0, 10, 15] = image[1, 5, 15] = image[2, 10, 19] = 240
    large = scale(image, 1.5)
    for channel, place in ((0, (10, 15)), (1, (2.5, 15)), (2, (10, 21))):
        weights = large[channel] / large[channel].sum()
        rows, columns = np.indices(weights.shape)
        center = (weights * rows).sum(), (weights * columns).sum()
        np.testing.assert_allclose(center, place, atol=0.1)


def test_smaller_has_a_margin():
    small = scale(picture(1, 8, 8), 0.5, fill=3)
    margin = np.ones((8, 8), bool)
    margin[2:6, 2:6] = False
    assert (small[0, margin] == 3).all() and (small[0, 2:6, 2:6] != 3).any()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_fill_in_gray_and_in_color(name):
    bytes_of_color = np.array([9, 80, 255], np.uint8)
    for channels, fill in ((1, 9), (1, [9]), (3, 9), (3, (9, 80, 255)), (3, bytes_of_color)):
        image = picture(channels)
        moved = TRANSFORMS[name](image, fill=fill)
        assert moved.dtype == np.uint8 and moved.shape == image.shape
        assert moved.flags.c_contiguous and moved.flags.writeable
        np.testing.assert_array_equal(moved[:, 0, 0], np.broadcast_to(fill, channels))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_image_given_stays_as_it_is(name):
    image = picture()
    before = image.copy()
    moved = TRANSFORMS[name](image)
    moved[:] = 1
    np.testing.assert_array_equal(image, before)


def test_border_color():
    image = np.zeros((3, 4, 5), np.uint8)
    image[:, 1:3, 1:4] = 255                # the middle plays no part
    image[0, 0, 0] = 140                    # one of 14 pixels
    image[2, :, 4] = 7                      # four of them
    assert border_color(image).tolist() == [10, 0, 2]
    image[1, 0], image[1, 3] = 14, 28       # 5 · (14 + 28) / 14
    assert border_color(image)[1] == 15


@pytest.mark.parametrize("name", TRANSFORMS)
def test_refuses_what_is_no_image_or_no_color(name, refuses):
    transform = TRANSFORMS[name]
    with refuses(TypeError, "uint8", "float64"):
        transform(picture().astype(float))
    with refuses(TypeError, "uint8", "list"):
        transform([[1]])
    for shape in ((2, 4, 4), (4, 4), (1, 3, 4, 4), (1, 0, 4)):
        with refuses(ValueError, "1 or 3, H, W", shape):
            transform(np.zeros(shape, np.uint8))
    for fill in (-1, 256, 0.5, (1, 2), "red", None):
        with refuses(ValueError, "fill", fill):
            transform(picture(), fill=fill)


def test_refuses_bad_amounts(refuses):
    for down in (1.0, True, "1"):
        with refuses(TypeError, "down", down):
            translate(picture(), down)
    for factor in (0, -1, np.inf, np.nan, "2", None):
        with refuses(ValueError, "factor", factor):
            scale(picture(), factor)
    for degrees in (np.inf, np.nan, "90"):
        with refuses(ValueError, "degrees", degrees):
            rotate(picture(), degrees)
