"""What both sides must share: the networks' layers as plain data, seeded parameters and inputs.

NumPy only. Neither worker imports the other's library, so each builds its network from its own
parts, and takes the numbers from here.
"""
import numpy as np

SEED = 2013
RATE, MOMENTUM = 1e-3, 0.9      # of the training step
RADIUS = 0.1                    # the RMS value of a filter is kept within it
NORM = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
POOL = {"size": 3, "stride": 2}     # ceil-mode sizes

# (filters, size, stride, pad) of conv1 … conv5
ZFNET = [(96, 7, 2, 1), (256, 5, 2, 0), (384, 3, 1, 1), (384, 3, 1, 1), (256, 3, 1, 1)]
LABNET = [(32, 5, 1, 2), (48, 5, 1, 2), (64, 3, 1, 1), (64, 3, 1, 1), (48, 3, 1, 1)]

# name: (input shape, classes, convolutions, features of fc6 and of fc7, dropout rate)
NETS = {
    "zfnet": ((3, 224, 224), 1000, ZFNET, 4096, 0.5),
    "labnet28": ((1, 28, 28), 10, LABNET, 256, 0.25),
    "labnet32": ((3, 32, 32), 10, LABNET, 256, 0.25),
}


def layers(net):
    """The layers of a net in order: (name, kind, settings).

    The settings of a convolution include its input (C, H) and output (F, OH).
    """
    (channels, height, _), classes, convolutions, features, rate = NETS[net]
    rows = []
    for i, (filters, size, stride, pad) in enumerate(convolutions, 1):
        out = (height + 2 * pad - size) // stride + 1
        settings = {"C": channels, "H": height, "F": filters, "K": size, "stride": stride,
                    "pad": pad, "OH": out}
        rows += [(f"conv{i}", "conv", settings), (f"relu{i}", "relu", {})]
        channels, height = filters, out
        if i in (1, 2, 5):
            rows.append((f"pool{i}", "pool", POOL))
            height = pooled(height)
        if i in (1, 2):
            rows.append((f"norm{i}", "norm", NORM))
    rows.append(("flatten", "flatten", {}))
    inputs = channels * height * height
    for i, outputs in ((6, features), (7, features), (8, classes)):
        rows.append((f"fc{i}", "linear", {"inputs": inputs, "outputs": outputs}))
        if i < 8:
            rows += [(f"relu{i}", "relu", {}), (f"drop{i}", "dropout", {"rate": rate})]
        inputs = outputs
    return rows


def pooled(side):
    """Side of a pool's output, in ceil mode: ⌈(side − size) / stride⌉ + 1."""
    return -((POOL["size"] - side) // POOL["stride"]) + 1


def convolution(layer, net="zfnet"):
    """The settings of one convolution."""
    return next(settings for name, _, settings in layers(net) if name == layer)


def parameters(net):
    """Yields (name, array), one at a time since zfnet's are 250 MB.

    Weights have variance 2 / inputs of a unit, biases are small. At that size conv1's filters have
    an RMS value above RADIUS, so that their renormalization has something to do.
    """
    for i, (name, kind, s) in enumerate(layers(net)):
        if kind in ("conv", "linear"):
            rng = np.random.default_rng([SEED, i])
            if kind == "conv":
                shape = (s["F"], s["C"], s["K"], s["K"])
            else:
                shape = (s["outputs"], s["inputs"])
            w = rng.standard_normal(shape, np.float32)
            w *= np.float32(np.sqrt(2 / w[0].size))
            yield f"{name}.w", w
            b = rng.standard_normal(shape[0], np.float32)
            yield f"{name}.b", b * np.float32(0.01)


def batch(net, count):
    """Images (count, C, H, W) float32 and labels (count,) int64."""
    shape, classes, *_ = NETS[net]
    rng = np.random.default_rng([SEED, 100])
    return rng.standard_normal((count, *shape), np.float32), rng.integers(classes, size=count)


def convolution_arrays(layer, count):
    """x, w, b and dy for one convolution of zfnet on its own."""
    s, rng = convolution(layer), np.random.default_rng([SEED, 101])
    x = rng.standard_normal((count, s["C"], s["H"], s["H"]), np.float32)
    w = rng.standard_normal((s["F"], s["C"], s["K"], s["K"]), np.float32)
    w *= np.float32(s["C"]**-0.5 / s["K"])
    b = rng.standard_normal(s["F"], np.float32)
    dy = rng.standard_normal((count, s["F"], s["OH"], s["OH"]), np.float32)
    return x, w, b, dy


def maps(layer, count=None):
    """`count` maps of a convolution of zfnet, drawn at random but always the same; None: all."""
    filters = convolution(layer)["F"]
    if not count:
        return np.arange(filters)
    return np.random.default_rng([SEED, 102]).permutation(filters)[:count]


def strongest(y, chosen):
    """The strongest unit of each chosen map in each image of y (N, C, H, W).

    Returns (maps·N, 4), rows of (n, channel, row, column), map by map.
    """
    places = y[:, chosen].reshape(len(y), len(chosen), -1).argmax(axis=2)       # (N, maps)
    rows, columns = np.divmod(places, y.shape[3])
    n, channel = np.broadcast_arrays(np.arange(len(y))[:, None], chosen)
    return np.stack([n, channel, rows, columns], axis=-1).swapaxes(0, 1).reshape(-1, 4)


def output_nbytes(net, count):
    """Bytes of all layers' outputs for `count` images, of the input too."""
    shape = NETS[net][0]
    values = int(np.prod(shape))
    for _, kind, s in layers(net):
        if kind == "conv":
            shape = (s["F"], s["OH"], s["OH"])
        elif kind == "pool":
            channels, height, width = shape
            shape = (channels, pooled(height), pooled(width))
        elif kind == "linear":
            shape = (s["outputs"],)
        values += int(np.prod(shape))
    return 4 * values * count


def sample(array):
    """Up to 64 values spread over an array (in NCHW order), as a list.

    The two sides' answers are compared by them.
    """
    flat = np.asarray(array).reshape(-1)
    return flat[::max(1, flat.size // 63)].astype(float).tolist()
