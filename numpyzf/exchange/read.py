"""Networks in: an ONNX file as a Network."""
import math
import re
from collections import Counter
from numbers import Integral
from typing import NamedTuple

from .. import checks, texts
from ..general.fold import fold_batch_norm
from ..network import Network
from . import fold
from .call import Call, NotKnown, Output, Unsupported
from .graph import read_model
from .messages import BFLOAT16, DOUBLE, FLOAT, FLOAT16
from .operators import OPERATORS, WORDS

# Bytes of arrays that a net may have: those of its file some times, or this many, since files may
# declare weights that they don't hold (ConstantOfShape), as ONNX's own small test nets do.
TIMES, SMALL = 4, 1 << 30
MOST_SIDE, MOST_NUMBERS = 1 << 14, 1 << 31      # of an image; of what a layer makes of one
QUANTIZED = ("QLinear", "Quantize", "Dequantize", "DynamicQuantize", "ConvInteger", "MatMulInteger")
MOST_PATH = 300         # letters of a longer name aren't looked at, all names stay as they are
BRANCHING = ("If", "Loop", "Scan")
# These make what has the shape of what they take.
ALIKE = ("Mul", "Div", "HardSwish", "HardSigmoid", "Elu", "Celu", "Selu", "Gelu", "Mish", "Swish",
         "PRelu", "Softplus", "Softsign", "Tanh", "Erf", "Exp", "Sqrt", "Abs", "Neg", "LogSoftmax",
         "Hardmax", "InstanceNormalization", "GroupNormalization", "LayerNormalization")


class Problem(NamedTuple):
    """A node that can't be read, why, and a way out, which may be empty."""
    node: object
    what: str
    way_out: str


class Reading(NamedTuple):
    """What came of a model file."""
    model: object
    layers: list        # (name, layer, inputs) each, as a Network takes them
    input_shape: tuple
    problems: list      # of Problem; the net is whole if there are none


def read_onnx(path, *, size=None, output=None, fold_norms=False):
    """Read a network from an ONNX file: any 2-D convnet for inference, of opset 1 to 26.

    path: the file. Weights in a file of their own are read if it lies in the same folder.
    size: side of the images, or (H, W), where the file leaves it open, or for other images.
    output: name of the value to end at; the file's output if not given. What isn't needed for it
    isn't read.
    fold_norms: put each batch normalization into the convolution before it.
    Returns a Network of float32 parameters which gives what the file says, a softmax at its end
    included. A layer has its node's name, without what repeats in it (see plain_names), or one such
    as "conv3" if it has none but a number.
    Raises ValueError, in one line that names the file: it is damaged, or has nodes that aren't
    supported: all of them, each with a way out. FileNotFoundError, or OSError.
    """
    reading = examine(path, size=size, output=output)
    return network(reading, path, fold_norms=fold_norms)


def network(reading, path, *, fold_norms=False):
    """The Network of a Reading. Arguments and errors as of read_onnx."""
    if reading.problems:
        count, whole = len(reading.problems), len(reading.model.nodes)
        raise ValueError(f"{path}: {count} of its {whole} nodes can't be read: "
                         f"{'; '.join(summary(reading.problems))}")
    try:
        net = Network(reading.layers, reading.input_shape)
        return fold_batch_norm(net) if fold_norms else net
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {texts.clean(error)}") from None


def examine(path, *, size=None, output=None):
    """Read as far as possible: a Reading, with all nodes that can't be read.

    Arguments and errors as of read_onnx.
    """
    path = checks.path("path", path)
    try:
        model = read_model(path)
        end = _end(model, output)
        builder = Builder(model, end, size)
        for node in model.nodes:
            if node.number in builder.needed:
                builder.read(node)
        return Reading(model, builder.finished(end), builder.input_shape, builder.problems)
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {path}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {texts.clean(error)}") from None


def summary(problems):
    """One line for all nodes with the same trouble."""
    same = {}
    for node, what, way_out in problems:
        same.setdefault((node.op, what, way_out), []).append(node)
    for (op, what, way_out), nodes in same.items():
        op = texts.short(op)
        names = ", ".join(str(node).removeprefix(f"{op} ") for node in nodes)
        yield f"{op} {names}: {what}" + (f" ({way_out})" if way_out else "")


