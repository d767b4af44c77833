"""The numbers of the limits: projections of nets from which something is taken away.

Everywhere, M images have one unit each. An axis "rules" is in the order of deconvnet.RULES, an axis
"ways" in that of WAYS, and so on.
"""
import copy
from itertools import product
from typing import NamedTuple

import numpy as np

from ...data.preprocess import center_crop
from ...deconvnet import RULES, Rule
from ...look.many import project_many
from ..compare import cosine, energy_inside, rank_correlation

EIGHT = tuple(Rule(*choices) for choices in product((False, True), repeat=3))
RANK, COSINE = 0, 1             # the two similarities, see `similarity`


class Way(NamedTuple):
    """What the way down has of the trained net."""
    learned: bool       # its weights; else noise
    switches: bool      # its switches; else each value goes to the middle of its pooling window


WAYS = tuple(Way(learned, switches) for learned in (True, False) for switches in (True, False))


class Cascade(NamedTuple):
    """Projections of the same units as more and more layers are noise, beside the trained net's."""
    layer: str                  # of the units
    steps: list                 # names of the layers that become noise, from `layer` down
    down_to_layer: np.ndarray   # (2, rules, steps, M): similarity with noise from the top down to
    #                             and including a layer
    one_layer: np.ndarray       # (2, rules, steps, M): the same with noise for this layer only
    other_image: np.ndarray     # (2, rules, M): similarity with the trained net's picture of the
    #                             same unit for another image
    inside: np.ndarray          # (rules, 1 + steps, M): share of the energy on the object, of the
    #                             trained net and then at every step
    pictures: np.ndarray        # (rules, 1 + steps, C, H, W): of the first image, in this order


class Variants(NamedTuple):
    """The true class's score of each image, brought down in several ways."""
    edges: np.ndarray           # (variants, M): rank correlation with the image's edges
    inside: np.ndarray          # (variants, M): share of the energy on the object
    pictures: np.ndarray        # (variants, C, H, W): of the first image


class Limits(NamedTuple):
    """What one net's projections of M images depend on."""
    images: np.ndarray          # uint8 (M, C, H, W), as large as the net's input
    labels: np.ndarray          # (M,)
    masks: np.ndarray           # bool (M, H, W): the object; all False where nobody knows it
    edges: np.ndarray           # (M, 1, H, W): strength of the image's edges
    edges_inside: np.ndarray    # (M,): share of the edges' energy on the object
    class_score: Cascade        # from each image's true class
    unit: Cascade               # from each image's strongest unit in the last convolution
    classes: np.ndarray         # (2, rules, M): similarity of the true class's picture with those
    #                             of the other classes, on average
    class_pictures: np.ndarray  # (rules, compared, C, H, W): of the first image
    compared: np.ndarray        # (compared,), ascending: the classes that were compared
    way_similarities: np.ndarray    # (2, ways, M): of each way's picture with the deconvnet's
    ways: Variants                  # WAYS
    eight: Variants                 # EIGHT rules


