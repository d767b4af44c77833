"""The command `numpyzf`: demo, train, features, explain, look, reproduce, superres, style, invert,
onnx, bench, lab, lesson, data.

`numpyzf COMMAND --help` says what each one takes. An error is one line; with NUMPYZF_TRACEBACK=1 in
the environment it also shows where in the code it comes from. Below, each command is two functions:
the arguments it takes, and what it does.
"""
import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from . import data, kernels, runs, texts, training
from .bench import ladder
from .exchange import command as onnx
from .inside import command as inside
from .labs import command as lab
from .lessons import command as lesson
from .paper import archive, reproduce
from .paper.processes import end_with_the_starter, how_many
from .paper.study import LEAST_SIDE, Study
from .perceptual.invert import command as inversion
from .perceptual.style import command as style, network_command as style_network
from .perceptual.superres import command as superres
from .terminal import at_least, integers, picture, save, say, version
from .tour import command as tour, demo

DEMO_RECIPE = training.Recipe(epochs=7, batch=32, rate=1e-2)
DEMO_KEEP = (1, 2, 4)           # epochs whose nets stay, to see how units grow
DEMO_MEGABYTES = 4              # of its page of every unit


def main(arguments=None):
    """Run one command.

    arguments: list of words; those of the command line if not given.
    Returns the exit status: 0; 2 for a bad argument or input; 130 when interrupted by Ctrl-C, 143
    by SIGTERM, 129 by SIGHUP; 141 when nobody reads any more what it prints, as after `| head -1`.
    """
    _prepare_streams()
    handlers = _stop_at_signals()
    try:
        return _run(arguments)
    except BrokenPipeError:
        return 141
    finally:
        _flush()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _run(arguments):
    """Run one command, and put what ends it into a line. Returns the exit status."""
    kept = ""
    try:
        options, unknown = _parser().parse_known_args(arguments)
        if unknown:     # told with this command's usage; argparse would show that of all
            options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        if options.command in (_demo, _train, _reproduce):
            kept = "; started again, a training goes on from its last finished epoch"
        if options.command is inside.run_look:
            kept = "; started again, the page goes on from there"
        if options.command in (tour.run_features, tour.run_explain, _bench) and options.out:
            picture(options.out)       # now, not when everything is computed
        runs.log_begins()
        options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        _complain(f"\ninterrupted{kept}")
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError, MemoryError) as error:
        if os.environ.get("NUMPYZF_TRACEBACK"):
            raise
        text = str(error) or "out of memory: try fewer or smaller images, or a smaller batch"
        _complain(f"numpyzf: {texts.clean(text)}")
        return 2
    return 0


def _prepare_streams():
    """Make stdout and stderr such that a command can print what it has to say."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:              # a windowed program has none
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            # a terminal that has no “×” or “…” gets a “?”, not a traceback; and a log file gets
            # each line at once, not all at the end
            stream.reconfigure(errors="replace", line_buffering=True)


def _stop_at_signals():
    """Let SIGTERM (from kill, or a batch system) and SIGHUP (a closed terminal) act as Ctrl-C.

    Returns what they did before, {number: handler}.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):    # Windows has no SIGHUP
            # a host program may have taken it for itself, and nohup has switched SIGHUP off
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _stop)
    return before


def _stop(number, frame):
    raise KeyboardInterrupt(number)


def _complain(line):
    try:
        print(line, file=sys.stderr)
    except OSError:             # the terminal is closed: there's nobody to tell
        pass


