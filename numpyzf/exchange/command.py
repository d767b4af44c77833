"""The command `numpyzf onnx check`: a model file's layers, or all that keeps it from being read."""
from .. import texts
from . import read
from .operators import OPERATORS


def add_arguments(parser):
    """Add what the command takes to an argparse parser."""
    parser.add_argument("model", metavar="MODEL", help="an ONNX file")
    parser.add_argument("--size", metavar="N", type=int,
                        help="side of the images, where the file leaves it open")
    parser.add_argument("--output", metavar="NAME",
                        help="the value to end at, to look at a part of the net; the file's output "
                             "if not given")
    parser.add_argument("--fold", action="store_true",
                        help="put each batch normalization into the convolution before it")


def run(options):
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
    print("It can be read. It doesn't say how an image becomes its input (mean, scale, order of "
          "channels), nor what the classes are called.")
