"""All that stands on the page, measured: pictures, the paper's table, grids, recognition."""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ... import data, texts
from ...exchange.model import open_net
from . import grid, measure, recognize

SMALL, ORIGINAL = "low resolution", recognize.ORIGINAL
STEPS = 300             # of the trainings that show the checkerboard


class Shown(NamedTuple):
    """One picture as the page shows it."""
    row: measure.Row
    made: dict          # {"low resolution", method …, "original": uint8 (C, H, W)}
    answers: dict       # {method or "original": (class, probability)}


class Classifier(NamedTuple):
    """Who says what the pictures are."""
    name: str
    classes: tuple      # names
    side: int           # of the square that it sees, pixels
    judged: list        # names of the networks whose judge it was: there should be none


class Findings(NamedTuple):
    """All that stands on the page."""
    scale: int          # of the pictures that are shown
    source: str         # the name of their folder, or of the data set
    networks: dict      # {scale: {name: enlarge.Enlarger}}
    rows: dict          # {scale: list of measure.Row}
    shown: list         # of Shown
    classifier: Classifier
    made: list          # of grid.Made
    pulls: list         # of grid.Pull
    steps: int          # of the training of grid.Made
    recognized: recognize.Recognition = None


def find(options, networks, *, report=print, progress=None, steps=STEPS):
    """Measure what the page shows; Findings.

    options: of the command, see command.add_page.
    networks: {scale: {name: enlarge.Enlarger}}: all are measured, those for options.scale shown.
    report, progress: as in runs.train_run.
    steps: of the trainings that show the checkerboard.
    """
    source, scale = options.source, options.scale
    if options.recognize:       # an error now, not when all else is measured
        recognize.test_images(options.recognize, scale, options.size, lazily=True)
    run, name = open_net(options.classifier)
    shown = networks.setdefault(scale, {})
    rows = {scale: measure.evaluate(source, scale, shown, progress=progress)}
    folder = Path(source).resolve().name
    groups = {folder.lower(), *(row.group.lower() for row in rows[scale])}
    in_the_paper = {own for group, own in measure.PAPER if group in groups}
    for other in sorted({*networks, *in_the_paper} - {scale}):
        try:
            rows[other] = measure.evaluate(source, other, networks.get(other, {}),
                                           progress=progress)
        except ValueError as error:
            raise ValueError(f"enlarged {other} times: {error}") from error
    if progress:
        progress("")
    report(f"{len(rows[scale]):,} pictures measured; looking for grids")
    pictures = list(_shown(options, shown, rows[scale], run))
    photographs = data.photographs(size=224)
    made = grid.make_grids(photographs[:9], photographs[9:], steps=steps)
    pulls = grid.judge_pulls(photographs[:4])
    recognized = None
    if options.recognize:
        recognized = recognize.recognize(options.recognize, scale, shown, options.nets,
                                         size=options.size, report=report)
    judged = [method for method, network in shown.items() if about(network).get("judge") == name]
    classifier = Classifier(texts.short(Path(name).name), run.classes, run.prepare.mean.shape[1],
                            judged)
    return Findings(scale, folder, networks, rows, pictures, classifier, made, pulls, steps,
                    recognized)


def _shown(options, networks, rows, run):
    """The pictures that are shown, Shown each: evenly from all."""
    chosen = set(np.linspace(0, len(rows) - 1, min(options.pictures, len(rows))).astype(int))
    for number, (name, image) in enumerate(measure.read(options.source)):
        if number in chosen:
            original, low, made = measure.enlarged(name, image, options.scale, networks)
            answers = recognize.answers(run, name, image, options.scale, networks)
            yield Shown(rows[number], {SMALL: low, **made, ORIGINAL: original}, answers)


def about(network):
    """How a network was trained, see train.Plan; {} of a function that doesn't say."""
    return getattr(network, "about", {})
