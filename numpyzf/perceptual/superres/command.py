"""The commands `numpyzf superres train`, `apply`, `evaluate` and `page`."""
import json
from pathlib import Path

from ... import checks, data, plots, texts
from ...files import replacing, to_write
from ...progress import show_progress
from ...terminal import at_least, say, words
from .. import learn
from . import findings, measure, report, train
from .enlarge import COME_ALONG, open_enlarger

NETWORK = (f"{' or '.join(COME_ALONG)}, which come with numpyzf and enlarge 4 times; or the folder "
           "of a training")
MOST_PIXELS = 300_000_000       # of a picture that was made larger


def add_train(parser):
    """Add what `train` takes to an argparse parser."""
    plan = train.Plan()
    parser.add_argument("source", metavar="SOURCE",
                        help="what to learn from: a folder of photographs, or the name of a data "
                             "set")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the network goes")
    parser.add_argument("--scale", type=int, default=plan.scale,
                        help="how many times larger pictures become on each side")
    parser.add_argument("--loss", choices=train.LOSSES, default=plan.loss,
                        help="what is made small: the difference of pixels, or of what a trained "
                             "net sees")
    parser.add_argument("--power", type=int, choices=(1, 2), default=plan.power,
                        help="of the difference of pixels; 2 is the paper's")
    parser.add_argument("--judge", metavar="NET", default=plan.judge,
                        help="the net of --loss feature: a name, a run's folder or an ONNX file")
    parser.add_argument("--layers", metavar="L,L,…", type=words,
                        default=",".join(plan.layers), help="its layers whose outputs are compared")
    parser.add_argument("--feature", type=float, default=plan.feature,
                        help="weight of the feature loss")
    parser.add_argument("--pixel", type=float, default=plan.pixel,
                        help="weight of the pixel loss beside it")
    parser.add_argument("--network", choices=train.NETWORKS, default=plan.network,
                        help="small works at low resolution; paper is the paper's, many times as "
                             "much work")
    for name, text in (("maps", "maps of the small network's convolutions"),
                       ("blocks", "blocks of the small network"), ("steps", "steps in all"),
                       ("batch", "patches per step"),
                       ("patch", "side of a patch in pixels, before it is enlarged")):
        parser.add_argument(f"--{name}", type=at_least(1), default=getattr(plan, name), help=text)
    parser.add_argument("--rate", type=float, default=plan.rate,
                        help="learning rate at the start; it falls to zero")
    parser.add_argument("--size", type=at_least(1), default=256,
                        help="side in pixels of the squares that a folder's photographs become")
    parser.add_argument("--folder", help="where the files of a named data set are, if not in a "
                                         "usual place")
    parser.add_argument("--seed", type=at_least(0), default=plan.seed, help="of everything random")
    parser.add_argument("--begin", metavar="NET",
                        help="a trained network of the same build to begin with, such as one of "
                             f"another loss: its folder or file; {' or '.join(COME_ALONG)} are "
                             "those that come along, ./pixel is a folder")
    parser.add_argument("--share", metavar="FILE",
                        help="write the trained network into this file, too: in half precision, "
                             "without what a training goes on from")


def run_train(options):
    """Train a network, or go on with it; ValueError or OSError if that can't be."""
    plan = train.Plan(**{name: getattr(options, name) for name in train.Plan._fields})
    train.check(plan, options.out)
    idle = [f"--{name}" for name in ("judge", "layers", "feature", "pixel")
            if plan.loss == "pixel" and getattr(plan, name) != getattr(train.Plan(), name)]
    if idle:
        raise ValueError(f"{', '.join(idle)} would do nothing without --loss feature: give that, "
                         "or leave this out")
    if options.folder and options.source not in data.NAMES:
        raise ValueError("--folder is where the files of a data set with a name lie; SOURCE is a "
                         "folder of photographs")
    if options.share:
        options.share = to_write("--share", options.share)
        if options.share.resolve() == (Path(options.out).expanduser() / learn.FILE).resolve():
            raise ValueError(f"--share {options.share} is the training's own file, from which it "
                             "goes on: give another name")
    images = train.read(options.source, folder=options.folder, size=options.size)
    state = train.train(options.out, images, plan, report=say, progress=show_progress)
    row = state.history[-1]
    if "psnr" in row:
        say(f"Images that it didn't learn from: bicubic {row['bicubic']:.2f} dB, this network "
            f"{row['psnr']:.2f} dB (PSNR)")
        if row["psnr"] < row["bicubic"]:
            say("That is worse than bicubic: try more --steps, or a lower --rate")
    if options.share:
        learn.share(options.share, state)
    net = f"./{options.out}" if options.out in COME_ALONG else options.out
    say(f"Try it: numpyzf superres apply PICTURE --net {net}")


def add_apply(parser):
    """Add what `apply` takes to an argparse parser."""
    parser.add_argument("picture", metavar="PICTURE",
                        help="an image file, or one that comes along: "
                             f"{', '.join(data.examples())}")
    parser.add_argument("--net", metavar="NET", default="pixel", help=NETWORK)
    _add_match(parser)
    parser.add_argument("--out", metavar="FILE",
                        help="the larger picture; PICTURE-x4-NET.png in this folder if not given")


