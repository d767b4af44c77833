"""Training an image-transformation network: patches of pictures, a loss, Adam, and a file from
which a training goes on with the same bits. `fit` is the loop, `train` keeps it on disk.
"""
import json
import time
import zlib
from dataclasses import dataclass, field

import numpy as np

from .. import checkpoints, checks
from ..files import one_at_a_time
from ..progress import clock
from .adam import adam_step

FILE = "network.npz"
EVERY = 250         # steps, after which a training is saved


@dataclass
class State:
    """A training between two steps: all that it takes to go on."""
    net: object                 # a network.Network
    rng: np.random.Generator    # draws the patches; None of what `share` wrote
    about: dict                 # JSON values: how the net is built, and what it learns from
    step: int = 0
    moments: dict = field(default_factory=dict)     # of Adam: {"conv1.w": (mean, square) …}
    history: list = field(default_factory=list)     # means over EVERY steps each

    def __post_init__(self):
        if self.rng is not None:
            checks.seedable(self.rng)
        for name, value in self.net.parameters.items():
            self.moments.setdefault(name, (np.zeros_like(value), np.zeros_like(value)))


def rate_at(step, steps, rate):
    """The learning rate of a step, counted from 0: it falls to zero along half a cosine wave,
    slow at first and at last.

    >>> [round(rate_at(step, 4, 1.0), 2) for step in range(4)]
    [1.0, 0.85, 0.5, 0.15]
    """
    return float(rate * (1 + np.cos(np.pi * step / steps)) / 2)


def fit(state, batches, objective, *, steps, rate, measure=None, save=None, progress=None):
    """Train up to `steps` steps in all; returns the state, which is changed.

    batches: batches(rng) draws the network's input and what its output is compared with.
    objective: objective(y, target) -> value, {"pixel": number …}, dy; see losses.
    rate: Adam's at the start; the authors' is 1e-3. See rate_at.
    measure: measure(net) gives more numbers for a row of the history, {"psnr": number …}.
    save: save(state) is called after every EVERY steps, when a row was added to the history.
    progress: progress(state, terms) is called after every step.

    Raises ValueError where the loss, a number of the state or what the network makes isn't finite.
    What was saved last stays.
    """
    sums, count, begin = {}, 0, state.step
    while state.step < steps:
        x, target = batches(state.rng)
        now = rate_at(state.step, steps, rate)
        try:
            trace = state.net.forward(x, train=True, rng=state.rng)
            value, terms, dy = objective(trace.scores, target)
        except ValueError as error:
            if state.step == begin:
                raise
            # a step with arrays of the same shapes went well: their numbers have grown too large
            raise checks.diverged(f"step {state.step + 1}: {error}", rate) from error
        if not np.isfinite(value):
            raise checks.diverged(f"step {state.step + 1}: the loss is {value}", rate)
        adam_step(state.net.parameters, state.moments, state.net.backward(trace, dy),
                  state.step + 1, rate=now)
        state.step += 1
        terms = {"loss": value, **terms}
        sums = {name: sums.get(name, 0.0) + number for name, number in terms.items()}
        count += 1
        if progress:
            progress(state, terms)
        if state.step % EVERY == 0 or state.step == steps:
            _check_finite(state, rate)
            means = {name: number / count for name, number in sums.items()}
            try:
                measured = measure(state.net) if measure else {}
                finite = np.isfinite(state.net.predict(x)).all()
            except ValueError as error:
                raise checks.diverged(f"step {state.step}: {error}", rate) from error
            if not finite:
                raise checks.diverged(f"step {state.step}: the network's output isn't finite",
                                      rate)
            state.history.append({"step": state.step, "rate": now, **means, **measured})
            sums, count = {}, 0
            if save:
                save(state)
    return state


def _check_finite(state, rate):
    squares = {f"Adam's mean square of {name}": own for name, (_, own) in state.moments.items()}
    for name, value in {**state.net.parameters, **running(state.net), **squares}.items():
        if not np.isfinite(value).all():
            raise checks.diverged(f"step {state.step}: {name} isn't finite", rate)


