"""Network, an ordered list of named layers, and Trace, what one forward pass leaves behind."""
import copy
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from . import checks, fields, kernels, texts
from .layers import Conv, MaxPool, ReLU


@dataclass(eq=False, repr=False)
class Trace:
    """All that came out of one forward pass: trace["conv5"] is that layer's output.

    Parameters and input aren't copied: after a training step, call `forward` again. A training pass
    through all layers keeps what `Network.backward` needs; asked for more, it goes up once more.
    """
    outputs: dict           # {"input": x, "conv1": y, …}
    saved: dict             # {"conv1": ConvSaved, "relu1": mask, "pool1": Switches …}
    scores: np.ndarray      # the last output
    names: list             # of the layers that the pass went through
    layers: dict            # {"conv1": Conv …}: the network's
    lean: tuple = None      # of a training pass: its layers, ReLU and pool merged; inputs; saved
    again: object = None    # of a training pass: makes the same Trace with everything in it,
    rng: object = None      # with the generator as it was before

    def __getitem__(self, name):
        if name not in self.outputs and name in self.names:
            self.complete()
        if name not in self.outputs:
            names = ", ".join(self.names)
            raise KeyError(f"no layer {name!r} in this pass; it went through: {names}")
        return self.outputs[name]

    def __len__(self):
        return len(self.outputs["input"])

    def __repr__(self):
        names = ", ".join(["input", *self.names])
        count = f"{len(self)} image" if len(self) == 1 else f"{len(self)} images"
        return f"Trace of {count}: {names}; trace[name] is that layer's output"

    def complete(self):
        """Make what a training pass left out; ValueError if the parameters have changed since."""
        again = self.again
        if again:
            whole = again(rng=copy.deepcopy(self.rng))
            if not np.array_equal(whole.scores, self.scores, equal_nan=True):
                raise ValueError("the parameters or the input have changed since this training "
                                 "pass: go up again")
            self.outputs, self.saved, self.again = whole.outputs, whole.saved, None


