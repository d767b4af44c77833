"""What Table 1 and Figure 8 say, tested on rendered faces."""
import numpy as np

from ... import texts
from ...data import scenes
from ...page import Section
from ..claims import Effect, Report, beyond_before, counted, judged, percent, spread
from ..study import untrained
from .draw import draw, draw_faces
from .measure import GROUP, PARTS, RANDOM, SAME, measure, places_to_cover

TEXT = texts.read(__package__)
PAPER = {"pool5": {"right eye": 0.067, "left eye": 0.069, "nose": 0.079, RANDOM: 0.107},
         "relu7": {"right eye": 0.069, "left eye": 0.068, "nose": 0.069, RANDOM: 0.073}}    # Δ


def report(study):
    """Measure Δ on faces in the middle, with one net for scenes per seed; a claims.Report."""
    groups = 4 if study.quick else 20
    rng = np.random.default_rng(8)
    faces = scenes.render(GROUP * groups, rng, size=study.train_scenes.images.shape[2],
                          classes=("face",), centered=True)
    side = round(2 * np.mean([faces.parts[name][:, 2].mean() for name in PARTS]))
    places = places_to_cover(faces, side, rng)
    results, before = [], []
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        results.append(measure(run, faces.images, places, side))
        before.append(measure(untrained(run, seed), faces.images, places, side))
    return Report(claims(results, before), [
        Section("Covered faces", TEXT["section: covered faces"].format(side=side),
                draw_faces(faces.images[:GROUP], places, side), alt=TEXT["alt: covered faces"]),
        Section("How alike the changes are",
                TEXT["section: changes"].format(groups=groups, seeds=len(results)),
                draw(results), table(results), TEXT["alt: changes"])])


def claims(results, before):
    """What the paper claims, what we ask beside it, and what was found: a list of Claim.

    results: a list of Table1, one per seed.
    before: the same of the nets before their training.
    """
    *eyes, nose = PARTS

    def of_layer_5(text, names, other, source=""):
        effects = [effect for name in names for effect in beyond_before(
            lower(results, name, other), lower(before, name, other))]
        return judged(TEXT[text], _at_layer_5(results, before, [*names, other]), effects,
                      source=source)
    shares = [_lower_by(each) for each in (results, before)]            # (seeds, layers) each
    layer5, layer7 = results[0].layers
    cells = [percent(share[:, i], ".0f") for share in shares for i in range(2)]
    return [
        of_layer_5("claim: eyes", eyes, RANDOM), of_layer_5("claim: nose", [nose], RANDOM),
        judged(TEXT["claim: layer 7"],
               TEXT["measured: layer 7"].format(
                   layer5=layer5, layer7=layer7, lower5=cells[0], lower7=cells[1],
                   before5=cells[2], before7=cells[3]),
               beyond_before(*[Effect(share[:, 0] - share[:, 1]) for share in shares])),
        of_layer_5("claim: not only the place", eyes, SAME, "asked here")]


def _at_layer_5(results, before, names):
    """Δ of what is covered at the lower layer, after training and before, in words."""
    deltas, earlier = (", ".join(
        f"{name} {spread([r.deltas[name][0].mean() for r in each], '.3f')}" for name in names)
        for each in (results, before))
    return TEXT["measured: layer 5"].format(
        layer=results[0].layers[0], groups=results[0].deltas[RANDOM].shape[1], group=GROUP,
        deltas=deltas, before=earlier)


def _lower_by(results):
    """By which share is Δ of the three parts below that of random places: (seeds, layers)."""
    means = {name: np.array([r.deltas[name].mean(axis=1) for r in results])
             for name in results[0].deltas}                             # (seeds, layers)
    return 1 - _mean_of_parts(means) / np.maximum(means[RANDOM], 1e-12)


def lower(results, name, other):
    """By how much is Δ of one thing below that of another at the lower layer? An Effect."""
    return counted([r.deltas[other][0] - r.deltas[name][0] for r in results])   # (seeds, groups)


def _mean_of_parts(means):
    return np.mean([means[name] for name in PARTS], axis=0)


def table(results):
    """Δ of all that was covered, beside the paper's: rows of cells, the head first.

    results: a list of Table1, one per seed. Deviations are over all groups and seeds.
    """
    head = ["covered"]
    for layer in results[0].layers:
        head += [f"Δ here, {layer}", f"the paper's, {layer}"]
    rows = [tuple(head)]
    for name in results[0].deltas:
        cells = [name]
        for i, layer in enumerate(results[0].layers):
            deltas = np.array([r.deltas[name][i] for r in results])     # (seeds, groups)
            cells.append(spread(deltas.ravel(), ".3f"))
            cells.append(f"{PAPER[layer][name]:.3f}" if name in PAPER[layer] else "")
        rows.append(tuple(cells))
    return rows