# ---- on disk ------------------------------------------------------------------------------------
# The file is an .npz: parameter/NAME; running/NAME, what batch normalizations have gathered; info,
# a JSON object {"about", "step", "history", "rng"}; and, where the training can go on from it,
# mean/NAME and square/NAME, Adam's moments.

def train(folder, about, build, start, batches, objective, *, measure=None, report=print,
          progress=None):
    """Make or continue a training in a folder; a continued one gives the same bits.

    folder: where network.npz goes, which is written anew every EVERY steps.
    about: JSON values; "steps", "rate", "seed" for this function, the rest for `build`. A training
    is continued with equal ones only.
    build: build(about) makes the network.
    start: start(net, rng) draws its first weights.
    batches, objective, measure: see `fit`.
    report: gets a line from time to time; progress: one that takes the place of the one before.
    Returns the State. Raises ValueError or OSError; also where the training diverges.
    """
    folder = checks.path("folder", folder)
    checks.writable_folder(folder)
    path = folder / FILE
    with one_at_a_time(folder, report):
        if path.exists():
            state = load(path, build)
            _check_same(path, state, about)
            if state.step < about["steps"]:
                if state.rng is None:
                    raise ValueError(f"{path} was written to be shared, without what a training "
                                     "goes on from: choose another folder")
                report(f"continuing {path} after step {state.step:,}")
        else:
            rng = np.random.default_rng(about["seed"])
            state = State(start(build(about), rng), rng, about)
        if state.step < about["steps"]:
            try:
                # an overflow ends in an error; NumPy's warnings add nothing
                with np.errstate(over="ignore", invalid="ignore"):
                    fit(state, batches, objective, steps=about["steps"], rate=about["rate"],
                        measure=measure, save=_saver(path, report, progress),
                        progress=progress and _Progress(progress, about))
            except ValueError as error:
                kept = (f"; {path} is as it was after step {_steps_in(path):,}" if path.exists()
                        else "")
                raise ValueError(f"{error}{kept}") from error
    return state


def _check_same(path, state, about):
    different = [key for key in {**state.about, **about} if state.about.get(key) != about.get(key)]
    if different:
        told = ", ".join(f"{key} {state.about.get(key)!r}, not {about.get(key)!r}"
                         for key in sorted(different))
        raise ValueError(f"{path} was begun with {told}: give the same, or choose another folder")


def _steps_in(path):
    return json.loads(str(checkpoints.read_npz(path)["info"]))["step"]


def _saver(path, report, progress):
    """The function that writes the file and reports what was learned since the last time."""
    def write(state):
        save(path, state)
        if progress:
            progress("")
        row = state.history[-1]
        terms = "  ".join(f"{name} {number:.5g}" for name, number in row.items()
                          if name not in ("step", "rate"))
        report(f"step {row['step']:6,}  {terms}")
    return write


class _Progress:
    """Turns the number of steps into a line, five times a second at most."""

    def __init__(self, progress, about):
        self.progress, self.steps = progress, about["steps"]
        self.first, self.start, self.shown = None, 0.0, 0.0

    def __call__(self, state, terms):
        now = time.monotonic()
        if self.first is None:          # the first step may have compiled kernels
            self.first, self.start = state.step, now
        elif now - self.shown >= 0.2:
            self.shown = now
            seconds = (now - self.start) / (state.step - self.first)
            left = clock(seconds * (self.steps - state.step))
            self.progress(f"step {state.step:,}/{self.steps:,}  loss {terms['loss']:.5g}  "
                          f"{1000 * seconds:.0f} ms/step  {left} left")


def save(path, state):
    """Write a training between two steps, whole or not at all.

    Raises OSError naming the file; ValueError for what was read from a shared file.
    """
    if state.rng is None:
        raise ValueError(f"{path} was not written: this network was shared, without what a "
                         "training goes on from")
    arrays = {f"parameter/{name}": value for name, value in state.net.parameters.items()}
    for name, (mean, square) in state.moments.items():
        arrays |= {f"mean/{name}": mean, f"square/{name}": square}
    _write(path, arrays, state, state.rng.bit_generator.state)


