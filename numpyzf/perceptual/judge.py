"""The judge: a fixed, trained convnet that compares pictures by its features (section 3.2).

It is never trained here, and its parameters stay as they are. A signal at its features comes down
to the picture as the deconvnet's do, by the rule "gradient": no gradients of parameters are
computed that nobody needs.
"""
from pathlib import Path

import numpy as np

from .. import checks, texts
from ..deconvnet import descend
from ..exchange.model import open_net
from ..geometry import ceil_div
from ..layers import ReLU, Rule
from ..network import Network
from . import networks

GRADIENT = Rule(forward_mask=True, switches=True, backward_relu=False,
                through_normalization="gradient")
MOST_SIZES = 4          # of pictures, for which a judge keeps a network


class Judge:
    """A net, some of its layers, and how a picture becomes its input.

    run: a runs.Run; the mean image that it subtracts becomes one number per channel, since pictures
    of any size are judged.
    layers: names of the layers whose outputs are the features; None: relu1, or the first ReLU.
    """

    def __init__(self, run, layers):
        self.layers = [*dict.fromkeys(checks.layers(run.net, layers))]      # each counts once
        names = run.net.up_to(*self.layers)         # what lies above is never computed
        self.net = Network([(name, run.net.layers[name], run.net.inputs[name]) for name in names],
                           run.net.input_shape)
        self.mean = np.mean(run.prepare.mean, axis=(1, 2), keepdims=True)       # (C, 1, 1)
        self.scale = np.broadcast_to(run.prepare.scale, self.mean.shape) / 255  # of 0 … 1
        self.mean = self.mean / 255
        self._at_size = {}

    def features(self, x):
        """What the net makes of pictures; a Trace: trace[layer] is (N, F, OH, OW).

        x: floats (N, C, H, W), 0 … 1. Gray pictures are shown to a net for RGB in three equal
        channels. Raises ValueError for pictures too small for these layers, or of another size than
        a fully connected one takes.
        """
        net = self.net_for(x)
        return net.forward(self.prepared(x), until=[*net.layers][-1])

    def targets(self, x):
        """`features` that others are compared with, {layer: (N, F, OH, OW)}: there is no way back.

        It takes less time and memory: nothing else is kept. x and errors are as there.
        """
        return self.net_for(x).outputs(self.prepared(x), self.layers, batch=max(1, len(x)))

    def prepared(self, x):
        """Pictures as the net takes them, (N, C, H, W), with as many channels."""
        mean, scale = (value.astype(x.dtype) for value in (self.mean, self.scale))
        own = x - mean                      # one channel becomes as many as there are means
        own /= scale
        return own

    def net_for(self, x):
        """The net for pictures of the size and the dtype of x."""
        C = len(self.mean)
        if x.ndim != 4 or x.shape[1] not in (1, C):
            raise ValueError(f"this judge takes pictures (N, {C}, H, W), or of one channel, not "
                             f"{x.shape}")
        key = (*x.shape[2:], x.dtype)
        if key not in self._at_size:
            try:
                net = networks.at_size(self.net, (len(self.mean), *x.shape[2:]))
            except ValueError as error:
                raise ValueError(f"pictures of {x.shape[3]}×{x.shape[2]} pixels don't fit the "
                                 f"judge's layers {', '.join(self.layers)}: {error}") from error
            while len(self._at_size) >= MOST_SIZES:
                del self._at_size[next(iter(self._at_size))]
            self._at_size[key] = net if net.dtype == x.dtype else net.astype(x.dtype)
        return self._at_size[key]

    def inside(self, layer, shape, margin=0):
        """The units of a layer that see the picture alone, and no padding: slices (rows, columns).

        shape: of the pictures, (…, H, W).
        margin: pixels at each side in which the middle of what a unit sees doesn't lie.
        Along an axis on which no unit is left, it is all of them.
        """
        places = []
        for axis, pixels in enumerate(shape[-2:]):
            place, field = slice(None), self.net.receptive_field(layer, axis)
            if field:
                # a unit k sees pixels from start + k·stride on; so far from both sides, at least
                size, stride, start = field
                least = max(0, margin - size // 2)
                first = ceil_div(least - start, stride)
                stop = (pixels - least - size - start) // stride + 1
                place = slice(first, stop) if stop > first else place
            places.append(place)
        return tuple(places)

    def pull(self, trace, signals, channels):
        """The gradient with respect to the pictures: floats (N, channels, H, W).

        trace: of `features`.
        signals: {layer: gradient with respect to its output}.
        channels: of the pictures, 1 or as many as the net takes.
        """
        checks.one_of("channels", channels, (1, len(self.mean)))
        net = self.net_for(trace["input"])
        dx = descend(net, trace, signals, slice(None), GRADIENT)
        dx /= self.scale.astype(dx.dtype)
        return dx if channels == dx.shape[1] else dx.sum(axis=1, keepdims=True)


def judge_of(net="squeezenet", layers=None, *, random=None):
    """A judge by what the command line calls its net.

    net: squeezenet or labnet-cifar10, which come along; a run's folder; an ONNX file.
    layers: names; if not given, the first ReLU.
    random: a seed, for random weights in place of the trained ones: a control.
    """
    run, _ = open_net(net)
    if random is not None:
        run.net.initialize(np.random.default_rng(random))
    if layers is None:
        layers = [name for name, layer in run.net.layers.items() if isinstance(layer, ReLU)][:1]
        if not layers:
            raise ValueError(f"{texts.short(Path(net).name)} has no ReLU to judge by: name layers; "
                             f"it has {', '.join(run.net.layers)}")
    return Judge(run, layers)
