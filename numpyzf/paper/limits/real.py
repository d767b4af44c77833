"""The limits on photographs: what a projection of a real network does not tell."""
import numpy as np

from ... import texts
from ..claims import NotTestable, Report
from ..photographs import answers, draw_rows, fully_connected, stages
from .draw import draw
from .measure import measure, weighted_layers
from .report import TEXT, claims, class_table, layer_table, rule_table, section

PHOTOGRAPHS, QUICK_PHOTOGRAPHS = 6, 2       # for each seed
COMPARED = 6                                # classes whose pictures are compared, at least


def real(study):
    """Take layers, classes, weights and switches away from a real network; a Report."""
    photos, results = study.photos, []
    run, count = photos.run, QUICK_PHOTOGRAPHS if photos.quick else PHOTOGRAPHS
    if len(photos.data.labels) < 2:
        raise NotTestable("to compare projections takes two photographs at least; here is one")
    layer, groups = stages(run.net)[-1], grouped(run.net)
    for seed in photos.seeds:
        study.step(f"projections without what was learned, seed {seed}")
        rng = np.random.default_rng(seed)
        images = photos.data.images[draw_rows(photos.data.labels, count, rng)[:count]]
        labels = answers(run, images).labels
        others = rng.permutation(len(run.classes))[:COMPARED]
        results.append(measure(
            run, images, labels, np.zeros((len(images), *images.shape[2:]), bool), rng,
            layer=layer, compared=np.union1d(labels, others), groups=groups))
    untested = {"on the object": TEXT["measured: no object"]}
    linear = len([name for name in groups if name in fully_connected(run.net)])
    if not linear:
        untested["fully connected layers"] = TEXT["measured: no fully connected layers"]
    names = [texts.short(name, 16) for name in run.classes]
    pictures = draw(results, names, answer="answered")
    tables = layer_table(results), class_table(results), (), _without_object(rule_table(results))
    sections = [section(name, picture, rows) for name, picture, rows
                in zip(("layers", "classes", "ways", "rules"), pictures, tables)]
    text = TEXT["section: real"].format(net=photos.net_name, n=count, layer=layer,
                                        steps=", ".join(list(groups)[::-1]))
    sections = [each._replace(text=text if i == 0 else TEXT["section: as above"])
                for i, each in enumerate(sections)]
    return Report(claims(results, fully_connected=linear or 1, untested=untested), sections)


def grouped(net):
    """Which weights become noise in one step: those between two stages, then each on its own.

    Returns {name: layers}, from the pixels up; a group has the name of the stage above it.
    """
    groups, ends = {}, stages(net)
    for name in weighted_layers(net):
        above = [end for end in ends if name in net.up_to(end)]
        groups.setdefault(above[0] if above else name, []).append(name)
    return groups


def _without_object(rows):
    """The rules' table without its last column and row, which are on the object."""
    return [row[:-1] for row in rows[:-1]]
