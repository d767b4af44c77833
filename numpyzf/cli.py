"""The command `numpyzf`: demo, train, features, explain, reproduce, onnx, bench, lab, lesson, data.

`numpyzf COMMAND --help` says what each one takes. An error is one line; with NUMPYZF_TRACEBACK=1 in
the environment it also shows where in the code it comes from. Below, each command is two functions:
the arguments it takes, and what it does.
"""
import argparse
import os
import shlex
import signal
import sys
import threading
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from . import data, kernels, plots, runs, texts, training
from .bench import ladder
from .data.image import SUFFIXES
from .deconvnet import RULES
from .exchange import command as onnx
from .exchange.model import KEYS, SQUEEZENET, export, is_model, load_model
from .labs import command as lab
from .lessons import command as lesson
from .paper import reproduce
from .paper.processes import end_with_the_starter
from .paper.study import LEAST_SIDE, Study
from .tour import captions, demo, explain, features, tiles
from .tour.usual import ROWS, usual_layer

MOST_NAMED, FEW_NAMED = 12, 4       # classes that are all named; else so many are
DEMO_RECIPE = training.Recipe(epochs=7, batch=32, rate=1e-2)


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
        if options.command in (_features, _explain, _bench) and options.out:
            _picture(options.out)       # now, not when everything is computed
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


def _say(text):
    """Print one line, in which the names of files and classes are plain text to a terminal."""
    print(texts.clean(text), flush=True)


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
    _add_reproduce(commands)
    _add_onnx(commands)
    _add_bench(commands)
    _add_lab(commands)
    _add_lesson(commands)
    _add_data(commands)
    return parser


def _version():
    try:
        return metadata.version("numpyzf")
    except metadata.PackageNotFoundError:
        return f"in {Path(__file__).parent}, not installed"


# ---- demo ---------------------------------------------------------------------------------------

def _add_demo(commands):
    sub = _command(commands, "demo", _demo,
                   "train a small net on embedded images and draw what it sees, in about two "
                   "minutes")
    sub.add_argument("--out", metavar="FOLDER", default="numpyzf-demo",
                     help="where the net, the pictures and the page go")
    sub.add_argument("--seed", type=_at_least(0), default=0, help="of everything random")


def _demo(options):
    start = time.monotonic()
    print("Training a small convnet on 10,000 embedded images of clothes, "
          "then looking at what it sees.")
    run = runs.train_run(options.out, recipe=DEMO_RECIPE, seed=options.seed, again=True,
                         report=_say)
    print("Drawing what it sees …", flush=True)
    images, labels, _ = runs.run_data(run)
    accuracy = demo.build(run, options.out, images, labels)
    compiled, seconds = kernels.compile_report()
    note = ""
    if compiled:
        note = (f", {seconds:.0f} s of it compiling {compiled} kernels, "
                "which the next start loads from disk")
    print(f"Done in {time.monotonic() - start:.0f} s{note}.")
    print(f"Accuracy on {len(images):,} test images: {accuracy:.1%}")
    _say(f"Look at it: {Path(options.out, 'index.html').resolve()}")


# ---- train --------------------------------------------------------------------------------------

def _add_train(commands):
    sub = _command(commands, "train", _train,
                   "train a net on a data set; started again, it goes on from the last finished "
                   "epoch")
    _add_source(sub, "a name that `numpyzf data` lists, or a folder of images",
                runs.LEAST_SIDE)
    sub.add_argument("--model", choices=runs.MODELS, default="labnet",
                     help="zfnet is the paper's, for images of 224 pixels or more")
    sub.add_argument("--middle", metavar="M,M,M", type=_numbers,
                     help="numbers of maps of conv3, conv4 and conv5, for a wider or a smaller "
                          "net; two leave conv3 out, one leaves conv3 and conv4 out")
    sub.add_argument("--out", metavar="FOLDER", required=True, help="where the run goes")
    _add_recipe(sub, training.Recipe())
    sub.add_argument("--initialization", choices=("he", "paper"), default="he",
                     help="paper: a Gaussian of deviation 0.01")
    sub.add_argument("--pad", type=_at_least(0), default=0,
                     help="random shifts in training, in pixels; worth 1 or 2 in long trainings")
    sub.add_argument("--flip", action=argparse.BooleanOptionalAction, default=False,
                     help="mirror half of the training images, as the paper does; not for digits, "
                          "or shoes that all point left")
    sub.add_argument("--seed", type=_at_least(0), default=0, help="of everything random")


