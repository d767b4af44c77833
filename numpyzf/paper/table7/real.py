"""Table 7 on photographs: how good are the features of each layer of a real network?"""
from ... import texts
from ...page import Section
from ..claims import Report, percent
from .draw import draw
from .measure import CELLS, PER_CLASS, measure_real
from .report import TEXT, claims


def real(study):
    """Judge the layers of a real network by the photographs' classes; a Report."""
    photos = study.photos
    new = measure_real(study)
    rows = [("layer", "SVM", "softmax"),
            *((name, percent(new.svm[:, i]), percent(new.softmax[:, i]))
              for i, name in enumerate(new.layers)),
            ("guessing", *[f"{100 / new.classes:.1f} %"] * 2)]
    text = TEXT["section: real"].format(net=photos.net_name, first=new.layers[0], cells=CELLS,
                                        last=new.layers[-1], per_class=PER_CLASS,
                                        classes=texts.listed(photos.data.classes))
    section = Section(TEXT["heading"].format(name=photos.name), text,
                      draw({photos.name: new}), rows, TEXT["alt: curves"].format(name=photos.name))
    return Report(claims(photos.name, new), [section])
