"""The four pictures of the limits.

Every function takes a list of Limits, one per net. Projections are shown of the first net.
"""
import numpy as np

from ... import plots, texts
from ...deconvnet import RULES, Rule
from .measure import EIGHT, RANK, WAYS

LINES = ((plots.BLUE, "o", "-"), (plots.ORANGE, "s", "--"), (plots.GRAY, "^", "-."))
RULE_LINES = dict(zip(RULES, LINES))


def draw(results, classes, answer="true"):
    """Draw what the projections of several nets depend on.

    results: a list of Limits, one per net.
    classes: the names of the classes.
    answer: what the labels are.
    Returns four matplotlib figures: layers that are noise, other classes, ways down, eight rules.
    """
    return [draw_cascades(results), draw_classes(results, classes, answer), draw_ways(results),
            draw_rules(results)]


def rule_name(rule):
    """What a Rule is called: "guided", "linear, no switches"."""
    word = {(False, True): "deconvnet", (True, False): "gradient", (True, True): "guided",
            (False, False): "linear"}[rule.forward_mask, rule.backward_relu]
    return word if rule.switches else f"{word}, no switches"


def way_title(way):
    """A Way in two lines."""
    if way.learned and way.switches:
        return "learned, switches:\nthe deconvnet"
    return f"{'learned' if way.learned else 'noise'},\n{'' if way.switches else 'no '}switches"


# ---- layers that are noise ----------------------------------------------------------------------

def draw_cascades(results):
    """Class scores' projections as more layers are noise, and lines of how similar they stay."""
    first = results[0].class_score
    count = len(first.steps)
    shown = np.unique(np.linspace(1, count, 5).round().astype(int))     # 1 is the first step
    with plots.style():
        figure = plots.figure(9, 7.9)
        upper, lower = figure.subfigures(2, 1, height_ratios=(5, 3.2))
        grid = upper.subplots(len(RULES), 2 + len(shown))
        _show_image(grid[:, 0], results[0])
        for row, rule, pictures in zip(grid[:, 1:], RULES, first.pictures):
            _show_row(row, rule, pictures[[0, *shown]])
        for axes, step in zip(grid[0, 1:], (0, *shown)):
            axes.set_title(_step_title(first.steps, step))
        _draw_similarities(lower, results)
    return figure


def _step_title(steps, step):
    """What is noise at a step: nothing at step 0, one layer at step 1."""
    if step == 0:
        return "trained net"
    names = [texts.short(name, 16) for name in (steps[0], steps[step - 1])]
    if step == 1:
        return f"noise: {names[0]}"
    return (" … " if sum(map(len, names)) < 16 else " …\n").join(names)


def _draw_similarities(figure, results):
    left, middle, right = figure.subplots(1, 3, sharey=True)
    scores, units = [r.class_score for r in results], [r.unit for r in results]
    _draw_lines(left, scores, [cascade.down_to_layer for cascade in scores])
    left.set_title("class score: noise down to …", loc="left")
    _draw_lines(middle, scores, [cascade.one_layer for cascade in scores])
    middle.set_title("class score: one layer noise", loc="left")
    _draw_lines(right, units, [cascade.down_to_layer for cascade in units])
    layer = texts.short(units[0].layer, 16)
    right.set_title(f"strongest unit of {layer}:\nnoise down to …", loc="left")
    left.set_ylabel("rank correlation\nwith the trained net's picture")
    lines, labels = left.get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside lower center", ncols=4)


def _draw_lines(axes, cascades, similarities):
    """Mean and deviation over images and nets at every step; dotted, those for another image.

    similarities: [(2, rules, steps, M) of each cascade].
    """
    steps = cascades[0].steps
    for i, (rule, (color, marker, line)) in enumerate(RULE_LINES.items()):
        values = np.concatenate([s[RANK, i] for s in similarities], axis=-1)    # (steps, nets · M)
        axes.errorbar(np.arange(len(steps)) + 0.12 * (i - 1), values.mean(axis=-1),
                      values.std(axis=-1), color=color, marker=marker, linestyle=line,
                      elinewidth=0.8, label=rule)
        level = np.concatenate([cascade.other_image[RANK, i] for cascade in cascades]).mean()
        dotted = axes.axhline(level, color=color, linestyle=(0, (1, 3)), linewidth=1.2, zorder=0)
    dotted.set_label("the same unit, another image")        # once in the legend, for all three
    names = [texts.short(name, 16) for name in steps]
    axes.set_xticks(np.arange(len(steps)), names, rotation=60)
    axes.set(ylim=(-0.1, 1.05))


# ---- other classes ------------------------------------------------------------------------------

