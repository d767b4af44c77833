"""Networks that others made, of which trained weights can be had."""
from ..layers import Conv, Dropout, Flatten, MaxPool, ReLU
from ..network import Network
from .layers import Concat, GlobalAveragePool

# (squeeze, expand) of fire2 … fire9: maps of the narrow layer, and of each of the two behind it
FIRES = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]


def squeezenet(classes=1000, *, input_shape=(3, 227, 227)):
    """SqueezeNet v1.1: 1,235,496 parameters for 1000 classes, a fiftieth of the paper's net.

    In its eight fire modules a narrow layer of 1×1 filters, the squeeze, comes before the 3×3
    filters, so that these are few. There is no fully connected layer: each class has a map, the
    mean of which is its score.

    classes: how many scores it gives.
    input_shape: (C, H, W) of its images, 31 pixels a side or more.

    The weights are zero until `initialize` or `load_parameters`.
    Source: Iandola et al. 2016, arXiv 1602.07360, and for version 1.1 the authors' repository.

    >>> net = squeezenet()
    >>> [net.shapes[name] for name in ("pool1", "fire3", "fire5", "fire9")]
    [(64, 56, 56), (128, 56, 56), (256, 27, 27), (512, 13, 13)]
    """
    layers = [("conv1", Conv(input_shape[0], 64, 3, stride=2)), ("relu1", ReLU()),
              ("pool1", MaxPool(3, stride=2))]
    channels = 64
    for number, (squeeze, expand) in enumerate(FIRES, 2):
        layers += fire(f"fire{number}", channels, squeeze, expand)
        channels = 2 * expand
        if number in (3, 5):
            layers.append((f"pool{number}", MaxPool(3, stride=2)))
    layers += [("drop9", Dropout(0.5)), ("conv10", Conv(channels, classes, 1)), ("relu10", ReLU()),
               ("pool10", GlobalAveragePool()), ("flatten", Flatten())]
    return Network(layers, input_shape)


def fire(name, channels, squeeze, expand):
    """The layers of a fire module, whose output is `name`: 2·expand maps of `channels` maps."""
    return [(f"{name}.squeeze", Conv(channels, squeeze, 1)), (f"{name}.squeeze_relu", ReLU()),
            (f"{name}.expand1", Conv(squeeze, expand, 1)), (f"{name}.relu1", ReLU()),
            (f"{name}.expand3", Conv(squeeze, expand, 3, pad=1), f"{name}.squeeze_relu"),
            (f"{name}.relu3", ReLU()),
            (name, Concat(), (f"{name}.relu1", f"{name}.relu3"))]
