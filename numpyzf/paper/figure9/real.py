"""Figure 9 and Tables 4–6 on photographs: a real network's features against none."""
from ... import texts
from ...page import Section
from ..claims import NOT_TESTABLE, Claim, Report
from ..photographs import last_hidden
from .draw import draw
from .measure import SCRATCH_SIDE, measure_real
from .report import TEXT, claims, table


def real(study):
    """Learn the photographs' classes from few of them; a Report."""
    photos = study.photos
    result = measure_real(study)
    found = [*claims(photos.name, result),
             Claim(TEXT["claim: the paper's data sets"], TEXT["measured: no Caltech"],
                   NOT_TESTABLE)]
    net, layer = photos.run.net, last_hidden(photos.run.net)
    text = TEXT["section: real"].format(
        net=photos.net_name, layer=layer, classes=texts.listed(result.new_classes),
        pooled=TEXT["pooled"] if len(net.shapes[layer]) == 3 else "",
        side=min(SCRATCH_SIDE, net.input_shape[1]), size=net.input_shape[1])
    return Report(found, [Section(TEXT["heading"], text, draw({photos.name: result}),
                                  table({photos.name: result}), TEXT["alt: curves"])])