def _add_recipe(sub, recipe):
    sub.add_argument("--epochs", type=_at_least(1), default=recipe.epochs, help="epochs in all")
    sub.add_argument("--batch", type=_at_least(1), default=32,
                     help="images per step; the paper's is 128")
    sub.add_argument("--rate", type=float, default=recipe.rate,
                     help="learning rate at the start")
    sub.add_argument("--momentum", type=float, default=recipe.momentum,
                     help="share of the last step that is kept")
    sub.add_argument("--radius", type=float, default=recipe.radius,
                     help="RMS value that convolution filters are scaled back to")
    sub.add_argument("--patience", type=_at_least(1), default=recipe.patience,
                     help="epochs without better validation accuracy before the rate drops")
    sub.add_argument("--factor", type=float, default=recipe.factor,
                     help="what the rate is then multiplied by")
    sub.add_argument("--settle", type=_at_least(0), default=recipe.settle,
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
        initialization=options.initialization, pad=options.pad, flip=options.flip, report=_say)
    accuracy = training.accuracy(run.net, images, labels, run.prepare)
    print(f"Accuracy on {len(images):,} test images: {accuracy:.2%}")
    _say(f"Saved: {Path(options.out, 'checkpoint.npz').resolve()}")
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


# ---- features -----------------------------------------------------------------------------------