def run_apply(options):
    """Make one picture larger; ValueError or OSError if that can't be."""
    enlarger = open_enlarger(options.net, match=options.match)
    source = data.photograph(options.picture)
    name = texts.file_name(source.stem, f"x{enlarger.scale}", enlarger.name)
    path = to_write("--out", options.out or name, "the picture")
    plots.check_pixels_path(path)
    small = data.load_image(source, channels=None)
    _, H, W = small.shape
    plots.check_pixels_path(path, enlarger.scale * max(H, W))
    if H * W * enlarger.scale ** 2 > MOST_PIXELS:
        raise ValueError(f"{source} has {W}×{H} pixels; {enlarger.scale} times larger it would "
                         f"have more than {MOST_PIXELS:,}: make it smaller, or take a part of it")
    large = enlarger(small, show_progress)
    show_progress("")
    plots.save_pixels(large, path)
    say(f"{W}×{H} pixels became {large.shape[2]}×{large.shape[1]}")
    say(f"Look at it: {path.resolve()}")


# ---- evaluate -----------------------------------------------------------------------------------

def add_evaluate(parser):
    """Add what `evaluate` takes to an argparse parser."""
    _add_pictures(parser)
    parser.add_argument("--json", metavar="FILE", help="write all numbers into this file, too")


def run_evaluate(options):
    """Measure bicubic enlargement and networks; ValueError or OSError if that can't be."""
    if options.json:
        options.json = to_write("--json", options.json)
    networks = _networks(options)
    for scale in networks.keys() - {options.scale}:
        raise ValueError(f"{', '.join(networks[scale])} enlarges {scale} times, not "
                         f"{options.scale}: give --scale {scale}, or another --net")
    rows = measure.evaluate(options.source, options.scale, networks[options.scale],
                            progress=show_progress)
    show_progress("")
    for line in measure.table(rows).splitlines():
        say(line)
    say(f"{options.scale} times enlarged. PSNR in dB and SSIM of luminance, without "
        f"{options.scale} pixels at each side; sharp: gradient energy as a share of the "
        "original's; grid: what repeats after as many pixels as the scale, against the original, "
        "1 or less is none; pat: any pattern of its own, 1 is none."
        + (" The networks' pictures have the histograms of the small ones." if options.match
           else ""))
    if measure.uncounted(rows):
        say(measure.uncounted(rows))
    if options.json:
        with replacing(options.json) as file:
            found = measure.as_json(options.source, options.scale, rows)
            text = json.dumps(found | {"match": options.match}, indent=1)
            file.write(f"{text}\n".encode())
        say(f"Saved: {Path(options.json).resolve()}")


# ---- page ---------------------------------------------------------------------------------------

def add_page(parser):
    """Add what `page` takes to an argparse parser."""
    _add_pictures(parser)
    parser.add_argument("--out", metavar="PAGE", default="superres.html",
                        help="the page, one HTML file that needs no other")
    parser.add_argument("--pictures", metavar="N", type=at_least(1), default=6,
                        help="how many are shown, evenly from all; the page has about 0.7 MB each")
    parser.add_argument("--side", metavar="N", type=at_least(32), default=256,
                        help="pixels of a picture that are shown at most, its middle")
    parser.add_argument("--classifier", metavar="NET", default="labnet-cifar10",
                        help="whose answers stand below each picture: a run's folder, an ONNX "
                             "file, or one that comes along; it should be no network's judge")
    parser.add_argument("--recognize", metavar="SOURCE",
                        help="also train classifiers on these images, over three seeds, and count "
                             "how often they are right about enlarged ones: fashion-mnist-small, "
                             "or a folder with one sub-folder per class")
    parser.add_argument("--size", metavar="N", type=at_least(16),
                        help="side of the images of --recognize, if that is a folder")
    parser.add_argument("--nets", metavar="FOLDER", default="superres-nets",
                        help="where these classifiers are kept; started again, they are there")


def run_page(options):
    """Measure, draw and write the page; ValueError or OSError if that can't be."""
    options.out = to_write("--out", options.out)
    if options.side < options.scale:
        raise ValueError(f"--side {options.side} is less than --scale {options.scale}: nothing of "
                         "the small picture would be shown")
    if options.recognize:
        checks.writable_folder(checks.path("--nets", options.nets))
    found = findings.find(options, _networks(options), report=say, progress=show_progress)
    report.write(options.out, found, options.side)
    say(f"Look at it: {Path(options.out).resolve()}")


# ---- what they share ----------------------------------------------------------------------------

def _add_pictures(parser):
    parser.add_argument("source", metavar="FOLDER",
                        help="pictures, also in folders in it; one picture; or a name that "
                             "`numpyzf data` lists, for its test images")
    parser.add_argument("--scale", type=at_least(2), default=4,
                        help="how many times smaller they become, and are enlarged again")
    parser.add_argument("--net", metavar="NET", action="append", default=[],
                        help=f"beside bicubic enlargement: {NETWORK}; may be given several times; "
                             "those that come along if not given")
    _add_match(parser)


def _add_match(parser):
    parser.add_argument("--match", action="store_true",
                        help="give what a network makes the histogram of the small picture, "
                             "channel by channel, as the paper does")


def _networks(options):
    """The networks that were asked for, or come along: {scale: {name: Enlarger}}."""
    ours = [name for name, path in COME_ALONG.items() if path.exists() and options.scale == 4]
    found = {options.scale: {}}
    for net in dict.fromkeys(options.net or ours):
        enlarger = open_enlarger(net, match=options.match)
        own = found.setdefault(enlarger.scale, {})
        if enlarger.name in (*own, measure.BICUBIC):
            raise ValueError(f"two networks are called {enlarger.name}: rename a folder")
        own[enlarger.name] = enlarger
    return found
