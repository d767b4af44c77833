"""The paper's training recipe on the study's images, against nets that begin as He's."""
import numpy as np

from ... import models, texts
from ...data import preprocess, scenes
from ...page import Section
from ...tour import training_curve
from ...training import Recipe
from ..claims import Effect, NotTestable, Report, judged, percent, spread
from ..study import RECIPES
from .draw import draw, draw_radius
from .measure import BETTER, filter_sizes, held_back, measure, measure_trainings

TEXT = texts.read(__package__)
PAPER = Recipe()
EPOCHS, SEEDS = 2, 2    # of the nets that begin as the paper's: enough to see whether they move
SIDE = 224              # of the paper's images

# The paper's rate, and never lower because validation accuracy stalls.
CONSTANT = {"rate": PAPER.rate, "patience": EPOCHS, "settle": 0}

# How the nets begin; STATED is the recipe as the paper states it, DEEP the same in its own net.
HE, SMALL, STATED = "He", "Gaussian of 0.01", "Gaussian of 0.01, pixels ±128"
DEEP = "the paper's net, Gaussian of 0.01, pixels ±128"


def report(study):
    """The recipe on the study's images.

    study: study.Study.
    Returns a Report. Raises NotTestable if one class has so many of the images that a net can't be
    told from guessing.
    """
    chance = np.bincount(study.train.labels).max() / len(study.train.labels)
    if BETTER * chance >= 1:
        raise NotTestable(f"a net counts as better than guessing from {BETTER} times its accuracy "
                          f"on, but guessing is right {100 * chance:.0f} % of the time here: it "
                          "takes classes of more equal numbers of images")
    runs = train(study)
    trainings = {name: measure_trainings(of_seeds, study.test, chance)
                 for name, of_seeds in runs.items()}
    prepare = {name: of_seeds[0].prepare for name, of_seeds in runs.items()}
    nets = {"images": [run.net for run in runs[HE]],
            "scenes": [study.run_of("scenes", seed).net for seed in study.seeds]}
    held = {kind: [held_back(net, PAPER.radius) for net in of_seeds]
            for kind, of_seeds in nets.items()}
    shown = {kind: of_seeds[0] for kind, of_seeds in nets.items()}
    signals = measure_starts(study, prepare)
    return Report(claims(trainings, held, chance),
                  sections(len(study.train.classes), trainings, chance, signals, shown))


def train(study):
    """The nets of each way to begin: {name: list of runs.Run, one per seed}."""
    small = {"epochs": EPOCHS, "recipe": CONSTANT, "initialization": "paper"}
    seeds = study.seeds[:SEEDS]
    return {HE: [study.run_of("images", seed) for seed in study.seeds],
            SMALL: [study.run_of("images", seed, **small) for seed in seeds],
            STATED: [study.run_of("images", seed, **small, scale=1.0) for seed in seeds]}


def measure_starts(study, prepare):
    """The signals at the start of labnets, and of the paper's net on scenes in its own size.

    study: study.Study.
    prepare: {way to begin: its preparation of images}.
    Returns {way to begin: measure.Signals}.
    """
    images, labels, classes = study.train
    signals, count = {}, 2 if study.quick else 8
    for name, own in prepare.items():
        net = models.labnet(classes=len(classes), input_shape=images.shape[1:])
        net.initialize(np.random.default_rng(0), "he" if name == HE else "paper")
        signals[name] = measure(net, own(images[:count]), labels[:count])
    large = scenes.load("test", size=SIDE, count=count)
    mean = large.images.mean(axis=(0, 2, 3))[:, None, None]
    net = models.zfnet().initialize(np.random.default_rng(0), "paper")
    signals[DEEP] = measure(net, preprocess.normalize(large.images, mean, 1.0), large.labels)
    return signals


