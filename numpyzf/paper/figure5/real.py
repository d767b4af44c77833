"""Figure 5 on photographs: how far a real network's features and answers move."""
import numpy as np

from ...page import Section
from ..claims import NOT_TESTABLE, Claim, NotTestable, Report
from ..photographs import answers, draw_rows, first_hidden, last_hidden
from .draw import LINES, draw
from .measure import measure
from .report import STABLE, TEXT, claims_on, table

PHOTOGRAPHS, QUICK_PHOTOGRAPHS = 10, 3      # for each seed


def real(study):
    """Figure 5 on photographs, whose classes are the network's own answers; a Report."""
    photos, results = study.photos, []
    run, count = photos.run, QUICK_PHOTOGRAPHS if photos.quick else PHOTOGRAPHS
    layers = first_hidden(run.net), last_hidden(run.net)
    if len(photos.data.labels) < 2:
        raise NotTestable("to compare distances takes two photographs at least; here is one")
    for seed in photos.seeds:
        study.step(f"{count} photographs shifted, enlarged, turned, seed {seed}")
        rows = draw_rows(photos.data.labels, count, np.random.default_rng(seed))[:count]
        images = photos.data.images[rows]
        own = answers(run, images)
        results.append(measure(run, images, own.labels, layers=layers))
        if seed == photos.seeds[0]:
            shown = np.argsort(-own.probabilities, kind="stable")[:len(LINES)]
    text = TEXT["section: real"].format(net=photos.net_name, n=count, first=layers[0],
                                        last=layers[1])
    picture = draw(results[0], run.classes, shown, answer="the net's own answer")
    section = Section(f"Shifted, enlarged, turned: {photos.name}", text, picture, table(results),
                      alt=TEXT["alt: curves"].format(where=photos.name))
    symmetric = Claim(TEXT["claim: rotational symmetry"].format(stable=STABLE),
                      TEXT["measured: no symmetry"], NOT_TESTABLE)
    return Report([*claims_on(results, photos.name), symmetric], [section])
