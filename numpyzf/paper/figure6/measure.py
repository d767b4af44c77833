"""Figure 6: choosing the architecture by looking. First-layer filters with and without renormalization, and large filters
with a large stride against small ones: spread of their norms, frequencies, dead filters, and aliasing.
"""
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import plots, training
from ..runs import Run
from ..tour import features, filters
from ..page import Section
from .claims import Claim, Report, spread, verdict

STARTED = 1e-2      # the first layer's weights start as a Gaussian of this deviation, see Network.initialize
SAMPLE = 200        # images on which responses at every pixel are computed


class Figure6(NamedTuple):
    """The first two layers of one net. F filters, M maps of layer 2 of which k activations are projected.

    w (F, C, K, K); rms (F,), see filters.rms; bands (F, 3), see filters.bands; silent, bool (F,): never fires on any image;
    unmoved, bool (F,): its RMS value is less than twice that it started from, the weights are mostly the noise they were;
    aliased (F,): see aliased_shares; different: see independent; second: a features.Features of layer 2;
    second_high: mean share of the high band in its projections; accuracy on the images.
    """
    stride: int
    w: np.ndarray
    rms: np.ndarray
    bands: np.ndarray
    silent: np.ndarray
    unmoved: np.ndarray
    aliased: np.ndarray
    different: float
    second: features.Features
    second_high: float
    accuracy: float

    @property
    def dead(self):
        """bool (F,): silent or unmoved."""
        return self.silent | self.unmoved

    @property
    def spread(self):
        """The largest RMS value of a filter in units of the median: how far one dominates."""
        return float(self.rms.max() / max(np.median(self.rms), 1e-12))


def compute(net, images, labels, prepare, *, maps=6, k=4, batch=50):
    """Measure the first layer of a net, and project the strongest activations of its second convolution.

    images: uint8 (N, C, H, W), labels (N,). prepare(images) -> the net's input. maps, k: see features.measure.
    Returns a Figure6. Raises ValueError if the net doesn't begin with a convolution and a ReLU, has no second one, or without images.
    """
    w = filters.compute(net).w
    names = list(net.layers)
    convolutions = [name for name in names if np.ndim(net.layers[name].params.get("w")) == 4]
    if len(convolutions) < 2 or not names[1].startswith("relu"):
        raise ValueError(f"the net must begin with a convolution and a ReLU and have a second convolution, not {', '.join(names)}")
    if len(images) == 0:
        raise ValueError("there are no images to measure on")
    stride, inputs = net.layers[names[0]].window.stride, training.Prepared(images, prepare)
    fires = np.zeros(len(w), bool)
    for n in range(0, len(images), batch):
        fires |= (net.forward(inputs[n:n + batch], until=names[1])[names[1]] > 0).any(axis=(0, 2, 3))
    aliased, different = _responses(w, inputs, stride, batch)
    second = features.measure(Run(net, prepare, ()), images, convolutions[1], maps=maps, k=k, batch=batch)
    rms = filters.rms(w)
    tiles = second.projections.reshape(-1, *second.projections.shape[2:])
    return Figure6(stride, w, rms, filters.bands(w), ~fires, rms < 2 * STARTED, aliased, different, second,
                   float(filters.bands(tiles)[:, 2].mean()), training.accuracy(net, images, labels, prepare))


def _responses(w, inputs, stride, batch):
    """aliased (F,) and `independent` of the filters' responses at every pixel where a filter fits in, on the first SAMPLE images."""
    folded, total, count, sums, products = 0, 0, 0, 0, 0
    for n in range(0, min(SAMPLE, len(inputs)), batch):
        maps, _ = F.conv_forward(inputs[n:n + batch], w, np.zeros(len(w), w.dtype))
        energies = aliased_energy(maps, stride)
        folded, total = folded + energies[0], total + energies[1]
        columns = maps.swapaxes(0, 1).reshape(len(w), -1).astype(np.float64)
        count, sums, products = count + columns.shape[1], sums + columns.sum(axis=1), products + columns @ columns.T
    mean = sums / count
    return folded / np.where(total > 0, total, 1), independent(products / count - np.outer(mean, mean))


