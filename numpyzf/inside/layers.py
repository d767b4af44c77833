"""Which layers of a net get pages, how many of a unit's images are projected, and what feeds it."""
import numpy as np

from ..layers import Flatten, Linear, Rule
from ..look.boxes import cut
from ..look.many import project_many
from ..network import Network
from ..tour.tiles import LARGE
from ..tour.usual import main_layers, maps_are_scores, passages

FEW = 12            # convolutions of a net that are all shown
NINE = 9            # images of a unit
# The gradient itself. A deconvnet's rules pass contrast normalization by.
GRADIENT = Rule(forward_mask=True, switches=True, backward_relu=False,
                through_normalization="gradient")


def shown_layers(net):
    """The layers that get pages, from the pixels up.

    Of a net of FEW convolutions at most, all that everything goes through; of a larger one, see
    usual.main_layers. Fully connected layers come on top.

    net: a network.Network.
    Returns names. Raises ValueError if there are none.
    """
    if len(net.convolutions) > FEW:
        chosen = main_layers(net)
    else:
        on_the_way = passages(net)
        chosen = [name for name in net.convolutions if name in on_the_way] or net.convolutions
    shown = [name for name, layer in net.layers.items()
             if name in chosen or isinstance(layer, Linear)]
    if not shown:
        raise ValueError("this net has no convolution and no fully connected layer, so it has no "
                         f"units to look at; its layers are {', '.join(net.layers)}")
    return shown


def is_small(net):
    """Whether a net's images are so small that their pixels are shown as squares."""
    return max(net.input_shape[1:]) <= LARGE


def are_classes(net, layer, classes):
    """Whether unit i of a layer stands for class i.

    net: a network.Network.
    layer: a layer's name.
    classes: their names.
    """
    scores = layer == [*net.layers][-1] or maps_are_scores(net, layer)
    return scores and net.shapes[layer][0] == len(classes)


def depth(net, layer, first):
    """How many of a unit's nine strongest images are projected.

    A projection of a large image takes up to a fiftieth of a second, most of it where the unit sees
    most of the image, and a page has thousands of units. So only the first view has all nine, and
    of large images only where a unit sees less than half of the image. The other views have three
    of small images; but one of features, which are many and take as many bytes as whole images.

    net: a network.Network.
    layer: the unit's layer.
    first: whether it is the first view, the trained net by the deconvnet.
    """
    if not first:
        return 3 if is_small(net) and len(net.shapes[layer]) == 3 else 1
    fields, sides = [net.receptive_field(layer, axis) for axis in (0, 1)], net.input_shape[1:]
    seen = np.prod([min(f.size, n) if f else n for f, n in zip(fields, sides)])
    return NINE if is_small(net) or 2 * seen < np.prod(sides) else 3


# ---- what feeds a unit ---------------------------------------------------------------------------

def between(net, lower, upper):
    """The layers above `lower` up to `upper`, as a net whose input is the output of `lower`.

    net: a network.Network.
    lower, upper: names of layers.
    Returns a Network, or None where `upper` takes something that passes by `lower`. Features, which
    have no rows and columns, are maps of one unit to it.
    """
    below = set(net.up_to(lower))
    names = [name for name in net.up_to(upper) if name not in below]
    if not names or any(taken not in (lower, *names)
                        for name in names for taken in net.inputs[name]):
        return None
    shape, layers, start = net.shapes[lower], [], "input"
    if len(shape) == 1:
        shape, layers, start = (*shape, 1, 1), [("flat", Flatten(), "input")], "flat"
    for name in names:
        inputs = tuple(start if taken == lower else taken for taken in net.inputs[name])
        layers.append((name, net.layers[name], inputs))
    return Network(layers, shape)


def shares(part, below, upper, units):
    """What each map below has to do with a unit's value: (gradient × activation), as a share.

    Where nothing but convolutions without biases, ReLUs and pools lies between, the shares of all
    maps add up to 1.

    part: the Network `between`.
    below: the outputs of its lower layer, (N, C, H, W) or (N, C).
    upper: the units' layer.
    units: integers (M, 4) or (M, 2), whose values are positive; n counts rows of `below`.
    Returns float64 (M, C).
    """
    below = below.reshape(len(below), *part.input_shape)
    trace = part.forward(below)
    values = trace[upper][tuple(units.T)].astype(np.float64)
    gradient = project_many(part, trace, upper, units, rule=GRADIENT, seed=1.0)
    activation = cut(below, units[:, 0], gradient.corners, gradient.boxes.shape[2:])
    products = np.einsum("mchw,mchw->mc", gradient.boxes, activation, dtype=np.float64)
    return products / values[:, None]


def feeders(mean, below, most=6):
    """The units of the layer below that have most to do with a unit.

    mean: (C,), the mean of its `shares`; NaN where it has none.
    below: the number of that layer.
    most: how many.
    Returns [[below, unit, share] …], largest amounts first.
    """
    if not np.isfinite(mean).all():
        return []
    order = np.argsort(-np.abs(mean), kind="stable")[:most]
    return [[below, int(unit), float(mean[unit])] for unit in order if mean[unit]]
