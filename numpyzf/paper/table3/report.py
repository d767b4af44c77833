"""What Table 3 says, tested on variants of the net for the study's images."""
from ... import texts
from ...page import Section
from ..claims import NOT_TESTABLE, Claim, Report, judged, percent, spread
from ..study import RECIPES
from .draw import draw
from .measure import VARIANTS, both_cost_much, cost, helps, makes_little_difference, measure

TEXT = texts.read(__package__)


def report(study):
    """Train the variants, each from every seed; a claims.Report."""
    rows = {}
    for variant in VARIANTS:
        runs = [study.run_of("images", seed, variant=variant.arguments or None)
                for seed in study.seeds]
        rows[variant.key] = measure(runs, study.train, study.test)
    picture = draw({variant.name: rows[variant.key] for variant in VARIANTS})
    text = TEXT["section: apart"].format(epochs=RECIPES["images"].epochs,
                                         train=percent(rows["full"].train),
                                         both=percent(rows["both"].train))
    return Report(claims(rows), [
        Section("Taking the net apart", text, picture, table(rows), TEXT["alt: apart"])])


def claims(rows):
    """What the paper claims, and what was found: a list of Claim.

    rows: {key: Row}.
    """
    points = {key: spread(100 * cost(rows, key), ".1f", " points") for key in rows}
    tenth = f"{10 * rows['full'].test.mean():.1f}"
    return [
        judged(TEXT["claim: both"],
               TEXT["measured: both"].format(middle=points["middle"], hidden=points["hidden"],
                                             both=points["both"]),
               both_cost_much(rows)),
        judged(TEXT["claim: fully connected"],
               TEXT["measured: fully connected"].format(points=points["fc"], tenth=tenth),
               makes_little_difference(rows, "fc")),
        judged(TEXT["claim: wide"], TEXT["measured: wide"].format(
                   points=points["wide"], count=f"{rows['wide'].wrong.shape[1]:,}"),
               helps(rows, "wide")),
        Claim(TEXT["claim: ImageNet"], TEXT["measured: ImageNet"], NOT_TESTABLE)]


def table(rows):
    """The variants: rows of cells, the head first.

    rows: {key: Row}.
    """
    cells = [("", "parameters", "training error", "test error", "paper, ImageNet validation error")]
    for variant in VARIANTS:
        row = rows[variant.key]
        cells.append((variant.name, f"{row.parameters:,}", percent(row.train), percent(row.test),
                      variant.paper))
    return cells
