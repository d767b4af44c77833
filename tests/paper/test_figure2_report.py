"""The verdicts on Figure 2 follow from the scores.

With ideal ones all hold, and each fails when its own number is wrong.
"""
import numpy as np
import pytest

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE
from numpyzf.paper.figure2 import report
from numpyzf.paper.figure2.measure import Common, Score

pytestmark = pytest.mark.small


def ideal_score(i):
    return Score(f"conv{i}", 30, classes=Common(0.3 + 0.1 * i, 0.3, 0.35),
                 projections=1 - 0.05 * i, patches=0.8 - 0.1 * i, inside=0.4 + 0.05 * i,
                 area=0.3, parts=Common(0.2 + 0.1 * i, 0.2, 0.25))


def untrained_score(i):
    """A tenth of what the ideal one has: a net that shows a little of everything untrained."""
    return Score(f"conv{i}", 30, classes=Common(0.3 + 0.01 * i, 0.3, 0.35),
                 projections=0.8 - 0.01 * i, patches=0.75 - 0.01 * i, inside=0.31 + 0.005 * i,
                 area=0.3, parts=Common(0.2 + 0.01 * i, 0.2, 0.25))


def ideal():
    """Two seeds, five layers: all that the paper says is true."""
    rows = {"scenes": [ideal_score(i) for i in range(1, 6)],
            "scenes, before training": [untrained_score(i) for i in range(1, 6)]}
    for name in list(rows):
        rows[name.replace("scenes", "images")] = [
            score._replace(inside=None, area=None, parts=None) for score in rows[name]]
    return {name: [rows[name], list(rows[name])] for name in sorted(rows)}


def verdicts(scores):
    return [claim.verdict for claim in report.claims(scores)]


def test_without_scores_on_images_their_claim_has_a_reason():
    scores = ideal() | {"images": [], "images, before training": []}
    claims = report.claims(scores, "it takes more")
    assert [claim.verdict for claim in claims] == [HOLDS] * 3 + [NOT_TESTABLE] + [HOLDS] * 3 + [
        NOT_TESTABLE]
    assert claims[3].measured == "it takes more" and claims[3].on == "images"
    assert [row[0] for row in report.table_of(scores)[1:] if row[0]] == [
        "scenes", "scenes, before training"]


def test_ideal_scores_hold():
    claims = report.claims(ideal())
    assert [claim.verdict for claim in claims] == [HOLDS] * 9 + [NOT_TESTABLE]
    assert claims[0].measured.startswith(
        "conv3: 55.0 % of the energy, 30.0 % of the pixels (before training: 32.5 %, 30.0 %); ")
    assert claims[1].measured.startswith(
        "conv3: 50.0 %, by chance 20.0 %, before training 23.0 %; conv4: ")
    points = ("conv1, conv2: 15.0 points (before training: 1.5 points); "
              "conv4, conv5: 45.0 points (before training: 4.5 points) (2 seeds).")
    assert claims[2].measured == claims[3].measured == points
    assert claims[4].measured == claims[7].measured == (
        "conv1, conv2: 0.65 (before training: 0.73); "
        "conv4, conv5: 0.35 (before training: 0.70) (2 seeds).")
    assert claims[5].measured.startswith("conv1: 0.70, 0.95; conv2: 0.60, 0.90; ")
    assert [claim.on for claim in claims] == [""] * 3 + ["images"] * 3 + ["scenes"] * 3 + [""]
    assert [claim.paper for claim in claims[3:6]] == [claim.paper for claim in claims[6:9]]
    assert not any("{" in text for claim in claims for text in (claim.paper, claim.measured))


CASES = [
    ("scenes", 2, {"inside": 0.29}, {0}),                   # less than the pixels
    ("scenes", 2, {"inside": 0.31}, {0}),                   # less than before training
    ("scenes", 2, {"parts": Common(0.24, 0.2, 0.25)}, {1}),     # as much as in random deals
    ("scenes", 4, {"parts": Common(0.26, 0.9, 0.25)}, {1, 2}),
    ("images", 4, {"classes": Common(0.34, 0.01, 0.35)}, {3}),
    ("images", 0, {"classes": Common(1.7, 0.1, 0.35)}, {3}),
    ("images", 4, {"patches": 1.2}, {4, 5}),
    ("images", 1, {"projections": 0.59}, {5}),
    ("scenes", 3, {"classes": Common(0.34, 0.01, 0.35)}, {6}),
    ("scenes", 0, {"patches": -0.2}, {7}),
    ("scenes", 2, {"patches": 0.88}, {8})]


@pytest.mark.parametrize("kind, layer, change, falls", CASES, ids=str)
def test_one_wrong_number_is_enough_with_both_seeds_and_leaves_it_open_with_one(
        kind, layer, change, falls):
    scores = ideal()
    for seed, verdict in ((1, NOT_DECIDED), (0, DOES_NOT_HOLD)):
        scores[kind][seed][layer] = scores[kind][seed][layer]._replace(**change)
        expected = [verdict if i in falls else HOLDS for i in range(9)]
        assert verdicts(scores) == [*expected, NOT_TESTABLE]


def test_a_net_that_was_not_trained_passes_nothing():
    scores = ideal()
    for kind in ("images", "scenes"):
        scores[kind] = scores[f"{kind}, before training"]
    assert HOLDS not in verdicts(scores)


def test_nor_does_a_net_that_is_better_than_nothing_but_not_than_before_training():
    """All that would hold by itself holds before training, too."""
    scores = ideal()
    for kind in ("images", "scenes"):
        scores[f"{kind}, before training"] = scores[kind]
    assert verdicts(scores) == [NOT_DECIDED] * 9 + [NOT_TESTABLE]


def test_without_the_net_before_training_nothing_holds():
    row = ideal()["images"][0]
    found = report.claims_of_kind("photos", [row, row])
    assert [claim.verdict for claim in found] == [NOT_DECIDED] * 3
    assert all("it takes that one" in claim.measured for claim in found)
    fallen = [*row[:4], row[4]._replace(patches=1.2)]
    assert report.claims_of_kind("photos", [fallen, fallen])[1].verdict == DOES_NOT_HOLD


def test_scores_that_do_not_exist_decide_nothing():
    scores, nan = ideal(), Common(np.nan, np.nan, np.nan)
    scores["scenes"] = [[Score(score.layer, 0, nan, np.nan, np.nan, np.nan, np.nan, nan)
                         for score in row] for row in scores["scenes"]]
    on_images, on_scenes = [HOLDS] * 3, [NOT_DECIDED] * 3
    assert verdicts(scores) == [*[NOT_DECIDED] * 3, *on_images, *on_scenes, NOT_TESTABLE]
    assert len(report.score_sections(scores)) == 2


def test_the_table_has_every_layer_of_every_net():
    scored, table = report.score_sections(ideal())
    assert scored.picture.axes and "conv1, conv2, conv3, conv4, conv5" in scored.alt
    head, *rows = table.rows
    assert len(rows) == 20 and all(len(row) == len(head) for row in rows)
    assert [row[0] for row in rows[::5]] == [
        "images", "images, before training", "scenes", "scenes, before training"]
    assert rows[12] == ("", "conv3", "30", "55.0 %", "30.0 %", "50.0 % (20.0 %)",
                        "60.0 % (30.0 %)", "0.85", "0.50")
    assert rows[0][3:6] == ("–", "–", "–")
