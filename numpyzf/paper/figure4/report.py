"""What Figure 4 says, measured on a part of the training scenes."""
import numpy as np

from ... import data, runs, texts
from ...page import Section
from ...tour.training_curve import rate_drops
from ..claims import NOT_TESTABLE, Claim, Effect, Report, by_construction, judged
from ..study import RECIPES
from .draw import draw, draw_courses
from .measure import SETTLED, before_training, course, measure, settled

TEXT = texts.read(__package__)
IMAGES = 2000                               # training images, a third of the scenes
EPOCHS, PATIENCE, SEEDS = 30, 5, 2
KEPT = (1, 2, 3, 5, 7, 10, 15, 20, 25)      # the epochs that are looked at, beside the last


def report(study):
    """Figure 4 of the paper on a third of the training scenes, with two seeds.

    study: study.Study.
    Returns a Report.
    """
    scenes = study.train_scenes
    part = data.Dataset(scenes.images[:IMAGES], scenes.labels[:IMAGES], scenes.classes)
    seeds, courses = study.seeds[:SEEDS], []
    for seed in seeds:
        epochs = train(study, part, seed)
        study.report(f"  strongest images after each of {len(epochs)} epochs, seed {seed}")
        last = epochs[max(epochs)]
        start = before_training(last, part.labels, seed)
        evolutions = measure(epochs.values(), start, part.images)
        courses.append([course(evolution) for evolution in evolutions])
        if seed == seeds[0]:
            picture, history = draw(evolutions, list(epochs)), last.history
    return Report(claims(courses, list(epochs), len(part.images)),
                  sections(picture, history, courses, list(epochs)))


def train(study, images, seed):
    """Train a net on a data.Dataset; returns {epoch: runs.Run} of the epochs kept and the last."""
    recipe = RECIPES["scenes"]._replace(epochs=EPOCHS, patience=PATIENCE)
    name = f"scenes-{len(images.images)}-epochs-{EPOCHS}-seed-{seed}"
    run = study.train_run(name, images, recipe=recipe, seed=seed, flip=True, keep=KEPT)
    last, folder = len(run.history), study.out / "nets" / name
    kept = {epoch: runs.load_run(runs.epoch_file(folder, epoch)) for epoch in KEPT if epoch < last}
    return kept | {last: run}


def claims(courses, epochs, images):
    """The claims about how features come about.

    courses: one list of measure.Course per seed, of the layers from the lowest to the highest.
    epochs: of the courses.
    images: how many images there are.
    Returns a list of Claim.
    """
    return [*(_claim_of_settling(courses, epochs, name) for name in SETTLED),
            _claim_of_jumps(courses),
            Claim(TEXT["claim: epochs"], TEXT["needed: epochs"].format(images=images),
                  NOT_TESTABLE)]


def _claim_of_settling(courses, epochs, name):
    """Lower layers settle first, by one of the measures in SETTLED.

    A layer that hasn't settled before the end counts as if it did at the end: that is the least.
    """
    limit, last = SETTLED[name], epochs[-1]
    rests = [[settled(epochs, getattr(layer, name), limit) for layer in of_seed]
             for of_seed in courses]
    layers = [f"{layer.layer}: {' and '.join(_epoch(of_seed[i]) for of_seed in rests)}"
              for i, layer in enumerate(courses[0])]
    measured = TEXT["measured: settled"].format(layers="; ".join(layers), last=last)
    at_least = np.minimum(rests, last)                                      # (seeds, layers)
    later = at_least[:, -2:].mean(axis=1) - at_least[:, :2].mean(axis=1)
    return judged(TEXT[f"claim: {name}"].format(limit=limit, percent=100 * limit), measured,
                  [Effect(later)])


def _epoch(epoch):
    return "not before the end" if epoch == np.inf else f"{epoch:.1f}"


def _claim_of_jumps(courses):
    """A picture jumps where its image is another, in each convolution but the lowest."""
    names = [layer.layer for layer in courses[0]]
    parts = []
    for i, name in enumerate(names):
        if i > 0:
            numbers = [(of_seed[i].jump_with_image, of_seed[i].jump_without_image,
                        of_seed[i].new_images) for of_seed in courses]
            other, same, share = np.mean(numbers, axis=0)
            parts.append(TEXT["measured: jump"].format(layer=name, other=other, same=same,
                                                       share=100 * share))
    agree = [not any(layer.jump_with_image <= layer.jump_without_image for layer in of_seed[1:])
             for of_seed in courses]        # NaN where no image changes, or each one does
    return by_construction(TEXT["claim: jumps"].format(layers=", ".join(names[1:])),
                           "; ".join(parts), agree)


def sections(picture, history, courses, epochs):
    """The maps from epoch to epoch, the curves of all layers, and a table of strongest images.

    picture: what draw made.
    history: of the run in the picture.
    courses: one list of measure.Course per seed.
    epochs: of the courses.
    Returns a list of Section.
    """
    drops = [f"before epoch {epoch} to {rate:g}" for epoch, rate in rate_drops(history)]
    drops = f"fell {', '.join(drops)}" if drops else "never fell"
    return [
        Section("Features while they are learned", TEXT["section: pictures"], picture,
                alt=TEXT["alt: pictures"]),
        Section("When do they settle?", TEXT["section: courses"].format(drops=drops),
                draw_courses(courses, epochs), alt=TEXT["alt: courses"]),
        Section("Maps whose strongest image is the final one", TEXT["section: images"],
                rows=table(courses, epochs))]


def table(courses, epochs):
    """Rows of a table: the share of maps whose strongest image is the final one.

    courses: one list of measure.Course per seed; the shares are means over seeds.
    epochs: of the courses.
    """
    rows = [("layer", *(f"epoch {epoch}" for epoch in epochs))]
    for i, layer in enumerate(courses[0]):
        shares = np.mean([of_seed[i].images for of_seed in courses], axis=0)
        rows.append((layer.layer, *(f"{100 * share:.0f} %" for share in shares)))
    return rows
