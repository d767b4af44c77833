"""Figure 7 on photographs: a gray square over what a real network answers."""
import numpy as np

from ... import texts
from ...data.preprocess import Prepared
from ...look.many import project_many, top_activations
from ...page import Section
from ...tour.features import first_of_kinds
from ..claims import NOT_TESTABLE, Claim, Report
from ..photographs import BATCH, answers, draw_rows, evenly, stages
from .draw import draw
from .measure import measure, of_images, score
from .report import RANDOM, TEXT, most_changed, projected_matters, some_others

PHOTOGRAPHS, QUICK_PHOTOGRAPHS = 6, 2       # for each seed
CANDIDATES = 10         # times as many photographs from which those are chosen
POOL = 300              # photographs that are searched for what else fires a map
ACROSS, FINE = 13, 25   # places of the square along a side: to score, and in the picture


def real(study):
    """Figure 7 on the photographs of whose answer the network is surest; a Report."""
    photos, scores = study.photos, []
    net, data = photos.run.net, photos.data
    count = QUICK_PHOTOGRAPHS if photos.quick else PHOTOGRAPHS
    layer, side = stages(net)[-1], net.input_shape[1]
    for seed in photos.seeds:
        study.step(f"{count} photographs under a square, seed {seed}")
        rows = draw_rows(data.labels, len(data.labels), np.random.default_rng(seed))
        drawn = rows[:CANDIDATES * count]
        own, rows = surest(photos.run, data.images, drawn, count)
        results = [measure(photos.run, data.images[n], label, layer=layer,
                           step=max(1, side // ACROSS))
                   for n, label in zip(rows, own)]
        scores.append(of_images([score(result, np.zeros(result.image.shape[1:], bool),
                                       np.empty((0, 2))) for result in results]))
        if seed == photos.seeds[0]:
            picture = _picture(photos, layer, most_changed(results, rows), drawn,
                               max(1, side // FINE))
    text = TEXT["section: real"].format(size=results[0].size, layer=layer, net=photos.net_name,
                                        count=count, random=RANDOM)
    section = Section("A gray square over photographs", text, picture, alt=TEXT["alt: maps"])
    return Report([Claim(TEXT["claim: finds the object"], TEXT["measured: no object"],
                         NOT_TESTABLE),
                   projected_matters(scores),
                   Claim(TEXT["claim: looks for a part"], TEXT["measured: no object"],
                         NOT_TESTABLE)], [section])


def surest(run, images, rows, count):
    """The photographs of whose answer a net is surest, of different answers as far as there are.

    rows: of the images, to choose from.
    Returns the answers and the rows, `count` of them or as many as there are.
    """
    own = answers(run, images[rows])
    order = np.argsort(-own.probabilities, kind="stable")
    chosen = order[first_of_kinds(own.labels[order])[:count]]
    return own.labels[chosen], rows[chosen]


def _picture(photos, layer, chosen, drawn, step):
    run, pool, random = photos.run, evenly(photos.data, POOL), some_others(drawn, chosen)
    rows = np.concatenate([chosen, random])
    labels = answers(run, photos.data.images[rows]).labels
    results = [measure(run, photos.data.images[n], label, layer=layer, step=step)
               for n, label in zip(rows, labels)]
    inputs = Prepared(pool.images, run.prepare)
    top = top_activations(run.net, inputs, [layer], 4, batch=BATCH)[layer]
    others = []
    for result in results:
        units = top.units[result.channel]
        trace = run.net.forward(inputs[units[:, 0]], until=layer)
        units = np.column_stack([np.arange(len(units)), units[:, 1:]])
        found = project_many(run.net, trace, layer, units)
        others.append([found[m] for m in range(len(units))
                       if not np.array_equal(pool.images[top.units[result.channel][m, 0]],
                                             result.image)])
    names = [texts.short(name, 20) for name in run.classes]
    return draw(results, others, names, answer="\nthe net's answer",
                random=len(random))
