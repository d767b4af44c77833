"""Which layers to look at where nobody names any, in a net of any size."""
from ..layers import ReLU

ROWS = 7            # layers of a net that are looked at
MEETINGS = 3        # from so many on, the places where branches meet say how a net is built


def usual_layers(net):
    """The layers by which to tell how a net sees: ROWS at most, from the pixels up.

    They are the convolutions, if there are no more than ROWS. Of more, those count that everything
    goes through, see passages: where branches meet, below them the first ReLU, and above them the
    last layer that has maps. If branches hardly meet, convolutions. Of more than ROWS of these,
    some are left out, evenly.

    net: a network.Network.
    """
    if len(net.convolutions) <= ROWS:
        return net.convolutions
    chosen = main_layers(net)
    last = len(chosen) - 1
    return [chosen[round(i * last / (ROWS - 1))] for i in range(ROWS)] if last >= ROWS else chosen


def main_layers(net):
    """What usual_layers chooses from in a net of many convolutions: none is left out.

    net: a network.Network.
    """
    places = [name for name in passages(net) if _has_maps(net, name)]
    chosen = [name for name in places if len(net.inputs[name]) > 1]
    if len(chosen) >= MEETINGS:
        first = next((name for name in places if isinstance(net.layers[name], ReLU)), places[0])
        return [name for name in places if name in (first, *chosen, places[-1])]
    return [name for name in net.convolutions if name in places] or net.convolutions


def usual_layer(net):
    """The one layer to draw: conv3, or the middle one of usual_layers; the last without any."""
    if "conv3" in net.layers:
        return "conv3"
    layers = usual_layers(net)
    return layers[len(layers) // 2] if layers else [*net.layers][-1]


def passages(net):
    """The layers that everything goes through, from the pixels up.

    No layer above one of them takes an output from below it.

    net: a network.Network.
    """
    names = net.up_to([*net.layers][-1])
    last_use = {below: name for name in names for below in net.inputs[name]}
    found, still_taken = [], {"input"}          # outputs that a layer further above takes
    for name in names:
        still_taken = {below for below in still_taken if last_use[below] != name}
        if not still_taken:
            found.append(name)
        still_taken.add(name)
    return found


def maps_are_scores(net, layer):
    """Whether each map of a layer belongs to one score: above it nothing is mixed any more.

    net: a network.Network.
    layer: a layer's name.
    """
    names = [*net.layers]
    above = names[names.index(layer) + 1:]
    count = net.shapes[layer][0]
    return (_has_maps(net, layer) and net.shapes[names[-1]] == (count,)
            and not any(net.layers[name].params for name in above))


def _has_maps(net, name):
    shape = net.shapes[name]
    return len(shape) == 3 and max(shape[1:]) > 1
