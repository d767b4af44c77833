"""The checkerboard: measured by its spectrum, made, removed, and looked for in the judge.

A grid repeats after a few pixels, so in a spectrum it is a peak at the frequencies of that period
alone. A picture's own spectrum is smooth there. So the peak, compared with what is beside it, tells
a grid from the picture's own lines.
"""
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ... import checks
from ...exchange.model import open_net
from ...layers import Conv, ReLU
from ...network import Network
from ...tour.usual import usual_layers
from .. import judge, learn, losses, networks, pictures
from ..layers import ConvTranspose, Enlarge
from .train import Pairs, Plan, objective_of

SEGMENTS = (64, 32, 16)     # pixels in a row of which a spectrum is taken: the longest that fits
BESIDE = 2                  # from a peak on: a Hann window spreads it over its two neighbors only
FAINT = 0.01                # a share of power
SCALE, MAPS = 4, 16
ENDINGS = ("stride ½, 3×3", "stride ½, 4×4", "enlarge, then 3×3")
BORDER = 8                  # pixels that the zeros around the maps reach
LONGEST = 16                # pixels: the longest period whose frequencies a spectrum tells apart
PIXELS = "pixel loss"


# ---- measured -----------------------------------------------------------------------------------

def spectrum(x):
    """How much of a picture there is at each frequency, along its rows and its columns.

    Segments of rows, and of columns, lose their mean, are faded out at both ends by a Hann window,
    and Fourier transformed; the squares are averaged.

    x: numbers (…, H, W): luminance, or anything else.
    Returns float64 (S/2 + 1,), at frequencies 0, 1/S … 1/2 per pixel; S is 64, or 32 or 16 where a
    side is shorter. Raises ValueError for sides of less than 16.
    """
    x = np.asarray(x, np.float64)
    length = next((n for n in SEGMENTS if n <= min(x.shape[-2:])), None)
    if length is None:
        raise ValueError(f"a spectrum takes {SEGMENTS[-1]}×{SEGMENTS[-1]} pixels or more, not "
                         f"{x.shape[-1]}×{x.shape[-2]}")
    hann = np.sin(np.pi * np.arange(length) / length) ** 2
    powers = []
    for axis in (-2, -1):
        pieces = sliding_window_view(x, length, axis=axis)
        pieces = np.moveaxis(pieces, axis - 1, 0)[::length // 2]        # half of each overlaps
        pieces = (pieces - pieces.mean(axis=-1, keepdims=True)) * hann
        power = np.abs(np.fft.rfft(pieces)) ** 2
        powers.append(power.reshape(-1, power.shape[-1]).mean(axis=0))
    return np.mean(powers, axis=0)


def peak(power, period):
    """How far a grid of a period stands out of a spectrum.

    power: of `spectrum`.
    period: pixels, a divisor of 16.
    Returns the largest quotient, over the frequencies 1/period, 2/period … 1/2, of the power there
    and the (geometric) mean of that beside it: about 1 without a grid.
    """
    checks.one_of("period", period, (2, 4, 8, 16))
    if not power.any():
        return 1.0
    last = len(power) - 1
    places = np.arange(1, period // 2 + 1) * (2 * last // period)
    found = []
    for place in places:
        beside = [i for i in (place - BESIDE, place + BESIDE) if i <= last]
        level = np.exp(np.mean(np.log(power[beside] + 1e-12 * power.max())))
        found.append(power[place] / level)
    return float(max(found))


def grid(picture, original, period):
    """How much more of a grid there is in a picture than in the original: a quotient of peaks.

    What rounding to bytes adds to a spectrum is added to both: a weaker grid is none.

    picture, original: uint8 (C, H, W) each.
    period: pixels, see `peak`.
    """
    own, other = (peak(power, period) for power in _rounded_powers(picture, original))
    return own / other


def pattern(picture, original):
    """How much more of any pattern of its own a picture has than the original.

    A picture has less and less of finer and finer waves. Where a network draws a weave, dots or a
    grid, of whatever period, its spectrum rises again. This is how many times it rises above its
    lowest point before, by the same of the original: about 1 without a pattern.

    picture, original: uint8 (C, H, W) each. What has less than FAINT of the original's power at its
    frequency isn't seen. A fine texture that the original has, too, counts where what is a little
    coarser is lost.
    """
    own, other = _rounded_powers(picture, original)
    own, other = (power[1:] + FAINT * other[1:] for power in (own, other))
    rises = [np.max(power / np.minimum.accumulate(power)) for power in (own, other)]
    return float(rises[0] / rises[1])


def _rounded_powers(picture, original):
    """The spectra of the luminance of two pictures, with what rounding to bytes adds, to both."""
    powers = [spectrum(pictures.luminance(x)) for x in (picture, original)]
    length = 2 * (len(powers[0]) - 1)
    rounding = 3 / 8 * length / 12      # the sum of the squared window, times a variance of 1/12
    return [power + rounding for power in powers]


# ---- made and removed ---------------------------------------------------------------------------

def network(ending, rng):
    """A small network that enlarges four times, by one of ENDINGS twice, with random weights.

    rng: numpy.random.Generator, see networks.start.
    """
    layers = [("conv1", Conv(3, MAPS, 3, pad=1)), ("relu1", ReLU())]
    for number in (1, 2):
        layers += [*_enlarging(ending, number), (f"relu{number + 1}", ReLU())]
    net = Network([*layers, ("pixels", Conv(MAPS, 3, 3, pad=1))], (3, 16, 16))
    return networks.start(net, rng)


def _enlarging(ending, number):
    """The layers that make maps twice as large, by name."""
    if ending == ENDINGS[0]:        # of 3×3 taps a pixel gets one, two or four: a grid
        return [(f"stride{number}", ConvTranspose(MAPS, MAPS, 3, stride=2, pad=1, extra=1))]
    if ending == ENDINGS[1]:        # of 4×4 taps each gets four, but they are not the same ones
        return [(f"stride{number}", ConvTranspose(MAPS, MAPS, 4, stride=2, pad=1))]
    return [(f"enlarge{number}", Enlarge(2)), (f"convolution{number}", Conv(MAPS, MAPS, 3, pad=1))]


class Made(NamedTuple):
    """What one way to enlarge makes of pictures, before and after a short training."""
    ending: str
    untrained: tuple        # peaks at periods 2 and 4, as quotients with the originals'
    trained: tuple
    shown: np.ndarray       # uint8 (2, 3, H, W): the first picture, untrained and trained
    powers: np.ndarray      # (2, frequencies): spectra over all pictures, in the same order


def make_grids(images, shown, *, steps=300, seed=0):
    """Enlarge pictures by networks with each of ENDINGS, untrained and trained with the pixel loss.

    images: uint8 (N, 3, H, W), to learn from.
    shown: uint8 (M, 3, H, W), others, to measure; sides are multiples of 4.
    steps: of the training; 8 patches each.
    Returns a list of Made.
    """
    low = pictures.from_bytes(pictures.low_resolution(shown, SCALE))
    of = _power(shown)
    found, objective = [], objective_of(Plan(loss="pixel", power=2))
    for ending in ENDINGS:
        rng = np.random.default_rng(seed)
        net = network(ending, rng)
        # Untrained outputs have any mean and contrast: the pictures' own, to compare them.
        before = _with_contrast_of(_run(net, low), shown)
        learn.fit(learn.State(net, rng, {}), Pairs(images, SCALE, 16, 8), objective,
                  steps=steps, rate=2e-3)
        made = [before, pictures.to_bytes(_run(net, low))]
        powers = [_power(x) for x in made]
        peaks = [tuple(peak(power, period) / peak(of, period) for period in (2, 4))
                 for power in powers]
        found.append(Made(ending, *peaks, np.stack([x[0] for x in made]), np.array(powers)))
    return found


def _run(net, low):
    """The network's output for pictures of any size, float32 (N, 3, H, W)."""
    return networks.at_size(net, low.shape[1:]).predict(low, batch=1)


def _with_contrast_of(x, images):
    """Floats (N, C, H, W) as bytes with the mean and the deviation of `images`."""
    y = (x - x.mean()) / max(x.std(), 1e-12) * images.std() + images.mean()
    return pictures.to_bytes(y / pictures.RANGE)


def _power(images):
    """The spectrum of the luminance of pictures (N, C, H, W), without their borders."""
    inside = slice(BORDER, -BORDER)
    return spectrum(pictures.luminance(images)[..., inside, inside])


# ---- what of it comes from the judge ------------------------------------------------------------

class Pull(NamedTuple):
    """How a loss pulls at pixels: how strongly at each of them, so how evenly."""
    layer: str      # of the judge; PIXELS for the pixel loss
    period: int     # after which the judge's view of the rows repeats: the layer's stride, pixels
    peaks: dict     # {"trained", "random": peak at that period}: of the strength's spectrum
    uneven: dict    # mean square pull where it is strongest, by that where it is weakest, among
    #                 pixels in even and odd rows and columns: four kinds
    powers: dict    # the spectra


def judge_pulls(images, *, net="squeezenet", layers=None, seed=0):
    """Look for grids in the gradient of the feature loss, of bicubic pictures and what they were.

    What is pulled at unevenly becomes a grid, in whatever network is trained by this loss. A
    gradient's signs change from place to place, so it is its strength that is looked at.

    images: uint8 (N, 3, H, W); sides are multiples of 4, and 64 or more.
    net: the judge's, see judge.judge_of.
    layers: its layers; if not given, those that tell how it sees, with strides up to LONGEST.
    seed: of the control, a judge with random weights.
    Returns a list of Pull, that of the pixel loss first.
    """
    target = pictures.from_bytes(images)
    x = pictures.from_bytes(pictures.enlarge_bicubic(pictures.low_resolution(images, SCALE), SCALE))
    if layers is None:
        whole = open_net(net)[0].net
        layers = [name for name in usual_layers(whole)
                  if whole.receptive_field(name).stride <= LONGEST]
    judges = {"trained": judge.judge_of(net, layers),
              "random": judge.judge_of(net, layers, random=seed)}
    found = [_pull(PIXELS, LONGEST, {"trained": losses.pixel(x, target)[1]})]
    for layer in layers:
        period = judges["trained"].net.receptive_field(layer).stride
        found.append(_pull(layer, period, {kind: _gradient(own, layer, x, target)
                                           for kind, own in judges.items()}))
    return found


def _gradient(own, layer, x, target):
    """The gradient of the feature loss of one layer with respect to pictures x (N, 3, H, W)."""
    trace = own.features(x)
    _, signal = losses.feature(trace[layer], own.targets(target)[layer])
    return own.pull(trace, {layer: signal}, x.shape[1])


def _pull(layer, period, gradients):
    """A Pull of gradients (N, 3, H, W), {kind: …}, without the pictures' borders."""
    inside = slice(BORDER, -BORDER)
    squares = {kind: np.mean(np.square(dx[..., inside, inside], dtype=np.float64), axis=1)
               for kind, dx in gradients.items()}
    kinds = {kind: [own[:, row::2, column::2].mean() for row in (0, 1) for column in (0, 1)]
             for kind, own in squares.items()}
    powers = {kind: spectrum(np.sqrt(own)) for kind, own in squares.items()}
    return Pull(layer, period,
                {kind: peak(power, max(period, 2)) for kind, power in powers.items()},
                {kind: max(means) / min(means) for kind, means in kinds.items()}, powers)
