"""The real parts of the items, on a tiny network and pictures of noise; and the page's columns."""
import json
import re
from html import unescape

import numpy as np
import pytest
from real_nets import SIDE, connected, write_model, write_photographs

from numpyzf import cli
from numpyzf.exchange import load_model
from numpyzf.exchange.write import write_onnx
from numpyzf.general.layers import GlobalAveragePool
from numpyzf.layers import Conv, Flatten, ReLU
from numpyzf.look.many import Top
from numpyzf.network import Network
from numpyzf.paper import reproduce, together
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE, Claim, Report
from numpyzf.paper.figure2 import measure as figure2
from numpyzf.paper.figure2.report import maps
from numpyzf.paper.figure7.real import surest
from numpyzf.paper.limits.real import grouped
from numpyzf.paper.study import Study

REAL = [item.name for item in reproduce.ITEMS if item.real]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with photographs, a model, and a quick study with every real part finished."""
    folder = tmp_path_factory.mktemp("real")
    write_photographs(folder)
    write_model(folder)
    reproduce.compute(study_in(folder), [f"{name}-real" for name in REAL])
    return folder


def study_in(folder, report=lambda text: None, **options):
    return Study(folder / "out", photos=folder / "photos", net=folder / "tiny.onnx", quick=True,
                 report=report, **options)


def test_the_paper_s_items_on_its_real_network():
    assert REAL == ["fig2", "fig5", "fig7", "fig9", "table7", "limits"]


@pytest.mark.parametrize("name", REAL)
def test_every_statement_is_tried_and_has_numbers_or_a_reason(folder, name):
    report = reproduce.read(folder / "out", f"{name}-real")
    assert any(section.picture for section in report.sections)
    for claim in report.claims:
        assert claim.verdict == NOT_TESTABLE or any(letter.isdigit() for letter in claim.measured)
        assert claim.on == "photos, tiny" if "seed" in claim.measured and claim.on else True
    for section in report.sections:
        assert section.text and section.heading and "{" not in section.text + section.alt


def test_the_real_part_has_the_statements_of_the_small_one(folder):
    """Those of Figure 9 name how many images a class has: here 5, as the rest is to test on."""
    tested = {"fig2": 7, "fig5": 5, "fig7": 3, "fig9": 4, "table7": 2, "limits": 11}
    for name, count in tested.items():
        report = reproduce.read(folder / "out", f"{name}-real")
        assert len({claim.paper for claim in report.claims}) == count, name


def test_a_net_with_fully_connected_layers(folder):
    """It has what the paper's has: features of an image, behind the maps."""
    net, out = write_model(folder, connected(), "fc"), folder / "out-fc"
    study = Study(out, photos=folder / "photos", net=net, quick=True, report=lambda text: None)
    reproduce.compute(study, [f"{name}-real" for name in REAL])
    reports = {name: reproduce.read(out, f"{name}-real") for name in REAL}
    for name, report in reports.items():
        assert any(section.picture for section in report.sections), name
        tried = [claim for claim in report.claims if claim.verdict != NOT_TESTABLE]
        assert tried and all(any(letter.isdigit() for letter in claim.measured)
                             and "nan" not in claim.measured for claim in tried), name
    assert [row[1] for row in reports["fig2"].sections[-1].rows[1:]] == ["relu1", "relu2"]
    rows = [row[0] for row in reports["table7"].sections[0].rows[1:]]
    assert rows == ["relu1", "relu2", "relu4", "fc5", "guessing"]
    assert "from relu4, the layer that its own classifier reads" in reports["fig9"].sections[0].text
    assert "The last hidden one is relu4," in reports["fig5"].sections[0].text
    steps = [row[0] for row in reports["limits"].sections[0].rows[1:]]
    assert steps[:3] == ["fc5", "fc5 … fc4", "fc5 … fc3"]


def test_a_finished_part_is_not_computed_again(folder):
    lines = []
    reproduce.compute(study_in(folder, lines.append), ["fig5-real"])
    assert lines == ["Figure 5: shifted, enlarged, turned (on a real network) (finished before)"]


