"""What is said of the limits: every claim falls when its own number is wrong, and only then."""
from types import SimpleNamespace

import numpy as np
import pytest
from limits_nets import IMAGES, LABELS, MASKS, measured, prepare, rectified

from numpyzf.deconvnet import RULES
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
from numpyzf.paper.limits import measure, report
from numpyzf.runs import Run

pytestmark = pytest.mark.small


def by_rule(array, ranks):
    """An array like a similarity (2, rules, …): these rank correlations, half of that as cosine."""
    values = np.zeros_like(array)
    for i, rank in enumerate(ranks):
        values[measure.RANK, i], values[measure.COSINE, i] = rank, rank / 2
    return values


def filled(result, *, class_score=(0.2,) * 3, conv5=(0.2,) * 3, classes=(0.2,) * 3,
           ways=(1, 0.8, 0.2, 0.1), noise_inside=0.3):
    """A Limits in which the numbers that claims rest on are set.

    class_score, conv5, classes: the similarities left, by rule: deconvnet, gradient, guided.
    ways: similarities of WAYS.
    noise_inside: share of the energy on the object when all is noise; the trained net's is 0.7.
    """
    scores, units = result.class_score, result.unit
    one_layer = by_rule(scores.one_layer, [0.5, 0.6, 0.7])
    one_layer[:, :, 1:] = 0.9                                   # below fc8
    inside = np.full_like(scores.inside, 0.7)
    inside[0, -1] = noise_inside
    scores = scores._replace(other_image=by_rule(scores.other_image, [0.1] * 3), inside=inside,
                             down_to_layer=by_rule(scores.down_to_layer, class_score),
                             one_layer=one_layer)
    units = units._replace(other_image=by_rule(units.other_image, [0.3] * 3),
                           down_to_layer=by_rule(units.down_to_layer, conv5))
    way_similarities = np.zeros_like(result.way_similarities)
    way_similarities[measure.RANK] = np.reshape(ways, (4, 1))
    return result._replace(class_score=scores, unit=units, way_similarities=way_similarities,
                           classes=by_rule(result.classes, classes))


def broken(**values):
    """Which claims don't hold, of two nets, if some numbers of the second are set."""
    result = measured(rectified())
    found = report.claims([filled(result), filled(result, **values)])
    verdicts = [claim.verdict for claim in found]
    assert len(verdicts) == 11 and set(verdicts) <= {HOLDS, DOES_NOT_HOLD}
    return [i for i, verdict in enumerate(verdicts) if verdict == DOES_NOT_HOLD]


# ---- claims -------------------------------------------------------------------------------------

def test_lost_is_nearer_to_another_image_than_to_all():
    left, other_image = np.array([0.5, 0.6, 0.7]), np.array([0.1, 0.1, 0.5])
    assert report.lost(left, other_image).tolist() == [True, False, True]


def test_each_claim_rests_on_its_own_number():
    """The object is 3/8 of the images, so the middle between that and 70 % on it is 54 %."""
    assert broken() == []
    assert broken(class_score=[0.9, 0.9, 0.2]) == [0, 2]
    assert broken(class_score=[0.2, 0.9, 0.9]) == [1, 3]
    assert broken(conv5=[0.6, 0.6, 0.6]) == []      # another image's is 0.3 there, and not 0.1
    assert broken(conv5=[0.9, 0.9, 0.2]) == [4] and broken(conv5=[0.2, 0.9, 0.9]) == [5]
    assert broken(classes=[0.9, 0.9, 0.2]) == [6] and broken(classes=[0.2, 0.9, 0.9]) == [7]
    assert broken(ways=[1, 0.8, 0.6, 0.1]) == [8] and broken(ways=[1, 0.5, 0.2, 0.1]) == [9]
    assert broken(noise_inside=0.53) == [] and broken(noise_inside=0.55) == [10]


@pytest.mark.parametrize("first, second, expected", [(0.9, 0.2, [DOES_NOT_HOLD, HOLDS]),
                                                     (0.2, 0.9, [HOLDS, DOES_NOT_HOLD])])
