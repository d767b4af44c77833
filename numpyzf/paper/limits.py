"""What a deconvnet does not tell you: how much of a projection is the image and the switches, and how little what was learned.

The paper couldn't know. Later work asked: does the picture change when the net's weights are replaced by noise (Adebayo et al. 2018), or
when another class is asked for (Mahendran & Vedaldi 2016)? Here both, and more, with scenes, whose objects are known to the pixel.
"""
import copy
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import plots
from ..data.preprocess import center_crop
from ..deconvnet import RULES
from ..look.many import project_many
from . import limits_claims, limits_draw
from ..page import Section
from .claims import Report

NAMES = tuple(RULES)                                                                    # deconvnet, gradient, guided
EIGHT = limits_draw.EIGHT                                                               # (forward mask, switches, backward ReLU)
WAYS = tuple((learned, switches) for learned in (True, False) for switches in (True, False))


class Cascade(NamedTuple):
    """Projections of M units as more and more layers are noise, compared with those of the trained net.

    layer: of the units; steps: names of the layers, from the top down. Similarities have a first axis of two, see `compare`:
    together and alone (2, rules, steps, M), all layers down to this one noise, or this one only; another (2, rules, M), the trained net's
    own projection of the same unit for another image. inside (rules, 1 + steps, M): share of the energy on the object; trained net first.
    pictures (rules, 1 + steps, C, H, W): of the first unit.
    """
    layer: str
    steps: list
    together: np.ndarray
    alone: np.ndarray
    another: np.ndarray
    inside: np.ndarray
    pictures: np.ndarray


class Limits(NamedTuple):
    """What a net's projections of M images depend on.

    images uint8 (M, C, H, W), labels (M,), masks bool (M, H, W), edges (M, 1, H, W), edge_inside (M,).
    top, middle: a Cascade from each image's class score, and from its strongest unit in conv5.
    classes (2, rules, M): projections of the true class and of the others, mean similarity; class_pictures (rules, classes, C, H, W).
    Of WAYS (trained weights on the way down or noise, switches or not): way_original (2, 4, M), similarity with the deconvnet as it is;
    way_edges and way_inside (4, M); way_pictures. Of the EIGHT rules: rule_edges, rule_inside (8, M), rule_pictures.
    *_edges is the rank correlation with the image's edges; *_inside is the share of the energy on the object. Pictures: of the first image.
    """
    images: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
    edges: np.ndarray
    edge_inside: np.ndarray
    top: Cascade
    middle: Cascade
    classes: np.ndarray
    class_pictures: np.ndarray
    way_original: np.ndarray
    way_edges: np.ndarray
    way_inside: np.ndarray
    way_pictures: np.ndarray
    rule_edges: np.ndarray
    rule_inside: np.ndarray
    rule_pictures: np.ndarray


def compute(net, images, labels, masks, prepare, rng):
    """Project the true class's score of every image, and what else is in Limits, which is returned.

    images: uint8 (M, C, H, W), M ≥ 2; labels int (M,); masks bool (M, H, W) of the objects; prepare(images) -> the net's input.
    net: with a layer conv5; its last layer gives the scores. A score is seeded with 1, whatever its value: it may be negative.
    """
    if len(images) < 2:
        raise ValueError(f"there must be two images at least to compare, not {len(images)}")
    x, seed, top = prepare(images), int(rng.integers(2 ** 32)), list(net.layers)[-1]
    images, masks = (center_crop(a, *net.input_shape[1:]) for a in (images, masks))
    trace, borders = net.forward(x), edges(x)
    units = np.column_stack([np.arange(len(images)), labels])
    strongest = strongest_units(trace["conv5"])
    by_class, class_pictures = compare_classes(net, trace, labels)
    ways = [pictures(net, trace if learned else with_weights(trace, randomize(net, weighted(net), np.random.default_rng(seed))), top, units,
                     (False, switches, True)) for learned, switches in WAYS]
    rules = [pictures(net, trace, top, units, rule) for rule in EIGHT]
    return Limits(images, labels, masks, borders, inside(borders, masks), cascade(net, x, top, units, masks, seed),
                  cascade(net, x, "conv5", strongest, masks, seed), by_class, class_pictures,
                  np.stack([compare(ways[0], p) for p in ways], axis=1),
                  *_against(ways, borders, masks), *_against(rules, borders, masks))


