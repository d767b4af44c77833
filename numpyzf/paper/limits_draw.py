"""The pictures and texts of limits.py: what a deconvnet does not tell you."""
from itertools import product

import numpy as np

from .. import plots

RULES = ("deconvnet", "gradient", "guided")         # the order of the arrays
EIGHT = tuple(product((False, True), repeat=3))     # forward mask, switches, backward ReLU
LINES = ((plots.BLUE, "o", "-"), (plots.ORANGE, "s", "--"), (plots.GRAY, "^", "-."))


def name(rule):
    """What a rule (forward mask, switches, backward ReLU) is called."""
    mask, switches, relu = rule
    word = {(False, True): "deconvnet", (True, False): "gradient", (True, True): "guided", (False, False): "linear"}[mask, relu]
    return word if switches else f"{word}, no switches"


def cascades(results):
    """Projections of a class score as more layers are noise, and how similar they stay; of conv5 too. results: a list of Limits."""
    first = results[0]
    count = len(first.top.steps)
    columns = np.unique(np.linspace(1, count, 5).round().astype(int))
    with plots.style():
        figure = plots.figure(9, 7.9)
        upper, lower = figure.subfigures(2, 1, height_ratios=(5, 3.2))
        grid = upper.subplots(3, 2 + len(columns))
        _beside(grid[:, 0], first)
        for i, rule in enumerate(RULES):
            for axes, step in zip(grid[i, 1:], (0, *columns)):
                plots.show(axes, plots.to_display(first.top.pictures[i, step]))
                if i == 0:
                    axes.set_title("trained net" if step == 0 else "noise: fc8" if step == 1 else f"fc8 … {first.top.steps[step - 1]}")
            _label(grid[i, 1], rule)
        left, middle, right = lower.subplots(1, 3, sharey=True)
        for axes, title, cascade, field in ((left, "class score: noise down to …", "top", "together"),
                                            (middle, "class score: one layer noise", "top", "alone"),
                                            (right, "strongest unit of conv5:\nnoise down to …", "middle", "together")):
            _similarities(axes, [getattr(r, cascade) for r in results], field)
            axes.set_title(title, loc="left")
        left.set_ylabel("rank correlation\nwith the trained net's picture")
        lower.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _similarities(axes, cascades, field):
    """Mean and deviation over images and nets at every step, and the level of the same unit for another image, dotted."""
    steps = cascades[0].steps
    for i, (color, marker, line) in enumerate(LINES):
        values = np.concatenate([getattr(c, field)[0, i] for c in cascades], axis=-1)           # (steps, nets · images)
        axes.errorbar(np.arange(len(steps)) + 0.12 * (i - 1), values.mean(axis=-1), values.std(axis=-1), color=color, marker=marker,
                      linestyle=line, elinewidth=0.8, label=RULES[i])
        level = np.concatenate([c.another[0, i] for c in cascades]).mean()
        axes.axhline(level, color=color, linestyle=(0, (1, 3)), linewidth=1.2, zorder=0,
                     label="the same unit, another image" if i == 2 else None)
    axes.set_xticks(np.arange(len(steps)), steps, rotation=60)
    axes.set(ylim=(-0.1, 1.05))


def _beside(axes, first):
    """The image, its edges and the object's mask, in a column of axes."""
    pictures = plots.to_image(first.images[0]), first.edges[0, 0] / (first.edges[0].max() or 1), first.masks[0].astype(float)
    for own, picture, title in zip(axes, pictures, ("image", "its edges", "the object")):
        plots.show(own, picture)
        own.set_title(title)


def _label(axes, text):
    axes.text(-0.06, 0.5, text, rotation=90, ha="right", va="center", transform=axes.transAxes, fontweight="bold")


def classes(results, names):
    """Projections of the scores of several classes of one image, and how similar they are. names: of the classes."""
    first = results[0]
    true = int(first.labels[0])
    shown = [true, *[c for c in range(len(names)) if c != true][:3]]
    with plots.style():
        figure = plots.figure(9, 4.3)
        left, right = figure.subfigures(1, 2, width_ratios=(6.2, 2.8))
        grid = left.subplots(3, 2 + len(shown))
        _beside(grid[:, 0], first)
        for i, rule in enumerate(RULES):
            pictures = [*first.class_pictures[i, shown], first.top.pictures[i, 1]]
            titles = [f"{names[c]}{' (true)' * (c == true)}" for c in shown] + ["fc8 is noise"]
            for axes, picture, title in zip(grid[i, 1:], pictures, titles):
                plots.show(axes, plots.to_display(picture))
                if i == 0:
                    axes.set_title(title)
            _label(grid[i, 1], rule)
        rows = {"another class": [r.classes[0] for r in results], "noise for fc8": [r.top.alone[0, :, 0] for r in results],
                "another image": [r.top.another[0] for r in results]}
        axes = right.subplots()
        _dots(axes, {key: [np.concatenate([of[i] for of in values]) for i in range(3)] for key, values in rows.items()}, RULES)
        axes.set(xlim=(-0.15, 1.05), xlabel="rank correlation with the\npicture of the true class")
        right.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, columnspacing=1, handletextpad=0.4)
    return figure


