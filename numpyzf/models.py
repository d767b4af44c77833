"""The networks: the paper's own, and lab-size ones with all of its stages."""
from .layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from .network import Network


def zfnet(classes=1000):
    """The network of the paper's Figure 3, for 3×224×224 images; 62,357,608 parameters for 1000 classes.

    The paper doesn't state the paddings. conv1 padded by 1, conv2 by 0, conv3–5 by 1 and unpadded pools with ceil-mode
    sizes are the one choice of 48 that gives its map sizes 110, 55, 26, 13, 13, 13, 13, 6.
    The weights are zero until `initialize` or `load_parameters`.

    >>> net = zfnet()
    >>> [net.shapes[name][1] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")]
    [110, 55, 26, 13, 13, 13, 13, 6]
    """
    return Network([
        ("conv1", Conv(3, 96, 7, stride=2, pad=1)), ("relu1", ReLU()),
        ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
        ("conv2", Conv(96, 256, 5, stride=2)), ("relu2", ReLU()),
        ("pool2", MaxPool(3, stride=2, ceil=True)), ("norm2", ContrastNorm()),
        ("conv3", Conv(256, 384, 3, pad=1)), ("relu3", ReLU()),
        ("conv4", Conv(384, 384, 3, pad=1)), ("relu4", ReLU()),
        ("conv5", Conv(384, 256, 3, pad=1)), ("relu5", ReLU()),
        ("pool5", MaxPool(3, stride=2, ceil=True)), ("flatten", Flatten()),
        ("fc6", Linear(256 * 6 * 6, 4096)), ("relu6", ReLU()), ("drop6", Dropout()),
        ("fc7", Linear(4096, 4096)), ("relu7", ReLU()), ("drop7", Dropout()),
        ("fc8", Linear(4096, classes)),
    ], (3, 224, 224))


def labnet(input_shape=(1, 28, 28), classes=10):
    """A network of the same kind for small images, (1, 28, 28) or (3, 32, 32): all stages, 32 to 64 maps each.

    It trains in minutes on two cores. Strides of 1 in its convolutions leave enough pixels for three pools,
    and with 256 features in place of 4096, dropout takes a quarter of them and not half.
    The weights are zero until `initialize` or `load_parameters`.
    """
    def stem():
        return [
            ("conv1", Conv(input_shape[0], 32, 5, pad=2)), ("relu1", ReLU()),
            ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
            ("conv2", Conv(32, 48, 5, pad=2)), ("relu2", ReLU()),
            ("pool2", MaxPool(3, stride=2, ceil=True)), ("norm2", ContrastNorm()),
            ("conv3", Conv(48, 64, 3, pad=1)), ("relu3", ReLU()),
            ("conv4", Conv(64, 64, 3, pad=1)), ("relu4", ReLU()),
            ("conv5", Conv(64, 48, 3, pad=1)), ("relu5", ReLU()),
            ("pool5", MaxPool(3, stride=2, ceil=True)), ("flatten", Flatten()),
        ]
    features = Network(stem(), input_shape).shapes["flatten"][0]
    return Network([
        *stem(),
        ("fc6", Linear(features, 256)), ("relu6", ReLU()), ("drop6", Dropout(0.25)),
        ("fc7", Linear(256, 256)), ("relu7", ReLU()), ("drop7", Dropout(0.25)),
        ("fc8", Linear(256, classes)),
    ], input_shape)
