"""The networks: the paper's own, small ones with all of its stages, and their variants."""
from . import checks
from .layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from .network import Network


def zfnet(classes=1000, *, input_shape=(3, 224, 224), first=(7, 2, 1), middle=(384, 384, 256),
          hidden=(4096, 4096)):
    """The network of the paper's Figure 3; it has 62,357,608 parameters for 1000 classes.

    classes: how many scores it gives.
    input_shape: (C, H, W) of its images.
    first: (size, stride, pad) of conv1; (11, 4, 2) in the comparison network (Figure 6).
    middle: numbers of maps of conv3, conv4 and conv5; (512, 1024, 512) in the wide net of Table 3.
    One or two numbers stand for the last of these layers: (256,) leaves conv3 and conv4 out.
    hidden: features of fc6 and fc7; (4096,) without layer 7, () without layers 6 and 7 (Table 3).

    The paper doesn't state the paddings. Of 48 choices only this one gives its map sizes: conv1
    padded by 1, conv2 by 0, conv3–5 by 1, and unpadded pools that may hang over the edge. The
    weights are zero until `initialize` or `load_parameters`.

    >>> net = zfnet()
    >>> stages = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    >>> [net.shapes[name][1] for name in stages]
    [110, 55, 26, 13, 13, 13, 13, 6]
    """
    return build(classes, input_shape, first, (96, 256), (5, 2, 0), middle, hidden, 0.5)


def labnet(classes=10, *, input_shape=(1, 28, 28), first=None, middle=(64, 64, 48),
           hidden=(256, 256)):
    """A network of the same kind for small images: all stages, 32 to 64 maps each.

    input_shape: (1, 28, 28), (3, 32, 32), (3, 64, 64) or the like.
    first: as in zfnet; without it (5, 1, 2), and for sides of 48 and more (7, 2, 3).
    classes, middle, hidden: as in zfnet.

    It trains in minutes on two cores. Small strides leave enough pixels for three pools. With 256
    features in place of 4096, dropout takes a quarter of them and not half.

    >>> labnet().receptive_field("conv3")
    ReceptiveField(size=27, stride=4, start=-10)
    """
    if first is None:
        first = (7, 2, 3) if min(input_shape[1:]) >= 48 else (5, 1, 2)
    return build(classes, input_shape, first, (32, 48), (5, 1, 2), middle, hidden, 0.25)


def build(classes, input_shape, first, maps, second, middle, hidden, dropout):
    """The stages of Figure 3. first, second: of conv1 and conv2, which have `maps` maps."""
    checks.model(classes, input_shape, middle, hidden)
    layers, channels = [], input_shape[0]
    for number, filters, (size, stride, pad) in ((1, maps[0], first), (2, maps[1], second)):
        layers += [(f"conv{number}", Conv(channels, filters, size, stride=stride, pad=pad)),
                   (f"relu{number}", ReLU()), (f"pool{number}", MaxPool(3, stride=2, ceil=True)),
                   (f"norm{number}", ContrastNorm())]
        channels = filters
    for number, filters in zip((3, 4, 5)[-len(middle):], middle):
        layers += [(f"conv{number}", Conv(channels, filters, 3, pad=1)), (f"relu{number}", ReLU())]
        channels = filters
    layers += [("pool5", MaxPool(3, stride=2, ceil=True)), ("flatten", Flatten())]
    (features,) = Network(layers, input_shape).shapes["flatten"]
    for number, outputs in zip((6, 7), hidden):
        layers += [(f"fc{number}", Linear(features, outputs)), (f"relu{number}", ReLU()),
                   (f"drop{number}", Dropout(dropout))]
        features = outputs
    return Network([*layers, ("fc8", Linear(features, classes))], input_shape)