def share(path, state):
    """Write a trained network to take along: in float16, without what training needs to go on."""
    arrays = {}
    for name, value in state.net.parameters.items():
        if np.abs(value).max() > np.finfo(np.float16).max:
            raise ValueError(f"{path} was not written: {name} has values that half precision "
                             "can't hold; train again with a lower rate")
        arrays[f"parameter/{name}"] = value.astype(np.float16)
    _write(path, arrays, state, None)


def _write(path, arrays, state, rng):
    info = {"about": state.about, "step": state.step, "history": state.history, "rng": rng}
    arrays |= {f"running/{name}": value for name, value in running(state.net).items()}
    checkpoints.write_npz(path, arrays | {"info": np.array(json.dumps(info))})


def running(net):
    """What the batch normalizations of a network have gathered: {"norm1.mean": array, …}."""
    return {f"{name}.{key}": getattr(layer, key) for name, layer in net.layers.items()
            for key in ("mean", "variance") if hasattr(layer, key)}


def copy(net, to):
    """Give a network all that another one of the same build has learned; returns it."""
    to.load_parameters(net.parameters)
    for name, value in running(to).items():
        value[...] = running(net)[name]
    return to


def checksum(net):
    """A number that tells one trained network from another."""
    found = 0
    for value in (*net.parameters.values(), *running(net).values()):
        found = zlib.crc32(np.ascontiguousarray(value), found)
    return found


def name_of(path):
    """What pictures and tables call a training: its folder's name, or its file's stem."""
    path = checks.path("path", path)
    return path.stem if path.is_file() else path.resolve().name


def load(path, build):
    """Read what `save` or `share` wrote.

    path: the file, or the folder of the training.
    build: build(about) makes the network.
    Returns a State; one read from what `share` wrote can't be continued. Raises FileNotFoundError,
    or ValueError naming the file.
    """
    path = checks.path("path", path)
    path = path / FILE if path.is_dir() else path
    arrays = checkpoints.read_npz(path)
    try:
        info = json.loads(str(arrays.pop("info")))
        _check_read(arrays, info)
        net, rng = build(info["about"]), None
        parameters = checkpoints.arrays_under(arrays, "parameter/")
        net.load_parameters({name: value.astype(np.float32) for name, value in parameters.items()})
        for name, value in running(net).items():
            value[...] = arrays[f"running/{name}"]
        moments = {}
        if info["rng"]:
            rng = np.random.default_rng()
            rng.bit_generator.state = info["rng"]
            means, squares = (checkpoints.arrays_under(arrays, f"{kind}/")
                              for kind in ("mean", "square"))
            moments = {name: (means[name], squares[name]) for name in net.parameters}
            for name, own in moments.items():
                if not own[0].shape == own[1].shape == net.parameters[name].shape:
                    raise ValueError(f"Adam's moments of {name} don't have its shape")
        return State(net, rng, info["about"], info["step"], moments, info["history"])
    except KeyError as error:
        raise ValueError(f"{path} holds no network for pictures: it has no {error}") from None
    except Exception as error:      # what is damaged makes `build` and NumPy raise nearly any
        words = " ".join(str(error).split())
        if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
            raise ValueError(f"{path}: {words}") from None
        raise ValueError(f"{path} is damaged, or no network for pictures ({words})") from None


def _check_read(arrays, info):
    """Raise ValueError for arrays and values that no training writes."""
    for name, value in arrays.items():
        if value.dtype.kind != "f":
            raise ValueError(f"{name} holds {value.dtype}, not floating-point numbers")
        if not (np.abs(value) <= np.finfo(np.float32).max).all():
            raise ValueError(f"{name} holds NaN or infinite values")
        if name.startswith("square/") or name.endswith(".variance"):
            if (value < 0).any():
                raise ValueError(f"{name} holds negative numbers")
    step, history = info["step"], info["history"]
    if type(step) is not int or step < 0:
        raise ValueError(f"its number of steps is {step!r}")
    rows = history if isinstance(history, list) else [history]
    bad = [row for row in rows if not isinstance(row, dict) or type(row.get("step")) is not int]
    if bad or bool(step) != bool(rows):
        raise ValueError(f"its history is damaged: {(bad or rows)!r}")
