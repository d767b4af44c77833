"""What is said of the limits: every claim falls when its own number is wrong, and only then."""
from types import SimpleNamespace

import numpy as np
import pytest
from limits_nets import IMAGES, LABELS, MASKS, measured, prepare, rectified

from numpyzf.deconvnet import RULES
from numpyzf.paper.claims import (DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE,
                                  verdict_of_measures)
from numpyzf.paper.limits import measure, report
from numpyzf.runs import Run

pytestmark = pytest.mark.small


def by_rule(array, ranks, cosines=None):
    """An array like a similarity (2, rules, …): these rank correlations, and the same cosines."""
    values = np.zeros_like(array)
    for i, (rank, cosine) in enumerate(zip(ranks, cosines or ranks)):
        values[measure.RANK, i], values[measure.COSINE, i] = rank, cosine
    return values


def filled(result, *, class_score=(0.2,) * 3, conv5=(0.2,) * 3, classes=(0.2,) * 3,
           ways=(1, 0.8, 0.2, 0.1), inside=0.7, noise_inside=0.3, cosines=None):
    """A Limits in which the numbers that claims rest on are set.

    class_score, conv5, classes: the similarities left, by rule: deconvnet, gradient, guided.
    ways: similarities of WAYS.
    inside: share of the energy on the object; noise_inside: when all is noise.
    cosines: those of class_score, if they aren't the same.
    """
    scores, units = result.class_score, result.unit
    one_layer = by_rule(scores.one_layer, [0.5, 0.6, 0.7])
    one_layer[:, :, 1:] = 0.9                                   # below fc8
    on_object = np.full_like(scores.inside, inside)
    on_object[0, -1] = noise_inside
    scores = scores._replace(other_image=by_rule(scores.other_image, [0.1] * 3), inside=on_object,
                             down_to_layer=by_rule(scores.down_to_layer, class_score, cosines),
                             one_layer=one_layer)
    units = units._replace(other_image=by_rule(units.other_image, [0.3] * 3),
                           down_to_layer=by_rule(units.down_to_layer, conv5))
    way_similarities = np.zeros_like(result.way_similarities)
    way_similarities[...] = np.reshape(ways, (4, 1))
    return result._replace(class_score=scores, unit=units, way_similarities=way_similarities,
                           classes=by_rule(result.classes, classes))


def verdicts(*seeds):
    """The verdicts on nets whose numbers are set; seeds: arguments of `filled`."""
    result = measured(rectified())
    found = [claim.verdict for claim in report.claims([filled(result, **own) for own in seeds])]
    assert len(found) == 11
    return found


def other_than_holds(**values):
    """{claim: verdict} of those that don't hold, of two nets of which both have these numbers.

    Of two nets of which one has them, the same claims are not decided.
    """
    found = {i: verdict for i, verdict in enumerate(verdicts(values, values)) if verdict != HOLDS}
    mixed = verdicts({}, values)
    assert [i for i, verdict in enumerate(mixed) if verdict == NOT_DECIDED] == list(found)
    assert mixed.count(HOLDS) == 11 - len(found)
    return found


# ---- claims -------------------------------------------------------------------------------------

@pytest.mark.parametrize("rank, cosine, lost, kept", [
    (0.5, 0.5, HOLDS, DOES_NOT_HOLD), (0.8, 0.8, DOES_NOT_HOLD, HOLDS),
    (0.5, 0.8, NOT_DECIDED, NOT_DECIDED), (0.8, 0.5, NOT_DECIDED, NOT_DECIDED)])
def test_lost_is_nearer_to_another_image_than_to_all_by_both_measures(rank, cosine, lost, kept):
    """Another image has 0.1 and 0.5: the middles to 1 are 0.55 and 0.75."""
    left, other_image = np.array([[rank, cosine]] * 2), np.array([[0.1, 0.5]] * 2)
    assert verdict_of_measures(report.lost(left, other_image)) == lost
    assert verdict_of_measures(report.kept(left, other_image)) == kept


def test_each_claim_rests_on_its_own_number():
    """The object is 3/8 of the images, so the middle between that and 70 % on it is 54 %."""
    no = DOES_NOT_HOLD
    assert other_than_holds() == {}
    assert other_than_holds(class_score=[0.9, 0.9, 0.2]) == {0: no, 2: no}
    assert other_than_holds(class_score=[0.2, 0.9, 0.9]) == {1: no, 3: no}
    barely = {"conv5": [0.6, 0.6, 0.6]}     # another image's is 0.3 there, and not 0.1
    assert verdicts(barely, barely) == [HOLDS] * 11
    assert other_than_holds(conv5=[0.9, 0.9, 0.2]) == {4: no}
    assert other_than_holds(conv5=[0.2, 0.9, 0.9]) == {5: no}
    assert other_than_holds(classes=[0.9, 0.9, 0.2]) == {6: no}
    assert other_than_holds(classes=[0.2, 0.9, 0.9]) == {7: no}
    assert other_than_holds(ways=[1, 0.8, 0.9, 0.1]) == {8: no}
    assert other_than_holds(ways=[1, 0.2, 0.2, 0.1]) == {9: no}
    assert verdicts({"noise_inside": 0.53}, {"noise_inside": 0.53}) == [HOLDS] * 11
    assert other_than_holds(noise_inside=0.7) == {10: no}


def test_a_net_whose_pictures_miss_the_object_does_not_pass_by_missing_it_with_noise_too():
    assert verdicts(*[{"inside": 0.2, "noise_inside": 0.1}] * 2)[10] == DOES_NOT_HOLD


