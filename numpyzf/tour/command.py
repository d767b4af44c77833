"""The commands `numpyzf features` and `explain`: what a net sees in many images, and in one."""
import os
import shlex
from pathlib import Path

from .. import data, runs, texts
from ..data.image import SUFFIXES
from ..deconvnet import RULES
from ..exchange.model import KEYS, is_model, open_net, place_of
from ..terminal import at_least, floats, integers, lines, picture, save, say
from . import captions, explain, features, tiles
from .usual import ROWS, usual_layer

MOST_NAMED, FEW_NAMED = 12, 4       # classes that are all named; else so many are


# ---- features -----------------------------------------------------------------------------------

def add_features(sub):
    """Add what `features` takes to an argparse parser."""
    sub.add_argument("run", metavar="RUN",
                     help="folder of a trained net, an ONNX file, or squeezenet or labnet-cifar10, "
                          "which come with numpyzf")
    sub.add_argument("--layer",
                     help="a layer's name, such as conv1, relu3, pool5 or fc8; if not given, "
                          "conv3, or one in the middle of a net that has none")
    sub.add_argument("--maps", metavar="M,M,…", type=integers,
                     help="maps to draw instead of the most active ones")
    _add_rule(sub)
    sub.add_argument("--data", metavar="FOLDER",
                     help="where the run's images are now, if they have moved since the training; "
                          "for an ONNX file, any folder of photographs, or if not given the dozen "
                          "that comes along")
    sub.add_argument("--folder",
                     help="where the files of its named data set are now, if they have moved")
    sub.add_argument("--out", metavar="FILE",
                     help="the picture; RUN/NAME-LAYER-RULE.png if not given, where NAME is RUN's")
    add_preparation(sub)


def run_features(options):
    """Draw the strongest activations of a layer; ValueError or OSError if that can't be."""
    if options.out:
        picture(options.out)        # an error now, not when everything is computed
    run, name = opened(options)
    maps = ["maps", *map(str, options.maps)] if options.maps else []
    layer = options.layer or usual_layer(run.net)
    path = options.out or place_of(options.run) / texts.file_name(name, layer, *maps, options.rule)
    picture(path)
    _check_maps(run, layer, options.maps)
    if "assumed" in run.settings:       # a model file; its images are unknown
        channels, side, _ = run.prepare.mean.shape
        images = data.photographs(options.data or data.PHOTOGRAPHS, side, channels=channels)
    else:
        images = runs.run_data(run, data=options.data, folder=options.folder).images
    result = features.measure(run, images, layer, channels=options.maps, rule=options.rule,
                              second=tiles.second_rule(run.net, options.rule))
    save(features.draw(result, captions.describe(run, name)), path)


def _check_maps(run, layer, maps):
    """Refuse maps that a layer hasn't, before all images are searched; measure checks the rest."""
    if maps and layer in run.net.shapes:
        count = run.net.shapes[layer][0]
        unknown = [channel for channel in maps if channel >= count]
        if unknown:
            raise ValueError(f"--maps: {layer} has the maps 0 to {count - 1}, no {unknown[0]}")


# ---- explain ------------------------------------------------------------------------------------

def add_explain(sub):
    """Add what `explain` takes to an argparse parser."""
    sub.add_argument("run", metavar="RUN", nargs="?", default="squeezenet",
                     help="folder of a trained net, an ONNX file, or one that comes with numpyzf: "
                          "squeezenet, which knows 1000 classes, or the small labnet-cifar10")
    sub.add_argument("image", metavar="IMAGE",
                     help=f"an image file, or one that comes along: {', '.join(data.examples())}")
    sub.add_argument("--layers", metavar="L,L,…", type=lambda text: text.split(","),
                     help="layers to draw, such as fire4,fire9; if not given, all convolutions, or "
                          f"{ROWS} layers from the pixels up where there are more")
    _add_rule(sub)
    sub.add_argument("--invert", action="store_true",
                     help="take the image's negative: for dark on bright, where the net was "
                          "trained on bright on dark")
    sub.add_argument("--out", metavar="FILE",
                     help="the picture; IMAGE-explained-NAME-RULE.png in this folder if not given, "
                          "where NAME is RUN's")
    add_preparation(sub)