def _end(model, output):
    """The name of the value that the net ends at."""
    made = {name for node in model.nodes for name in node.outputs}
    if output is None and len(model.outputs) != 1:
        raise ValueError(f"it has {len(model.outputs)} outputs; say which one by output=, of "
                         f"{texts.listed(model.outputs)}")
    end = model.outputs[0] if output is None else output
    if end not in made or end == "":
        raise ValueError(f"no node makes {end!r}; its last values are "
                         f"{texts.listed([name for n in model.nodes[-6:] for name in n.outputs])}")
    return end


class Builder:
    """What is known while the nodes are read, one after the other."""

    def __init__(self, model, end, size):
        self.model = model
        self.needed, self.readers = _needed(model, end)
        self.values = {}                    # {name: array, Output, or None: not known}
        self.layers, self.entries = {}, []  # {name: layer}; (name, layer, inputs)
        self.numbers = Counter()            # of layers whose nodes have no names
        self.without_bias = set()           # names of layers that an Add may give a bias
        self.uses = Counter()               # how often what a layer gives is read, by its name
        self.problems = []
        self.left = max(TIMES * model.nbytes, SMALL)
        value = self._image()
        self.input_shape = _input_shape(value, size)
        self.batch = value.shape[0]         # a number where the file freezes it
        self.values[value.name] = Output("input", self.input_shape)

    def _image(self):
        """The Value of the one input that the net computes from."""
        used = [value for value in self.model.inputs if value.name in self.readers]
        if len(used) != 1:
            names = texts.listed([value.name for value in used])
            raise ValueError(f"it takes {len(used)} inputs ({names}); numpyzf reads nets of one, "
                             "the images")
        if used[0].kind not in (FLOAT, FLOAT16, DOUBLE, BFLOAT16):
            raise ValueError(f"its input {used[0].name!r} is of type {used[0].kind}, no floats; "
                             "export the net without what it does to bytes")
        return used[0]

    def read(self, node):
        """Read one node: its outputs become values."""
        result = None
        try:
            result = self._result(node)
        except NotKnown:
            pass
        except (ValueError, TypeError, OverflowError) as error:
            self.problems.append(Problem(node, texts.clean(error), getattr(error, "way_out", "")))
            result = self._as_if(node, getattr(error, "shape", None))
        for name in node.outputs:
            if name:
                self.values[name] = result
                if isinstance(result, Output):
                    self.uses[result.layer] += self.readers[name]

    def _as_if(self, node, shape):
        """What a node that can't be read would make, as far as that is known, to look further."""
        taken = [self.values.get(name) for name in node.inputs]
        if shape is None and node.op in ALIKE and isinstance(next(iter(taken), None), Output):
            shape = max((x.shape for x in taken if isinstance(x, Output)), key=math.prod)
        return None if shape is None else Output("", tuple(shape))

    def _result(self, node):
        if node.domain:
            raise Unsupported(f"it is of the domain {texts.short(node.domain)}",
                              "export with ONNX's own operators")
        call = Call(node, self.values, self)
        if fold.constants_only(call):
            result = fold.fold(call)
        elif node.op in OPERATORS:
            result = OPERATORS[node.op](call)
        else:
            raise _unknown(node)
        if call.unasked():
            raise Unsupported(call.unasked())
        if any(name in self.readers for name in node.outputs[1:]):
            raise Unsupported("more than the first of its outputs is used")
        return result

    def add(self, node, layer, inputs, part):
        """Put a layer into the net. Returns its Output."""
        shape = tuple(layer.output_shape(*(x.shape for x in inputs)))
        if math.prod(shape) > MOST_NUMBERS:
            raise ValueError(f"it makes {math.prod(shape):,} numbers of one image")
        name = self._name(node, part)
        self.layers[name] = layer
        self.entries.append((name, layer, tuple(x.layer for x in inputs)))
        return Output(name, shape)

    def _name(self, node, part):
        """A name that no layer has."""
        base = texts.clean(node.name).strip("/ ")
        if re.fullmatch(r"n?[0-9]*(_[0-9]+)?", base):       # "", or "n12", which says nothing
            word = WORDS.get(node.op, node.op.lower())
            self.numbers[word] += 1
            base = f"{word}{self.numbers[word]}"
        base += f".{part}" if part else ""
        name, number = base, 1
        while name in self.layers or name == "input":
            number += 1
            name = f"{base}_{number}"
        return name

    def room(self, shapes):
        """Count arrays of float32 that are about to be made."""
        for shape in shapes:
            self.left -= 4 * math.prod(shape)
        if self.left < 0:
            raise ValueError("it needs more memory than a model file of "
                             f"{self.model.nbytes:,} bytes should")

    def finished(self, end):
        """The layers, if the net is whole."""
        if not self.problems and not self.entries:
            raise ValueError("it has no layers")
        plain = plain_names([name for name, _, _ in self.entries])
        return [(plain[name], layer, tuple(plain.get(below, below) for below in inputs))
                for name, layer, inputs in self.entries]


