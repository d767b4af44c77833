"""Figure 3: sizes, parameters and multiply-adds counted by hand, and a drawing of any net."""
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyzf import models
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.paper.claims import BY_CONSTRUCTION, DOES_NOT_HOLD
from numpyzf.paper.figure3.draw import draw
from numpyzf.paper.figure3.measure import measure, paddings
from numpyzf.paper.figure3.report import claims, report, table
from numpyzf.paper.study import Study

pytestmark = pytest.mark.small


def tiny():
    """Two maps of 3×4 out of 7×9 pixels, pooled to 1×2 (hanging over), three features, two scores.
    """
    return Network([("conv1", Conv(1, 2, 3, stride=2)), ("relu1", ReLU()),
                    ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
                    ("flatten", Flatten()), ("fc6", Linear(4, 3)), ("relu6", ReLU()),
                    ("drop6", Dropout()), ("fc8", Linear(3, 2))], (1, 7, 9))


# ---- numbers ------------------------------------------------------------------------------------

def test_a_net_counted_by_hand():
    """conv1 has 24 outputs of nine weights each; the places of pool1 are three pixels wide."""
    plan = measure(tiny())
    assert plan.input_shape == (1, 7, 9)
    assert [tuple(row) for row in plan.rows] == [
        ("conv1", "conv 3×3 /2", ("ReLU",), (3, 2), (2, 3, 4), (3, 2), 2 * 9 + 2, 24 * 9),
        ("pool1", "pool 3×3 /2", ("normalize",), (3, 2), (2, 1, 2), (7, 4), 0, 0),
        ("fc6", "full", ("ReLU", "dropout"), None, (3,), None, 12 + 3, 12),
        ("fc8", "full", (), None, (2,), None, 6 + 2, 6)]


def test_the_papers_net():
    """Receptive fields and parameters as derived from the layers' sizes on paper."""
    rows = {row.layer: row for row in measure(models.zfnet()).rows}
    assert [row.field for row in rows.values()] == [
        (7, 2), (11, 4), (27, 8), (43, 16), (75, 16), (107, 16), (139, 16), (171, 32),
        None, None, None]
    assert [row.shape for row in rows.values()][-4:] == [(256, 6, 6), (4096,), (4096,), (1000,)]
    by_hand = {"conv1": (3 * 49 + 1) * 96, "conv2": (96 * 25 + 1) * 256,
               "conv3": (256 * 9 + 1) * 384, "conv4": (384 * 9 + 1) * 384,
               "conv5": (384 * 9 + 1) * 256, "fc6": (9216 + 1) * 4096, "fc7": (4096 + 1) * 4096,
               "fc8": (4096 + 1) * 1000}
    assert {name: row.parameters for name, row in rows.items() if row.parameters} == by_hand
    assert sum(by_hand.values()) == 62_357_608
    assert rows["conv2"].multiply_adds == 26 * 26 * 256 * 96 * 25
    assert rows["fc7"].multiply_adds == 4096 * 4096


def test_one_of_48_paddings_gives_the_papers_sizes():
    assert paddings() == ([(1, 0, 0, True)], 48)
    assert paddings(200) == ([], 48)


# ---- the picture --------------------------------------------------------------------------------

def words(axes):
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_the_drawing_names_every_layer_once_and_cuts_nothing():
    small = models.labnet(input_shape=(3, 32, 32), middle=(8,), hidden=())
    plans = [measure(net) for net in (models.zfnet(), small, tiny())]
    figure = draw(plans, ["one", "two", "three"])
    assert len(figure.axes) == 3 and figure.get_size_inches()[0] <= 9
    renderer, frame = FigureCanvasAgg(figure).get_renderer(), figure.bbox
    for axes, plan, title in zip(figure.axes, plans, ["one", "two", "three"]):
        assert words(axes)[0] == title
        assert all(words(axes).count(row.layer) == 1 for row in plan.rows)
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    assert "110×110\n× 96" in words(figure.axes[0]) and "4,096" in words(figure.axes[0])
    assert "conv 3×3 /2\nReLU" in words(figure.axes[2])


# ---- words and verdicts -------------------------------------------------------------------------

def test_claims_can_fail():
    found = claims(measure(models.zfnet()))
    assert [claim.verdict for claim in found] == [BY_CONSTRUCTION] * 2
    assert "110, 55, 26, 13, 13, 13, 13, 6" in found[0].measured
    assert "of 48 choices tried, 1 gives these sizes" in found[0].measured
    assert "54,534,144 of 62,357,608" in found[1].measured          # 9217·4096 + 4097·4096
    other = measure(models.zfnet(hidden=(64, 64), first=(7, 2, 3)))
    assert [claim.verdict for claim in claims(other)] == [DOES_NOT_HOLD, DOES_NOT_HOLD]


def test_the_table_has_the_sums():
    rows = table(measure(tiny()))
    assert rows[1][:3] == ("image", "", "1×7×9")
    assert rows[2] == ("conv1", "conv 3×3 /2 · ReLU", "2×3×4", "3 / 2", "20", "216")
    assert rows[4][3:] == ("all of it", "15", "12")
    assert rows[-1] == ("sum", "", "", "", str(20 + 15 + 8), str(216 + 12 + 6))
    assert {len(row) for row in rows} == {6}


def test_the_report_of_a_study(tmp_path):
    found = report(Study(tmp_path, quick=True))
    assert [claim.verdict for claim in found.claims] == [BY_CONSTRUCTION] * 2
    picture, *tables = found.sections
    assert picture.picture is not None and picture.alt
    assert [section.rows[1][2] for section in tables] == ["3×224×224", "1×28×28", "3×64×64"]
    assert "A unit of conv5 sees 139 of 224 pixels." in tables[0].text