def run_explain(options):
    """Say what an image is, and draw what a net saw; ValueError or OSError if that can't be."""
    if options.out:
        picture(options.out)
    _check_places(options.run, options.image)
    run, net = opened(options)
    channels, side, _ = run.prepare.mean.shape
    image = data.load_image(data.photograph(options.image), side, channels=channels)
    inverted = ["inverted"] if options.invert else []
    source = Path(options.image)
    path = options.out or texts.file_name(source.stem, "explained", *inverted, net,
                                          *(options.layers or []), options.rule)
    picture(path)
    result = explain.measure(run, 255 - image if inverted else image, rule=options.rule,
                             layers=options.layers)
    for name, probability in zip(result.classes, result.probabilities):
        say(f"{probability:6.1%}  {texts.short(name)}")
    _tell_what_it_knows(run)
    if result.remark:
        say(f"{result.remark} {'Try it without' if inverted else 'Try'} --invert.")
    title = " ".join([source.name, *inverted])
    save(explain.draw(result, captions.describe(run, net), title), path)


def _tell_what_it_knows(run):
    """Say what the net got, and what it can say; of many classes a few, and where all are."""
    channels, side, _ = run.net.input_shape
    say("It was the middle square of the image, as "
        f"{side}×{side} pixels{'' if channels == 3 else ' in gray'}.")
    names = run.classes
    if len(names) > MOST_NAMED:
        few = [names[i * len(names) // FEW_NAMED] for i in range(FEW_NAMED)]
        file = run.settings.get("names in")
        where = f"; all of them are in {file}" if file else ""
        known = f"its {len(names):,} classes (among them {texts.listed(few)}{where})"
    else:
        known = texts.listed(names)
    say(f"The net knows nothing but {known}: whatever it sees, it names one of them.")


def _check_places(folder, image):
    """Refuse a run in the image's place, and an image in the run's."""
    image_in_run_s_place = Path(folder).suffix.lower() in SUFFIXES
    if os.path.isdir(image) or Path(image).suffix in (".npz", ".onnx"):
        folder = None if folder == "squeezenet" else folder
        if folder is None and os.path.isdir(image) and not Path(image, "checkpoint.npz").exists():
            raise ValueError(f"{image} is a folder without a trained net; explain takes one image "
                             "at a time")
        if folder is None:
            raise ValueError(f"{image} is no image; the image comes after the run: "
                             f"numpyzf explain {shlex.quote(image)} IMAGE")
        if os.path.isfile(folder) and image_in_run_s_place:
            raise ValueError("the run comes first, then the image: "
                             f"numpyzf explain {shlex.join([image, folder])}")
        raise ValueError(f"{image} is no image; explain takes a run and one image file")
    if image_in_run_s_place and not os.path.isdir(folder):
        raise ValueError(f"{folder} is an image, not a run; explain takes one image at a time, "
                         f"such as: numpyzf explain {shlex.quote(folder)}")


# ---- what both share -----------------------------------------------------------------------------

def opened(options):
    """A runs.Run, and what pictures and files call it; says what is assumed of a model file.

    options: what argparse gives, with `run` and what add_preparation adds.
    """
    given = {key: getattr(options, key) for key in KEYS if getattr(options, key) is not None}
    run, name = open_net(options.run, **given)
    if is_model(options.run):
        say(f"{Path(options.run).name} takes images of {run.prepare.size}×{run.prepare.size} "
            f"pixels; {'; '.join(run.settings['assumed'])}.")
    return run, name


def _add_rule(sub):
    sub.add_argument("--rule", choices=RULES, default="deconvnet",
                     help="how the signal goes down through a ReLU: the paper's deconvnet passes "
                          "on what is positive, the gradient what comes to units that fired, "
                          "guided what is both")


def add_preparation(sub):
    """Add how the images of an ONNX file are prepared to an argparse parser."""
    group = sub.add_argument_group(
        "for ONNX files", "what the file doesn't say; without these options it is looked for in "
        "the JSON file beside it, and what isn't there is assumed, and told")
    group.add_argument("--size", type=at_least(1),
                       help="side of the images in pixels, where the file leaves it open")
    group.add_argument("--channels", choices=("RGB", "BGR"), help="the order of the channels")
    for key, what in (("mean", "what is taken from the pixels, 0 … 255"),
                      ("scale", "what they are then divided by")):
        group.add_argument(f"--{key}", metavar="X,X,X", type=floats,
                           help=f"{what}: a number, or one per channel in that order")
    group.add_argument("--names", metavar="FILE", type=lines,
                       help="a text file with the name of a class in each line")