def _dots(axes, rows, labels):
    """Mean and deviation as one dot per row and series, one below the other. rows: {text: [values of each series]}."""
    for place, values in enumerate(rows.values()):
        for i, (of, (color, marker, _)) in enumerate(zip(values, LINES)):
            axes.errorbar(of.mean(), place + 0.18 * (i - (len(values) - 1) / 2), xerr=of.std(), color=color, marker=marker, markersize=6,
                          linestyle="", elinewidth=1, label=labels[i] if place == 0 else None)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0, color=plots.GRAY, linewidth=0.6)


def ways(results):
    """The deconvnet with learned weights or noise on the way down, with switches or without, and what of the picture is left."""
    first = results[0]
    titles = ["learned, switches:\nthe deconvnet", "learned,\nno switches", "noise,\nswitches", "noise,\nno switches"]
    with plots.style():
        figure = plots.figure(9, 3.9)
        left, right = figure.subfigures(1, 2, width_ratios=(4.6, 4.4))
        grid = left.subplots(2, 3)
        _beside(grid[:, 0], first)
        for axes, picture, title in zip(grid[:, 1:].flat, first.way_pictures, titles):
            plots.show(axes, plots.to_display(picture))
            axes.set_title(title)
        series = [np.concatenate(arrays, axis=-1) for arrays in ([r.way_original[0] for r in results], [r.way_edges for r in results],
                                                                 [r.way_inside for r in results])]
        axes = right.subplots()
        _dots(axes, {title: [of[i] for of in series] for i, title in enumerate(titles)},
              ("rank correlation with the deconvnet's picture", "rank correlation with the image's edges", "share of energy on the object"))
        level = np.mean([r.masks.mean() for r in results])
        axes.axvline(level, color=plots.GRAY, linestyle=":", linewidth=1.2)
        axes.text(level, 3.48, " the object's share of the image", fontsize=8, color="#555555", va="bottom")
        axes.set(xlim=(-0.15, 1.05), xlabel="similarity, or share")
        right.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=1)
    return figure


def rules(results):
    """One image's class score brought down by the eight rules."""
    first = results[0]
    with plots.style():
        figure = plots.figure(9, 4.4)
        left, right = figure.subfigures(1, 2, width_ratios=(1, 4.4))
        _beside(left.subplots(2, 1), first)
        grid = right.subplots(2, 4)
        for row, switches in zip(grid, (True, False)):
            for axes, (mask, relu) in zip(row, ((False, True), (True, False), (True, True), (False, False))):
                plots.show(axes, plots.to_display(first.rule_pictures[EIGHT.index((mask, switches, relu))]))
                axes.set_title(f"{name((mask, True, relu))}\nmask {'yes' if mask else 'no'}, ReLU {'yes' if relu else 'no'}")
            _label(row[0], "switches" if switches else "no switches")
    return figure


TEXTS = (
    """A projection looks convincing: there is the object, with its edges. But an edge detector would show that too. So what of the \
picture comes from what the net has learned? Take it away and look again. From the top down, each layer's weights are replaced by noise \
of the same strength, the image goes up through this damaged net, and the score of its true class (seeded with 1) comes down. If the \
picture stays, it didn't show what these layers had learned.

Below, similarity as a rank correlation: 1 if the same pixels are strong, 0 if one picture says nothing about the other. Dotted: how \
similar the picture is to that of the same unit for another image, which is what is left if nothing of this image remains. Bars are the \
deviation over images and nets.

The table has a second measure, the cosine of the signed pixels. Rank correlation counts a faint background as much as strong lines; the \
cosine, like the eye, is ruled by what is strong. Two pictures that look alike can differ by the first and agree by the second.

Compare the three rules. They have the same weights and the same switches, and differ only at the ReLU. A rule whose line stays high \
shows the image more than the net: forward masks and switches draw it. A line that falls says that the rule depends on the weights, not \
that it shows what they have learned.

For a unit of conv5 the dotted lines lie high. Its field ends within the image, and all of its pictures are empty at the same places: a \
reminder that similarity means nothing until it is compared with what anything else would give.

In the statements above, “holds” says that the picture was lost where it should have been. That is necessary and not enough: a rule that \
turns everything into noise would pass too.""",

    """One image, and the scores of several classes. A picture that explains why this is a certain class should be another for another \
class. If all of them look the same, the picture tells what is in the image, and not what the net makes of it.

At the right, the mean over all other classes; beside it noise in place of fc8, which stands for a class that doesn't exist.""",

    """Here the image goes up through the trained net, so that its switches are those of the trained net. Only the way down is changed: \
its weights are noise, or each value goes to the middle of its pooling window instead of the place the switch says, or both.

The switches carry the image: they say where in each window something was. The weights say how the pieces are put together. If noise with \
the switches still draws the object or its edges, this part of the picture needs no learning.""",

    """The way down has three choices. Forward mask: at a ReLU, pass only where the unit was on on the way up. Switches: at a pool, go \
where the maximum was, else to the middle of the window. Backward ReLU: pass only what is positive on the way down. That makes eight \
rules; three have names. “Linear” rectifies nowhere.

They are one image, one net, one class. Where they disagree, at most one of them can be what the net saw; where some look sharper, that \
alone is no reason to believe them.""")

ALTS = ("Projections of one scene by three rules, from the trained net and with more and more layers noise; below, lines of similarity",
        "Projections of one scene for four classes and for noise, by three rules, and their similarity",
        "Four projections of one scene: learned weights or noise, with and without switches; their similarity with the deconvnet's",
        "Eight projections of one scene, one per rule")
