"""The command `numpyzf train`; and where images come from, which `reproduce` asks, too."""
import argparse
from pathlib import Path

import numpy as np

from .. import data, runs, training
from ..terminal import at_least, integers, say


def add_train(sub):
    """Add what `train` takes to an argparse parser."""
    add_source(sub, "a name that `numpyzf data` lists, or a folder of images", runs.LEAST_SIDE)
    sub.add_argument("--model", choices=runs.MODELS, default="labnet",
                     help="zfnet is the paper's, for images of 224 pixels or more")
    sub.add_argument("--middle", metavar="M,M,M", type=integers,
                     help="numbers of maps of conv3, conv4 and conv5, for a wider or a smaller "
                          "net; two leave conv3 out, one leaves conv3 and conv4 out")
    sub.add_argument("--out", metavar="FOLDER", required=True, help="where the run goes")
    _add_recipe(sub, training.Recipe())
    sub.add_argument("--initialization", choices=("he", "paper"), default="he",
                     help="paper: a Gaussian of deviation 0.01")
    sub.add_argument("--pad", type=at_least(0), default=0,
                     help="random shifts in training, in pixels; worth 1 or 2 in long trainings")
    sub.add_argument("--flip", action=argparse.BooleanOptionalAction, default=False,
                     help="mirror half of the training images, as the paper does; not for digits, "
                          "or shoes that all point left")
    sub.add_argument("--seed", type=at_least(0), default=0, help="of everything random")


def _add_recipe(sub, recipe):
    sub.add_argument("--epochs", type=at_least(1), default=recipe.epochs, help="epochs in all")
    sub.add_argument("--batch", type=at_least(1), default=32,
                     help="images per step; the paper's is 128")
    sub.add_argument("--rate", type=float, default=recipe.rate,
                     help="learning rate at the start")
    sub.add_argument("--momentum", type=float, default=recipe.momentum,
                     help="share of the last step that is kept")
    sub.add_argument("--radius", type=float, default=recipe.radius,
                     help="RMS value that convolution filters are scaled back to")
    sub.add_argument("--patience", type=at_least(1), default=recipe.patience,
                     help="epochs without better validation accuracy before the rate drops")
    sub.add_argument("--factor", type=float, default=recipe.factor,
                     help="what the rate is then multiplied by")
    sub.add_argument("--settle", type=at_least(0), default=recipe.settle,
                     help="how many of the last epochs run at --rate times --factor, or less, "
                          "for the net to settle; a third of all epochs at most")


def run_train(options):
    """Train a net, or go on with it; ValueError or OSError if that can't be."""
    recipe = training.Recipe(
        epochs=options.epochs, batch=options.batch, rate=options.rate, momentum=options.momentum,
        radius=options.radius, patience=options.patience, factor=options.factor,
        settle=options.settle)
    check_source(options)
    # read now, since an error after hours of training would be a pity
    images, labels, _ = data.load(options.data, "test", folder=options.folder, size=options.size)
    tell_size(options)
    variant = {"middle": options.middle} if options.middle else {}
    if options.middle and len(options.middle) < 3:
        left_out = ("conv3", "conv4")[:3 - len(options.middle)]
        print(f"--middle has {len(options.middle)} of three numbers: this net is without "
              f"{' and '.join(left_out)}")
    run = runs.train_run(
        options.out, data=options.data, folder=options.folder, size=options.size,
        model=options.model, variant=variant, recipe=recipe, seed=options.seed,
        initialization=options.initialization, pad=options.pad, flip=options.flip, report=say)
    accuracy = training.accuracy(run.net, images, labels, run.prepare)
    print(f"Accuracy on {len(images):,} test images: {accuracy:.2%}")
    say(f"Saved: {Path(options.out, 'checkpoint.npz').resolve()}")
    for line in _hints(accuracy, labels, run, options.data):
        print(line)


def _hints(accuracy, labels, run, source):
    """Lines about a net that isn't surely better than always the same answer, and what to try."""
    count = len(labels)
    chance = np.bincount(labels).max() / count
    if accuracy > chance + 2 * (chance * (1 - chance) / count) ** 0.5:     # two standard errors
        return []
    learned = run.history[-1]["train_accuracy"]
    lines = [f"Naming the most frequent class every time gives {chance:.2%}: on {count:,} images "
             "this net is not surely better."]
    if learned > chance + 0.2:
        ideas = ["more images of each class"]
        ideas += [] if run.settings.get("flip") else ["--flip"]
        ideas += [] if run.settings.get("pad") else ["--pad 2"]
    else:
        ideas = ["more --epochs", "another --rate", "more images of each class"]
        ideas += [] if source in data.NAMES else ["a larger --size"]
    lines.append(f"In the last epoch it named {learned:.0%} of the images right that it learned "
                 f"from. Try {', '.join(ideas)}.")
    return lines


# ---- where images come from ---------------------------------------------------------------------

def add_source(sub, text, least_size):
    """Add where images come from to an argparse parser: --data, --folder, --size.

    text: the help of --data.
    least_size: of --size.
    """
    sub.add_argument("--data", metavar="NAME", default="fashion-mnist-small", help=text)
    sub.add_argument("--folder",
                     help="where the files of fashion-mnist or cifar10 are, if not in a usual "
                          "place; a folder of images of your own goes in as --data")
    sub.add_argument("--size", type=at_least(least_size),
                     help="side in pixels: the shorter side of each image of a folder becomes this "
                          f"long, and the middle square stays; {data.FOLDER_SIZE} if not given; "
                          f"scenes are drawn at {data.SCENE_SIZE} pixels or this size")


def check_source(options):
    """Refuse a folder of images in the place of a data set's files, and say where it goes."""
    if options.folder is not None and options.data in ("fashion-mnist-small", "scenes"):
        raise ValueError(f"{options.data} has no files: leave folder out; if {options.folder} is a "
                         f"folder of images, say --data {options.folder}")


def tell_size(options):
    """Say how large images of a folder become, if nobody has asked for a size."""
    if options.size is None and options.data not in data.NAMES:
        side = data.FOLDER_SIZE
        say(f"Of each image in {options.data} the middle square is taken, as {side}×{side} "
             "pixels; --size asks for another size")
