"""What the tour's pictures and files say: which net, which unit, and what a flat picture means."""
from pathlib import Path

from .. import texts


def describe(run, name=None):
    """A net in a line: what it is called, what it is, and how good it is if that is known.

    run: runs.Run.
    name: of the net, such as its folder's, if it has one.
    Returns a string such as "r2 (labnet on photos, 74.6% of the validation images right)".
    """
    settings, details = run.settings, []
    if "assumed" in settings:                       # a model file, of which nothing else is known
        return texts.short(name or settings["model"])
    if "model" in settings:
        details.append(f"{settings['model']} on {data_name(run)}")
    if "test accuracy" in settings:
        details.append(f"{settings['test accuracy']:.1%} of the test images right")
    elif len(run.history):
        right = run.history[-1]["validation_accuracy"]
        details.append(f"{right:.1%} of the validation images right")
    first, *rest = [texts.short(name)] * bool(name) + details or ["a net"]
    return f"{first} ({', '.join(rest)})" if rest else first


def data_name(run):
    """What the images of a run are called, short: of a folder, its last part."""
    data = run.settings.get("data")         # None after a training on arrays
    return "images of its own" if data is None else texts.short(Path(data).name)


def rule_name(rule):
    """What a rule is called in a picture; one of your own, a layers.Rule, has no name."""
    return rule if isinstance(rule, str) else "a rule of its own"


def why_flat(value, projection, scores=False):
    """Why a projection shows nothing, in two lines for its tile; "" if it does.

    value: the unit's activation.
    projection: its pixels.
    scores: whether the unit is one of the net's scores, which may well be negative.
    """
    if value <= 0 and not scores:
        return "did not\nfire"
    return "" if projection.any() else "nothing\ncame down"
