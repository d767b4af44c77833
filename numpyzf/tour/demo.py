"""The tour of one trained net: how it learned, what its layers look for, and how it sees one image; on one page."""
from pathlib import Path

from .. import page, plots, training
from ..look.many import top_activations
from . import explain, features, filters, training_curve
from ..page import Section

CURVE = """Left: the loss, which training makes small, after each pass over the training images (an epoch). Right: the share of right \
answers. The validation images are held out: the net never learns from them, so the orange line tells what it has understood and \
the blue one also what it has memorized. Training answers are counted while dropout switches some of the upper units off, so the \
blue line may well be the lower one. Dotted lines mark where the learning rate was lowered."""

FILTERS = """Each square is one filter, the weights with which a unit of {layer} looks at {size}×{size} pixels. Mid-gray is zero, \
light is positive, dark is negative{color}; every filter is scaled on its own. A filter that has learned is smooth: \
an edge, a spot, a bar. One that looks like noise is still mostly the random numbers it began with."""

MAPS = """Each block is one map of {layer}: at its right the nine patches of test images that fire the map most, strongest first, \
at its left the projection of each of these activations, made by the deconvnet. A unit of this layer sees {sees}."""

HOW_TO_READ = """A projection is no picture the net has made up. It is the part of this one image that fired the unit: pixels that are \
mid-gray played no part, all others did. Look for what the nine have in common; where the patches differ and the projections don't, \
the map has learned to ignore the difference. White parts of a patch are outside of the image, or of what the unit can see.

In this first layer all nine projections of a map are the same: its filter. From the second layer on they follow the image."""

EXPLAIN = """A test image that is labeled “{label}”. Below it is what the net answers: its five most likely classes. To the right, one \
column per layer: the four maps that fire most on this image, each by the projection of its strongest unit. The \
frame is all that this unit can see; it grows from layer to layer, and what is found in it gets closer to a whole thing."""


def build(run, out, images, labels):
    """Draw everything about a run into the folder `out`: PNG files, and index.html, which shows them with how to read them.

    run: a runs.Run; images uint8 (N, C, H, W), labels (N,): test images of its data.
    Writes curve.png, filters.png, one per convolution (conv1.png …), explain.png and index.html. Returns the test accuracy.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    net, prepare = run.net, run.prepare
    accuracy = training.accuracy(net, images, labels, prepare)
    sections = [_overview(run, len(images), accuracy),
                _draw(out, "curve", "How it learned", CURVE, training_curve.draw(run.history),
                      "Two plots over the epochs: the loss; training and validation accuracy")]
    first = filters.compute(net)
    color = "; a filter that isn't gray answers to that color" if first.w.shape[1] == 3 else ""
    text = FILTERS.format(layer=first.layer, size=first.w.shape[2], color=color)
    sections.append(_draw(out, "filters", f"The {len(first.w)} filters of {first.layer}", text, filters.draw(first),
                          f"A grid of {len(first.w)} small squares, one per filter"))
    tops = top_activations(net, training.Prepared(images, prepare), net.convolutions)
    for i, (layer, top) in enumerate(tops.items()):
        text = MAPS.format(layer=layer, sees=_sees(net, layer)) + f"\n\n{HOW_TO_READ}" * (i == 0)
        result = features.measure(run, images, layer, top=top)
        sections.append(_draw(out, layer, f"What {layer} looks for", text, features.draw(result),
                              f"Maps {', '.join(map(str, result.channels))} of {layer}: projections beside image patches"))
    example = explain.compute(net, images[0], prepare, run.classes)
    sections.append(_draw(out, "explain", "One image, layer by layer", EXPLAIN.format(label=run.classes[labels[0]]), explain.draw(example),
                          "The image, bars for its five most likely classes, and a column of projections per layer"))
    page.write(out / "index.html", f"Inside a convnet trained on {Path(run.settings['data']).name}", sections)
    return accuracy


def _draw(out, name, heading, text, figure, alt):
    png = plots.png_bytes(figure)
    (out / f"{name}.png").write_bytes(png)
    return Section(heading, text, png, alt=alt)


def _overview(run, count, accuracy):
    text = (f"A {run.settings['model']}, trained for {len(run.history)} epochs on {Path(run.settings['data']).name}, names {accuracy:.1%} "
            f"of {count:,} test images correctly. Guessing would get about {1 / len(run.classes):.0%}.\n\n"
            "A convnet looks at an image through layers of maps. Every unit of a map looks for the same thing, each at its own place. "
            "The table has the convolutions, from the pixels up: how many maps, how many units each, and how many pixels one unit can see.")
    rows = [("layer", "maps", "units per map", "one unit sees")]
    for layer in run.net.convolutions:
        maps, height, width = run.net.shapes[layer]
        rows.append((layer, maps, f"{height}×{width}", _sees(run.net, layer)))
    return Section("The net", text, rows=rows)


def _sees(net, layer):
    size, (_, height, width) = net.receptive_field(layer).size, net.input_shape
    whole = ", more than the whole image" if size > max(height, width) else ""
    return f"{size}×{size} pixels{whole}"
