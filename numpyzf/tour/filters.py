"""The filters of the first layer as pictures, and what can be measured on filters of any layer.

The first layer's filters look at pixels, so they are pictures themselves.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..layers import Conv
from ..training import filter_rms

# Where the middle band begins and where it ends, in units of the Nyquist frequency (half a period
# per pixel): periods of 8 and of 4 pixels.
LOW, HIGH = 1 / 4, 1 / 2


class Filters(NamedTuple):
    """The filters of a net's first layer."""
    layer: str          # its name
    w: np.ndarray       # (F, C, K, K), C is 1 or 3


def measure(run):
    """Take a copy of the filters of a net's first layer.

    run: runs.Run.
    Returns Filters. Raises ValueError if that layer is no convolution over 1 or 3 channels.
    """
    net = run.net
    layer = next(iter(net.layers))
    if not isinstance(net.layers[layer], Conv) or net.input_shape[0] not in (1, 3):
        raise ValueError(f"the first layer, {layer}, is no convolution over 1 or 3 channels of "
                         "pixels: it has no filters to look at")
    return Filters(layer, net.layers[layer].params["w"].copy())


def draw(result):
    """Draw Filters side by side, each one scaled on its own, with zero as mid-gray.

    Returns a matplotlib figure.
    """
    image = plots.filters_image(result.w)
    with plots.style():
        figure = plots.figure(6.5, 6.5 * image.shape[0] / image.shape[1])
        plots.show(figure.subplots(), image)
    return figure


def at_radius(w, radius):
    """The share of filters that renormalization holds back: their RMS value is `radius` or more.

    w: (F, C, K, K).
    radius: Recipe.radius; an RMS value of 0.1 % less counts too, since filters are rounded.
    Returns 0 … 1.
    """
    return float(np.mean(filter_rms(w) >= 0.999 * radius))


def bands(w, side=64):
    """How each filter's energy is spread over spatial frequencies.

    The energy is the 2-D spectrum |FFT|², summed over channels. A filter gets zeros around it up to
    side×side, which gives filters of all sizes the same scale. The distance of a frequency from
    zero is in units of the Nyquist frequency, half a period per pixel. Low is below LOW, high is
    from HIGH on, up to √2 along the diagonal.

    w: (F, C, K, K), or other small pictures.
    side: of the spectrum.
    Returns shares (F, 3), low, middle and high, that sum to 1; of a filter that is zero, zeros.
    Raises ValueError if w is larger than `side`.
    """
    if np.ndim(w) != 4 or max(w.shape[2:]) > side:
        raise ValueError(f"w must be filters (F, C, K, K) of at most {side}×{side}, not "
                         f"{np.shape(w)}")
    spectrum = np.fft.fft2(np.float64(w), s=(side, side))           # (F, C, side, side)
    power = (np.abs(spectrum) ** 2).sum(axis=1)                     # (F, side, side)
    f = 2 * np.fft.fftfreq(side)
    radius = np.hypot(f[:, None], f)
    in_band = (radius < LOW, (LOW <= radius) & (radius < HIGH), radius >= HIGH)
    shares = [power[:, inside].sum(axis=1) for inside in in_band]
    total = power.sum(axis=(1, 2))
    return np.stack(shares, axis=1) / np.where(total > 0, total, 1)[:, None]