def plain_names(names):
    """Shorter names for layers whose names are paths: {name: shorter}.

    PyTorch's older exporter writes where a node stands, which says much twice. A part is left out
    that the next one begins with, and the operator where a module has no other layer.

    >>> [*plain_names(["body/body.0/Conv", "body/body.1/one/Conv", "body/body.1/Add"]).values()]
    ['body.0', 'body.1/one', 'body.1/Add']
    """
    if max(map(len, names), default=0) > MOST_PATH:
        return dict(zip(names, names))
    parts, shorter = {name: name.split("/") for name in names}, {}
    within = Counter("/".join(own[:end]) for own in parts.values() for end in range(1, len(own)))
    for name, own in parts.items():
        alone = len(own) > 1 and within["/".join(own[:-1])] == 1
        kept = own[:-1] if alone else own
        shorter[name] = "/".join(part for part, after in zip(kept, [*kept[1:], ""])
                                 if not after.startswith(f"{part}."))
    differ = len({*shorter.values(), "", "input"}) == len(names) + 2
    return shorter if differ else dict(zip(names, names))


def _needed(model, end):
    """Numbers of the nodes that `end` is made from, and how often each value is read, by name."""
    makers, given = {}, {*model.tensors, *(value.name for value in model.inputs)}
    for node in model.nodes:
        for name in filter(None, node.outputs):
            if name in makers or name in given:
                raise ValueError(f"{node} makes {texts.short(name)!r}, which is there already")
            makers[name] = node
    needed, readers, open_ = set(), Counter({end: 1}), [end]
    while open_:
        node = makers.get(open_.pop())
        if node is not None and node.number not in needed:
            needed.add(node.number)
            readers.update(name for name in node.inputs if name)
            open_ += node.inputs
    return needed, readers


def _input_shape(value, size):
    """(C, H, W) of the images."""
    if len(value.shape) != 4:
        raise ValueError(f"its input {value.name!r} has shape {value.shape}; numpyzf reads nets of "
                         "images (N, C, H, W)")
    shape = value.shape[1:]
    if size is not None:
        sides = (size, size) if isinstance(size, Integral) else size
        shape[1:] = [checks.integer("size", n, 1) for n in sides]
    if len(shape) != 3 or not all(isinstance(n, int) and 0 < n <= MOST_SIDE for n in shape):
        raise ValueError(f"its input {value.name!r} has shape {value.shape}: images need three "
                         f"numbers of 1 to {MOST_SIDE:,}; say the side of the images, size=224")
    return tuple(shape)


def _unknown(node):
    """The error of an operator that isn't read."""
    if node.op.startswith(QUANTIZED):
        return Unsupported("it computes with integers of 8 bits",
                           "export the net as it was before it was quantized")
    if node.op in BRANCHING:
        return Unsupported("it is a graph in the graph", "export the net with fixed shapes")
    if node.op in fold.FOLDS:
        return Unsupported("it works on what the net computes; read here is that with constants")
    return Unsupported("numpyzf has no such operator", "replace it before you export, or end below "
                       "it, with output=")