def test_where_rank_and_cosine_disagree_nothing_is_decided():
    """The same ring to the eye, in a background of another order."""
    own = {"class_score": [0.2] * 3, "cosines": [0.9] * 3}
    assert verdicts(own, own, own)[:4] == [NOT_DECIDED] * 4
    result = filled(measured(rectified()), **own)
    assert "The measures disagree." in report.claims([result] * 2)[0].measured


def test_one_net_decides_nothing():
    assert verdicts({}) == [NOT_DECIDED] * 11


@pytest.mark.parametrize("first, second, expected", [(0.9, 0.2, [DOES_NOT_HOLD, HOLDS]),
                                                     (0.2, 0.9, [HOLDS, DOES_NOT_HOLD])])
def test_the_first_claims_are_on_fc8_to_fc6_and_on_all(first, second, expected):
    """Here fc8 is the only fully connected layer: its step is the first, and all is the second."""
    result = filled(measured(rectified()))
    similarities = result.class_score.down_to_layer.copy()
    similarities[:, :, 0], similarities[:, :, 1] = first, second
    scores = result.class_score._replace(down_to_layer=similarities)
    claims = report.claims([result._replace(class_score=scores)] * 2)
    assert [claim.verdict for claim in claims[0:4:2]] == expected


def test_what_was_measured():
    result = measured(rectified())
    result = filled(result, class_score=[0.2, 0, -0.004], ways=[1, 0.8, 0.3, 0])
    found = report.claims([result] * 2)
    assert found[0].measured == ("Left by rank correlation 0.20 (another image: 0.10); left by "
                                 "cosine 0.20 (another image: 0.10) (2 seeds).")
    assert found[1].measured.startswith("Left by rank correlation 0.00 (another")
    assert found[0].paper.startswith("A deconvnet projection")
    assert found[1].paper.startswith("A guided projection")
    assert found[8].measured.startswith("Left by rank correlation 0.30 (another image: 0.10)")
    assert found[9].measured.startswith("Left by rank correlation 0.80")
    assert "trained 70 %, noise 30 %" in found[10].measured
    assert found[10].measured.endswith("the object is 38 % of the image (2 seeds).")
    assert {claim.source for claim in found} == {report.ADEBAYO, report.MAHENDRAN, report.OURS}


def test_what_can_not_be_tested_has_its_reason():
    result = filled(measured(rectified()))
    found = report.claims([result] * 2, untested={"on the object": "nobody knows it",
                                                  "fully connected layers": "there is none"})
    assert [i for i, claim in enumerate(found) if claim.verdict == NOT_TESTABLE] == [0, 1, 10]
    assert found[10].measured == "nobody knows it" and found[10].source == report.OURS


# ---- tables -------------------------------------------------------------------------------------

def test_tables():
    result = measured(rectified())
    results = [filled(result), filled(result, class_score=[0.4, 0.6, 0.8])]
    means = "0.30, 0.30", "0.40, 0.40", "0.50, 0.50"
    others = ("0.10, 0.10",) * 3
    head, *rows = report.layer_table(results)
    assert head[1:] == tuple(f"{rule}: rank, cosine" for rule in RULES)
    assert rows == [("fc8", *means), ("fc8 … conv5", *means),
                    ("nothing, but another image", *others)]
    assert report.class_table(results)[1:] == [
        ("another class", "0.20, 0.20", "0.20, 0.20", "0.20, 0.20"),
        ("noise for fc8", "0.50, 0.50", "0.60, 0.60", "0.70, 0.70"), ("another image", *others)]


def test_numbers_below_zero_have_a_true_minus():
    result = filled(measured(rectified()), classes=[-0.5, -0.004, 0])
    assert report.class_table([result])[1] == ("another class", "−0.50, −0.50", "0.00, 0.00",
                                               "0.00, 0.00")


def test_the_table_of_the_eight_rules():
    results = [measured(rectified())] * 2
    rows = report.rule_table(results)
    assert len(rows) == 1 + 8 + 2 and {len(row) for row in rows} == {6}
    for name, choices in (("deconvnet", ("no", "yes", "yes")), ("gradient", ("yes", "yes", "no")),
                          ("guided", ("yes", "yes", "yes"))):
        i = measure.EIGHT.index(RULES[name])
        assert rows[1 + i][:4] == (name, *choices)
        assert rows[1 + i][4]== f"{results[0].eight.edges[i].mean():.2f}"
        assert rows[1 + i][5]== f"{100 * results[0].eight.inside[i].mean():.0f} %"
    assert rows[-1][-1] == "38 %"


# ---- the page -----------------------------------------------------------------------------------

def test_the_page():
    """Two nets on scenes of which all are taken: quick takes four, here there are two."""
    said, run = [], Run(rectified(), prepare, ())
    scenes = SimpleNamespace(images=IMAGES, labels=LABELS, masks=MASKS, classes=tuple("abcd"))
    study = SimpleNamespace(test_scenes=scenes, seeds=(0, 1), quick=True, step=said.append,
                            run_of=lambda kind, seed: run)
    claims, sections, _ = report.report(study)
    assert len(claims) == 11 and len(said) == 2
    assert [section.heading for section in sections] == [
        "Layers replaced by noise", "Another class", "Only the switches kept", "The eight rules"]
    assert [len(section.rows) for section in sections] == [4, 4, 0, 11]
    for section in sections:
        assert section.text and section.alt and section.picture is not None
        assert not any(sign in section.text + section.alt for sign in "{}")
    assert not any(sign in text for claim in claims for text in claim for sign in "{}")
