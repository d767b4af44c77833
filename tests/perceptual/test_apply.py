"""A network on pictures of any size: tiles without seams, gray stays gray."""
import numpy as np
import pytest

from numpyzf.perceptual import apply, networks, pictures

pytestmark = pytest.mark.small


def net_of(rng, scale=2, channels=3):
    net = networks.small_superres(scale, channels=channels, maps=4, blocks=1, shape=(8, 8))
    for value in net.parameters.values():
        value[...] = 0.2 * rng.standard_normal(value.shape)
    return net


@pytest.mark.parametrize("size", [(1, 1), (3, 20), (16, 16), (17, 33), (40, 23)])
def test_tiles_give_what_the_whole_picture_gives(size, rng):
    net = net_of(rng)
    picture = rng.integers(256, size=(3, *size), dtype=np.uint8)
    whole = networks.at_size(net, (3, *size)).predict(pictures.from_bytes(picture)[None])[0]
    whole = pictures.to_bytes(whole)
    tiles = apply.enlarge(net, picture, 2, tile=8)
    assert whole.shape == (3, 2 * size[0], 2 * size[1])
    # sums in another order may round to the next byte, seams would differ by more
    assert np.abs(whole.astype(int) - tiles).max() <= 1
    assert (whole != tiles).mean() < 0.01


def test_the_field_is_as_wide_as_what_an_output_depends_on(rng):
    net = net_of(rng)
    margin = apply.field(net)
    side = 2 * margin + 3
    net, middle = networks.at_size(net, (3, side, side)), margin + 1
    x = rng.random((1, 3, side, side), np.float32)
    before = net.predict(x)[0, :, 2 * middle:2 * middle + 2, 2 * middle:2 * middle + 2]
    x[:, :, 0], x[:, :, -1], x[:, :, :, 0], x[:, :, :, -1] = 9, 9, 9, 9     # margin + 1 away
    np.testing.assert_array_equal(
        before, net.predict(x)[0, :, 2 * middle:2 * middle + 2, 2 * middle:2 * middle + 2])


def test_a_network_that_adds_nothing_is_bicubic(rng):
    net = networks.start_bicubic(net_of(rng), rng)
    picture = rng.integers(256, size=(3, 30, 21), dtype=np.uint8)
    expected = pictures.enlarge_bicubic(picture, 2)
    # float32 against float64
    assert np.abs(apply.enlarge(net, picture, 2, tile=16).astype(int) - expected).max() <= 1


def test_gray_stays_gray_and_takes_the_mean_of_three_channels(rng):
    net = net_of(rng)
    gray = rng.integers(256, size=(1, 12, 9), dtype=np.uint8)
    enlarged = apply.enlarge(net, gray, 2)
    assert enlarged.shape == (1, 24, 18)
    three = apply.enlarge(net, np.repeat(gray, 3, axis=0), 2).astype(float)
    inside = (three > 0) & (three < 255)            # clipping comes after the mean
    inside = inside.all(axis=0)
    assert np.abs(enlarged[0] - three.mean(axis=0))[inside].max() <= 1


@pytest.mark.parametrize("picture, error, message", [
    (np.zeros((3, 4, 4)), TypeError, "uint8"),
    ([1], TypeError, "uint8"),
    (np.zeros((4, 4), np.uint8), ValueError, r"\(4, 4\)"),
    (np.zeros((2, 4, 4), np.uint8), ValueError, r"\(2, 4, 4\)"),
    (np.zeros((3, 0, 4), np.uint8), ValueError, r"\(3, 0, 4\)"),
])
def test_what_is_no_picture_is_refused(picture, error, message, rng):
    with pytest.raises(error, match=message):
        apply.enlarge(net_of(rng), picture, 2)


def test_color_needs_a_network_for_color(rng):
    with pytest.raises(ValueError, match="gray first"):
        apply.enlarge(net_of(rng, channels=1), np.zeros((3, 4, 4), np.uint8), 2)


@pytest.mark.parametrize("scale", [1, 3, 4])
def test_another_scale_than_the_network_s_is_refused(scale, rng):
    picture = rng.integers(256, size=(3, 9, 8), dtype=np.uint8)
    with pytest.raises(ValueError, match=rf"\(3, 18, 16\) of \(3, 9, 8\): that is not {scale} "
                                         "times larger"):
        apply.enlarge(net_of(rng), picture, scale)
    with pytest.raises(TypeError, match="scale"):
        apply.enlarge(net_of(rng), picture, 2.0)