def _flush():
    """Write what the streams still hold; where that fails, throw it away.

    Python would try once more at its very end, and speak of an ignored exception.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())


def _parser():
    parser = argparse.ArgumentParser(
        prog="numpyzf",
        description="A convnet and its deconvnet (Zeiler & Fergus 2013), from scratch.")
    parser.add_argument("--version", action="version", version=f"numpyzf {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_train(commands)
    _add_features(commands)
    _add_explain(commands)
    _add_look(commands)
    _add_reproduce(commands)
    _add_superres(commands)
    _add_style(commands)
    _add_invert(commands)
    _add_onnx(commands)
    _add_bench(commands)
    _add_lab(commands)
    _add_lesson(commands)
    _add_data(commands)
    return parser


def _version():
    return version() or f"in {Path(__file__).parent}, not installed"


# ---- demo ---------------------------------------------------------------------------------------

def _add_demo(commands):
    sub = _command(commands, "demo", _demo,
                   "train a small net on embedded images and draw what it sees, in about two "
                   "minutes")
    sub.add_argument("--out", metavar="FOLDER", default="numpyzf-demo",
                     help="where the net, the pictures and the page go")
    sub.add_argument("--seed", type=at_least(0), default=0, help="of everything random")


def _demo(options):
    start = time.monotonic()
    print("Training a small convnet on 10,000 embedded images of clothes, "
          "then looking at what it sees.")
    run = runs.train_run(options.out, recipe=DEMO_RECIPE, seed=options.seed, keep=DEMO_KEEP,
                         again=True, report=say)
    print("Looking into every unit …", flush=True)
    images, labels, _ = runs.run_data(run)
    inside.build_of_run(options.out, run, images, labels, Path(options.out, "look.html"),
                        seed=options.seed, megabytes=DEMO_MEGABYTES)
    print("Drawing what it sees …", flush=True)
    accuracy = demo.build(run, options.out, images, labels, "look.html")
    compiled, seconds = kernels.compile_report()
    note = ""
    if compiled:
        note = (f", {seconds:.0f} s of it compiling {compiled} kernels, "
                "which the next start loads from disk")
    print(f"Done in {time.monotonic() - start:.0f} s{note}.")
    print(f"Accuracy on {len(images):,} test images: {accuracy:.1%}")
    say(f"Look at it: {Path(options.out, 'index.html').resolve()}")


# ---- train --------------------------------------------------------------------------------------

def _add_train(commands):
    sub = _command(commands, "train", _train,
                   "train a net on a data set; started again, it goes on from the last finished "
                   "epoch")
    _add_source(sub, "a name that `numpyzf data` lists, or a folder of images",
                runs.LEAST_SIDE)
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


def _train(options):
    recipe = training.Recipe(
        epochs=options.epochs, batch=options.batch, rate=options.rate, momentum=options.momentum,
        radius=options.radius, patience=options.patience, factor=options.factor,
        settle=options.settle)
    _check_source(options)
    # read now, since an error after hours of training would be a pity
    images, labels, _ = data.load(options.data, "test", folder=options.folder, size=options.size)
    _tell_size(options)
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


# ---- features, explain, look --------------------------------------------------------------------

def _add_features(commands):
    tour.add_features(_command(commands, "features", tour.run_features,
                               "draw the nine strongest activations of a layer's most active maps "
                               "over the test images (Figure 2)"))


def _add_explain(commands):
    tour.add_explain(_command(commands, "explain", tour.run_explain,
                              "classify an image of your own and draw what its strongest units saw "
                              "in it"))


def _add_look(commands):
    inside.add_look(_command(commands, "look", inside.run_look,
                             "make one page to look inside a net: every unit, what fires it most, "
                             "and what of that came down to pixels"))


# ---- reproduce ----------------------------------------------------------------------------------

def _add_reproduce(commands):
    sub = _command(commands, "reproduce", _reproduce,
                   "compute figures and tables of the paper, with what it claims and what is "
                   "measured here, on one page")
    sub.add_argument("items", metavar="ITEM", nargs="*",
                     help=f"all, or some of: {', '.join(reproduce.names())}")
    sub.add_argument("--from", dest="archive", metavar="FILE.zip",
                     help="make the page of the finished items in this file, and compute nothing: "
                          "items.zip, which stands beside the page of who has computed them; only "
                          "--out goes with it")
    _add_source(sub, "the images beside the rendered scenes: a name that `numpyzf data` lists, or "
                     "a folder of images", least_size=LEAST_SIDE)
    sub.add_argument("--photos", metavar="FOLDER",
                     help="photographs, one sub-folder per class, on which a real network is tried "
                          "where the paper did it: fig2, fig5, fig7, fig9, table7, limits; "
                          "fig2-real is that part of fig2 alone")
    sub.add_argument("--net", metavar="MODEL.onnx",
                     help="that network, if not SqueezeNet, which comes with numpyzf: an ONNX file "
                          "with its JSON file beside it, or the folder of a trained net")
    sub.add_argument("--out", metavar="FOLDER", default="numpyzf-paper",
                     help="where nets, finished items and the page go; started again, it goes on "
                          "from there")
    sub.add_argument("--again", action="store_true",
                     help="compute these items anew, from the nets that are there")
    sub.add_argument("--quick", action="store_true",
                     help="few images, nets of two epochs: to see that everything runs, not to "
                          "learn anything")
    # how the command calls itself, see paper/processes.py
    sub.add_argument("--part", action="store_true", help=argparse.SUPPRESS)


def _reproduce(options):
    if options.part:
        end_with_the_starter()
    if options.archive is not None:
        _page_of_archive(options)
        return
    if not options.items:
        options.parser.error("the following arguments are required: ITEM, or --from FILE.zip")
    # an unknown name is refused before anything is made
    reproduce.find(options.items, options.photos is not None)
    _check_source(options)
    if options.net is not None and options.photos is None:
        raise ValueError("--net is a network to try on photographs: give --photos FOLDER too")
    study = Study(options.out, data=options.data, folder=options.folder, size=options.size,
                  photos=options.photos, net=options.net, quick=options.quick)
    _tell_size(options)
    if study.photos and not options.part:
        run = study.photos.run
        say(f"{study.photos.net_name} takes images of {run.prepare.size}×{run.prepare.size} "
             f"pixels; {'; '.join(run.settings.get('assumed', ['as it was trained']))}.")
    path = reproduce.compute(study, options.items, again=options.again,
                             processes=1 if options.part else how_many())
    if not options.part:
        packed = archive.pack(study)
        say(f"To hand it out: {packed.name} beside it ({packed.stat().st_size / 1e6:.1f} MB), from "
            "which numpyzf reproduce --from makes the page without computing.")
    print(f"Look at it: {path.resolve()}")


def _page_of_archive(options):
    """Make the page of finished items that someone else has computed."""
    others = ("items", "data", "folder", "size", "photos", "net", "again", "quick")
    given = [name for name in others
             if getattr(options, name) not in ([], options.parser.get_default(name))]
    if given:
        raise ValueError(f"--from takes what is in the file: leave {', '.join(given)} out")
    print(f"Look at it: {archive.write_page(options.archive, options.out).resolve()}")


# ---- superres -----------------------------------------------------------------------------------

def _add_superres(commands):
    sub = _command(commands, "superres", None,
                   "make pictures larger by a trained network (Johnson et al. 2016)")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    superres.add_train(_command(actions, "train", superres.run_train,
                                "train a network that enlarges, by the difference of pixels or of "
                                "what a trained net sees; started again, it goes on"))
    superres.add_apply(_command(actions, "apply", superres.run_apply, "make a picture larger"))
    superres.add_evaluate(_command(actions, "evaluate", superres.run_evaluate,
                                   "measure enlarged pictures by the paper's protocol: PSNR, SSIM, "
                                   "sharpness, grids"))
    superres.add_page(_command(actions, "page", superres.run_page,
                               "draw enlarged pictures side by side on one page, with a "
                               "magnifier, and measure them"))


# ---- style --------------------------------------------------------------------------------------

def _add_style(commands):
    sub = _command(commands, "style", None,
                   "paint a picture in the style of another one (Johnson et al. 2016)")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    style.add_transfer(_command(actions, "transfer", style.run_transfer,
                                "paint one picture, by changing its pixels step by step"))
    style_network.add_train(_command(actions, "train", style_network.run_train,
                                     "train a network that paints any picture in one style; "
                                     "started again, it goes on"))
    style_network.add_apply(_command(actions, "apply", style_network.run_apply,
                                     "paint a picture by such a network"))


# ---- invert -------------------------------------------------------------------------------------

def _add_invert(commands):
    inversion.add_invert(_command(commands, "invert", inversion.run_invert,
                                  "make a picture anew from what each layer of a net saw of it, to "
                                  "see what the layer still knows"))


# ---- onnx ---------------------------------------------------------------------------------------

def _add_onnx(commands):
    sub = _command(commands, "onnx", None, "exchange nets with other frameworks, as ONNX files")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    onnx.add_check(_command(actions, "check", onnx.run_check,
                            "show the layers of a net in an ONNX file, or all of its nodes that "
                            "can't be read"))
    onnx.add_export(_command(actions, "export", onnx.run_export,
                             "write a trained net as an ONNX file, and beside it a JSON file: how "
                             "an image becomes an input, and the names of the classes"))


# ---- bench --------------------------------------------------------------------------------------

def _add_bench(commands):
    sub = _command(commands, "bench", _bench,
                   "climb from seven loops to this machine's limit for one convolution, in about "
                   "a quarter of a minute")
    sub.add_argument("--out", metavar="FILE", default="numpyzf-bench.png",
                     help="the picture: each way under the machine's roof")


def _bench(options):
    p = ladder.CONV4
    print(f"One convolution in {len(ladder.RUNGS)} ways: {p.N} images of {p.C} maps, "
          f"{p.H}×{p.W}, through {p.F} filters of {p.K}×{p.K}.")
    result = ladder.measure(p, progress=lambda text: print(f"measuring {text} …", flush=True))
    print("", *ladder.report(result), sep="\n")
    print(f"\nThe machine: {result.peak:.0f} GFLOP/s in a product of matrices (the peak), "
          f"{result.bandwidth:.0f} GB/s to and from memory.")
    print("Rates are operations of the definition per second; what is timed on fewer images or "
          "filters is compared by its rate.")
    print("Errors, relative to the largest value: from reference.py on a small problem, and of "
          "rounding, from float64, on what was timed.")
    save(ladder.draw(result), options.out)


# ---- lab ----------------------------------------------------------------------------------------

def _add_lab(commands):
    lab.add(_command(commands, "lab", None,
                     "exercises to fill in, and the grader that says what is wrong with them"))


# ---- lesson -------------------------------------------------------------------------------------

def _add_lesson(commands):
    sub = _command(commands, "lesson", lesson.run,
                   "list the lessons of the folder tutorials, show the answers to their exercises, "
                   "or build the notebooks from their sources")
    lesson.add_arguments(sub)


# ---- data ---------------------------------------------------------------------------------------

def _add_data(commands):
    _command(commands, "data", _data, "list the data sets and where they were found")


def _data(options):
    for name, what, where in data.available():
        print(f"{name:20}  {what}")
        print(f"{'':20}  {where or 'not here; downloaded when first loaded'}")
    print(f"{'photographs':20}  a dozen, for explain and features: "
          f"{', '.join(data.examples())}")
    print(f"{'':20}  {data.PHOTOGRAPHS}")
    print(f"{'FOLDER':20}  any folder with a sub-folder of images per class, or with train/ and "
          "test/ of that kind")
    print(f"\nDownloads are kept in {data.cache_folder()}; set NUMPYZF_CACHE to choose another "
          "folder.")


# ---- what several commands share ----------------------------------------------------------------

class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the default to the help of an option, if it says something."""

    def _get_help_string(self, action):
        if not action.default:      # None, False, 0
            return action.help
        return super()._get_help_string(action)