def test_other_photographs_take_another_folder(folder):
    with pytest.raises(ValueError, match="holds a reproduction with other settings"):
        Study(folder / "out", photos=folder / "photos", quick=True)
    kept = json.loads((folder / "out" / "photos.json").read_text())
    assert kept == {"photos": str(folder / "photos"), "net": str(folder / "tiny.onnx")}
    Study(folder / "out", quick=True)       # without photographs it goes on, too


def test_classes_with_too_few_photographs_are_not_testable_and_the_others_go_on(tmp_path):
    write_photographs(tmp_path, (30, 2, 30))
    write_model(tmp_path)
    study = study_in(tmp_path)
    path = reproduce.compute(study, ["table7-real", "fig5-real"])
    claim, = reproduce.read(study.out, "table7-real").claims
    assert claim.verdict == NOT_TESTABLE and "there are fewer of b" in claim.measured
    assert len(reproduce.read(study.out, "fig5-real").claims) == 5
    assert path.read_text(encoding="utf-8").count("there are fewer of b") == 1


def test_the_command(folder, capsys):
    options = ["--photos", str(folder / "photos"), "--net", str(folder / "tiny.onnx"), "--quick",
               "--out", str(folder / "out")]
    assert cli.main(["reproduce", "table7-real", *options]) == 0
    assert "Look at it" in capsys.readouterr().out
    for arguments, message in ((["fig5", "--net", "a.onnx"], "give --photos FOLDER too"),
                               (["fig5-real"], "fig5-real needs photographs: --photos FOLDER"),
                               (["fig5", "--photos", "nowhere"], "nowhere: no such folder")):
        assert cli.main(["reproduce", *arguments, "--quick", "--out", str(folder / "new")]) == 2
        assert message in capsys.readouterr().err


# ---- which items --------------------------------------------------------------------------------

def test_with_photographs_an_item_brings_its_real_part():
    assert [item.name for item in reproduce.find(["fig5", "fig1"])] == ["fig1", "fig5"]
    assert [item.name for item in reproduce.find(["table4", "fig1"], photos=True)] == [
        "fig1", "fig9", "fig9-real"]
    assert [item.name for item in reproduce.find(["fig5-real"], photos=True)] == ["fig5-real"]
    assert sum(item.name.endswith("-real") for item in reproduce.find(["all"], photos=True)) == 6


# ---- the page -----------------------------------------------------------------------------------

A, B = Claim("so", "1", HOLDS, "scenes"), Claim("so", "2", DOES_NOT_HOLD, "clothes")
C, REAL_A, REAL_D = Claim("why", "3", HOLDS), Claim("so", "4", DOES_NOT_HOLD), Claim("new", "5",
                                                                                    HOLDS)


def test_side_by_side():
    assert together.side_by_side([A, B, C], [REAL_A, REAL_D]) == [
        ("so", A, REAL_A), ("", B, None), ("why", C, None), ("new", None, REAL_D)]


def text_of(tmp_path, found):
    """The words of a page with one item, without its style and marks."""
    together.write(tmp_path / "page.html", "clothes", [found])
    text = (tmp_path / "page.html").read_text(encoding="utf-8").partition("</style>\n<")[2]
    text = text[text.index('id="item-0"'):]
    return " ".join(unescape(re.sub("<[^>]*>", " ", text)).split())


def test_two_verdicts_side_by_side(tmp_path):
    text = text_of(tmp_path, together.Found("Figure 0: what", Report([A, B], []), True,
                                            Report([REAL_A], [])))
    own, _, overview = text.partition("All statements")
    assert ("✓ holds so Here: scenes: 1 A real network: ✗ does not hold 4 "
            "✗ does not hold at this size so Here: clothes: 2") in own
    assert ("Figure 0 ✓ holds so (scenes) A real network: ✗ does not hold "
            "Figure 0 ✗ does not hold at this size so (clothes)") in overview
    assert "Of 2 statements 1 hold, 1 don't at this size" in overview
    assert "Of 1 statements 0 hold on it, 1 don't" in overview


