"""The network of Figure 3, and the nets of this study beside it."""
from ... import models, texts
from ...page import Section
from ..claims import Report, by_construction
from .draw import draw
from .measure import SIZES, measure, paddings

TEXT = texts.read(__package__)


def report(study):
    """Figure 3 of the paper: the network, and this study's two beside it.

    study: study.Study.
    Returns a Report.
    """
    paper = measure(models.zfnet())
    images, scenes = (measure(models.labnet(classes=len(split.classes),
                                            input_shape=split.images.shape[1:]))
                      for split in (study.test, study.test_scenes))
    nets = [("The paper's net", "paper's net", paper),
            (f"The small net for {study.name}", "net for images", images),
            ("The small net for the scenes", "net for scenes", scenes)]
    return Report(claims(paper), sections(nets))


def claims(paper):
    """The claims about the paper's own net.

    paper: measure.Plan.
    Returns a list of Claim.
    """
    sizes = [row.shape[1] for row in paper.rows if len(row.shape) == 3]
    found, tried = paddings()
    count = {row.layer: row.parameters for row in paper.rows}
    total, full = sum(count.values()), count["fc6"] + count["fc7"]
    convolutions = sum(count[f"conv{i}"] for i in range(1, 6))
    return [
        by_construction(TEXT["claim: sizes"],
                        TEXT["measured: sizes"].format(sizes=", ".join(map(str, sizes)),
                                                       tried=tried, found=len(found)),
                        [sizes == SIZES]),
        by_construction(TEXT["claim: parameters"],
                        TEXT["measured: parameters"].format(
                            full=full, total=total, share=full / total,
                            convolutions=convolutions), [full > total / 2])]


def sections(nets):
    """The picture of all nets, and a table of each.

    nets: list of (title, name of the net in text.md, measure.Plan), the paper's first.
    Returns a list of Section.
    """
    titles, _, plans = zip(*nets)
    paper = plans[0]
    size, _ = {row.layer: row.field for row in paper.rows}["conv5"]
    picture = Section("The network", TEXT["section: network"], draw(plans, titles),
                      alt=TEXT["alt: network"])
    tables = []
    for title, name, plan in nets:
        text = TEXT[f"section: table of the {name}"]
        text = text.format(field=size, side=paper.input_shape[1])
        tables.append(Section(f"{title}, layer by layer", text, rows=table(plan)))
    return [picture, *tables]


def table(plan):
    """Rows of a table of a net: the sizes and costs of every layer, and their sums.

    plan: measure.Plan.
    """
    rows = [("layer", "operation", "output", "receptive field / stride, pixels", "parameters",
             "multiply-adds per image"),
            ("image", "", _times(plan.input_shape), "", "", "")]
    for row in plan.rows:
        field = "all of it"
        if row.field:
            size, stride = row.field
            field = f"{size} / {stride}"
        rows.append((row.layer, " · ".join((row.operation, *row.then)), _times(row.shape), field,
                     _count(row.parameters), _count(row.multiply_adds)))
    rows.append(("sum", "", "", "", f"{sum(row.parameters for row in plan.rows):,}",
                 f"{sum(row.multiply_adds for row in plan.rows):,}"))
    return rows


def _times(shape):
    """A shape as "3×224×224"."""
    return "×".join(map(str, shape))


def _count(number):
    """A number with commas; nothing for 0."""
    return f"{number:,}" if number else ""
