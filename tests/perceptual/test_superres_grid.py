"""Checkerboards: seen in the spectrum, made, removed, and found in the judge's gradient."""
import numpy as np
import pytest

from numpyzf import data
from numpyzf.perceptual import pictures
from numpyzf.perceptual.superres import grid


def wave(period, amplitude, height, width):
    """Stands in columns: amplitude · cos(2π column / period)."""
    return amplitude * np.cos(2 * np.pi * np.arange(width) / period) * np.ones((height, 1))


# ---- measured ------------------------------------------------------------------------------------

@pytest.mark.small
@pytest.mark.parametrize("period, place", [(4, 16), (8, 8), (16, 4)])
def test_the_spectrum_of_a_wave_by_hand(period, place):
    """A wave of amplitude 3 under a Hann window, whose sum is 32: a power of (3 · 32 / 2)².

    Columns don't vary, so half of the mean is zero. The window spreads it to two neighbors only.
    """
    power = grid.spectrum(wave(period, 3, 100, 130))
    assert power.shape == (33,)
    assert power[place] == pytest.approx(48 ** 2 / 2)
    assert power[[place - 1, place + 1]] == pytest.approx(24 ** 2 / 2)
    others = np.delete(power, [place - 1, place, place + 1])
    assert others == pytest.approx(0, abs=1e-20)
    assert grid.spectrum(wave(period, 3, 100, 130).T) == pytest.approx(power)


@pytest.mark.small
def test_the_finest_wave_has_all_its_power_in_one_place():
    power = grid.spectrum(wave(2, 3, 64, 64))
    assert power[32] == pytest.approx(96 ** 2 / 2) and power[30] == pytest.approx(0, abs=1e-20)


@pytest.mark.small
def test_a_grid_stands_out_at_its_own_period_only():
    noise = np.random.default_rng(0).normal(0, 10, (256, 256))
    for period in (2, 4, 8, 16):
        assert 0.8 < grid.peak(grid.spectrum(noise), period) < 1.3
    with_wave = grid.spectrum(noise + wave(8, 10, 256, 256))
    assert grid.peak(with_wave, 8) > 3
    assert grid.peak(with_wave, 4) < 1.3        # its frequencies are 1/4 and 1/2
    assert grid.peak(with_wave, 16) == grid.peak(with_wave, 8)      # among others 1/8


@pytest.mark.small
@pytest.mark.parametrize("side", [16, 31, 40, 64])
def test_small_pictures_have_shorter_spectra(side):
    noise = np.random.default_rng(0).normal(0, 10, (20, side, side))
    assert grid.spectrum(noise).shape == ({16: 9, 31: 9, 40: 17, 64: 33}[side],)
    both = noise + wave(4, 20, side, side)
    assert grid.peak(grid.spectrum(both), 4) > 3 > grid.peak(grid.spectrum(noise), 4)
    with pytest.raises(ValueError, match="16×16 pixels or more, not 40×15"):
        grid.spectrum(noise[:, :15, :1].repeat(40, axis=2))


@pytest.mark.small
def test_a_picture_compared_with_the_original():
    original = data.load_image(data.photograph("cat"), 128)
    drawn = np.clip(original + np.round(wave(2, 6, 128, 128)), 0, 255).astype(np.uint8)
    assert grid.grid(original, original, 2) == 1
    assert grid.grid(drawn, original, 2) > 5 and grid.grid(drawn, original, 4) > 5
    plain = np.full_like(original, 90)
    assert grid.grid(plain, plain, 4) == 1
    # one gray value up and down: an amplitude of 219 / 255 / 2, on rounding's (3/8 · 64) / 12 = 2
    striped = plain + np.uint8(wave(2, 1, 128, 128) > 0)
    assert grid.grid(striped, plain, 2) == pytest.approx(((219 / 510 * 32) ** 2 / 2 + 2) / 2)


@pytest.mark.small
@pytest.mark.parametrize("period", [2, 3, 4, 5])
def test_a_weave_of_any_period_is_a_pattern(period):
    """Also one whose sign changes from place to place, so that no frequency stands out alone."""
    original = data.load_image(data.photograph("cat"), 128)
    small = pictures.low_resolution(original, 4)
    blurred = pictures.enlarge_bicubic(small, 4)
    signs = np.random.default_rng(0).choice([-1, 1], (8, 8)).repeat(16, axis=0).repeat(16, axis=1)
    weave = np.round(9 * signs * wave(period, 1, 128, 128))
    woven = np.clip(blurred + weave, 0, 255).astype(np.uint8)
    assert grid.pattern(original, original) == 1
    assert grid.pattern(blurred, original) < 1.3
    assert grid.pattern(woven, original) > 3


# ---- made and removed ----------------------------------------------------------------------------

def test_stride_one_half_makes_a_grid_and_enlarging_first_makes_none():
    images = data.photographs(size=96)
    found = {made.ending: made for made in grid.make_grids(images[:8], images[8:], steps=60)}
    assert [*found] == [*grid.ENDINGS]
    *strided, enlarged = found.values()
    for made in strided:
        assert min(made.untrained) > 30 and min(made.trained) > 3
    assert max(enlarged.untrained) < 3 and max(enlarged.trained) < 2
    for made in found.values():
        assert made.shown.shape == (2, 3, 96, 96) and made.powers.shape == (2, 33)
        untrained, trained = made.shown.astype(float)
        errors = [np.abs(x - images[8]).mean() for x in (untrained, trained)]
        assert errors[1] < 0.7 * errors[0]              # it learned


# ---- the judge's ---------------------------------------------------------------------------------

def test_the_judge_pulls_more_at_some_rows():
    """Both judges look with stride 2; the pixel loss pulls evenly. Random weights are worse."""
    images = data.photographs(size=128)[:4]
    pixels, relu1, fire3 = grid.judge_pulls(images, layers=["relu1", "fire3"])
    assert pixels.layer == grid.PIXELS and pixels.peaks["trained"] < 1.5
    assert pixels.uneven["trained"] < 1.2
    assert (relu1.period, fire3.period) == (2, 4)
    for pull in (relu1, fire3):
        assert 1.5 < pull.peaks["trained"] < pull.peaks["random"]
        assert 1.5 < pull.uneven["trained"] < pull.uneven["random"]


@pytest.mark.small
def test_a_pull_by_hand():
    """Twice as strong in even rows and columns as elsewhere: 4 times by its square."""
    dx = np.random.default_rng(0).choice([-1.0, 1.0], (2, 3, 80, 80))
    even = grid._pull("even", 2, {"trained": dx})
    assert even.uneven["trained"] == pytest.approx(1) == even.peaks["trained"]
    dx[:, :, ::2, ::2] *= 2
    pull = grid._pull("x", 2, {"trained": dx})
    assert pull.uneven["trained"] == pytest.approx(4)
    assert pull.peaks["trained"] > 1000
