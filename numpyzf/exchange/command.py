"""The commands `numpyzf onnx check`, what is in a model file, and `numpyzf onnx export`."""
from pathlib import Path

from .. import texts
from ..terminal import say
from . import read
from .model import export, open_net, place_of
from .operators import OPERATORS


def add_check(parser):
    """Add what `check` takes to an argparse parser."""
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("--size", metavar="N", type=int,
                        help="side of the images, where the file leaves it open")
    parser.add_argument("--output", metavar="NAME",
                        help="the value to end at, to look at a part of the net; the file's output "
                             "if not given")
    parser.add_argument("--fold", action="store_true",
                        help="put each batch normalization into the convolution before it")


def run_check(options):
    """Print the layers of the net, or all nodes that can't be read; for these also ValueError."""
    reading = read.examine(options.model, size=options.size, output=options.output)
    model = reading.model
    producer = f", written by {texts.short(model.producer)}" if model.producer else ""
    print(f"{texts.clean(options.model)}: ONNX of IR version {model.ir}, operators of version "
          f"{model.opset}{producer}; {len(model.nodes):,} nodes")
    if reading.problems:
        for line in read.summary(reading.problems):
            print(f"  {line}")
        print(f"Operators that are read: {', '.join(sorted(OPERATORS))}; and what computes "
              "constants.")
        count = len(reading.problems)
        ending = "s" if count > 1 else ""
        raise ValueError(f"{options.model}: {count} node{ending}, listed above, can't be read")
    net = read.network(reading, options.model, fold_norms=options.fold)
    print(net)
    beside = Path(options.model).with_suffix(".json")
    known = f"; {beside.name} beside it may" if beside.exists() else ""
    print("It can be read. It doesn't say how an image becomes its input (mean, scale, order of "
          f"channels), nor what the classes are called{known}.")


def add_export(parser):
    """Add what `export` takes to an argparse parser."""
    parser.add_argument("run", metavar="RUN", help="folder of a trained net")
    parser.add_argument("--out", metavar="FILE",
                        help="the ONNX file; RUN/NAME.onnx if not given, where NAME is RUN's")


def run_export(options):
    """Write the two files, and say what is in them; ValueError or OSError if that can't be."""
    run, name = open_net(options.run)
    path = Path(options.out or place_of(options.run) / texts.file_name(name, ending=".onnx"))
    about = export(run, path)
    shape, last = "×".join(map(str, run.net.input_shape)), [*run.net.layers][-1]
    say(f"{path}: takes images N×{shape} as input, gives N×{len(run.classes)} scores as {last}")
    say(f"{about}: how an image becomes an input, and the names of the classes")
