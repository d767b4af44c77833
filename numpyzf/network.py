"""Network, an ordered list of named layers, and Trace, what one forward pass through it leaves behind."""
import copy

import numpy as np

from .functional import check_array
from .geometry import IDENTITY, below, see_through
from .layers import Conv, MaxPool, ReLU


class Trace:
    """All that came out of one forward pass: trace["conv5"] is that layer's output, trace["input"] the input.

    `trace.scores` is the last output. `trace.saved[name]` is what that layer's backward and project need. A pass made for
    training keeps only this and the scores. The parameters and the input are the network's and the caller's own arrays, not
    copies: after a training step, go up again before going down.
    """

    def __init__(self, x):
        self.outputs, self.saved, self.scores, self.images = {"input": x}, {}, x, len(x)

    def __getitem__(self, name):
        if name in self.outputs:
            return self.outputs[name]
        if name in self.saved:
            raise KeyError(f"a training pass doesn't keep the output of {name!r}; look inside with net.forward(x)")
        raise KeyError(f"no layer {name!r} in this pass; it went through: {', '.join(self.saved)}")


class Network:
    """An ordered list of named layers over an input of one shape.

    layers: [(name, layer), …], input_shape: (C, H, W). `net.shapes[name]` is each output's shape, without the batch.
    Two passes through one network never disturb each other, even in two threads: all that a pass makes is in its Trace.
    Raises ValueError where two names are equal or a layer doesn't fit what comes before it.
    """

    def __init__(self, layers, input_shape):
        self.layers, self.input_shape = dict(layers), tuple(input_shape)
        if len(self.layers) != len(layers) or "input" in self.layers:
            raise ValueError(f"layer names must differ, and from 'input': {[name for name, _ in layers]}")
        self.shapes = {"input": self.input_shape}
        shape = self.input_shape
        for name, layer in self.layers.items():
            try:
                shape = self.shapes[name] = layer.output_shape(shape)
            except ValueError as error:
                raise ValueError(f"layer {name}: {error}") from None

    # ---- parameters ----

    @property
    def parameters(self):
        """{"conv1.w": array, "conv1.b": array, …}: the arrays themselves, not copies."""
        return {f"{name}.{key}": value for name, layer in self.layers.items() for key, value in layer.params.items()}

    @property
    def dtype(self):
        """The dtype of the parameters: float32 unless made by astype."""
        return next((value.dtype for value in self.parameters.values()), np.dtype(np.float32))

    def astype(self, dtype):
        """A copy of this network whose parameters have another dtype; float64 is for gradient checks."""
        net = copy.deepcopy(self)
        for layer in net.layers.values():
            layer.params = {key: value.astype(dtype) for key, value in layer.params.items()}
        return net

    def load_parameters(self, parameters):
        """Copy values in from a dictionary like `parameters`.

        Raises ValueError or TypeError, and changes nothing, if a name or shape differs or a value isn't a finite float.
        """
        own = self.parameters
        for name in own | parameters:
            shapes = [np.shape(p[name]) if name in p else "absent" for p in (own, parameters)]
            if shapes[0] != shapes[1]:
                raise ValueError(f"another architecture: parameter {name} is {shapes[0]} in this network, {shapes[1]} in what is loaded")
            value = check_array(f"parameter {name}", parameters[name], own[name].ndim)
            if not (np.abs(value) <= np.finfo(own[name].dtype).max).all():
                raise ValueError(f"parameter {name} holds NaN or infinite values")
        for name, value in parameters.items():
            own[name][...] = value

    def initialize(self, rng, scheme="he"):
        """Draw all weights anew, set biases to zero; returns the network.

        scheme: "paper", a Gaussian of standard deviation 1e-2 for all, which is known to stall deep nets; or "he", variance
        2 / inputs of a unit (He et al. 2015), but for the first layer, which starts at 1e-2 as in the paper: its filters then
        grow out of what they see, while at He's size the noise they start from is still there after a short training.
        rng is a numpy.random.Generator.
        """
        if scheme not in ("he", "paper"):
            raise ValueError(f"scheme must be 'he' or 'paper', not {scheme!r}")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), not {rng!r}")
        weights = [value for name, value in self.parameters.items() if name.endswith(".w")]
        for name, value in self.parameters.items():
            if name.endswith(".b"):
                value[...] = 0
            else:
                deviation = 1e-2 if scheme == "paper" or value is weights[0] else np.sqrt(2 / value[0].size)
                value[...] = rng.standard_normal(value.shape, np.float32) * deviation
        return self

    @property
    def convolutions(self):
        """The names of the convolutions, from the pixels up."""
        return [name for name, layer in self.layers.items() if isinstance(layer, Conv)]

    # ---- the passes ----

    def forward(self, x, *, train=False, rng=None, until=None):
        """Run x (N, C, H, W) up, through layer `until` or all of them; returns the Trace.

        train=True: dropout drops (needs rng), only what backward needs is kept, and a ReLU in front of a max pool comes after
        it: the maximum of what was rectified is what is rectified of the maximum, and there is a quarter of it.
        Raises TypeError or ValueError for an input of another dtype or shape, or with a value that isn't finite.
        """
        x = self._check_input(x)
        self._check_name(until)
        trace = Trace(x)
        for name in self._training_order() if train and until is None else self.layers:
            x, trace.saved[name] = self.layers[name].forward(x, train=train, rng=rng)
            if not train:
                trace.outputs[name] = x
            if name == until:
                break
        trace.scores = x
        return trace

    def _training_order(self):
        names = list(self.layers)
        for i, pair in enumerate(zip(names, names[1:])):
            if [type(self.layers[name]) for name in pair] == [ReLU, MaxPool]:
                names[i:i + 2] = reversed(pair)
        return names

    def outputs(self, x, layers, *, batch=128):
        """The outputs of some layers for any number of images: {layer: (N, …)}, `batch` images at a time.

        x: (N, C, H, W), or anything that has a length and gives such an array for a slice, see training.Prepared.
        """
        for name in layers:
            self._check_name(name)
        last, parts = max(layers, key=list(self.layers).index), {name: [] for name in layers}
        for n in range(0, max(len(x), 1), batch):
            trace = self.forward(x[n:n + batch], until=last)
            for name in layers:
                parts[name].append(trace[name])
            del trace       # or two would be held while the next one is made
        return {name: np.concatenate(arrays) for name, arrays in parts.items()}

    def predict(self, x, *, batch=128):
        """The scores (N, classes) of any number of images: the last layer's `outputs`."""
        last = list(self.layers)[-1]
        return self.outputs(x, [last], batch=batch)[last]

    def backward(self, trace, dy, *, layer=None, wrt_input=False):
        """Gradients of Σ dy·output under the parameters' names, "conv1.w" …; dy has the shape of the output.

        layer: whose output dy belongs to; the last layer of the trace by default. wrt_input=True adds the gradient with
        respect to the input, under "input"; without it the first layer's is not computed.
        """
        self._check_name(layer)
        names = list(trace.saved)
        if layer is not None:
            if layer not in names:
                raise ValueError(f"this pass didn't reach {layer}; it went through: {', '.join(names)}")
            if names != list(self.layers)[:len(names)]:
                raise ValueError(f"a training pass went through its layers in another order, see forward; go up to {layer} by "
                                 f"net.forward(x, train=True, rng=rng, until={layer!r})")
            names = names[:names.index(layer) + 1]
        expected = (trace.images, *self.shapes[names[-1]])
        if np.shape(dy) != expected:
            raise ValueError(f"dy has shape {np.shape(dy)}, but the output of {names[-1]} has {expected}")
        grads = {}
        for name in reversed(names):
            dy, own = self.layers[name].backward(dy, trace.saved[name], need_dx=wrt_input or name != names[0])
            grads.update({f"{name}.{key}": value for key, value in own.items()})
        if wrt_input:
            grads["input"] = dy
        return grads

    # ---- geometry ----

    def receptive_field(self, name):
        """The ReceptiveField of a unit of layer `name` in pixels; None where every unit sees the whole image."""
        self._check_name(name)
        field = IDENTITY
        for key, layer in self.layers.items():
            if layer.window is None:
                return None
            field = see_through(field, layer.window)
            if key == name:
                return field

    def cone(self, name, row, column):
        """The pixels that unit (row, column) of layer `name` can see: two slices (rows, columns), cut at the image's edges."""
        if self.receptive_field(name) is None:
            return tuple(slice(0, n) for n in self.input_shape[1:])
        if not all(0 <= place < count for place, count in zip((row, column), self.shapes[name][1:])):
            raise ValueError(f"unit ({row}, {column}) is outside of {name}, whose maps are {self.shapes[name][1]}×{self.shapes[name][2]}")
        names = list(self.layers)[:list(self.layers).index(name) + 1]
        sides = []
        for axis, place in ((1, row), (2, column)):
            interval = (place, place + 1)
            for key, before in zip(names[::-1], ["input", *names][-2::-1]):
                interval = below(interval, self.layers[key].window, self.shapes[before][axis])
            sides.append(slice(*interval))
        return tuple(sides)

    # ---- checks and the table ----

    def _check_name(self, name):
        if name is not None and name not in self.layers:
            raise ValueError(f"no layer {name!r}; the layers are: {', '.join(self.layers)}")

    def _check_input(self, x):
        x = check_array("x", x, "NCHW")
        if x.dtype != self.dtype:
            raise TypeError(f"x is {x.dtype}, this network {self.dtype}; convert it with x.astype(np.{self.dtype})")
        if x.shape[1:] != self.input_shape:
            raise ValueError(f"x has shape {x.shape}, this network takes (N, {', '.join(map(str, self.input_shape))})")
        if not np.isfinite(x).all():
            n = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))[0])
            raise ValueError(f"image {n} of x holds NaN or infinite values")
        return x

    def __repr__(self):
        def by(shape):
            return "×".join(map(str, shape))
        rows = [("layer", "operation", "output", "receptive field", "parameters"), ("input", "", by(self.input_shape), "", "")]
        for name, layer in self.layers.items():
            field = self.receptive_field(name)
            count = sum(value.size for value in layer.params.values())
            rows.append((name, repr(layer), by(self.shapes[name]), f"{field.size}/{field.stride}" if field else "all",
                         f"{count:,}" if count else ""))
        total = sum(value.size for value in self.parameters.values())
        rows.append(("", "", "", "", f"{total:,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join("  ".join([*(f"{cell:<{w}}" for cell, w in zip(row[:4], widths)), f"{row[4]:>{widths[4]}}"]).rstrip()
                         for row in rows)
