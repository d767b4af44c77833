"""The verdicts on Figure 2 follow from the scores.

With ideal ones all hold, and each fails when its own number is wrong.
"""
import numpy as np
import pytest

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE
from numpyzf.paper.figure2 import report
from numpyzf.paper.figure2.measure import Common, Score

pytestmark = pytest.mark.small


def ideal_score(i, bonus=0.0):
    return Score(f"conv{i}", 30, classes=Common(0.3 + 0.1 * i, 0.3, 0.35),
                 projections=1 - 0.1 * i, patches=0.8 - 0.1 * i, inside=0.3 + 0.05 * i + bonus,
                 area=0.3, parts=Common(0.2 + 0.1 * i, 0.2, 0.25))


def ideal():
    """Two seeds, five layers: all that the paper says is true."""
    trained = [ideal_score(i, bonus=0.1) for i in range(1, 6)]
    untrained = [ideal_score(i) for i in range(1, 6)]
    images = [score._replace(inside=None, area=None, parts=None) for score in untrained]
    return {"images": [images, list(images)], "scenes": [trained, list(trained)],
            "untrained": [untrained, list(untrained)]}


def verdicts(scores):
    return [claim.verdict for claim in report.claims(scores)]


def test_without_scores_on_images_their_claim_has_a_reason():
    scores = ideal() | {"images": []}
    claims = report.claims(scores, "it takes more")
    assert [claim.verdict for claim in claims] == [HOLDS] * 3 + [NOT_TESTABLE] + [HOLDS] * 3 + [
        NOT_TESTABLE]
    assert claims[3].measured == "it takes more" and claims[3].on == "images"
    assert [row[0] for row in report.table(scores)[1:] if row[0]] == [
        "scenes", "scenes, before training"]


def test_ideal_scores_hold():
    claims = report.claims(ideal())
    assert [claim.verdict for claim in claims] == [HOLDS] * 9 + [NOT_TESTABLE]
    assert claims[0].measured.startswith(
        "conv3: 55.0 ± 0.0 % of the energy, 30.0 ± 0.0 % of the pixels "
        "(before training: 45.0 ± 0.0 %, 30.0 ± 0.0 %); conv4: ")
    assert claims[1].measured.startswith("conv3: 50.0 ± 0.0 %, by chance 20.0 ± 0.0 %; conv4: ")
    low, high = "conv1, conv2: {} (2 seeds)", "conv4, conv5: {} (2 seeds)"
    points = f"{low.format('15.0 ± 0.0 points')}; {high.format('45.0 ± 0.0 points')}"
    likeness = f"{low.format('0.65 ± 0.00')}; {high.format('0.35 ± 0.00')}"
    assert claims[2].measured == claims[3].measured == points
    assert claims[4].measured == likeness
    assert claims[5].measured.startswith("conv1: 0.70, 0.90; conv2: 0.60, 0.80; ")
    assert claims[7].measured == f"{likeness}; before training: {likeness}"
    assert [claim.on for claim in claims] == [""] * 3 + ["images"] * 3 + ["scenes"] * 3 + [""]
    assert [claim.paper for claim in claims[3:6]] == [claim.paper for claim in claims[6:9]]
    assert not any("{" in text for claim in claims for text in (claim.paper, claim.measured))


@pytest.mark.parametrize("kind, layer, change, falls", [
    ("scenes", 2, {"inside": 0.29}, {0}),                   # less than the pixels
    ("scenes", 2, {"inside": 0.44}, {0}),                   # less than before training
    ("scenes", 3, {"parts": Common(0.24, 0.2, 0.25)}, {1}),
    ("scenes", 4, {"parts": Common(0.26, 0.9, 0.25)}, {2}),     # above 95 %, but no gain
    ("images", 4, {"classes": Common(0.34, 0.01, 0.35)}, {3}),
    ("images", 0, {"classes": Common(1.0, 0.1, 0.35)}, {3}),
    ("images", 4, {"patches": 0.95}, {4, 5}),
    ("images", 0, {"projections": 0.69}, {5}),
    ("scenes", 3, {"classes": Common(0.34, 0.01, 0.35)}, {6}),
    ("scenes", 0, {"patches": 0.05}, {7}),
    ("scenes", 2, {"patches": 0.71}, {8})], ids=str)
def test_one_wrong_number_with_one_seed_is_enough(kind, layer, change, falls):
    scores = ideal()
    scores[kind][1][layer] = scores[kind][1][layer]._replace(**change)
    expected = [DOES_NOT_HOLD if i in falls else HOLDS for i in range(9)]
    assert verdicts(scores) == [*expected, NOT_TESTABLE]


def test_scores_that_do_not_exist_hold_nothing():
    scores, nan = ideal(), Common(np.nan, np.nan, np.nan)
    scores["scenes"] = [[Score(score.layer, 0, nan, np.nan, np.nan, np.nan, np.nan, nan)
                         for score in row] for row in scores["scenes"]]
    on_images, on_scenes = [HOLDS] * 3, [DOES_NOT_HOLD] * 3
    assert verdicts(scores) == [*[DOES_NOT_HOLD] * 3, *on_images, *on_scenes, NOT_TESTABLE]
    assert len(report.score_sections(scores)) == 2


def test_the_table_has_every_layer_of_every_net():
    scored, table = report.score_sections(ideal())
    assert scored.picture.axes and "conv1, conv2, conv3, conv4, conv5" in scored.alt
    head, *rows = table.rows
    assert len(rows) == 15 and all(len(row) == len(head) for row in rows)
    assert [row[0] for row in rows[::5]] == ["images", "scenes", "scenes, before training"]
    assert rows[7] == ("", "conv3", "30", "55.0 ± 0.0 %", "30.0 ± 0.0 %",
                       "50.0 ± 0.0 % (20.0 ± 0.0 %)", "60.0 ± 0.0 % (30.0 ± 0.0 %)", "0.70", "0.50")
    assert rows[0][3:6] == ("–", "–", "–")
