"""The command `numpyzf`: demo, train, features, explain, look, reproduce, superres, style, invert,
onnx, bench, lab, lesson, data.

`numpyzf COMMAND --help` says what each one takes. An error is one line; with NUMPYZF_TRACEBACK=1 in
the environment it also shows where in the code it comes from. The arguments that a command takes,
and what it does, are in command.py of its room; here is how all are run, and demo, which visits
several rooms.
"""
import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from . import kernels, runs, texts
from .bench import command as bench
from .data import command as images
from .exchange import command as onnx
from .inside import command as inside
from .labs import command as lab
from .lessons import command as lesson
from .paper import command as paper
from .perceptual.invert import command as inversion
from .perceptual.style import command as style, network_command as style_network
from .perceptual.superres import command as superres
from .progress import log_begins
from .runs import command as training
from .terminal import at_least, say, version
from .tour import command as tour, demo
from .training import Recipe

DEMO_RECIPE = Recipe(epochs=7, batch=32, rate=1e-2)
DEMO_KEEP = (1, 2, 4)           # epochs whose nets stay, to see how units grow
DEMO_MEGABYTES = 4              # of its page of every unit
# what an interrupted command says
EPOCHS = "; started again, a training goes on from its last finished epoch"
STEPS = "; started again, the training goes on from what it has reported last, if anything"


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
        kept = options.kept
        _check_given(options)
        log_begins()
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
        _complain(f"numpyzf: {texts.clean(_words(error))}")
        return 2
    return 0


def _check_given(options):
    """Refuse what is given as an empty word: a shell's variable that isn't set."""
    for name, value in vars(options).items():
        if name != "kept" and "" in (value if isinstance(value, list) else [value]):
            word = name.replace("_", "-")
            word = f"--{word}" if f"--{word} " in options.parser.format_help() else word
            raise ValueError(f"{word} is empty; it must have a value, or be left out")


def _words(error):
    """What an error says; of one that the system or NumPy has put into words, in ours."""
    if isinstance(error, MemoryError):
        told = f" ({error})" if str(error) else ""
        return f"out of memory{told}: try fewer or smaller images, or a smaller batch"
    if isinstance(error, OSError) and error.errno:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


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
                   "minutes", EPOCHS)
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


# ---- train, features, explain, look, reproduce --------------------------------------------------

def _add_train(commands):
    training.add_train(_command(commands, "train", training.run_train,
                                "train a net on a data set; started again, it goes on from the "
                                "last finished epoch", EPOCHS))


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
                             "and what of that came down to pixels",
                             "; started again, the page goes on from there"))


def _add_reproduce(commands):
    paper.add_reproduce(_command(commands, "reproduce", paper.run_reproduce,
                                 "compute figures and tables of the paper, with what it claims and "
                                 "what is measured here, on one page", EPOCHS))


# ---- superres -----------------------------------------------------------------------------------

def _add_superres(commands):
    sub = _command(commands, "superres", None,
                   "make pictures larger by a trained network (Johnson et al. 2016)")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    superres.add_train(_command(actions, "train", superres.run_train,
                                "train a network that enlarges, by the difference of pixels or of "
                                "what a trained net sees; started again, it goes on", STEPS))
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
                                     "started again, it goes on", STEPS))
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


# ---- bench, lab, lesson, data -------------------------------------------------------------------

def _add_bench(commands):
    bench.add_bench(_command(commands, "bench", bench.run_bench,
                             "climb from seven loops to this machine's limit for one convolution, "
                             "in about a quarter of a minute"))


def _add_lab(commands):
    lab.add(_command(commands, "lab", None,
                     "exercises to fill in, and the grader that says what is wrong with them"))


def _add_lesson(commands):
    sub = _command(commands, "lesson", lesson.run,
                   "list the lessons of the folder tutorials, show the answers to their exercises, "
                   "or build the notebooks from their sources")
    lesson.add_arguments(sub)


def _add_data(commands):
    _command(commands, "data", images.run_data, "list the data sets and where they were found")


# ---- what several commands share ----------------------------------------------------------------

class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the default to the help of an option, if it says something."""

    def _get_help_string(self, action):
        if not action.default:      # None, False, 0
            return action.help
        return super()._get_help_string(action)


def _command(commands, name, function, text, kept=""):
    """A command of its own name, text and function; its arguments are added to what is returned.

    kept: what stays of its work when it is interrupted, which it then says.
    """
    sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.",
                              formatter_class=_Help)
    sub.set_defaults(command=function, parser=sub, kept=kept)
    return sub