class Network:
    """An ordered list of named layers over an input of one shape.

    layers: [(name, layer), …]: each takes the output before it. (name, layer, inputs) takes the
    named ones, one name or a tuple. ValueError where a layer doesn't fit what it takes.
    input_shape: (C, H, W). `net.shapes[name]` is each output's shape, without the batch.

    Two passes through one network never disturb each other, even in two threads: all that a pass
    makes is in its Trace.
    """

    def __init__(self, layers, input_shape):
        self.layers, self.inputs, self.input_shape = checks.network(layers, input_shape)
        self.shapes = {"input": self.input_shape}
        for name, layer in self.layers.items():
            try:
                shapes = [self.shapes[below] for below in self.inputs[name]]
                self.shapes[name] = tuple(layer.output_shape(*shapes))
            except (TypeError, ValueError) as error:
                raise checks.in_layer(name, error) from error

    # ---- parameters ----
    @property
    def parameters(self):
        """{"conv1.w": array, …}: the arrays themselves, which are changed in place only."""
        return MappingProxyType({f"{name}.{key}": value for name, layer in self.layers.items()
                                 for key, value in layer.params.items()})

    @property
    def dtype(self):
        """The dtype of the parameters: float32 unless made by astype."""
        return next((value.dtype for value in self.parameters.values()), np.dtype(np.float32))

    def astype(self, dtype):
        """A copy with parameters of another dtype, float32 or float64 (for gradient checks)."""
        net, dtype = copy.deepcopy(self), checks.working("dtype", dtype)
        for layer in net.layers.values():
            layer.params = {key: value.astype(dtype) for key, value in layer.params.items()}
        return net

    def load_parameters(self, parameters, layers=None):
        """Copy values in from a dictionary like `parameters`; all, or an error and none.

        layers: load only those of these layers, a list of names.
        """
        own = self.parameters
        for name in checks.parameters(own, parameters, layers):
            own[name][...] = parameters[name]

    def initialize(self, rng, initialization="he"):
        """Draw all weights anew from a numpy.random.Generator, set biases to zero; returns self.

        initialization: "paper", a Gaussian of deviation 1e-2 for all, which is known to stall
        deep nets; or "he", of variance 2 / inputs of a unit (He et al. 2015), but for the first
        layer. That starts at 1e-2 either way, so that its filters grow out of what they see: at
        He's size their first noise is still there after a short training.
        """
        checks.generator("rng", rng)
        checks.one_of("initialization", initialization, ("he", "paper"))
        first = True
        for name, value in self.parameters.items():
            if name.endswith(".b"):
                value[...] = 0
            elif name.endswith(".w"):
                small = first or initialization == "paper"
                deviation = 1e-2 if small else np.sqrt(2 / value[0].size)
                value[...] = rng.standard_normal(value.shape, np.float32) * deviation
                first = False
        return self

    # ---- the passes ----
    def forward(self, x, *, train=False, rng=None, until=None):
        """Run images up, to layer `until` (included) or through all; returns the Trace.

        x: (N, C, H, W), or one image (C, H, W), which becomes the only one of its batch. TypeError
        or ValueError for another dtype or shape, or a value that isn't finite.
        train: dropout drops, by rng, a numpy.random.Generator. See Trace for what is then kept.
        """
        x = checks.images(self, x)
        if until is not None and until not in self.layers:
            checks.layer(self, until)       # raises the error
        lean, rng_before = train and until is None, copy.deepcopy(rng)
        layers, inputs, last_use = self.layers, self.inputs, {}
        if lean:
            layers, inputs = rectified_pools(layers, inputs)
            last_use = {below: name for name in layers for below in inputs[name]}
        outputs, saved = {"input": x}, {}
        try:
            for name, layer in layers.items():
                taken = [outputs[below] for below in inputs[name]]
                y, saved[name] = layer.forward(*taken, train=train, rng=rng)
                if np.shape(y)[1:] != self.shapes[name]:
                    checks.promised(y, self.shapes[name])       # raises the error
                outputs[name] = y
                for below in inputs[name] if lean else ():
                    if last_use[below] == name:
                        outputs.pop(below, None)
                if name == until:
                    break
        except (TypeError, ValueError) as error:
            raise checks.in_layer(name, error) from error
        if not lean:
            return Trace(outputs, saved, y, [*saved], self.layers)
        again = partial(self.forward, x, train=True, until=name)
        unmerged = {key: saved[key] for key in layers if layers[key] is self.layers[key]}
        return Trace({"input": x}, unmerged, y, [*self.layers], self.layers,
                     (layers, inputs, saved), again, rng_before)

    def backward(self, trace, dy, *, layer=None, wrt_input=False):
        """The gradients of Σ dy·output: {"conv1.w": array, …}.

        dy: of the shape of an output.
        layer: whose output that is; the last layer of the trace by default.
        wrt_input: add the gradient with respect to the input, under "input".
        """
        if getattr(trace, "layers", None) is not self.layers:
            checks.same_layers(self, trace)
        top = trace.names[-1] if layer is None else checks.layer(self, layer)
        if top != trace.names[-1]:
            checks.reached(trace, top)
            trace.complete()
        layers, inputs, saved = self.layers, self.inputs, trace.saved
        if trace.again:
            layers, inputs, saved = trace.lean
        if np.shape(dy) != (len(trace.scores), *self.shapes[top]):
            checks.like_output(dy, trace, top)      # raises the error
        grads, down = {}, {top: dy}
        try:
            for name in reversed(layers):
                if name in down:                    # else `top` isn't made of it
                    taken, need_dx = inputs[name], wrt_input or inputs[name] != ("input",)
                    dx, own = layers[name].backward(down.pop(name), saved[name], need_dx=need_dx)
                    grads.update({f"{name}.{key}": value for key, value in own.items()})
                    for below, part in zip(taken, dx if len(taken) > 1 else [dx]):
                        if part is not None:        # what meets adds
                            down[below] = down[below] + part if below in down else part
        except (TypeError, ValueError) as error:
            raise checks.in_layer(name, error) from error
        if wrt_input:
            grads["input"] = down["input"]
        return grads

    def outputs(self, x, layers, *, batch=128):
        """The outputs of some layers for any number of images: {layer: (N, …)}.

        x: (N, C, H, W), or data.preprocess.Prepared. Results may share memory, with it or others.
        """
        parts = {name: [] for name in checks.layers(self, layers)}
        layers, inputs = rectified_pools(self.layers, self.inputs, keep=parts)
        names = [name for name in self.up_to(*parts) if name in layers]
        last_use = {below: name for name in names for below in inputs[name]}
        for n in range(0, max(len(x), 1), checks.integer("batch", batch, 1)):
            made = {"input": checks.images(self, x[n:n + batch])}
            try:
                for name in names:      # no Trace: what nobody asked for goes at once
                    taken = [made[below] for below in inputs[name]]
                    made[name], _ = layers[name].forward(*taken)
                    if name in parts:
                        parts[name].append(made[name])
                    for below in inputs[name]:
                        if last_use[below] == name:
                            made.pop(below, None)
            except (TypeError, ValueError) as error:
                raise checks.in_layer(name, error) from error
        return {name: np.concatenate(a) if len(a) > 1 else a[0] for name, a in parts.items()}

    def predict(self, x, *, batch=128):
        """The scores (N, classes) of any number of images: the last layer's `outputs`."""
        last = [*self.layers][-1]
        return self.outputs(x, [last], batch=batch)[last]

    # ---- geometry ----
    @property
    def convolutions(self):
        """The names of the convolutions, from the pixels up."""
        return [name for name, layer in self.layers.items() if isinstance(layer, Conv)]

    def up_to(self, *names):
        """The names of these layers, and of all that they are made of, from the pixels up."""
        return fields.up_to(self.inputs, [checks.layer(self, name) for name in names])

    def receptive_field(self, name, axis=0):
        """The ReceptiveField of a unit of layer `name`; None where it sees the whole image.

        axis: 0 down the rows, 1 along the columns: they differ where windows aren't square.
        """
        return fields.receptive_field(self, checks.layer(self, name), axis)

    def cone(self, name, row, column):
        """The pixels that a unit of layer `name` can see, as two slices: rows and columns."""
        return fields.cone(self, checks.layer(self, name), row, column)

    def __repr__(self):
        rows = [("layer", "operation", "output", "receptive field", "parameters"),
                ("input", "", "×".join(map(str, self.input_shape)), "", "")]
        for before, (name, layer) in zip(["input", *self.layers], self.layers.items()):
            field, inputs = self.receptive_field(name), self.inputs[name]
            taken = "" if inputs == (before,) else f" of {', '.join(inputs)}"
            seen = f"{field.size}/{field.stride}" if field else "all"
            count = sum(value.size for value in layer.params.values())
            shape = "×".join(map(str, self.shapes[name]))
            rows.append((name, f"{layer!r}{taken}", shape, seen, f"{count:,}" if count else ""))
        rows.append(("", "", "", "", f"{sum(w.size for w in self.parameters.values()):,}"))
        return texts.table(rows, left=4)


def rectified_pools(layers, inputs, keep=()):
    """Layers and inputs, but a ReLU not to `keep` and the one pool behind it are one, the pool."""
    found, taken = dict(layers), dict(inputs)
    uses = [*keep, *(below for names in inputs.values() for below in names)]
    for name, layer in layers.items():
        below = inputs[name][0]
        if type(layer) is MaxPool and type(layers.get(below)) is ReLU and uses.count(below) == 1:
            del found[below]
            found[name] = kernels.RectifiedPool(layer.window, layer.ceil)
            taken[name] = inputs[below]
    return found, taken
