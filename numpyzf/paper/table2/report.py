"""What Table 2 says, tested on nets for the study's images."""
import numpy as np

from ... import texts
from ...page import Section
from ..claims import NOT_TESTABLE, Claim, Report, counted, judged, spread
from .draw import draw, number_of_nets
from .measure import measure

TEXT = texts.read(__package__)
NETS = 5
PAPER_ONE = ("38.4 %", "16.5 %")        # ImageNet 2012, validation, ten crops: top-1, top-5
PAPER_FIVE = ("36.7 %", "15.3 %")


def report(study):
    """Measure nets that differ in their seed only, on the test images; a claims.Report.

    Each net counts as one seed in a verdict.
    """
    seeds = study.seeds if study.quick else range(NETS)
    runs = [study.run_of("images", seed) for seed in seeds]
    many_classes = len(study.test.classes) >= 50
    result = measure(runs, study.test.images, study.test.labels, k=5 if many_classes else 2)
    mirrored = runs[0].prepare.flip
    return Report(claims(result, mirrored), [
        Section("One net and five", text(result, mirrored, study.name), draw(result),
                table(result), TEXT["alt: errors"])])


def claims(result, mirrored):
    """What the paper claims, and what was found: a list of Claim.

    result: a Table2; what is claimed is tested on its first error.
    mirrored: whether the crops were mirrored, too.
    """
    one, crops = 100 * result.one_whole[:, 0], 100 * result.one_crops[:, 0]
    average = 100 * result.average_whole[0]
    return [
        judged(TEXT["claim: average"].format(nets=number_of_nets(result)),
               TEXT["measured: average"].format(one=spread(one, ".1f", " %"),
                                                average=f"{average:.1f}"),
               [counted(result.average_helps)]),
        judged(TEXT["claim: crops"],
               TEXT["measured: crops"].format(whole=spread(one, ".1f", " %"),
                                              crops=spread(crops, ".1f", " %"),
                                              views=number_of_views(mirrored)),
               [counted(result.crops_help)]),
        Claim(TEXT["claim: ImageNet"], TEXT["measured: ImageNet"], NOT_TESTABLE)]


def text(result, mirrored, data):
    """The section's text.

    result: a Table2.
    mirrored: whether the crops were mirrored, too.
    data: the name of the images.
    """
    p = result.one_whole[:, 0].mean()
    error_of_error = 100 * np.sqrt(p * (1 - p) / result.count)
    return TEXT["section: errors"].format(
        k=result.k, data=data, views=number_of_views(mirrored), count=f"{result.count:,}",
        mirrored=TEXT["mirrored: yes" if mirrored else "mirrored: no"],
        error_of_error=f"{error_of_error:.1f}")


def table(result):
    """The errors beside the paper's: rows of cells, the head first.

    result: a Table2.
    """
    def singles(errors):        # (nets, 2)
        return [spread(100 * errors[:, j], ".1f", " %") for j in range(2)]

    def averages(errors):       # (2,)
        return [f"{100 * error:.1f} %" for error in errors]
    nets = number_of_nets(result)
    return [
        ("", "first answer", f"first {result.k} answers", "paper, first answer", "paper, first 5"),
        ("one net, whole images", *singles(result.one_whole), "", ""),
        ("one net, crops", *singles(result.one_crops), *PAPER_ONE),
        (f"{nets} nets, whole images", *averages(result.average_whole), "", ""),
        (f"{nets} nets, crops", *averages(result.average_crops), *PAPER_FIVE)]


def number_of_views(mirrored):
    """How many crops a net looks at: five, or ten with their mirror images."""
    return 10 if mirrored else 5
