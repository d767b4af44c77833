"""The first two layers of a net in numbers: dead filters, frequencies, aliasing."""
from typing import NamedTuple

import numpy as np

from ... import functional, training
from ...data.preprocess import Prepared
from ...look.many import top_activations
from ...tour import features, filters
from ...training import filter_rms

STARTED = 1e-2      # deviation of the first layer's weights at the start, see Network.initialize
SAMPLE = 200        # images on which responses at every pixel are computed


class Figure6(NamedTuple):
    """The first two layers of one net: F filters, and M maps of layer 2 with k activations each."""
    stride: int                 # of the first layer
    w: np.ndarray               # (F, C, K, K), the first layer's filters
    rms: np.ndarray             # (F,), RMS value of each filter's weights
    bands: np.ndarray           # (F, 3), shares of energy: low, middle, high, see filters.bands
    silent: np.ndarray          # (F,), bool: never fires on any image
    unmoved: np.ndarray         # (F,), bool: its RMS value is less than twice that at the start
    aliased: np.ndarray         # (F,), share of its responses' energy too fine for the stride
    different: float            # how many different things the filters tell, see independent
    second: features.Features   # (M, k) activations of layer 2, projected
    second_high: float          # mean share of high frequencies in these projections
    accuracy: float             # on the images, 0 … 1

    @property
    def dead(self):
        """bool (F,): silent, or unmoved, so that its weights are mostly the noise they were."""
        return self.silent | self.unmoved


def measure(run, images, labels, *, maps=6, k=4, batch=50):
    """Measure the first layer of a net, and project activations of its second convolution.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    labels: (N,).
    maps, k: how many maps of layer 2, and how many activations of each, see features.measure.
    batch: images that go through the net at a time.
    Returns a Figure6.
    Raises ValueError without images, or if the net doesn't begin with a convolution and a ReLU, or
    has no second convolution.
    """
    net = run.net
    first, rectified, second = _layers(net)
    if len(images) == 0:
        raise ValueError("there are no images to measure on")
    layer, inputs = net.layers[first], Prepared(images, run.prepare)
    w, stride = layer.params["w"].copy(), layer.window.stride
    strongest = top_activations(net, inputs, rectified, k=1, batch=batch)[rectified].values[:, 0]
    aliased, different = _responses(w, inputs, stride, batch)
    top = features.measure(run, images, second, maps=maps, k=k, batch=batch)
    projections = top.projections.reshape(-1, *top.projections.shape[2:])
    rms = filter_rms(w)
    return Figure6(stride, w, rms, filters.bands(w), silent=~(strongest > 0),
                   unmoved=rms < 2 * STARTED, aliased=aliased, different=different, second=top,
                   second_high=float(filters.bands(projections)[:, 2].mean()),
                   accuracy=training.accuracy(net, images, labels, run.prepare))


def _layers(net):
    """The names of the first convolution, its ReLU and the second convolution."""
    names = list(net.layers)
    if (len(net.convolutions) < 2 or names[0] != net.convolutions[0]
            or not names[1].startswith("relu")):
        raise ValueError("the net must begin with a convolution and a ReLU and have a second "
                         f"convolution, not {', '.join(names)}")
    return names[0], names[1], net.convolutions[1]


# ---- what the plots and the claims compare: one number per net --------------------------------

def dominance(result):
    """The largest RMS value of a filter in units of the median: how far does one dominate?"""
    return float(result.rms.max() / max(np.median(result.rms), 1e-12))


def dead_filters(result):
    """The number of dead filters."""
    return int(result.dead.sum())


def middle_percent(result):
    """The share of the filters' energy in middle frequencies, in percent."""
    return 100 * result.bands[:, 1].mean()


def aliased_percent(result):
    """The share of the responses' energy that is too fine for the stride, in percent."""
    return 100 * result.aliased.mean()


def independent_maps(result):
    """How many independent things the first layer's maps tell."""
    return result.different


def accuracy_percent(result):
    """Right answers, in percent."""
    return 100 * result.accuracy


# ---- aliasing, and what is told twice ---------------------------------------------------------

def _responses(w, inputs, stride, batch):
    """Compute the filters' responses at every pixel where a filter fits in, on SAMPLE images.

    Returns the aliased share of the energy of each filter (F,), and `independent` of all.
    """
    folded, total, count, sums, products = 0, 0, 0, 0, 0
    for start in range(0, min(SAMPLE, len(inputs)), batch):
        maps, _ = functional.conv_forward(inputs[start:start + batch], w, np.zeros(len(w), w.dtype))
        energies = aliased_energy(maps, stride)
        folded, total = folded + energies[0], total + energies[1]
        columns = maps.swapaxes(0, 1).reshape(len(w), -1).astype(np.float64)    # (F, N·H·W)
        count, sums = count + columns.shape[1], sums + columns.sum(axis=1)
        products = products + columns @ columns.T
    mean = sums / count
    covariance = products / count - np.outer(mean, mean)
    return folded / np.where(total > 0, total, 1), independent(covariance)


def aliased_energy(maps, stride):
    """How much of the maps is falsified if only every stride-th place is computed?

    The Nyquist frequency of a stride is 1/(2·stride) periods per pixel. A frequency above it, along
    rows or columns, can't be told from a lower one, as which it then appears: it is aliased. Each
    map's mean is removed first. Its edges are faded out (Hann window), since the FFT takes the
    picture to go on periodically and would see a jump there.

    maps: (N, F, H, W), known at every pixel.
    stride: pixels; with 1 nothing is aliased.
    Returns the energy |FFT|² of the aliased frequencies (F,), and of all frequencies (F,).
    """
    _, _, H, W = maps.shape
    window = np.hanning(H + 2)[1:-1, None] * np.hanning(W + 2)[1:-1]
    power = 0
    for image in maps - maps.mean(axis=(2, 3), keepdims=True):
        power = power + np.abs(np.fft.fft2(image * window)) ** 2                    # (F, H, W)
    rows, columns = np.abs(np.fft.fftfreq(H))[:, None], np.abs(np.fft.fftfreq(W))
    beyond = np.maximum(rows, columns) > 0.5 / stride                               # (H, W)
    return power[:, beyond].sum(axis=1), power.sum(axis=(1, 2))


def independent(covariance):
    """How many different things maps tell: 1 if all are the same, F if no two are related.

    It is (Σλ)² / Σλ² over the eigenvalues λ of the maps' correlations, the "participation ratio":
    n groups of equal maps give n. Maps that don't vary are left out.

    covariance: (F, F), of the maps.
    Returns a number; 0 if no map varies.
    """
    variance = np.diag(covariance)
    varies = variance > 1e-12 * max(variance.max(), 1e-300)
    if not varies.any():
        return 0.0
    covariance = covariance[np.ix_(varies, varies)]         # the rows and columns that vary
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    return float(np.trace(correlation) ** 2 / np.sum(correlation ** 2))
