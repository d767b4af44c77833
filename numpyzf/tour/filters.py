"""The filters of the first layer, which look at pixels and so are pictures themselves; and what can be measured on filters."""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..layers import Conv

LOW, HIGH = 1 / 4, 1 / 2      # where the middle band begins and ends, in units of the Nyquist frequency: periods of 8 and of 4 pixels


class Filters(NamedTuple):
    """The first layer's name and filters (F, C, K, K)."""
    layer: str
    w: np.ndarray


def compute(net):
    """Take a copy of the filters of a net's first layer. Raises ValueError if that is no convolution over 1 or 3 channels."""
    layer = next(iter(net.layers))
    if not isinstance(net.layers[layer], Conv) or net.input_shape[0] not in (1, 3):
        raise ValueError(f"the first layer, {layer}, is no convolution over 1 or 3 channels of pixels: it has no filters to look at")
    return Filters(layer, net.layers[layer].params["w"].copy())


def draw(result):
    """Draw Filters side by side, zero as mid-gray and each one scaled on its own; returns a matplotlib figure."""
    image = plots.filters_image(result.w)
    with plots.style():
        figure = plots.figure(6.5, 6.5 * image.shape[0] / image.shape[1])
        plots.show(figure.subplots(), image)
    return figure


def rms(w):
    """The RMS value of each filter of w (F, C, K, K), as float64 (F,): what renormalization limits (the paper's section 3)."""
    return np.sqrt(np.mean(np.square(w, dtype=np.float64), axis=(1, 2, 3)))


def at_radius(w, radius):
    """The share of the filters w (F, C, K, K) that renormalization holds back: their RMS value is `radius` (to 0.1 %), or more."""
    return float(np.mean(rms(w) >= 0.999 * radius))


def bands(w, side=64):
    """How each filter's energy is spread over spatial frequencies: shares (F, 3), low, middle and high, that sum to 1.

    w: (F, C, K, K), or other small pictures. Its 2-D spectrum |FFT|², summed over channels, is taken with zeros around it up
    to side×side, which gives filters of all sizes the same scale. A frequency's distance from zero is measured in units of the
    Nyquist frequency, half a period per pixel: low is below LOW, high is from HIGH on (up to √2 along the diagonal).
    A filter that is zero has shares of zero. Raises ValueError if w is larger than `side`.
    """
    if np.ndim(w) != 4 or max(w.shape[2:]) > side:
        raise ValueError(f"w must be filters (F, C, K, K) of at most {side}×{side}, not {np.shape(w)}")
    power = (np.abs(np.fft.fft2(np.float64(w), s=(side, side))) ** 2).sum(axis=1)               # (F, side, side)
    f = 2 * np.fft.fftfreq(side)
    radius = np.hypot(f[:, None], f)
    shares = [power[:, inside].sum(axis=1) for inside in (radius < LOW, (LOW <= radius) & (radius < HIGH), radius >= HIGH)]
    total = power.sum(axis=(1, 2))
    return np.stack(shares, axis=1) / np.where(total > 0, total, 1)[:, None]