def _against(projections, borders, masks):
    """Similarity with the edges, share inside of the masks, and the first picture, of several sets of projections."""
    return (np.stack([rank_correlation(p, borders) for p in projections]), np.stack([inside(p, masks) for p in projections]),
            np.stack([p[0] for p in projections]))


# ---- nets that have forgotten ---------------------------------------------------------------------------------------

def weighted(net):
    """The names of the layers with weights, from the pixels up."""
    return [name for name, layer in net.layers.items() if "w" in layer.params]


def randomize(net, names, rng):
    """A copy of a net in which the named layers have noise for weights, Gaussian and as strong (RMS) as they were, and biases of zero.

    Noise is drawn for every layer, whether named or not: from the same state of rng a layer gets the same in every copy.
    Raises ValueError for a name of no layer with weights.
    """
    unknown = set(names) - set(weighted(net))
    if unknown:
        raise ValueError(f"names has {', '.join(sorted(unknown))}; layers with weights are: {', '.join(weighted(net))}")
    net = copy.deepcopy(net)
    for name in weighted(net):
        params = net.layers[name].params
        noise = rng.standard_normal(params["w"].shape, np.float32)
        if name in names:
            params["w"] = (noise * np.sqrt(np.square(params["w"], dtype=np.float64).mean())).astype(params["w"].dtype)
            params["b"] = np.zeros_like(params["b"])
    return net


def with_weights(trace, other):
    """The same pass (switches, masks), but going down from it takes the weights of another net of the same kind. A new Trace."""
    trace = copy.copy(trace)
    trace.saved = {name: saved._replace(w=other.layers[name].params["w"]) if isinstance(saved, (F.ConvSaved, F.LinearSaved)) else saved
                   for name, saved in trace.saved.items()}
    return trace


# ---- projections and what to compare in them ------------------------------------------------------------------------

def pictures(net, trace, layer, units, rule):
    """Projections (M, C, H, W) of units of a layer, each seeded with 1."""
    projections = project_many(net, trace, layer, units, rule=rule, seed=1)
    return np.stack([projections[m] for m in range(len(projections))])


def strongest_units(y):
    """The strongest unit (n, channel, row, column) of each image in y (N, C, H, W): integers (N, 4)."""
    return np.column_stack([np.arange(len(y)), *np.unravel_index(y.reshape(len(y), -1).argmax(axis=1), y.shape[1:])])


def edges(x):
    """Strength of the edges of images (N, C, H, W): the length of the brightness's gradient over all channels, (N, 1, H, W)."""
    return np.sqrt(sum(np.square(slope).sum(axis=1, keepdims=True) for slope in np.gradient(x, axis=(2, 3))))


def compare(a, b):
    """How similar pictures (M, C, H, W) are, one by one: rank correlation and cosine, (2, M)."""
    return np.stack([rank_correlation(a, b), cosine(a, b)])


def rank_correlation(a, b):
    """Are the same pixels strong? Spearman's correlation of the strengths √(Σ over channels of squares) of pictures (M, C, H, W): (M,).

    1 if all pixels have the same order, 0 if one says nothing about the other, or is the same everywhere. Faint pixels count as much
    as strong ones.
    """
    def centered(pictures):
        strengths = np.sqrt(np.square(pictures, dtype=np.float64).sum(axis=1)).reshape(len(pictures), -1)
        return np.stack([_ranks(row) for row in strengths]) - (strengths.shape[1] + 1) / 2
    return cosine(centered(a), centered(b))


def cosine(a, b):
    """Are the pixels equal, but for a factor? The cosine of signed pixels of pictures (M, …): (M,); 0 where one is all zero."""
    a, b = (np.asarray(v, np.float64).reshape(len(v), -1) for v in (a, b))
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(axis=1), scale, out=np.zeros(len(a)), where=scale > 0)