def test_without_photographs_it_is_not_tried(tmp_path):
    text = text_of(tmp_path, together.Found("Figure 0: what", Report([A, C], []), True, None))
    assert text.count("not tried: needs photographs, --photos FOLDER") == 2
    assert "it takes photographs. Give --photos FOLDER" in text


def test_an_item_without_a_real_part_says_nothing_of_a_real_network(tmp_path):
    text = text_of(tmp_path, together.Found("Figure 0: what", Report([A], []), False, None))
    assert "A real network:" not in text and "✓ holds so Here: scenes: 1" in text


def test_what_others_say_stands_under_their_name(tmp_path):
    later = Claim("that is necessary", "7", NOT_TESTABLE, "", "Adebayo et al. 2018")
    text = text_of(tmp_path, together.Found("Limits: what", Report([later, C], []), False, None))
    own = text.partition("All statements")[0]
    assert own.index("The paper says") < own.index("why") < own.index("Adebayo et al. 2018")
    assert own.index("Adebayo et al. 2018") < own.index("that is necessary")


# ---- parts of the measuring ---------------------------------------------------------------------

def test_the_strongest_of_samples_are_the_strongest_of_all(rng):
    """Six images of two maps, dealt into two samples of three."""
    values = rng.permutation(12).reshape(2, 6).astype(float)        # (maps, images)
    tops = []
    for start in range(2):
        own = values[:, start::2]
        order = np.argsort(-own, axis=1)[:, :2]
        units = np.stack([order, np.indices(order.shape)[0], order + 10, order + 20], axis=-1)
        tops.append(Top(np.take_along_axis(own, order, axis=1), units))
    found = figure2.merged(tops)
    best = np.argsort(-values, axis=1)[:, :2]
    # the two strongest of all may both be of one sample: each sample kept two
    np.testing.assert_array_equal(found.units[:, :, 0], best)
    np.testing.assert_array_equal(found.values, np.take_along_axis(values, best, axis=1))
    np.testing.assert_array_equal(found.units[:, :, 2], best // 2 + 10)


@pytest.mark.parametrize("side, second", [(SIDE, None), (112, "guided")])
def test_large_photographs_are_shown_by_two_rules(tmp_path, side, second):
    net = Network([("conv1", Conv(3, 4, 3, stride=2)), ("relu1", ReLU()), ("conv2", Conv(4, 4, 3)),
                   ("relu2", ReLU()), ("pool", GlobalAveragePool()), ("flatten", Flatten())],
                  (3, side, side)).initialize(np.random.default_rng(0))
    write_onnx(net, tmp_path / "net.onnx")
    run = load_model(tmp_path / "net.onnx")
    images = np.random.default_rng(0).integers(0, 256, (20, 3, side, side)).astype(np.uint8)
    _, (shown, _) = figure2.measure_real(run, images, np.arange(20) % 3, ["relu1", "relu2"], 2)
    assert shown.second == second and (shown.beside is None) == (second is None)
    section = maps(net, shown, "photos")
    assert ("by guided backpropagation" in section.text) == bool(second)
    assert ("two rules" in section.alt) == bool(second)


def test_the_surest_answers_come_first_and_differ(folder):
    photos = study_in(folder).photos
    scores = photos.run.net.predict(photos.run.prepare(photos.data.images))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels, rows = surest(photos.run, photos.data.images, np.arange(60), 60)
    assert sorted(rows) == list(range(60))
    np.testing.assert_array_equal(labels, p.argmax(axis=1)[rows])
    kinds = len(set(labels))
    assert len(set(labels[:kinds])) == kinds
    sure = p.max(axis=1)[rows]
    assert (np.diff(sure[:kinds]) <= 1e-6).all() and (np.diff(sure[kinds:]) <= 1e-6).all()


def test_weights_become_noise_stage_by_stage(folder):
    net = study_in(folder).photos.run.net
    assert grouped(net) == {"relu1": ["conv1"], "two": ["two.a", "two.b"],
                            "three": ["three.a", "three.b"], "conv4": ["conv4"]}
