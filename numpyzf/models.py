"""The networks: the paper's own, lab-size ones with all of its stages, and their variants of Table 3 and Figure 6."""
from .layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from .network import Network


def zfnet(classes=1000, *, input_shape=(3, 224, 224), first=(7, 2, 1), middle=(384, 384, 256),
          hidden=(4096, 4096)):
    """The network of the paper's Figure 3, for 3×224×224 images; 62,357,608 parameters for 1000 classes.

    The paper doesn't state the paddings. conv1 padded by 1, conv2 by 0, conv3–5 by 1 and unpadded pools with ceil-mode
    sizes are the one choice of 48 that gives its map sizes 110, 55, 26, 13, 13, 13, 13, 6.
    The weights are zero until `initialize` or `load_parameters`.

    The variants of Table 3: middle, the number of maps of conv3, conv4, conv5, is (256,) without layers 3 and 4 and
    (512, 1024, 512) in the wide net; hidden, the features of fc6 and fc7, is (4096,) without layer 7, () without 6 and 7.
    Of Figure 6: first, (size, stride, pad) of conv1, is (11, 4, 2) in the comparison network. Layers keep their names. Raises ValueError for more or fewer.

    >>> net = zfnet()
    >>> [net.shapes[name][1] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")]
    [110, 55, 26, 13, 13, 13, 13, 6]
    >>> [name for name in zfnet(middle=(256,), hidden=(4096,)).layers if name.startswith(("conv", "fc"))]
    ['conv1', 'conv2', 'conv5', 'fc6', 'fc8']
    """
    conv1 = Conv(input_shape[0], 96, first[0], stride=first[1], pad=first[2])
    return _build(input_shape, classes, (96, 256), conv1,
                  Conv(96, 256, 5, stride=2), middle, hidden, 0.5)


def labnet(classes=10, *, input_shape=(1, 28, 28), first=None, middle=(64, 64, 48),
           hidden=(256, 256)):
    """A network of the same kind for small images, (1, 28, 28), (3, 32, 32) or (3, 64, 64): all stages, 32 to 64 maps each.

    It trains in minutes on two cores. Strides of 1 in its convolutions leave enough pixels for three pools; from 48 pixels on
    conv1 looks at 7×7 in strides of 2, as the paper's. With 256 features in place of 4096, dropout takes a quarter of them
    and not half. first, middle, hidden: variants, as in zfnet. The weights are zero until `initialize` or `load_parameters`.

    >>> [labnet(input_shape=(3, side, side)).shapes["pool5"] for side in (64, 32)]
    [(48, 4, 4), (48, 4, 4)]
    """
    size, stride, pad = first or ((7, 2, 3) if min(input_shape[1:]) >= 48 else (5, 1, 2))
    return _build(input_shape, classes, (32, 48), Conv(input_shape[0], 32, size, stride=stride, pad=pad), Conv(32, 48, 5, pad=2),
                  middle, hidden, 0.25)


def _build(input_shape, classes, maps, conv1, conv2, middle, hidden, dropout):
    """The stages of Figure 3. maps: of conv1 and conv2."""
    if not 1 <= len(middle) <= 3 or len(hidden) > 2:
        raise ValueError(f"middle must be one to three numbers of maps and hidden at most two of features, not {middle!r} and {hidden!r}")
    layers = [("conv1", conv1), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
              ("conv2", conv2), ("relu2", ReLU()), ("pool2", MaxPool(3, stride=2, ceil=True)), ("norm2", ContrastNorm())]
    channels = maps[1]
    for number, filters in zip((3, 4, 5)[-len(middle):], middle):
        layers += [(f"conv{number}", Conv(channels, filters, 3, pad=1)), (f"relu{number}", ReLU())]
        channels = filters
    layers += [("pool5", MaxPool(3, stride=2, ceil=True)), ("flatten", Flatten())]
    features = Network(layers, input_shape).shapes["flatten"][0]
    for number, outputs in zip((6, 7), hidden):
        layers += [(f"fc{number}", Linear(features, outputs)), (f"relu{number}", ReLU()), (f"drop{number}", Dropout(dropout))]
        features = outputs
    return Network([*layers, ("fc8", Linear(features, classes))], input_shape)
