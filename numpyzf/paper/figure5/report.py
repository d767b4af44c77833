"""Figure 5 in words: what the paper says, tested on several seeds, and the page's sections."""
import numpy as np

from ... import texts
from ...data import scenes
from ...page import Section
from ..claims import (NOT_TESTABLE, Claim, Effect, NotTestable, Report, counted, judged, percent,
                      spread, uncompared)
from ..study import untrained
from .draw import LINES, draw
from .measure import (TRANSFORMS, kept, kept_by_image, kept_probability, measure, ranges,
                      smallest_step, straightness)

TEXT = texts.read(__package__)
STABLE = 0.8        # what "stable" means: so much is kept, on average over the range
LINEAR = 0.9        # what "nearly linear" means: R² of a line through the origin
SHIFT_AND_SCALE = ("translation", "scale")
SHOWN_SCENES = ("face", "bird", "car", "boat", "wheel")     # classes with a curve of their own


def report(study):
    """Figure 5 on centered scenes, and once more on the study's own images."""
    each = 2 if study.quick else 5
    side = study.train_scenes.images.shape[2]
    rendered = scenes.render(each * len(scenes.CLASSES), np.random.default_rng(5), size=side,
                             centered=True)
    symmetric = [rendered.classes.index(name) for name in scenes.SYMMETRIC]
    shown = [rendered.classes.index(name) for name in SHOWN_SCENES]
    on_scenes = _report_on("scenes", rendered, "centered scenes", study, each, shown, symmetric)
    try:
        on_images = _report_on("images", study.test, study.name, study, each)
    except NotTestable as reason:
        on_images = Report([Claim(TEXT["claim: small changes"], str(reason), NOT_TESTABLE,
                                  study.name)], [])
    return Report(on_scenes.claims + on_images.claims, on_scenes.sections + on_images.sections)


def _report_on(kind, data, where, study, each, shown=None, symmetric=None):
    """The Report on one kind of images, for the nets trained on this kind.

    data: a data.Dataset or a scenes.Scenes.
    shown, symmetric: labels, as `images_to_show` and `claims_on` take them.
    Raises NotTestable for a single image.
    """
    if len(data.labels) < 2:
        raise NotTestable("to compare distances takes two test images at least; here is one")
    rows = class_by_class(data.labels, each, most=100)
    images, labels = data.images[rows], data.labels[rows]
    results = [measure(study.run_of(kind, seed), images, labels) for seed in study.seeds]
    amounts = {name: ranges(images.shape[2])[name] for name in SHIFT_AND_SCALE}
    before = [measure(untrained(study.run_of(kind, seed), seed), images, labels, amounts=amounts)
              for seed in study.seeds]
    shown = shown or spread_out(np.unique(labels), len(LINES))
    right = results[0].sweeps["scale"].right[0]             # a factor of 1: untransformed
    picture = draw(results[0], data.classes, images_to_show(labels, right, shown))
    section = Section(f"Shifted, enlarged, turned: {where}",
                      TEXT["section: shifted, enlarged, turned"].format(n=len(images)),
                      picture, table(results), alt=TEXT["alt: curves"].format(where=where))
    return Report(claims_on(results, where, symmetric, before), [section])


# ---- which images -----------------------------------------------------------------------------

def class_by_class(labels, each, most):
    """Choose the first `each` images of every class, `most` at most.

    Returns their rows: the first image of each class, then the second of each, and so on.
    """
    own = [np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]
    return np.array([rows[i] for i in range(each) for rows in own if i < len(rows)])[:most]


def spread_out(values, count):
    """`count` of the values (all if there are fewer), evenly spread from the first to the last."""
    return values[np.linspace(0, len(values) - 1, min(len(values), count)).astype(int)]


def images_to_show(labels, right, wanted):
    """One image of each wanted class: the first whose answer is right untransformed, or the first.

    labels: (N,).
    right: bool (N,), is the answer right untransformed?
    wanted: labels.
    """
    shown = []
    for label in wanted:
        rows = np.flatnonzero(labels == label)
        known = rows[right[rows]]
        shown.append(int(known[0] if len(known) else rows[0]))
    return shown


# ---- claims -----------------------------------------------------------------------------------

def claims_on(results, where, symmetric=None, before=()):
    """The paper's claims on Figure 5, tested on one kind of images: a list of Claim.

    results: a measure.Figure5 for each seed.
    where: the images' name.
    symmetric: labels of the classes with rotational symmetry, if that is known.
    before: the same of the nets before their training, shifted and enlarged, if they are there.
    """
    claims = [_small_changes(results, before), _nearly_linear(results, before),
              _stable(results), _less_under_rotation(results)]
    if symmetric is not None:
        claims.append(_rotational_symmetry(results, symmetric))
    return [claim._replace(on=where) for claim in claims]


