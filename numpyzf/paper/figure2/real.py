"""Figure 2 on photographs: what the layers of a real network look for."""
import numpy as np

from ...page import Section
from ..claims import NOT_TESTABLE, Claim, NotTestable, Report
from ..photographs import last_hidden, stages
from .measure import SCORED, measure_real
from .report import STRONGEST, TEXT, claims_of_kind, maps, table_of

LAYERS = 5          # that are searched, evenly from the first to the last with maps


def real(study):
    """Figure 2 over all photographs, scored in as many samples as there are seeds; a Report."""
    photos = study.photos
    net, data, samples = photos.run.net, photos.data, len(photos.seeds)
    if len(data.labels) <= samples * STRONGEST:
        raise NotTestable(f"of {len(data.labels)} photographs the {STRONGEST} strongest of "
                          f"{samples} samples are nearly all that there are; it takes more")
    layers = _layers(net)
    study.step(f"strongest of {photos.count}: {', '.join(layers)}")
    scores, shown = measure_real(photos.run, data.images, data.labels, layers, samples)
    untested = [Claim(TEXT[f"claim: {name}"], TEXT["measured: no object"], NOT_TESTABLE)
                for name in ("exaggerate", "one part", "parts above edges")]
    found = [*untested, *claims_of_kind(photos.name, scores),
             Claim(TEXT["claim: examples"], TEXT["measured: look"], NOT_TESTABLE)]
    note = TEXT["note: real"].format(net=photos.net_name)
    if shown[0].second:
        note += "\n\n" + TEXT["note: two rules"]
    notes = [note] + [None] * len(shown)
    sections = [maps(net, each, photos.name, note) for each, note in zip(shown[1:], notes)]
    text = TEXT["section: real"].format(samples=samples, count=photos.count, maps=SCORED)
    return Report(found, [*sections, Section("These layers in numbers", text,
                                             rows=table_of({photos.name: scores}))])


def _layers(net):
    """LAYERS of the stages, up to the layer that the classifier reads."""
    names = stages(net)
    last = last_hidden(net)
    names = names[:names.index(last) + 1] if last in names else names
    places = np.linspace(0, len(names) - 1, min(len(names), LAYERS)).round().astype(int)
    return [names[i] for i in places]
