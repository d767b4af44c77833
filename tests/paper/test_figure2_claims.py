"""The verdicts on Figure 2 follow from the scores: with ideal ones all hold, and each fails when its own number is wrong."""
import numpy as np
import pytest

from numpyzf.paper import figure2_claims
from numpyzf.paper.figure2_score import Common, Score
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE

pytestmark = pytest.mark.small


def ideal():
    """Two seeds, five layers: all that the paper says is true."""
    def row(scenes, bonus=0.0):
        return [Score(f"conv{i}", 30, Common(0.3 + 0.1 * i, 0.3, 0.35), 1 - 0.1 * i, 0.8 - 0.1 * i,
                      *((0.3 + 0.05 * i + bonus, 0.3, Common(0.2 + 0.1 * i, 0.2, 0.25)) if scenes else ())) for i in range(1, 6)]
    return {"images": [row(False), row(False)], "scenes": [row(True, 0.1), row(True, 0.1)], "untrained": [row(True), row(True)]}


def verdicts(scores):
    return [claim.verdict for claim in figure2_claims.claims(scores)]


def test_ideal_scores_hold():
    claims = figure2_claims.claims(ideal())
    assert [claim.verdict for claim in claims] == [HOLDS] * 9 + [NOT_TESTABLE]
    assert "conv3: 55.0 ± 0.0 % of the energy, 30.0 ± 0.0 % of the pixels (before training: 45.0 ± 0.0 %, 30.0 ± 0.0 %)" in claims[0].measured
    assert "conv1, conv2: 15.0 ± 0.0 points (2 seeds); conv4, conv5: 45.0 ± 0.0 points (2 seeds)" in claims[2].measured
    assert claims[4].measured == "conv1, conv2: 0.65 ± 0.00 (2 seeds); conv4, conv5: 0.35 ± 0.00 (2 seeds)"


@pytest.mark.parametrize("kind, layer, change, falls", [
    ("scenes", 2, {"inside": 0.29}, {0}),                               # less than the pixels
    ("scenes", 2, {"inside": 0.44}, {0}),                               # less than before training
    ("scenes", 3, {"parts": Common(0.24, 0.2, 0.25)}, {1}),
    ("scenes", 4, {"parts": Common(0.26, 0.9, 0.25)}, {2}),             # above 95 %, but no gain over chance
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
    assert verdicts(scores) == [DOES_NOT_HOLD if i in falls else HOLDS for i in range(9)] + [NOT_TESTABLE]


def test_scores_that_do_not_exist_hold_nothing():
    scores = ideal()
    nan = Common(np.nan, np.nan, np.nan)
    scores["scenes"] = [[score._replace(maps=0, classes=nan, parts=nan, inside=np.nan, area=np.nan, projections=np.nan, patches=np.nan)
                         for score in row] for row in scores["scenes"]]
    assert verdicts(scores) == [DOES_NOT_HOLD] * 3 + [HOLDS] * 3 + [DOES_NOT_HOLD] * 3 + [NOT_TESTABLE]
    assert len(figure2_claims.sections(scores)) == 2


def test_the_table_has_every_layer_of_every_net():
    scored, table = figure2_claims.sections(ideal())
    assert scored.picture.axes and scored.alt
    head, *rows = table.rows
    assert len(rows) == 15 and all(len(row) == len(head) for row in rows)
    assert [row[0] for row in rows[::5]] == ["images", "scenes", "scenes, before training"]
    assert rows[7] == ("", "conv3", "30", "55.0 ± 0.0 %", "30.0 ± 0.0 %", "50.0 ± 0.0 % (20.0 ± 0.0 %)", "60.0 ± 0.0 % (30.0 ± 0.0 %)",
                       "0.70", "0.50")
    assert rows[0][3:6] == ("–", "–", "–")