def _command(commands, name, function, text):
    """A command of its own name, text and function; its arguments are added to what is returned."""
    sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.",
                              formatter_class=_Help)
    sub.set_defaults(command=function, parser=sub)
    return sub


def _add_source(sub, text, least_size):
    sub.add_argument("--data", metavar="NAME", default="fashion-mnist-small", help=text)
    sub.add_argument("--folder",
                     help="where the files of fashion-mnist or cifar10 are, if not in a usual "
                          "place; a folder of images of your own goes in as --data")
    sub.add_argument("--size", type=at_least(least_size),
                     help="side in pixels: the shorter side of each image of a folder becomes this "
                          f"long, and the middle square stays; {data.FOLDER_SIZE} if not given; "
                          f"scenes are drawn at {data.SCENE_SIZE} pixels or this size")


def _check_source(options):
    """Refuse a folder of images in the place of a data set's files, and say where it goes."""
    if options.folder is not None and options.data in ("fashion-mnist-small", "scenes"):
        raise ValueError(f"{options.data} has no files: leave folder out; if {options.folder} is a "
                         f"folder of images, say --data {options.folder}")


def _tell_size(options):
    if options.size is None and options.data not in data.NAMES:
        side = data.FOLDER_SIZE
        say(f"Of each image in {options.data} the middle square is taken, as {side}×{side} "
             "pixels; --size asks for another size")