def measure(run, images, labels, masks, rng, *, layer="conv5", compared=None, groups=None):
    """Project the true class's score of every image, and what else is in Limits.

    A score is seeded with 1, whatever its value: it may be negative.

    run: a Run, whose last layer gives the scores.
    images: uint8 (M, C, H, W), M ≥ 2.
    labels: (M,), integers.
    masks: bool (M, H, W), the objects.
    rng: draws the noise.
    layer: the last one with maps.
    compared: ascending, the classes whose pictures are compared, those of labels among them; all of
    the net's if not given.
    groups: which layers' weights become noise in one step, see cascade.
    Returns Limits. Raises ValueError for a single image.
    """
    if len(images) < 2:
        raise ValueError("there must be two images at least to compare, "
                         f"not {len(images)}")
    net, x = run.net, run.prepare(images)
    seed, top = int(rng.integers(2 ** 32)), list(net.layers)[-1]
    images, masks = (center_crop(a, *net.input_shape[1:]) for a in (images, masks))
    trace, borders = net.forward(x), edges(x)
    units = np.column_stack([np.arange(len(images)), labels])
    compared = np.arange(net.shapes[top][0]) if compared is None else np.asarray(compared)
    classes, class_pictures = compare_classes(net, trace, labels, compared)
    ways = project_ways(net, trace, units, seed)
    eight = [projections(net, trace, top, units, rule) for rule in EIGHT]
    return Limits(images, labels, masks, borders, energy_inside(borders, masks),
                  cascade(net, x, top, units, masks, seed, groups),
                  cascade(net, x, layer, strongest_units(trace[layer]), masks, seed, groups),
                  classes, class_pictures, compared,
                  np.stack([similarity(ways[0], way) for way in ways], axis=1),
                  _variants(ways, borders, masks), _variants(eight, borders, masks))


def _variants(pictures, borders, masks):
    """Variants of a list of projections (M, C, H, W)."""
    return Variants(np.stack([rank_correlation(p, borders) for p in pictures]),
                    np.stack([energy_inside(p, masks) for p in pictures]),
                    np.stack([p[0] for p in pictures]))


# ---- what is taken away -------------------------------------------------------------------------

def cascade(net, x, layer, units, masks, seed, groups=None):
    """Replace the weights of one layer after the other by noise, from `layer` down.

    net: trained.
    x: float32 (M, C, H, W), prepared images; each goes up through the damaged net too.
    layer: where the way down begins.
    units: (M, 2) or (M, 4), one of `layer` for each image.
    masks: bool (M, H, W).
    seed: of the noise; a layer gets the same noise at every step.
    groups: {name: names of layers}, from the pixels up: layers whose weights become noise in one
    step; else each layer has a step of its own.
    Returns a Cascade.
    """
    below = net.up_to(layer)
    groups = groups or {name: [name] for name in weighted_layers(net)}
    groups = {name: own for name, own in groups.items() if set(own) <= set(below)}
    steps = list(groups)[::-1]

    def project_with_noise(names, units=units):
        layers = [each for name in names for each in groups[name]]
        other = randomize(net, layers, np.random.default_rng(seed))
        trace = other.forward(x, until=layer)
        return np.stack([projections(other, trace, layer, units, rule) for rule in RULES])

    trained = project_with_noise([])                                # (rules, M, C, H, W)
    next_image = np.column_stack([np.roll(units[:, 0], 1), units[:, 1:]])
    down_to = [project_with_noise(steps[:count]) for count in range(1, len(steps) + 1)]
    single = [down_to[0], *(project_with_noise([name]) for name in steps[1:])]

    def against_trained(pictures):
        pairs = zip(trained, pictures)
        return np.stack([similarity(*pair) for pair in pairs], axis=1)      # (2, rules, M)

    stages = np.stack([trained, *down_to], axis=1)                  # (rules, 1 + steps, M, C, H, W)
    return Cascade(layer, steps, np.stack([against_trained(p) for p in down_to], axis=2),
                   np.stack([against_trained(p) for p in single], axis=2),
                   against_trained(project_with_noise([], next_image)),
                   np.stack([[energy_inside(p, masks) for p in of_rule] for of_rule in stages]),
                   stages[:, :, 0].copy())


def compare_classes(net, trace, labels, classes):
    """Project some classes' scores of every image, and compare the true class with the others.

    classes: ascending, those of labels among them.
    Returns (similarities (2, rules, M), means over the others; pictures (rules, classes, C, H, W)
    of the first image).
    """
    top = list(net.layers)[-1]
    images, count = len(labels), len(classes)
    each_image, each_class = np.indices((images, count)).reshape(2, -1)
    units = np.column_stack([each_image, classes[each_class]])
    others = classes != labels[:, None]                             # (M, classes)
    similarities, pictures = [], []
    for rule in RULES:
        found = projections(net, trace, top, units, rule)
        found = found.reshape(images, count, *net.input_shape)
        true = found[np.arange(images), np.searchsorted(classes, labels)]
        each = [similarity(true, found[:, c]) for c in range(count)]
        each = np.stack(each, axis=-1)                              # (2, M, classes)
        similarities.append(np.where(others, each, 0).sum(axis=-1) / (count - 1))
        pictures.append(found[0])
    return np.stack(similarities, axis=1), np.stack(pictures)