def test_the_first_claims_are_on_fc8_to_fc6_and_on_all(first, second, expected):
    """Here fc8 is the only fully connected layer: its step is the first, and all is the second."""
    result = filled(measured(rectified()))
    similarities = result.class_score.down_to_layer.copy()
    similarities[:, :, 0], similarities[:, :, 1] = first, second
    scores = result.class_score._replace(down_to_layer=similarities)
    claims = report.claims([result._replace(class_score=scores)])
    assert [claim.verdict for claim in claims[0:4:2]] == expected


def test_what_was_measured():
    result = measured(rectified())
    found = report.claims([filled(result, class_score=[0.2, 0, -0.004], ways=[1, 0.8, 0.3, 0])])
    assert found[0].measured == ("Rank correlation left: 0.20 (1 seed); for another image: "
                                 "0.10 (1 seed). Cosine: 0.10 (1 seed); 0.05 (1 seed).")
    assert found[1].measured.startswith("Rank correlation left: 0.00 (1 seed);")
    assert "If a deconvnet projection" in found[0].paper
    assert "If a guided projection" in found[1].paper
    assert found[8].measured == ("Rank correlation left: 0.30 (1 seed); "
                                 "for another image: 0.10 (1 seed).")
    assert found[9].measured.startswith("Rank correlation left: 0.80 (1 seed);")
    assert "trained 70 % (1 seed), noise 30 % (1 seed)" in found[10].measured
    assert found[10].measured.endswith("the object is 38 % (1 seed) of the image.")


# ---- tables -------------------------------------------------------------------------------------

def test_tables():
    result = measured(rectified())
    results = [filled(result), filled(result, class_score=[0.4, 0.6, 0.8])]
    means = "0.30, 0.15", "0.40, 0.20", "0.50, 0.25"
    others = "0.10, 0.05", "0.10, 0.05", "0.10, 0.05"
    head, *rows = report.layer_table(results)
    assert head[1:] == tuple(f"{rule}: rank, cosine" for rule in RULES)
    assert rows == [("fc8", *means), ("fc8 … conv5", *means),
                    ("nothing, but another image", *others)]
    assert report.class_table(results)[1:] == [
        ("another class", "0.20, 0.10", "0.20, 0.10", "0.20, 0.10"),
        ("noise for fc8", "0.50, 0.25", "0.60, 0.30", "0.70, 0.35"), ("another image", *others)]


def test_numbers_below_zero_have_a_true_minus():
    result = filled(measured(rectified()), classes=[-0.5, -0.004, 0])
    assert report.class_table([result])[1] == ("another class", "−0.50, −0.25", "0.00, 0.00",
                                               "0.00, 0.00")


def test_the_table_of_the_eight_rules():
    results = [measured(rectified())] * 2
    rows = report.rule_table(results)
    assert len(rows) == 1 + 8 + 2 and {len(row) for row in rows} == {6}
    for name, choices in (("deconvnet", ("no", "yes", "yes")), ("gradient", ("yes", "yes", "no")),
                          ("guided", ("yes", "yes", "yes"))):
        i = measure.EIGHT.index(RULES[name])
        assert rows[1 + i][:4] == (name, *choices)
        assert rows[1 + i][4].startswith(f"{results[0].eight.edges[i].mean():.2f} ± 0.00")
        assert rows[1 + i][5].startswith(f"{100 * results[0].eight.inside[i].mean():.0f} ± 0 %")
    assert rows[-1][-1] == "38 ± 0 % (2 seeds)"


# ---- the page -----------------------------------------------------------------------------------

def test_the_page():
    """Two nets on scenes of which all are taken: quick takes four, here there are two."""
    said, run = [], Run(rectified(), prepare, ())
    scenes = SimpleNamespace(images=IMAGES, labels=LABELS, masks=MASKS, classes=tuple("abcd"))
    study = SimpleNamespace(test_scenes=scenes, seeds=(0, 1), quick=True, step=said.append,
                            run_of=lambda kind, seed: run)
    claims, sections = report.report(study)
    assert len(claims) == 11 and len(said) == 2
    assert [section.heading for section in sections] == [
        "Layers replaced by noise", "Another class", "Only the switches kept", "The eight rules"]
    assert [len(section.rows) for section in sections] == [4, 4, 0, 11]
    for section in sections:
        assert section.text and section.alt and section.picture is not None
        assert not any(sign in section.text + section.alt for sign in "{}")
    assert not any(sign in text for claim in claims for text in claim for sign in "{}")
