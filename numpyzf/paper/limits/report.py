"""What the limits say: claims with verdicts, tables, and the words of the page.

A picture is called “lost” where the similarity that is left is nearer to that of the same unit's
picture for another image than to 1, by rank correlation and by cosine. Where the two measures say
different things, or one of them nothing beyond the noise, it is not decided. Every function takes a
list of Limits, one per net.
"""
import numpy as np

from ... import texts
from ...deconvnet import RULES
from ...page import Section
from ..claims import NOT_TESTABLE, Effect, Report, judged, percent, spread, verdict_of_measures
from .draw import draw, rule_name, yes_or_no
from .measure import COSINE, EIGHT, RANK, WAYS, Way, measure

TEXT = texts.read(__package__)
IMAGES, QUICK_IMAGES = 12, 4        # per net
DECONVNET = list(RULES).index("deconvnet")
JUDGED = "deconvnet", "guided"      # the rules that the claims are on
ADEBAYO, MAHENDRAN = "Adebayo et al. 2018", "Mahendran and Vedaldi 2016"
OURS = "asked here"


def report(study):
    """Take layers, classes, weights and switches away from nets on scenes; a Report."""
    scenes, results = study.test_scenes, []
    count = QUICK_IMAGES if study.quick else IMAGES
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        study.step(f"projections without what was learned, seed {seed}")
        results.append(measure(run, scenes.images[:count], scenes.labels[:count],
                               scenes.masks[:count], np.random.default_rng(seed)))
    layers, classes, ways, rules = draw(results, scenes.classes)
    return Report(claims(results), [section("layers", layers, layer_table(results)),
                                    section("classes", classes, class_table(results)),
                                    section("ways", ways, ()),
                                    section("rules", rules, rule_table(results))])


def section(name, picture, rows):
    """A page.Section with the texts of this name."""
    return Section(TEXT[f"heading: {name}"], TEXT[f"section: {name}"], picture, rows,
                   TEXT[f"alt: {name}"])


# ---- claims -------------------------------------------------------------------------------------

def claims(results, *, fully_connected=None, untested=None):
    """What later work and we ask of a projection, and what was found: a list of Claim.

    fully_connected: how many of the first steps are fully connected layers; those called fc if not
    given.
    untested: {claim: reason} of those that these nets or images can't say.
    """
    untested = untested or {}
    scores, units = [r.class_score for r in results], [r.unit for r in results]
    other_score = _means(cascade.other_image for cascade in scores)
    other_unit = _means(cascade.other_image for cascade in units)
    if fully_connected is None:
        fully_connected = sum(name.startswith("fc") for name in scores[0].steps)
    down_to_fully_connected = _means(cascade.down_to_layer[:, :, fully_connected - 1]
                                     for cascade in scores)
    whole_net = _means(cascade.down_to_layer[:, :, -1] for cascade in scores)
    below_conv5 = _means(cascade.down_to_layer[:, :, -1] for cascade in units)
    classes = _means(r.classes for r in results)
    found = [*_lost_claims("fully connected layers", down_to_fully_connected, other_score, ADEBAYO),
             *_lost_claims("whole net", whole_net, other_score, ADEBAYO),
             *_lost_claims("conv5", below_conv5, other_unit, ADEBAYO),
             *_lost_claims("other classes", classes, other_score, MAHENDRAN),
             *_way_claims(results, other_score[:, :, DECONVNET]), _object_claim(results)]
    for name, reason in untested.items():
        papers = [TEXT[f"claim: {name}"].format(rule=rule) for rule in JUDGED]
        found = [claim._replace(measured=reason, verdict=NOT_TESTABLE) if claim.paper in papers
                 else claim for claim in found]
    return found


def lost(left, other_image):
    """By how much is what is left nearer to the similarity for another image than to 1?

    left, other_image: similarities (seeds, 2), in the order RANK, COSINE.
    Returns an Effect for each of the two measures.
    """
    return [Effect((1 + other_image[:, i]) / 2 - left[:, i]) for i in (RANK, COSINE)]


def kept(left, other_image):
    """The opposite of `lost`."""
    return [Effect(-np.asarray(effect.values)) for effect in lost(left, other_image)]


def _means(similarities):
    """Means over images: (seeds, 2, rules) of arrays (2, rules, M)."""
    return np.stack([each.mean(axis=-1) for each in similarities])


