"""The tour of one trained net, on one page.

It shows how the net learned, what its layers look for, and how it sees one image. The words are in
text.md.
"""
from pathlib import Path

from .. import page, plots, texts, training
from ..files import replacing
from ..data.preprocess import Prepared
from ..look.many import top_activations
from ..page import Link, Section
from . import captions, explain, features, filters, training_curve

TEXT = texts.read(__package__)
SHOWN = 6       # maps of a layer


def build(run, out, images, labels, every_unit=None):
    """Draw everything about a run into a folder.

    Writes curve.png, filters.png, one picture per convolution (conv1.png …), explain.png, and
    index.html, which shows them and says how to read them.

    run: runs.Run.
    out: the folder; made if it isn't there.
    images, labels: uint8 (N, C, H, W) and integers (N,), test images of the run's data.
    every_unit: the name of a page in the folder that shows every unit; index.html links to it.
    Returns the test accuracy, 0 … 1.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    accuracy = training.accuracy(run.net, images, labels, run.prepare)
    sections = [
        _overview(run, len(images), accuracy),
        _section(out, "curve", "How it learned", TEXT["curve"], training_curve.draw(run.history),
                 "Two plots over the epochs: the loss; training and validation accuracy"),
        _filters(run, out),
        *_layers(run, out, images, labels),
        _one_image(run, out, images[0], texts.short(run.classes[labels[0]]))]
    if every_unit:
        rows = [("page", "shows"), (Link(every_unit, file=every_unit), TEXT["every unit shows"])]
        sections.append(Section("Every unit", TEXT["every unit"], rows=rows))
    name = captions.data_name(run)
    page.write(out / "index.html", f"Inside a convnet trained on {name}", sections)
    return accuracy


def _overview(run, count, accuracy):
    text = TEXT["overview"].format(
        model=run.settings["model"], epochs=len(run.history), data=captions.data_name(run),
        accuracy=accuracy, count=count, chance=1 / len(run.classes))
    rows = [("layer", "maps", "units per map", "one unit sees")]
    for layer in run.net.convolutions:
        maps, height, width = run.net.shapes[layer]
        rows.append((layer, maps, f"{height}×{width}", _sees(run.net, layer)))
    return Section("The net", text, rows=rows)


def _filters(run, out):
    result = filters.measure(run)
    count, channels, size, _ = result.w.shape
    text = TEXT["filters"].format(layer=result.layer, size=size)
    if channels == 3:
        text += " " + TEXT["filters in color"]
    return _section(out, "filters", f"The {count} filters of {result.layer}", text,
                    filters.draw(result), f"A grid of {count} small squares, one per filter")


def _layers(run, out, images, labels):
    """One section per convolution. All images are searched once; those found go up again."""
    sections, net = [], run.net
    tops = top_activations(net, Prepared(images, run.prepare), net.convolutions)
    for layer, top in tops.items():
        text = TEXT["maps"].format(layer=layer, sees=_sees(net, layer))
        if not sections:
            text += "\n\n" + TEXT["how to read projections"]
        chosen = features.of_kinds(top.values, labels[top.units[:, :, 0]], SHOWN)
        result = features.measure(run, images, layer, channels=chosen, top=top)
        maps = ", ".join(str(channel) for channel in result.channels)
        figure = features.draw(result, captions.describe(run))
        sections.append(_section(out, layer, f"What {layer} looks for", text, figure,
                                 f"Maps {maps} of {layer}: projections beside image patches"))
    return sections


def _one_image(run, out, image, label):
    alt = "The image, bars for its five most likely classes, and a row of projections per layer"
    figure = explain.draw(explain.measure(run, image), captions.describe(run),
                          f"a test image of class “{label}”")
    return _section(out, "explain", "One image, layer by layer",
                    TEXT["explain"].format(label=label), figure, alt)


def _section(out, name, heading, text, figure, alt):
    """A section with a picture, which is also written to a file."""
    png = plots.png_bytes(figure)
    with replacing(out / f"{name}.png") as file:
        file.write(png)
    return Section(heading, text, png, alt=alt)


def _sees(net, layer):
    size, (_, height, width) = net.receptive_field(layer).size, net.input_shape
    beyond = ", more than the whole image" if size > max(height, width) else ""
    return f"{size}×{size} pixels{beyond}"