def draw_classes(results, names, answer="true"):
    """Projections of the scores of several classes of one image, and how similar they are.

    results: a list of Limits, one per net.
    names: of the classes.
    answer: what the labels are.
    """
    first = results[0]
    true, top = int(first.labels[0]), first.class_score.steps[0]
    shown = [true, *[c for c in first.compared if c != true][:3]]
    places = np.searchsorted(first.compared, shown)
    with plots.style():
        figure = plots.figure(9, 4.3)
        left, right = figure.subfigures(1, 2, width_ratios=(6.2, 2.8))
        grid = left.subplots(len(RULES), 2 + len(shown))
        _show_image(grid[:, 0], first)
        for i, (row, rule) in enumerate(zip(grid[:, 1:], RULES)):
            with_noise = first.class_score.pictures[i, 1]
            _show_row(row, rule, [*first.class_pictures[i, places], with_noise])
        titles = [f"{names[true]} ({answer})", *(names[c] for c in shown[1:]),
                  f"{texts.short(top, 16)} is noise"]
        for axes, title in zip(grid[0, 1:], titles):
            axes.set_title(title)
        axes = right.subplots()
        _draw_dots(axes, RULES, {
            "another class": _ranks([r.classes for r in results]),
            f"noise for {top}": _ranks([r.class_score.one_layer[:, :, 0] for r in results]),
            "another image": _ranks([r.class_score.other_image for r in results])})
        axes.set(xlim=(-0.15, 1.05),
                 xlabel=f"rank correlation with the\npicture of the {answer} class")
        dots, labels = axes.get_legend_handles_labels()
        right.legend(dots, labels, loc="outside lower center", ncols=3, columnspacing=1,
                     handletextpad=0.4)
    return figure


def _ranks(similarities):
    """Rank correlations (rules, nets · M) of a list of similarities (2, rules, M)."""
    return np.concatenate([each[RANK] for each in similarities], axis=-1)


# ---- ways down ----------------------------------------------------------------------------------

def draw_ways(results):
    """The deconvnet with learned weights or noise on the way down, with switches or without."""
    first = results[0]
    titles = [way_title(way) for way in WAYS]
    series = {
        "rank correlation with the deconvnet's picture": _ranks([r.way_similarities
                                                                 for r in results]),
        "rank correlation with the image's edges": _joined([r.ways.edges for r in results])}
    known = any(r.masks.any() for r in results)
    if known:
        series["share of energy on the object"] = _joined([r.ways.inside for r in results])
    with plots.style():
        figure = plots.figure(9, 3.9)
        left, right = figure.subfigures(1, 2, width_ratios=(4.6, 4.4))
        grid = left.subplots(2, 3)
        _show_image(grid[:, 0], first)
        for axes, picture, title in zip(grid[:, 1:].flat, first.ways.pictures, titles):
            plots.show(axes, plots.to_display(picture))
            axes.set_title(title)
        axes = right.subplots()
        _draw_dots(axes, series, {title: [values[i] for values in series.values()]
                                  for i, title in enumerate(titles)})
        if known:
            area = np.mean([r.masks.mean() for r in results])
            axes.axvline(area, color=plots.GRAY, linestyle=":", linewidth=1.2)
            axes.text(area, 3.48, " the object's share of the image", fontsize=8,
                      color=plots.NOTE, va="bottom")
        axes.set(xlim=(-0.15, 1.05), xlabel="similarity, or share")
        dots, labels = axes.get_legend_handles_labels()
        right.legend(dots, labels, loc="outside lower left", ncols=1)
    return figure


def _joined(arrays):
    """(variants, nets · M) of a list of arrays (variants, M)."""
    return np.concatenate(arrays, axis=-1)


# ---- eight rules --------------------------------------------------------------------------------

def draw_rules(results):
    """One image's class score brought down by the eight rules."""
    first = results[0]
    columns = ((False, True), (True, False), (True, True), (False, False))      # (mask, ReLU)
    with plots.style():
        figure = plots.figure(9, 4.4)
        left, right = figure.subfigures(1, 2, width_ratios=(1, 4.4))
        _show_image(left.subplots(2, 1), first)
        grid = right.subplots(2, len(columns))
        for row, switches in zip(grid, (True, False)):
            for axes, (mask, relu) in zip(row, columns):
                picture = first.eight.pictures[EIGHT.index(Rule(mask, switches, relu))]
                plots.show(axes, plots.to_display(picture))
                axes.set_title(f"{rule_name(Rule(mask, True, relu))}\n"
                               f"mask {yes_or_no(mask)}, ReLU {yes_or_no(relu)}")
            _label(row[0], "switches" if switches else "no switches")
    return figure


def yes_or_no(choice):
    """A choice in words."""
    return "yes" if choice else "no"


# ---- what the pictures share --------------------------------------------------------------------

def _show_image(column, first):
    """The image, its edges and the object's mask, in a column of two or three axes."""
    edges = first.edges[0, 0] / (first.edges[0].max() or 1)
    pictures = plots.to_image(first.images[0]), edges, first.masks[0].astype(float)
    known = first.masks.any()
    for axes, picture, title in zip(column, pictures, ("image", "its edges", "the object")):
        if title == "the object" and not known:
            axes.set_axis_off()
            continue
        plots.show(axes, picture)
        axes.set_title(title)


def _show_row(row, label, pictures):
    """Projections in a row of axes, with a label at its left."""
    for axes, picture in zip(row, pictures):
        plots.show(axes, plots.to_display(picture))
    _label(row[0], label)


def _label(axes, text):
    axes.text(-0.06, 0.5, text, rotation=90, ha="right", va="center", transform=axes.transAxes,
              fontweight="bold")


def _draw_dots(axes, labels, rows):
    """Mean and deviation of each series in each row, as dots side by side, row below row.

    labels: of the series.
    rows: {text: [values of each series]}.
    """
    for place, values in enumerate(rows.values()):
        for i, (label, own, (color, marker, _)) in enumerate(zip(labels, values, LINES)):
            beside = 0.18 * (i - (len(values) - 1) / 2)
            axes.errorbar(own.mean(), place + beside, xerr=own.std(), color=color, marker=marker,
                          markersize=6, linestyle="", elinewidth=1,
                          label=label if place == 0 else None)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0, color=plots.GRAY, linewidth=0.6)