def _lost_claims(name, left, other_image, source):
    """A claim on each rule of JUDGED. left, other_image: similarities (seeds, 2, rules)."""
    return [_claim_on(name, rule, left[:, :, i], other_image[:, :, i], source)
            for rule in JUDGED for i in [list(RULES).index(rule)]]


def _claim_on(name, rule, left, other_image, source, effects=lost):
    """A claim on what is left. left, other_image: similarities (seeds, 2)."""
    measured = TEXT["measured: what is left"].format(
        rank=spread(left[:, RANK]), other_rank=spread(other_image[:, RANK]),
        cosine=spread(left[:, COSINE]), other_cosine=spread(other_image[:, COSINE]))
    return judged(TEXT[f"claim: {name}"].format(rule=rule), measured, effects(left, other_image),
                  source=source, rule=verdict_of_measures)


def _way_claims(results, other_image):
    """Do the weights or the switches make the picture? other_image: (seeds, 2), similarities."""
    left = _means(r.way_similarities for r in results)                  # (seeds, 2, ways)
    no_switches = left[:, :, WAYS.index(Way(learned=True, switches=False))]
    noise = left[:, :, WAYS.index(Way(learned=False, switches=True))]
    return [_claim_on("noise on the way down", "deconvnet", noise, other_image, MAHENDRAN),
            _claim_on("no switches", "deconvnet", no_switches, other_image, MAHENDRAN, kept)]


def _object_claim(results):
    """Is the projection on the object because of what was learned?"""
    inside = np.stack([r.class_score.inside[DECONVNET].mean(axis=-1) for r in results])
    trained, noise = inside[:, 0], inside[:, -1]                        # of (seeds, 1 + steps)
    area, edges = _areas(results), _edges_inside(results)
    measured = TEXT["measured: on the object"].format(
        trained=percent(trained, ".0f"), noise=percent(noise, ".0f"), edges=percent(edges, ".0f"),
        area=percent(area, ".0f"))
    return judged(TEXT["claim: on the object"], measured,
                  [Effect(trained - area), Effect((trained + area) / 2 - noise)], source=OURS)


def _areas(results):
    """For each seed, the share of the images that is object."""
    return np.array([r.masks.mean() for r in results])


def _edges_inside(results):
    """For each seed, the share of the edges' energy that lies on the object."""
    return np.array([r.edges_inside.mean() for r in results])


# ---- tables -------------------------------------------------------------------------------------

def layer_table(results):
    """Rows: similarity of class scores' projections by what is noise, means over nets."""
    scores = [r.class_score for r in results]
    rows = [_head("noise for the weights of")]
    for i, step in enumerate(scores[0].steps):
        layers = step if i == 0 else f"{scores[0].steps[0]} … {step}"
        rows.append(_row(layers, [cascade.down_to_layer[:, :, i] for cascade in scores]))
    return [*rows, _row("nothing, but another image", [cascade.other_image for cascade in scores])]


def class_table(results):
    """Rows: similarity of the true class's projection with others, means over nets."""
    scores = [r.class_score for r in results]
    top = scores[0].steps[0]
    return [_head("compared with"), _row("another class", [r.classes for r in results]),
            _row(f"noise for {top}", [cascade.one_layer[:, :, 0] for cascade in scores]),
            _row("another image", [cascade.other_image for cascade in scores])]


def _head(label):
    return (label, *(f"{rule}: rank, cosine" for rule in RULES))


def _row(label, similarities):
    """similarities: (2, rules, M) of each net."""
    means = _means(similarities).mean(axis=0)                           # (2, rules)
    cells = [f"{rank:.2f}, {cosine:.2f}" for rank, cosine in means.T]
    return (label, *(cell.replace("-0.00", "0.00").replace("-", "−") for cell in cells))


def rule_table(results):
    """Rows: the eight rules, means over images, with the deviation over nets."""
    rows = [("rule", "forward mask", "switches", "backward ReLU",
             "rank correlation with the image's edges", "energy on the object")]
    for i, rule in enumerate(EIGHT):
        edges = spread([r.eight.edges[i].mean() for r in results])
        inside = percent([r.eight.inside[i].mean() for r in results], ".0f")
        rows.append((rule_name(rule), yes_or_no(rule.forward_mask), yes_or_no(rule.switches),
                     yes_or_no(rule.backward_relu), edges, inside))
    return [*rows, ("the image's edges", "", "", "", "1", percent(_edges_inside(results), ".0f")),
            ("all pixels alike", "", "", "", "", percent(_areas(results), ".0f"))]
