"""The first layer's filters, as they are; their norms, and waves whose frequency is known."""
import numpy as np
import pytest

from numpyzf import models, plots, training
from numpyzf.tour import filters
from numpyzf.training import filter_rms
from numpyzf.layers import Flatten, Linear
from numpyzf.network import Network
from numpyzf.runs import Run


def wave(periods, size=16, *, angle=0.0):
    """A wave of so many periods per pixel along the columns, or turned by `angle` degrees.

    Returns (1, size, size).
    """
    rows, columns = np.indices((size, size))
    along = columns * np.cos(np.radians(angle)) + rows * np.sin(np.radians(angle))
    return np.sin(2 * np.pi * periods * along)[None]


def test_filters_are_the_first_layers(rng):
    net = models.labnet(input_shape=(3, 32, 32)).initialize(rng)
    result = filters.measure(Run(net, None, ()))
    assert result.layer == "conv1"
    drawn = filters.draw(result).axes[0].images[0].get_array()
    np.testing.assert_array_equal(drawn, plots.filters_image(net.parameters["conv1.w"]))
    net.parameters["conv1.w"][...] = 0
    assert result.w.any()                                                   # a copy
    flat = Network([("flatten", Flatten()), ("fc", Linear(4, 2))], (1, 2, 2))
    with pytest.raises(ValueError, match="flatten"):
        filters.measure(Run(flat, None, ()))


@pytest.mark.small
def test_rms_and_the_share_at_the_radius(rng):
    w = rng.standard_normal((4, 3, 5, 5), np.float32)
    wanted = np.array([0.05, 0.3, 0.099, 0.2])
    w *= (wanted / filter_rms(w)).astype(np.float32)[:, None, None, None]
    np.testing.assert_allclose(filter_rms(w), [0.05, 0.3, 0.099, 0.2], rtol=1e-6)
    training.renormalize_filters(w, 0.1)
    np.testing.assert_allclose(filter_rms(w), [0.05, 0.1, 0.099, 0.1], rtol=1e-6)
    assert filters.at_radius(w, 0.1) == 0.5
    assert filters.at_radius(w, 0.04) == 1 and filters.at_radius(w, 0.2) == 0


@pytest.mark.small
@pytest.mark.parametrize("periods, band", [(1 / 16, 0), (3 / 16, 1), (5 / 16, 2), (7 / 16, 2)])
@pytest.mark.parametrize("angle", [0, 90, 30])
def test_a_wave_lies_in_its_band(periods, band, angle):
    """Bands end at 1/8 and 1/4 periods per pixel.

    Without zeros around it a wave that fits into the square is one frequency.
    """
    w = np.concatenate([wave(periods, 16, angle=angle), wave(periods, 16, angle=angle)])[None]
    if angle != 30:
        np.testing.assert_allclose(filters.bands(w, side=16), np.eye(3)[[band]], atol=1e-12)
    assert filters.bands(w)[0, band] > 0.75     # the square's edge spreads it a little


@pytest.mark.small
def test_the_bands_of_what_is_exact():
    """A dot has every frequency in equal parts. The mean of equal waves of two bands is half in
    each. Zero has nothing.
    """
    dot = np.zeros((1, 1, 7, 7))
    dot[0, 0, 3, 3] = 2
    f = np.linspace(-1, 1, 64, endpoint=False)
    circles = np.hypot(f[:, None], f)
    shares = [np.mean(circles < 0.25), np.mean((circles >= 0.25) & (circles < 0.5)),
              np.mean(circles >= 0.5)]
    np.testing.assert_allclose(filters.bands(dot), [shares])
    assert filters.bands(dot)[0, 2] > 0.79     # 1 − π/16 of the square, about
    two = np.stack([wave(1 / 16), wave(3 / 16)], axis=1)     # one in each channel: energies add
    np.testing.assert_allclose(filters.bands(two, side=16), [[0.5, 0.5, 0]], atol=1e-12)
    np.testing.assert_array_equal(filters.bands(np.zeros((2, 1, 3, 3))), np.zeros((2, 3)))


@pytest.mark.small
def test_size_and_strength_of_a_filter_do_not_matter():
    """The same blob of three pixels in a frame of 7×7 and of 11×11, faint and strong."""
    blob = np.zeros((1, 1, 11, 11))
    blob[0, 0, 4:7, 4:7] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_allclose(filters.bands(100 * blob), filters.bands(blob[:, :, 2:9, 2:9]))


@pytest.mark.small
def test_bands_refuse():
    for w in np.zeros((3, 7, 7)), np.zeros((1, 1, 65, 65)):
        with pytest.raises(ValueError, match="at most 64×64"):
            filters.bands(w)