def _small_changes(results, before):
    """The first layer moves more than the last, and by more than before training."""
    def changes(found, name):
        return np.array([smallest_step(result.sweeps[name]) for result in found]).reshape(-1, 2)

    effects, words = [], {}
    for name in SHIFT_AND_SCALE:
        own, earlier = changes(results, name), changes(before, name)        # (seeds, 2)
        more = own[:, 0] - own[:, 1]
        effects.append(Effect(more))
        words |= {f"{name}_first": spread(own[:, 0]), f"{name}_last": spread(own[:, 1]),
                  f"{name}_before": ""}
        if len(before):
            effects.append(Effect(more - (earlier[:, 0] - earlier[:, 1])))
            words[f"{name}_before"] = TEXT["before"].format(
                first=spread(earlier[:, 0]), last=spread(earlier[:, 1]))
    measured = TEXT["measured: small changes"].format(
        step=_smallest_shift(results), n=len(results[0].images), **words)
    claim = judged(TEXT["claim: small changes"], measured, effects)
    return claim if len(before) else uncompared(claim)


def _nearly_linear(results, before):
    def straight(found, name, layer):
        sweeps = [result.sweeps[name] for result in found]
        return np.array([straightness(sweep.sizes, getattr(sweep, layer).mean(axis=1))
                         for sweep in sweeps])

    shift, scale = straight(results, "translation", "last"), straight(results, "scale", "last")
    earlier = ""
    if len(before):
        earlier = " " + TEXT["before: linear"].format(
            shift=spread(straight(before, "translation", "last")),
            scale=spread(straight(before, "scale", "last")))
    measured = TEXT["measured: nearly linear"].format(
        n=len(results[0].images), shift_last=spread(shift), scale_last=spread(scale),
        shift_first=spread(straight(results, "translation", "first")),
        scale_first=spread(straight(results, "scale", "first")), before=earlier)
    return judged(TEXT["claim: nearly linear"].format(least=LINEAR), measured,
                  [Effect(shift - LINEAR), Effect(scale - LINEAR)])


def _stable(results):
    effects = [counted([kept_by_image(result.sweeps[name]) - STABLE for result in results])
               for name in SHIFT_AND_SCALE]
    return judged(TEXT["claim: stable output"].format(stable=STABLE), _kept(results), effects)


def _less_under_rotation(results):
    effects = [counted([kept_by_image(result.sweeps[name])
                        - kept_by_image(result.sweeps["rotation"]) for result in results])
               for name in SHIFT_AND_SCALE]
    return judged(TEXT["claim: less under rotation"], _kept(results), effects)


def _kept(results):
    """In words, how many right answers stay right under each transformation."""
    shares = {name: percent([kept(result.sweeps[name]) for result in results], ".0f")
              for name in TRANSFORMS}
    return TEXT["measured: stable output"].format(**shares)


def _rotational_symmetry(results, symmetric):
    chosen = np.isin(results[0].labels, symmetric)
    own = np.array([kept_probability(result.sweeps["rotation"], chosen) for result in results])
    others = np.array([kept_probability(result.sweeps["rotation"], ~chosen) for result in results])
    measured = TEXT["measured: rotational symmetry"].format(
        symmetric=", ".join(scenes.SYMMETRIC), own=percent(own, ".0f"),
        others=percent(others, ".0f"))
    return judged(TEXT["claim: rotational symmetry"].format(stable=STABLE), measured,
                  [Effect(own - STABLE), Effect(STABLE - others)])


def _smallest_shift(results):
    pixels = results[0].sweeps["translation"].sizes
    return pixels[pixels > 0].min()


# ---- the table --------------------------------------------------------------------------------

def table(results):
    """A row per transformation: the rows of a table, the first of which is its head."""
    first_layer, last_layer = results[0].layers
    rows = [("", f"smallest step, {first_layer}", f"smallest step, {last_layer}",
             "right answers kept")]
    steps = {"translation": f"{_smallest_shift(results)} px", "scale": "5 %", "rotation": "10°"}
    for name, step in steps.items():
        sweeps = [result.sweeps[name] for result in results]
        changes = [smallest_step(sweep) for sweep in sweeps]
        rows.append((f"{name} ({step})", spread([first for first, _ in changes]),
                     spread([last for _, last in changes]),
                     percent([kept(sweep) for sweep in sweeps], ".0f")))
    return rows