def aliased_energy(maps, stride):
    """How much of maps (N, F, H, W), known at every pixel, is falsified if only every stride-th one is computed: energies (F,), (F,).

    A frequency of more than 1/(2·stride) periods per pixel along rows or columns, the Nyquist frequency of the stride, can't be told
    any more from a lower one, as which it then appears: it is aliased. The first array is the energy |FFT|² of these frequencies,
    the second that of all. Each map's mean is removed before, and its edges are faded out (Hann window), since the FFT takes the
    picture to go on periodically and would see a jump there. With a stride of 1 nothing is aliased.
    """
    N, channels, H, W = maps.shape
    window = np.hanning(H + 2)[1:-1, None] * np.hanning(W + 2)[1:-1]
    power = 0
    for image in maps - maps.mean(axis=(2, 3), keepdims=True):
        power = power + np.abs(np.fft.fft2(image * window)) ** 2                            # (F, H, W)
    beyond = np.maximum(np.abs(np.fft.fftfreq(H))[:, None], np.abs(np.fft.fftfreq(W))) > 0.5 / stride
    return power[:, beyond].sum(axis=1), power.sum(axis=(1, 2))


def independent(covariance):
    """How many different things maps of this covariance (F, F) tell: a number from 1, all the same, to F, no two related.

    It is (Σλ)² / Σλ² over the eigenvalues λ of their correlations, the "participation ratio": n groups of equal maps give n.
    Maps that don't vary are left out; 0 if none varies.
    """
    varies = np.diag(covariance) > 1e-12 * max(np.diag(covariance).max(), 1e-300)
    if not varies.any():
        return 0.0
    covariance = covariance[np.ix_(varies, varies)]
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    return float(np.trace(correlation) ** 2 / np.sum(correlation ** 2))


# ---- pictures -------------------------------------------------------------------------------------------------------