def _add_features(commands):
    sub = _command(commands, "features", _features,
                   "draw the nine strongest activations of a layer's most active maps over the "
                   "test images (Figure 2)")
    sub.add_argument("run", metavar="RUN",
                     help="folder of a trained net, an ONNX file, or squeezenet or labnet-cifar10, "
                          "which come with numpyzf")
    sub.add_argument("--layer",
                     help="a layer's name, such as conv1, relu3, pool5 or fc8; if not given, "
                          "conv3, or one in the middle of a net that has none")
    sub.add_argument("--maps", metavar="M,M,…", type=_numbers,
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
    _add_preparation(sub)


def _features(options):
    run, name = _open(options, options.run)
    maps = ["maps", *map(str, options.maps)] if options.maps else []
    layer = options.layer or usual_layer(run.net)
    path = options.out or _run_folder(options.run) / texts.file_name(name, layer, *maps,
                                                                     options.rule)
    _picture(path)
    _check_maps(run, layer, options.maps)
    if "assumed" in run.settings:       # a model file; its images are unknown
        images = data.photographs(options.data or data.PHOTOGRAPHS, run.prepare.size)
    else:
        images = runs.run_data(run, data=options.data, folder=options.folder).images
    result = features.measure(run, images, layer, channels=options.maps, rule=options.rule,
                              second=tiles.second_rule(run.net, options.rule))
    _save(features.draw(result, captions.describe(run, name)), path)


def _check_maps(run, layer, maps):
    """Refuse maps that a layer hasn't, before all images are searched; measure checks the rest."""
    if maps and layer in run.net.shapes:
        count = run.net.shapes[layer][0]
        unknown = [channel for channel in maps if channel >= count]
        if unknown:
            raise ValueError(f"--maps: {layer} has the maps 0 to {count - 1}, no {unknown[0]}")


# ---- a net by its name ---------------------------------------------------------------------------

COME_ALONG = {"squeezenet": load_model, "labnet-cifar10": runs.pretrained}


def _open(options, path):
    """A runs.Run, and what pictures and files call it; says what is assumed of a model file.

    path: what the command line calls a net: a run's folder, a checkpoint in it, an ONNX file, or a
    name in COME_ALONG.
    """
    given = {key: getattr(options, key) for key in KEYS if getattr(options, key) is not None}
    if path in COME_ALONG and not os.path.exists(path):
        run, name = COME_ALONG[path](), path
    elif is_model(path):
        run, name = load_model(path, **given), Path(path).stem
        _say(f"{Path(path).name} takes images of {run.prepare.size}×{run.prepare.size} pixels; "
             f"{'; '.join(run.settings['assumed'])}.")
    else:
        run, name = runs.load_run(path), _net_name(path)
    if given and not is_model(path):
        raise ValueError(f"--{next(iter(given))} is for ONNX files; {path} knows how its images "
                         "are prepared")
    return run, name


def _add_preparation(sub):
    group = sub.add_argument_group(
        "for ONNX files", "what the file doesn't say; without these options it is looked for in "
        "the JSON file beside it, and what isn't there is assumed, and told")
    group.add_argument("--size", type=_at_least(1), help="side of the images in pixels, where the "
                                                         "file leaves it open")
    group.add_argument("--channels", choices=("RGB", "BGR"), help="the order of the channels")
    for key, what in (("mean", "what is taken from the pixels, 0 … 255"),
                      ("scale", "what they are then divided by")):
        group.add_argument(f"--{key}", metavar="X,X,X", type=_floats,
                           help=f"{what}: a number, or one per channel in that order")
    group.add_argument("--names", metavar="FILE", type=_lines,
                       help="a text file with the name of a class in each line")
def _run_folder(path):
    """Where a run's pictures go: its folder, or that of its checkpoint or its model file."""
    return Path(path) if Path(path).is_dir() else Path(path).parent


def _net_name(path):
    """What pictures and files call the net of a run: its folder, and its epoch if that was asked.

    path: of the run's folder, or of a checkpoint in it.
    """
    path = Path(path).resolve()
    if path.is_dir():
        return path.name
    return path.parent.name if path.stem == "checkpoint" else f"{path.parent.name}-{path.stem}"


# ---- explain ------------------------------------------------------------------------------------

def _add_explain(commands):
    sub = _command(commands, "explain", _explain,
                   "classify an image of your own and draw what its strongest units saw in it")
    sub.add_argument("run", metavar="RUN", nargs="?", default="squeezenet",
                     help="folder of a trained net, an ONNX file, or one that comes with numpyzf: "
                          "squeezenet, which knows 1000 classes, or the small labnet-cifar10")
    sub.add_argument("image", metavar="IMAGE",
                     help="an image file, or one that comes along: "
                          f"{', '.join(sorted(p.stem for p in data.PHOTOGRAPHS.glob('*.jpg')))}")
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
    _add_preparation(sub)


def _explain(options):
    _check_places(options.run, options.image)
    run, net = _open(options, options.run)
    channels, side, _ = run.prepare.mean.shape
    image = data.load_image(data.photograph(options.image), side, channels=channels)
    inverted = ["inverted"] if options.invert else []
    source = Path(options.image)
    path = options.out or texts.file_name(source.stem, "explained", *inverted, net,
                                          *(options.layers or []), options.rule)
    _picture(path)
    result = explain.measure(run, 255 - image if inverted else image, rule=options.rule,
                             layers=options.layers)
    for name, probability in zip(result.classes, result.probabilities):
        _say(f"{probability:6.1%}  {texts.short(name)}")
    _tell_what_it_knows(run, options.run)
    if result.remark:
        _say(f"{result.remark} {'Try it without' if inverted else 'Try'} --invert.")
    title = " ".join([source.name, *inverted])
    _save(explain.draw(result, captions.describe(run, net), title), path)


def _tell_what_it_knows(run, path):
    """Say what the net got, and what it can say at all; of many classes a few, and where all are.

    path: what the command line calls the net.
    """
    channels, side, _ = run.net.input_shape
    _say("It was the middle square of the image, as "
         f"{side}×{side} pixels{'' if channels == 3 else ' in gray'}.")
    names = run.classes
    if len(names) > MOST_NAMED:
        few = [names[i * len(names) // FEW_NAMED] for i in range(FEW_NAMED)]
        file = Path(SQUEEZENET if path == "squeezenet" else path).with_suffix(".json")
        in_file = f"names from {file.name}" in run.settings.get("assumed", ())
        where = f"; all of them are in {file}" if in_file else ""
        known = f"its {len(names):,} classes (among them {texts.listed(few)}{where})"
    else:
        known = texts.listed(names)
    _say(f"The net knows nothing but {known}: whatever it sees, it names one of them.")


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


# ---- reproduce ----------------------------------------------------------------------------------

def _add_reproduce(commands):
    sub = _command(commands, "reproduce", _reproduce,
                   "compute figures and tables of the paper, with what it claims and what is "
                   "measured here, on one page")
    sub.add_argument("items", metavar="ITEM", nargs="+",
                     help=f"all, or some of: {', '.join(reproduce.names())}")
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
        _say(f"{study.photos.net_name} takes images of {run.prepare.size}×{run.prepare.size} "
             f"pixels; {'; '.join(run.settings.get('assumed', ['as it was trained']))}.")
    path = reproduce.compute(study, options.items, again=options.again,
                             processes=1 if options.part else min(2, kernels.THREADS))
    print(f"Look at it: {path.resolve()}")


# ---- onnx ---------------------------------------------------------------------------------------

def _add_onnx(commands):
    sub = _command(commands, "onnx", None, "exchange nets with other frameworks, as ONNX files")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    sub = _command(actions, "check", onnx.run,
                   "show the layers of a net in an ONNX file, or all of its nodes that can't be "
                   "read")
    onnx.add_arguments(sub)
    sub = _command(actions, "export", _onnx_export,
                   "write a trained net as an ONNX file, and beside it a JSON file: how an image "
                   "becomes an input, and the names of the classes")
    sub.add_argument("run", metavar="RUN", help="folder of a trained net")
    sub.add_argument("--out", metavar="FILE",
                     help="the ONNX file; RUN/NAME.onnx if not given, where NAME is RUN's")


def _onnx_export(options):
    run, name = runs.load_run(options.run), _net_name(options.run)
    path = Path(options.out or _run_folder(options.run) / texts.file_name(name, ending=".onnx"))
    about = export(run, path)
    shape, last = "×".join(map(str, run.net.input_shape)), [*run.net.layers][-1]
    _say(f"{path}: takes images N×{shape} as input, gives N×{len(run.classes)} scores as {last}")
    _say(f"{about}: how an image becomes an input, and the names of the classes")


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
    _save(ladder.draw(result), options.out)


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
          f"{', '.join(sorted(p.stem for p in data.PHOTOGRAPHS.glob('*.jpg')))}")
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
    sub.add_argument("--size", type=_at_least(least_size),
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
        _say(f"Of each image in {options.data} the middle square is taken, as {side}×{side} "
             "pixels; --size asks for another size")


def _add_rule(sub):
    sub.add_argument("--rule", choices=RULES, default="deconvnet",
                     help="how the signal goes down through a ReLU: the paper's deconvnet passes "
                          "on what is positive, the gradient what comes to units that fired, "
                          "guided what is both")


def _at_least(least):
    """For argparse: an integer of `least` or more."""
    def integer(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {text}")
        return value
    return integer


def _floats(text):
    """For argparse: "0.5,1e3" as a list of numbers, "7" as one."""
    numbers = [float(part) for part in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


_floats.__name__ = "number"         # what argparse calls it in an error


def _lines(path):
    """For argparse: the lines of a text file."""
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path} can't be read: {error}") from None


def _numbers(text):
    """For argparse: "0,5,17" as a list of integers."""
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise argparse.ArgumentTypeError("must be numbers with commas between them, such as "
                                         f"0,5,17, not {text!r}")
    return [int(part) for part in text.split(",")]


def _save(figure, path):
    path = _picture(path)
    plots.save(figure, path)
    _say(f"Look at it: {path.resolve()}")


def _picture(path):
    """The Path of a picture; an error if it can't be written."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; --out takes the name of the picture")
    if path.exists() and not path.is_file():    # /dev/null, beside which /dev/null.png would go
        raise OSError(f"{path} is no file; --out takes the name of the picture")
    if not path.suffix:
        path = path.with_name(f"{path.name}.png")       # as matplotlib would name it
    plots.check_path(path)
    return path
