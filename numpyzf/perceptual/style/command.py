"""The commands `numpyzf style transfer`, `train` and `apply`."""
from pathlib import Path

from ... import data, plots, runs, texts
from ...data.image import load_image
from ...terminal import at_least, picture, say
from .. import learn
from ..superres.train import read
from . import measure, objective, train

PICTURE = f"an image file, or one that comes along: {', '.join(data.examples())}"
SIZE = 256      # side in pixels of the middle square of a picture, where none is given


def add_transfer(parser):
    """Add what `transfer` takes to an argparse parser."""
    parser.add_argument("content", metavar="CONTENT", help=f"what to paint: {PICTURE}")
    parser.add_argument("style", metavar="STYLE", help="how to paint it: another one")
    add_terms(parser, objective.Plan())
    parser.add_argument("--size", type=at_least(1), default=SIZE,
                        help="side in pixels that the middle squares of both become")
    parser.add_argument("--steps", type=at_least(1), default=240,
                        help="of the optimization, at most")
    parser.add_argument("--out", metavar="FILE",
                        help="the picture; CONTENT-as-STYLE.png in this folder if not given")


def add_terms(parser, plan):
    """Add the judge, its layers and the weights, with a plan's as they are if not given."""
    def names(text):
        return tuple(text.split(","))
    parser.add_argument("--judge", metavar="NET", default=plan.judge,
                        help="the net that sees content and style: a name, a run's folder or an "
                             "ONNX file")
    for name, what in (("content", "content"), ("style", "style")):
        parser.add_argument(f"--{name}-layers", metavar="L,L,…", type=names,
                            default=",".join(getattr(plan, f"{name}_layers")),
                            help=f"its layers that the {what} is compared at")
        parser.add_argument(f"--{name}-weight", metavar="NUMBER", type=float, default=getattr(plan, name),
                            help=f"of the {what} loss of each layer, relative to the picture's own "
                                 "features")
    parser.add_argument("--variation", metavar="NUMBER", type=float, default=plan.variation,
                        help="weight of what keeps neighboring pixels alike")


def run_transfer(options):
    """Paint one picture in the style of another; ValueError or OSError if that can't be."""
    plan = plan_of(objective.Plan, options)
    source, other = data.photograph(options.content), data.photograph(options.style)
    path = picture(options.out or texts.file_name(source.stem, "as", other.stem))
    content, style = (load_image(file, options.size) for file in (source, other))
    made = measure.transfer(
        objective.Objective(plan, style), content, steps=options.steps,
        progress=lambda step, value: runs.show_progress(
            f"step {step}/{options.steps}  loss {value:.4g}"))
    runs.show_progress("")
    print(table(plan, made))
    plots.save_pixels(made.picture, path)
    say(f"Look at it: {Path(path).resolve()}")
    if made.trouble:
        raise ValueError(f"{made.trouble}. The picture is from before; try a smaller "
                         "--style-weight or --variation")


def plan_of(kind, options):
    """A Plan of this kind, by what the command line says."""
    given = {"content": options.content_weight, "style": options.style_weight}
    return kind(**{name: given.get(name, getattr(options, name, None)) for name in kind._fields})


def table(plan, made):
    """A Transfer's terms as lines of text: without their weights, and what they are with them."""
    rows = [("term", "weight", "at the start", f"after {made.steps} steps", "weighted")]
    rows += [(name, f"{getattr(plan, name):g}", f"{made.first[name]:.4f}", f"{value:.4f}",
              f"{getattr(plan, name) * value:.4f}") for name, value in made.last.items()]
    fallen = 1 - made.last["style"] / made.first["style"]
    return f"{texts.table(rows, left=1)}\nThe style loss fell by {fallen:.1%}."


def add_train(parser):
    """Add what `train` takes to an argparse parser."""
    plan = train.Plan()
    parser.add_argument("picture", metavar="STYLE", help=f"the style's picture: {PICTURE}")
    parser.add_argument("photos", metavar="PHOTOS",
                        help="what to learn on: a folder of photographs, or the name of a data set "
                             "of color images")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the network goes")
    add_terms(parser, plan)
    for name, text in (("maps", "maps of its first layer"), ("steps", "steps in all"),
                       ("batch", "patches per step"), ("patch", "side of a patch in pixels")):
        parser.add_argument(f"--{name}", type=at_least(1), default=getattr(plan, name), help=text)
    parser.add_argument("--rate", type=float, default=plan.rate,
                        help="learning rate at the start; it falls to zero")
    parser.add_argument("--size", type=at_least(1), default=SIZE,
                        help="side in pixels of the squares that all pictures become")
    parser.add_argument("--seed", type=at_least(0), default=plan.seed, help="of everything random")


def run_train(options):
    """Train a network for one style, or go on with it; ValueError or OSError if that can't be."""
    plan = plan_of(train.Plan, options)
    train.check(plan)
    style = load_image(data.photograph(options.picture), options.size)
    images = read(options.photos, size=options.size)
    train.train(options.out, style, images, plan, report=say, progress=runs.show_progress)
    say(f"Try it: numpyzf style apply {options.out} PICTURE")


def add_apply(parser):
    """Add what `apply` takes to an argparse parser."""
    parser.add_argument("net", metavar="NET", help="the folder of a training, or its file")
    parser.add_argument("picture", metavar="PICTURE", help=PICTURE)
    parser.add_argument("--out", metavar="FILE",
                        help="the picture; PICTURE-as-NET.png in this folder if not given")


def run_apply(options):
    """Give one picture a network's style; ValueError or OSError if that can't be."""
    source, net = data.photograph(options.picture), Path(options.net)
    path = picture(options.out or texts.file_name(source.stem, "as", net.resolve().stem))
    state = learn.load(net, train.build)
    plots.save_pixels(train.apply(state.net, load_image(source)), path)
    say(f"Look at it: {Path(path).resolve()}")