def draw(results):
    """Draw the first-layer filters of several nets, {name: Figure6}, each net's strongest first; returns a matplotlib figure.

    All filters of a net share one scale, so that one that dominates is seen to, and one that is nearly zero is gray.
    """
    with plots.style():
        rows = [-(-len(result.w) // 16) for result in results.values()]
        figure = plots.figure(8.8, sum(0.58 * n + 0.3 for n in rows))
        panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=rows)[:, 0]
        for axes, (name, result) in zip(panels, results.items()):
            plots.show(axes, _filters_image(result.w[np.argsort(-result.rms, kind="stable")]))
            axes.set_anchor("W")
            axes.set_title(f"{name}: largest RMS {result.spread:.1f} times the median, {result.dead.sum()} of {len(result.w)} dead",
                           loc="left")
    return figure


def _filters_image(w):
    shown = plots.to_display(np.concatenate(list(w), axis=1))              # (F·K, K) or (F·K, K, 3): one scale
    return plots.grid([plots.enlarge(tile, 44) for tile in np.split(shown, len(w))], min(16, len(w)), pad=4)


def draw_second(results):
    """Draw projections of layer 2 of several nets, {name: Figure6}, above the image patches they come from; a matplotlib figure."""
    maps, k = (min(result.second.values.shape[axis] for result in results.values()) for axis in (0, 1))
    across = int(np.ceil(np.sqrt(k)))
    with plots.style():
        figure = plots.figure(8.8, 3.25 * len(results))
        parts = np.atleast_1d(figure.subfigures(len(results), 1))
        for part, (name, result) in zip(parts, results.items()):
            field = result.second.patches.shape[3:]
            part.suptitle(f"{name}: one unit of layer 2 sees {field[0]}×{field[1]} pixels", fontsize=9, x=0.01, ha="left")
            panels = part.subplots(2, maps, squeeze=False)
            for i in range(maps):
                plots.show(panels[0, i], _mosaic([plots.to_display(tile) for tile in result.second.projections[i, :k]], across))
                plots.show(panels[1, i], _mosaic([plots.to_image(tile) for tile in result.second.patches[i, :k]], across))
                panels[0, i].set_title(f"map {result.second.channels[i]}")
    return figure


def _mosaic(tiles, columns):
    return plots.grid([plots.enlarge(tile, 108) for tile in tiles], columns, pad=4, background=0.85)


def draw_measures(results):
    """Draw the numbers, results {name: list of Figure6, one per seed}: a dot per seed and a line at their mean; a matplotlib figure."""
    quantities = [("largest RMS / median", lambda r: r.spread), ("dead filters", lambda r: r.dead.sum()),
                  ("energy in middle\nfrequencies (%)", lambda r: 100 * r.bands[:, 1].mean()),
                  ("aliased energy (%)", lambda r: 100 * r.aliased.mean()), ("independent maps", lambda r: r.different)]
    with plots.style():
        figure = plots.figure(8.8, 0.75 + 0.42 * len(results))
        panels = figure.subplots(1, len(quantities), sharey=True, gridspec_kw={"wspace": 0.12})
        for axes, (label, quantity) in zip(panels, quantities):
            for place, (name, nets) in enumerate(results.items()):
                values = [quantity(net) for net in nets]
                axes.plot(values, [place] * len(values), "o", color=plots.BLUE, alpha=0.7, clip_on=False)
                axes.plot([np.mean(values)] * 2, [place - 0.3, place + 0.3], color=plots.ORANGE)
            axes.set(xlabel=label, xlim=(0, None) if axes.get_xlim()[1] > 1 else (0, 1), ylim=(len(results) - 0.5, -0.5),
                     yticks=range(len(results)), yticklabels=list(results))
            axes.xaxis.get_major_locator().set_params(nbins=4, integer=True)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    return figure


# ---- the item -------------------------------------------------------------------------------------------------------

SMALL, FREE, LARGE = "7×7, stride 2", "the same, not renormalized", "11×11, stride 4"
NETS = {SMALL: {}, FREE: {"recipe": {"renormalize": ()}}, LARGE: {"variant": {"first": (11, 4, 4)}}}        # first: size, stride, pad

FILTERS = """Each square is one filter of the first layer, the weights with which a unit looks at 7×7 or 11×11 pixels; mid-gray is zero. \
Within a net all have one scale, and the strongest come first: a pale one has small weights. The first net is the standard one; the \
second is trained alike, from the same random numbers, but without renormalization; the third looks at 11×11 pixels in strides of 4, \
which is what the paper found to be a poor choice.

Renormalization scales a filter back whenever the RMS value of its weights exceeds a radius, 0.1. In the paper the pixels that come in \
are about ±128, which makes the gradients of this layer large. Here they are divided by their standard deviation, and {radius} of the \
standard net's filters are at the radius in the end: renormalization has less to do.

“Dead” is a filter that never fires on any test image, or one whose RMS value is below 0.02, twice that of the random numbers that all \
began with: noise is most of what it shows."""

SECOND = """Maps of the second layer, the most active ones of two nets. Upper rows: projections of each map's {k} strongest \
activations over the test images, what in the image fired the unit; lower rows: the image patches they come from.

Look for a regular pattern that isn't in the patch, blocks or combs as wide as the stride. That is aliasing: where a filter is computed \
only at every fourth pixel, a response that goes up and down within fewer than eight pixels looks like a slower one, and the layer above \
learns from a mixture of both."""

MEASURES = """Each dot is a net that began from other random numbers; lines are means. From the left: how many times larger the largest \
filter is than the median one (RMS value of the weights); dead filters; the share of the filters' energy in middle frequencies, waves of \
4 to 8 pixels; aliased energy: the share of the variation of the responses, computed at every pixel, that is too fine for the stride; \
and how many independent things the maps tell, which would be {count} if no two of them were related.

The table has the shares of all frequencies: low, waves longer than 8 pixels, and high, shorter than 4 (7×7 pixels have little room for a \
long wave, whatever is learned). Its last row is the share of high ones in the second layer's projections. Where the nets differ in accuracy, \
the filters are not the only reason: a stride of 4 also leaves the upper layers a quarter of the places."""

# What the paper says and what is tested; the net compared with SMALL; quantity(Figure6); agree(value of SMALL, of the other); format, unit.
CLAIMS = [
    ("Without renormalization a few first-layer filters dominate (tested: the largest RMS value is more than twice the median, and further "
     "above it than with renormalization)", FREE, lambda net: net.spread, lambda a, b: b > max(a, 2), ".2f", " times"),
    ("Large filters in large strides cover middle frequencies badly (tested: a smaller share of their energy is in waves of 4 to 8 pixels)",
     LARGE, lambda net: 100 * net.bands[:, 1].mean(), lambda a, b: b < a, ".1f", " %"),
    ("Small filters leave fewer dead features (tested: dead filters of the first layer)",
     LARGE, lambda net: int(net.dead.sum()), lambda a, b: b > a, ".1f", ""),
    ("A stride of 4 brings aliasing into layer 2 (tested: aliased share of the variation of layer 1's responses, "
     "from which layer 2 learns)",
     LARGE, lambda net: 100 * net.aliased.mean(), lambda a, b: b > a, ".1f", " %"),
    ("Small filters in small strides give more distinctive features (tested: number of independent first-layer maps)",
     LARGE, lambda net: net.different, lambda a, b: b < a, ".1f", ""),
    ("The smaller filters and strides also classify better (tested: accuracy on test scenes)",
     LARGE, lambda net: 100 * net.accuracy, lambda a, b: b < a, ".1f", " %")]


def reproduce(study):
    """Figure 6 on scenes, each net with two seeds at most: a Report."""
    scenes, results = study.test_scenes, {}
    for name, differs in NETS.items():
        nets = [study.run_of("scenes", seed, **differs) for seed in study.seeds[:2]]
        results[name] = [compute(run.net, scenes.images, scenes.labels, run.prepare) for run in nets]
    first = {name: nets[0] for name, nets in results.items()}
    radius = spread([100 * filters.at_radius(net.w, training.Recipe().radius) for net in results[SMALL]], ".0f", " %")
    return Report([_claim(results, *row) for row in CLAIMS], [
        Section("The first layer's filters", FILTERS.format(radius=radius), draw(first),
                alt=f"Grids of small squares, one per filter, of three nets: {', '.join(first)}"),
        Section("What the second layer looks for", SECOND.format(k=first[SMALL].second.values.shape[1]),
                draw_second({name: first[name] for name in (SMALL, LARGE)}),
                alt="Projections of maps of two nets, above the image patches"),
        Section("Measured", MEASURES.format(count=len(first[SMALL].w)), draw_measures(results), _table(results),
                alt="Five plots of dots, one row per net")])


def _table(results):
    rows = [(f"filters, {band} frequencies", lambda net, i=i: net.bands[:, i].mean()) for i, band in enumerate(("low", "middle", "high"))]
    rows.append(("layer 2's projections, high frequencies", lambda net: net.second_high))
    return [("share of the energy", *results),
            *((text, *(spread([100 * share(net) for net in nets], ".0f", " %") for nets in results.values())) for text, share in rows)]


def _claim(results, paper, other, quantity, agree, form, unit):
    small, others = ([quantity(net) for net in results[name]] for name in (SMALL, other))
    return Claim(paper, f"{SMALL}: {spread(small, form, unit)}; {other}: {spread(others, form, unit)}", verdict(map(agree, small, others)))
