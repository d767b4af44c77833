"""The commands `numpyzf style train` and `apply`: a network for one style."""
from ... import data, plots, texts
from ...data.image import load_image
from ...files import to_write
from ...progress import show_progress
from ...terminal import at_least, say
from .. import learn, pictures
from . import train
from .command import PICTURE, add_plan, changed, of_plan

MOST_PIXELS = 50_000_000        # of a picture that is painted: they take 18 GB of memory


def add_train(parser):
    """Add what `train` takes to an argparse parser."""
    plan = train.Plan()
    parser.add_argument("style", metavar="STYLE",
                        help=f"whose style is learned: {PICTURE}")
    parser.add_argument("photos", metavar="PHOTOS",
                        help="a folder of photographs to learn from, some hundreds of any content")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the network goes")
    parser.add_argument("--style-size", type=at_least(1), default=192,
                        help="shorter side in pixels that STYLE gets: strokes become as large as "
                             "they are then")
    parser.add_argument("--size", type=at_least(1), default=192,
                        help="side in pixels of the squares that the photographs become")
    add_plan(parser, plan)
    for name, text in (("maps", "maps of the first convolution; the later ones have 2 and 4 times "
                                "as many"),
                       ("steps", "steps in all"), ("batch", "patches per step"),
                       ("patch", "side of a patch in pixels, a multiple of 4, 8 at least")):
        parser.add_argument(f"--{name}", type=at_least(1), default=getattr(plan, name), help=text)
    parser.add_argument("--rate", type=float, default=plan.rate,
                        help="learning rate at the start; it falls to zero")
    parser.add_argument("--seed", type=at_least(0), default=plan.seed, help="of everything random")


def run_train(options):
    """Train a network, or go on with it; ValueError or OSError if that can't be."""
    given = of_plan(options)
    others = {name: getattr(options, name) for name in train.Plan._fields if name not in given}
    plan = train.Plan(**given, **others)
    train.check(plan, options.out)
    style = with_shorter_side(load_image(data.photograph(options.style)), options.style_size)
    images = data.photographs(options.photos, options.size)
    state = train.train(options.out, style, images, plan, report=say, progress=show_progress)
    if "missing" in state.history[-1]:
        say("On photographs that it didn't learn from, the style loss "
            f"{changed(state.history[-1]['missing'])}")
    say(f"Try it: numpyzf style apply {options.out} PICTURE")


def add_apply(parser):
    """Add what `apply` takes to an argparse parser."""
    parser.add_argument("net", metavar="NET", help="the folder of a training, or its file")
    parser.add_argument("picture", metavar="PICTURE", help=PICTURE)
    parser.add_argument("--size", type=at_least(1),
                        help="shorter side in pixels that PICTURE gets before; strokes stay as "
                             "large as they were learned, and each pixel takes 360 bytes of "
                             "memory, so that 12 megapixels take 4 GB")
    parser.add_argument("--out", metavar="FILE",
                        help="the result; PICTURE-NET.png in this folder if not given")


def run_apply(options):
    """Paint one picture; ValueError or OSError if that can't be."""
    state = learn.load(options.net, train.build)
    source = data.photograph(options.picture)
    path = to_write("--out", options.out or texts.file_name(
        source.stem, learn.name_of(options.net)), "the picture")
    plots.check_pixels_path(path)
    picture = load_image(source)
    if options.size:
        picture = with_shorter_side(picture, options.size)
    _, H, W = picture.shape
    if H * W > MOST_PIXELS:
        raise ValueError(f"{source} has {W:,}×{H:,} pixels, more than {MOST_PIXELS:,}: give a "
                         "--size")
    plots.check_pixels_path(path, max(H, W))
    plots.save_pixels(train.paint(state.net, picture), path)
    say(f"Look at it: {path.resolve()}")


def with_shorter_side(picture, size):
    """A picture made larger or smaller, until its shorter side has `size` pixels.

    picture: uint8 (C, H, W). Returns uint8 (C, height, width). Raises ValueError for a size that
    would take more than MOST_PIXELS.
    """
    height, width = (max(1, round(n * size / min(picture.shape[1:]))) for n in picture.shape[1:])
    if height * width > MOST_PIXELS:
        raise ValueError(f"with a shorter side of {size:,} pixels the picture would have "
                         f"{width:,}×{height:,}, more than {MOST_PIXELS:,}: take a smaller size")
    return pictures.to_bytes(pictures.resize(pictures.from_bytes(picture), height, width))