def project_ways(net, trace, units, seed):
    """Bring units of the last layer down by each of WAYS: a list of projections (M, C, H, W).

    The images went up through the trained net in `trace`; only the way down is changed.
    """
    noise = randomize(net, weighted_layers(net), np.random.default_rng(seed))
    traces = {True: trace, False: with_weights(trace, noise)}       # by Way.learned
    rule = RULES["deconvnet"]
    return [projections(net, traces[way.learned], list(net.layers)[-1], units,
                        rule._replace(switches=way.switches)) for way in WAYS]


# ---- nets that have forgotten -------------------------------------------------------------------

def weighted_layers(net):
    """The names of the layers with weights, from the pixels up."""
    return [name for name, layer in net.layers.items() if "w" in layer.params]


def randomize(net, names, rng):
    """A copy of a net in which the named layers have noise for weights, and biases of zero.

    The noise is Gaussian, and as strong (RMS) as the weights were. It is drawn for every layer,
    named or not: from the same state of rng, a layer gets the same noise in every copy.
    Raises ValueError for a name of no layer with weights.
    """
    unknown = set(names) - set(weighted_layers(net))
    if unknown:
        raise ValueError(f"names has {', '.join(sorted(unknown))}; layers with weights are: "
                         f"{', '.join(weighted_layers(net))}")
    net = copy.deepcopy(net)
    for name in weighted_layers(net):
        params = net.layers[name].params
        w = params["w"]
        noise = rng.standard_normal(w.shape, np.float32)
        if name in names:
            strength = np.sqrt(np.square(w, dtype=np.float64).mean())
            params["w"] = (noise * strength).astype(w.dtype)
            params["b"] = np.zeros_like(params["b"])
    return net


def with_weights(trace, other):
    """The same pass (switches, masks), but the way down takes the weights of another net.

    trace: of a trained net.
    other: a net with the same layers.
    Returns a new Trace.
    """
    saved = dict(trace.saved)
    for name, own in trace.saved.items():
        if "w" in other.layers[name].params:
            saved[name] = own._replace(w=other.layers[name].params["w"])
    trace = copy.copy(trace)
    trace.saved = saved
    return trace


# ---- projections, and how alike they are --------------------------------------------------------

def projections(net, trace, layer, units, rule):
    """Projections (M, C, H, W) of units of a layer, each seeded with 1."""
    found = project_many(net, trace, layer, units, rule=rule, seed=1)
    return np.stack([found[m] for m in range(len(found))])


def strongest_units(y):
    """The strongest unit (n, channel, row, column) of each image: integers (N, 4).

    y: (N, C, H, W), a layer's output.
    """
    places = np.unravel_index(y.reshape(len(y), -1).argmax(axis=1), y.shape[1:])
    return np.column_stack([np.arange(len(y)), *places])


def edges(x):
    """Strength of the edges of images (N, C, H, W): (N, 1, H, W).

    It is the length of the brightness's gradient over all channels.
    """
    vertical, horizontal = np.gradient(x, axis=(2, 3))
    squares = (np.square(slope).sum(axis=1, keepdims=True) for slope in (vertical, horizontal))
    return np.sqrt(sum(squares))


def similarity(a, b):
    """How alike pictures (M, C, H, W) are, one by one: (2, M), RANK and COSINE."""
    return np.stack([rank_correlation(a, b), cosine(a, b)])
