"""Training a model into a folder, or going on with what is there."""
import numpy as np

from .. import checkpoints, checks, training
from ..files import one_at_a_time
from ..progress import ProgressLine, show_progress
from . import settings
from .run import MODELS, build, preparation, run_of


def train_run(out, *, data="fashion-mnist-small", folder=None, size=None, model="labnet",
              variant=None, recipe=training.Recipe(), seed=0, initialization="he", scale=None,
              pad=0, flip=False, keep=(), again=False, progress=show_progress,
              report=print):
    """Train a model into the folder `out`, or continue the run that is there.

    A tenth of the training images is held out for validation, which steers the rate. Where another
    training uses the folder, this one waits until that one has ended, and goes on from there.

    out: the run's folder.
    data, folder, size: which images, as in data.load; data may also be a data.Dataset.
    model: "labnet" or "zfnet".
    variant: keyword arguments of the model, such as {"middle": (64,)}, see models.
    recipe: training.Recipe.
    seed: of everything random, an integer.
    initialization: "he" or "paper", see Network.initialize.
    scale: what pixels are divided by; None is their standard deviation, the paper's is 1.
    pad: random shifts in training, in pixels; only for images as large as the net's input.
    flip: mirror half of the training images.
    keep: numbers of epochs after which a copy of the checkpoint stays, see epoch_file.
    again: if what is there is finished, train anew in its place.
    progress: progress(text) gets a line that replaces the one before; None for none.
    report: report(text) gets a line at the start and after every epoch.
    Returns the Run. Raises TypeError or ValueError if a setting or the data can't be, and
    ValueError if `out` holds a run of other settings or other images: only the number of epochs may
    change.
    """
    checks.recipe(recipe)
    out = checks.path("out", out)
    seed = checks.integer("seed", seed, 0, hint=", so that a run that goes on holds out the same "
                                                "images")
    checks.one_of("model", model, tuple(MODELS))
    checks.writable_folder(out)
    dataset, name = settings.load(data, folder, size)
    side = settings.input_side(model, dataset, name)
    chosen = {**settings.source(data, folder, size), "model": model,
              "variant": settings.as_lists(variant or {}), "seed": seed,
              "initialization": initialization, "pad": pad, "flip": flip,
              **settings.without_epochs(recipe), **settings.content(dataset, side)}
    if scale is not None:
        chosen["scale"] = scale
    rng = np.random.default_rng(seed)
    trained_on, held_out = settings.split(dataset, rng, name)
    del dataset     # those two are copies

    path = out / "checkpoint.npz"
    with one_at_a_time(path.parent, report):
        state, about = _read_or_new(path, chosen, trained_on, rng, recipe, again, report)
        if len(state.history) < recipe.epochs:
            report(f"training {model} on {len(trained_on.images):,} images up to epoch "
                   f"{recipe.epochs}; {len(held_out.images):,} more are held out for validation")
        if progress:
            progress("")
        training.train(
            state, trained_on.images, trained_on.labels, (held_out.images, held_out.labels),
            prepare=preparation(about), recipe=recipe, save=_saver(path, about, keep),
            after_epoch=_reporter(progress, report),
            progress=progress and ProgressLine(progress, recipe, len(trained_on.images)))
    return run_of(state, about)


def _read_or_new(path, chosen, trained_on, rng, recipe, again, report):
    """The state to train on from and what a checkpoint holds beside it, read or made anew."""
    if path.exists():
        state, about = _continued(path, chosen)
        if not again or len(state.history) < recipe.epochs:
            report(f"continuing {path} after epoch {len(state.history)}")
            return state, about
    about = settings.about(chosen, trained_on)
    net = build(about).initialize(rng, chosen["initialization"])
    return training.State(net, rng, recipe.rate), about


def _saver(path, about, keep):
    """The function that writes the checkpoint after an epoch, and the copy that is to stay."""
    def save(state):
        epoch = len(state.history)
        if epoch in keep:       # before the checkpoint: if stopped here, this epoch is done again
            checkpoints.save_checkpoint(epoch_file(path.parent, epoch), state, about)
        checkpoints.save_checkpoint(path, state, about)
    return save


def _reporter(progress, report):
    """The function that reports an epoch in one line."""
    def report_epoch(state):
        if progress:
            progress("")
        row = state.history[-1]
        report(f"epoch {row['epoch']:2}  loss {row['loss']:.3f}  "
               f"accuracy: training {row['train_accuracy']:.1%}, "
               f"validation {row['validation_accuracy']:.1%}  rate {row['rate']:g}")
    return report_epoch


def epoch_file(folder, epoch):
    """Where train_run keeps the checkpoint after one of the epochs in `keep`."""
    return checks.path("folder", folder) / f"epoch-{epoch:03}.npz"


# ---- going on -----------------------------------------------------------------------------------

def _continued(path, chosen):
    """The state and `about` of a run to go on with; ValueError if its settings are others.

    The same images may be at another place, which is then kept.
    """
    state, about = checkpoints.load_checkpoint(path, build)
    before = about["settings"]
    keys = dict.fromkeys([*chosen, "scale"])      # scale is a setting only if it was given
    different = [key for key in keys if before.get(key) != chosen.get(key)]
    if different and set(different) <= {"data", "folder"}:      # their checksum is the same
        if chosen["data"] is not None:
            about["settings"] = before | {key: chosen[key] for key in different}
            checkpoints.save_checkpoint(path, state, about)
    elif different:
        raise ValueError(f"{path} is a run with {_difference(before, chosen, different)}; "
                         "continue it with its own settings, or choose another folder")
    return state, about


def _difference(before, chosen, keys):
    """What is different in two runs' settings, in words."""
    words = [f"another {key} ({before.get(key)!r}, not {chosen.get(key)!r})"
             for key in keys if key != settings.CHECKSUM]
    if settings.CHECKSUM in keys:
        words.append("other images" if words else
                     "other images: some were added, removed or changed since")
    return ", ".join(words)
