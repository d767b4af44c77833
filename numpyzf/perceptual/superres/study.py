"""All that stands on the page, measured: pictures, the paper's table, grids, recognition."""
from pathlib import Path

import numpy as np

from ... import data, texts
from ...exchange.model import open_net
from . import grid, measure, recognize, report as words

STEPS = 300             # of the trainings that show the checkerboard
FEW_NAMED = 12          # classes of a classifier that are named


def write(options, networks, *, report=print, progress=None, steps=STEPS):
    """Measure what the page shows, and write it.

    options: of the command, see command.add_page.
    networks: {name: enlarge.Enlarger}, all for options.scale.
    report, progress: as in runs.train_run.
    steps: of the trainings that show the checkerboard.
    """
    scale = options.scale
    run, name = open_net(options.classifier)
    rows = {scale: measure.evaluate(options.source, scale, networks, progress=progress)}
    if progress:
        progress("")
    report(f"{len(rows[scale]):,} pictures measured")
    for other in sorted({s for of, s in measure.PAPER if of in _sets(rows[scale])} - {scale}):
        rows[other] = measure.evaluate(options.source, other, {})
    shown = list(_shown(options, networks, rows[scale], run))
    report("looking for grids")
    photos = data.photographs(size=224)
    made = grid.make_grids(photos[:9], photos[9:], steps=steps)
    pulls = grid.judge_pulls(photos[:4])
    recognized = None
    if options.recognize:
        recognized = recognize.recognize(options.recognize, scale, networks, options.nets,
                                         size=options.size, report=report)
    words.write(options.out, words.Findings(
        texts.short(Path(options.source).name), scale,
        {method: loss_of(method, network) for method, network in networks.items()},
        [_about(method, network) for method, network in networks.items()], rows, shown,
        _classifier(run, name, networks), made, pulls, steps, recognized), options.side)


def _sets(rows):
    return {row.group.lower() for row in rows}


def _shown(options, networks, rows, run):
    """The pictures that are shown, report.Shown each."""
    chosen = set(np.linspace(0, len(rows) - 1, min(options.pictures, len(rows))).astype(int))
    for number, (name, image) in enumerate(measure.read(options.source)):
        if number in chosen:
            original, low, made = measure.enlarged(name, image, options.scale, networks)
            answers = recognize.answers(run, name, image, options.scale, networks)
            yield words.Shown(rows[number], {words.SMALL: low, **made, words.ORIGINAL: original},
                              answers)


def loss_of(name, network):
    """What a network was trained by: "pixel", "feature"; its own name if it doesn't say."""
    return getattr(network, "about", {}).get("loss", name)


def _about(name, network):
    about = getattr(network, "about", {})
    count = sum(value.size for value in network.net.parameters.values()) if about else None
    return (name, f"×{about.get('scale', '')}", about.get("loss", ""),
            f"{count:,}" if count else "", f"{about['steps']:,}" if "steps" in about else "")


def _classifier(run, name, networks):
    """The paragraph about the classifier, and a warning where it was a judge."""
    known = f"{len(run.classes):,} classes, such as {texts.listed(run.classes[::7], 4)}"
    if len(run.classes) <= FEW_NAMED:
        known = texts.listed(run.classes)
    text = words.TEXT["classifier"].format(name=texts.short(name), known=known,
                                           seen=run.prepare.mean.shape[1])
    judged = [method for method, network in networks.items()
              if getattr(network, "about", {}).get("judge") == name]
    if judged:
        text += "\n\n" + words.TEXT["classifier is the judge"].format(
            name=texts.short(name), judged=texts.listed(judged))
    return text
