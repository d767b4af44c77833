"""The command `numpyzf style transfer`; network_command.py has `train` and `apply`."""
from ... import data, plots, texts
from ...data.image import load_image
from ...files import to_write
from ...progress import show_progress
from ...terminal import at_least, say, words
from . import measure, objective

PICTURE = f"an image file, or one that comes along: {', '.join(data.examples())}"
SIZE = 256      # side in pixels of the middle square of a picture, where none is given


def add_transfer(parser):
    """Add what `transfer` takes to an argparse parser."""
    parser.add_argument("content", metavar="CONTENT", help=f"what to paint: {PICTURE}")
    parser.add_argument("style", metavar="STYLE", help="how to paint it: another one")
    add_plan(parser, objective.Plan())
    parser.add_argument("--size", type=at_least(1), default=SIZE,
                        help="side in pixels that the middle squares of both become")
    parser.add_argument("--steps", type=at_least(1), default=240,
                        help="of the optimization, at most")
    parser.add_argument("--out", metavar="FILE",
                        help="the picture; CONTENT-as-STYLE.png in this folder if not given")


def add_plan(parser, plan):
    """Add what is made small: the fields of a plan, such as objective.Plan."""
    parser.add_argument("--judge", metavar="NET", default=plan.judge,
                        help="the net that sees content and style: a name, a run's folder or an "
                             "ONNX file")
    for name in ("content", "style"):
        parser.add_argument(f"--{name}-layers", metavar="L,L,…", type=words,
                            default=",".join(getattr(plan, f"{name}_layers")),
                            help=f"its layers that the {name} is compared at; those that stand "
                                 "here if none are given are SqueezeNet's")
        parser.add_argument(f"--{name}-weight", metavar="NUMBER", type=float,
                            default=getattr(plan, name),
                            help=f"of the {name} loss of each layer, relative to the picture's own "
                                 "features")
    parser.add_argument("--variation", metavar="NUMBER", type=float, default=plan.variation,
                        help="weight of what keeps neighboring pixels alike")


def of_plan(options):
    """The fields of objective.Plan that `add_plan` has read, {name: value}."""
    weights = {name: getattr(options, f"{name}_weight") for name in ("content", "style")}
    others = ("judge", "content_layers", "style_layers", "variation")
    return weights | {name: getattr(options, name) for name in others}


def run_transfer(options):
    """Paint one picture in the style of another; ValueError or OSError if that can't be."""
    plan = objective.Plan(**of_plan(options))
    source, other = data.photograph(options.content), data.photograph(options.style)
    path = to_write("--out", options.out or texts.file_name(source.stem, "as", other.stem),
                    "the picture")
    plots.check_pixels_path(path)
    content, style = (load_image(file, options.size) for file in (source, other))
    made = measure.transfer(
        objective.Objective(plan, style), content, steps=options.steps,
        progress=lambda step, value: show_progress(
            f"step {step}/{options.steps}  loss {value:.4g}"))
    show_progress("")
    print(table(plan, made))
    plots.save_pixels(made.picture, path)
    say(f"Look at it: {path.resolve()}")
    if made.trouble:
        raise ValueError(f"{made.trouble}. The picture is from before; try a smaller "
                         "--style-weight or --variation")


def table(plan, made):
    """A Transfer's terms as lines of text: without their weights, and what they are with them."""
    rows = [("term", "weight", "at the start", f"after {made.steps} steps", "weighted")]
    rows += [(name, f"{getattr(plan, name):g}", f"{made.first[name]:.4f}", f"{value:.4f}",
              f"{getattr(plan, name) * value:.4f}") for name, value in made.last.items()]
    return (f"{texts.table(rows, left=1)}\nThe style loss "
            f"{changed(made.last['style'] / made.first['style'])}.")


def changed(share):
    """What a loss did that has become this share of itself, in words."""
    return f"fell by {1 - share:.1%}" if share <= 1 else f"rose by {share - 1:.1%}"