def _ranks(values):
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def inside(projections, masks):
    """Share of the energy (sum of squares) of projections (M, C, H, W) that lies in masks (M, H, W); 0 where there is none at all."""
    energy = np.square(projections, dtype=np.float64).sum(axis=1)
    total = energy.sum(axis=(1, 2))
    return np.divide((energy * masks).sum(axis=(1, 2)), total, out=np.zeros(len(total)), where=total > 0)


def cascade(net, x, layer, units, masks, seed):
    """Replace the weights of one layer after the other by noise, from `layer` down, and project the same units; returns a Cascade."""
    steps = [name for name in weighted(net) if list(net.layers).index(name) <= list(net.layers).index(layer)][::-1]

    def project(names, units=units):
        other = randomize(net, names, np.random.default_rng(seed))
        trace = other.forward(x, until=layer)
        return np.stack([pictures(other, trace, layer, units, rule) for rule in NAMES])

    trained, elsewhere = project([]), project([], np.column_stack([np.roll(units[:, 0], 1), units[:, 1:]]))
    together = [project(steps[:count]) for count in range(1, len(steps) + 1)]
    alone = [together[0], *(project([name]) for name in steps[1:])]

    def against(projections):
        return np.stack([compare(*pair) for pair in zip(trained, projections)], axis=1)         # (2, rules, M)

    return Cascade(layer, steps, np.stack([against(p) for p in together], axis=2), np.stack([against(p) for p in alone], axis=2),
                   against(elsewhere),
                   np.stack([[inside(p, masks) for p in of_rule] for of_rule in zip(trained, *together)]),
                   np.stack([[p[0] for p in of_rule] for of_rule in zip(trained, *together)]))


def compare_classes(net, trace, labels):
    """Project every class's score of every image.

    Returns the mean similarity of the true one's projection with the others', (2, rules, M), and image 0's pictures.
    """
    top, count = list(net.layers)[-1], net.shapes[list(net.layers)[-1]][0]
    similarity, shown = [], []
    for rule in NAMES:
        units = np.stack(np.meshgrid(np.arange(trace.images), np.arange(count), indexing="ij"), axis=-1).reshape(-1, 2)
        p = pictures(net, trace, top, units, rule).reshape(trace.images, count, *net.input_shape)
        true = p[np.arange(len(labels)), labels]
        each = np.stack([compare(true, p[:, c]) for c in range(count)], axis=-1)                # (2, M, classes)
        others = np.arange(count) != labels[:, None]
        similarity.append(np.where(others, each, 0).sum(axis=-1) / (count - 1))
        shown.append(p[0])
    return np.stack(similarity, axis=1), np.stack(shown)


# ---- the item -------------------------------------------------------------------------------------------------------

IMAGES = 12         # per net


def draw(results, classes):
    """Draw a list of Limits, one per net, of which the first gives the pictures; returns four matplotlib figures."""
    return [limits_draw.cascades(results), limits_draw.classes(results, classes), limits_draw.ways(results), limits_draw.rules(results)]


def reproduce(study):
    """What the paper couldn't know, on scenes: layers, classes, weights and switches taken away one by one."""
    scenes, results, count = study.test_scenes, [], 4 if study.quick else IMAGES
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        study.report(f"  projections without what was learned, seed {seed}")
        results.append(compute(run.net, scenes.images[:count], scenes.labels[:count], scenes.masks[:count], run.prepare,
                               np.random.default_rng(seed)))
    figures = draw(results, scenes.classes)
    headings = ("Layers replaced by noise", "Another class", "Only the switches kept", "The eight rules")
    tables = limits_claims.layers(results), limits_claims.classes(results), (), limits_claims.rules(results)
    sections = [Section(*parts) for parts in zip(headings, limits_draw.TEXTS, figures, tables, limits_draw.ALTS)]
    return Report(limits_claims.claims(results), sections)