def claims(trainings, held, chance):
    """The claims about the recipe.

    trainings: {HE, SMALL, STATED: measure.Trainings}.
    held: {"images", "scenes": one dictionary of measure.held_back per seed}.
    chance: the accuracy of guessing, 0 … 1.
    Returns a list of Claim.
    """
    def outcome(name):
        histories, waits, accuracies = trainings[name]
        return TEXT["measured: start"].format(waits=spread(waits, ".1f"), epochs=len(histories[0]),
                                              accuracy=percent(accuracies))

    def above_chance(name, epochs=None):
        """By how much the best accuracy of the first epochs is above BETTER times guessing."""
        return np.array([max(row["validation_accuracy"] for row in history[:epochs])
                         - BETTER * chance for history in trainings[name].histories])

    shares = {kind: ", ".join(f"{layer} {100 * np.mean([row[layer] for row in rows]):.0f} %"
                              for layer in rows[0]) for kind, rows in held.items()}
    return [
        judged(TEXT["claim: trains"], outcome(STATED), [Effect(above_chance(STATED))]),
        judged(TEXT["claim: radius"].format(radius=PAPER.radius),
               TEXT["measured: radius"].format(**shares),
               [effect for rows in held.values() for effect in _first_is_held_most(rows)]),
        judged(TEXT["claim: stalls"], f"{SMALL}: {outcome(SMALL)}; {HE}: {outcome(HE)}",
               [Effect(-above_chance(SMALL)), Effect(above_chance(HE, 1))],
               source=TEXT["source: stalls"])]


def _first_is_held_most(rows):
    """Is a larger share of filters at the radius in conv1 than in any other convolution?

    rows: a dictionary of measure.held_back for each seed. Returns a list of Effect.
    """
    return [Effect([row["conv1"] - max(share for layer, share in row.items() if layer != "conv1")
                    for row in rows])]


def sections(classes, trainings, chance, signals, shown):
    """The three pictures and the table, with their words.

    classes: how many there are.
    trainings: {HE, SMALL, STATED: measure.Trainings}.
    chance: the accuracy of guessing, 0 … 1.
    signals: {HE, SMALL, STATED, DEEP: measure.Signals}.
    shown: {kind: Network}, whose filters are shown.
    Returns a list of Section.
    """
    own, scenes_recipe = RECIPES["images"], RECIPES["scenes"]
    curves = TEXT["section: curves"].format(
        rate=PAPER.rate, momentum=PAPER.momentum, radius=PAPER.radius, batch=own.batch,
        he_rate=own.rate, epochs=own.epochs, short=EPOCHS, scene_batch=scenes_recipe.batch,
        scene_rate=scenes_recipe.rate, scene_epochs=scenes_recipe.epochs,
        loss=np.log(classes), classes=classes)
    conv5 = shown["images"].layers["conv5"].params["w"]
    radius = TEXT["section: radius"].format(start=np.sqrt(2 / conv5[0].size))
    histories = {name: found.histories for name, found in trainings.items()}
    sizes = {kind: filter_sizes(net) for kind, net in shown.items()}
    return [
        Section("The recipe as it stands, and He's start", curves,
                training_curve.draw_compared(histories, chance), alt=TEXT["alt: curves"]),
        Section("What becomes of the signal", TEXT["section: signal"].format(side=SIDE),
                draw(signals), table(signals[SMALL], signals[DEEP]), alt=TEXT["alt: signal"]),
        Section("What renormalization holds back", radius, draw_radius(sizes, PAPER.radius),
                alt=TEXT["alt: radius"])]


def table(small, deep):
    """Rows of a table: what each layer makes of the deviation of the one before it.

    small, deep: measure.Signals of a small net and of the paper's.
    """
    rows = [("layer", "small net: inputs of a unit, n", "predicted", "measured",
             "paper's net: n", "predicted", "measured")]
    for i, layer in enumerate(small.layers):
        rows.append((layer, *_factors(small, i), *_factors(deep, i)))
    return rows


def _factors(signals, i):
    """Three cells of layer number i: inputs of a unit, factor predicted, factor measured."""
    inputs = f"{signals.inputs[i]:,.0f}"
    if i == 0:
        return inputs, "", ""
    measured = signals.activations[i] / max(signals.activations[i - 1], 1e-30)
    return inputs, f"{0.01 * np.sqrt(signals.inputs[i] / 2):.2f}", f"{measured:.2f}"
