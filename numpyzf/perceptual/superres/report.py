"""The page: pictures side by side with a magnifier, the paper's table, grids, recognition."""
from importlib.resources import files

import numpy as np

from ... import page, texts
from . import draw, grid, measure, recognize
from .findings import ORIGINAL, SMALL, about
from .measure import BICUBIC

TEXT = texts.read(__package__)
NO_GRID, NO_PATTERN = 1.5, 2.0      # quotients up to these are none
HOLDS, DOES_NOT, UNSURE = "✓ holds", "✗ does not hold", "– not surely"
FEW_NAMED = 12          # classes of a classifier that are all named


def write(path, found, side):
    """Write the page.

    path: its file.
    found: findings.Findings.
    side: pixels of a picture that are shown, at most.
    """
    parts = [files(__package__).joinpath("magnifier.html").read_text(encoding="utf-8")]
    parts += [page.section_html(section) for section in _first(found, side)]
    parts += [_picture(shown, found.scale, side) for shown in found.shown]
    parts += [page.section_html(section) for section in _last(found)]
    page.write_html(path, TEXT["title"].format(scale=found.scale), "\n".join(parts))


# ---- pictures -----------------------------------------------------------------------------------

def _picture(shown, scale, side):
    """The section of one picture: all versions side by side, with what is known of each."""
    original = shown.made[ORIGINAL]
    _, height, width = original.shape
    side = side // scale * scale
    place = [n // 2 // scale * scale for n in (height, width)]
    middle = draw.cut(original, place, side)
    row, column = draw.busiest(middle, 42)
    times = max(1, side // max(middle.shape[1:]))
    figures = "".join(
        _figure(name, draw.cut(image, [n // (scale if name == SMALL else 1) for n in place],
                               side // (scale if name == SMALL else 1)),
                middle.shape[2] * times, _words(shown, name))
        for name, image in shown.made.items())
    heading = page.escape(texts.short(shown.row.picture))
    return (f"<section>\n<h3>{heading}</h3>\n<p>{width}×{height} pixels</p>\n"
            f'<div class="wide"><div class="side-by-side" tabindex="0" role="group" '
            f'aria-label="{heading}, side by side" data-x="{column}" data-y="{row}">{figures}'
            "</div></div>\n</section>")


def _figure(name, image, width, words):
    """One version of a picture, `width` of the screen's pixels wide, and words below it."""
    html = page.image(draw.png(image), name)
    sharp = ' class="pixels"' if width > image.shape[2] else ""
    shown = page.escape(name)
    html = html.replace("<img ", f'<img{sharp} width="{width}" data-name="{shown}" ', 1)
    lines = "<br>".join(page.escape(line) for line in words)
    return f"<figure>{html}<figcaption><b>{shown}</b><br>{lines}</figcaption></figure>"


def _words(shown, name):
    """What is known of one version of a picture, in lines."""
    lines = []
    if name in shown.row.scores:
        scores = shown.row.scores[name]
        lines = [f"{_psnr(scores.psnr)} dB · SSIM {_ssim(scores.ssim)}",
                 f"sharpness {measure.share(scores.sharpness)}"]
    elif name == SMALL:
        _, height, width = shown.made[name].shape
        lines = [f"{width}×{height} pixels"]
    if name in shown.answers:
        label, probability = shown.answers[name]
        lines.append(f"“{texts.short(label, 24)}” {probability:.0%}")
    return lines


def _psnr(value):
    return f"{value:.2f}" if np.isfinite(value) else "∞"


def _ssim(value):
    return f"{value:.4f}".lstrip("0")


# ---- before and after the pictures --------------------------------------------------------------

def _first(found, side):
    """The sections above the pictures."""
    rows = found.rows[found.scale]
    words = [TEXT["pictures"].format(shown=len(found.shown), count=f"{len(rows):,}", side=side)]
    words.append(_classifier(found.classifier))
    if found.classifier.judged:
        words.append(TEXT["classifier is the judge"].format(
            name=found.classifier.name, judged=texts.listed(found.classifier.judged)))
    if not found.networks[found.scale]:
        words.append(TEXT["no networks"].format(scale=found.scale))
    sections = [page.Section("What this is", TEXT["overview"].format(scale=found.scale))]
    claims = _claims(found)
    if claims:
        sections.append(page.Section(
            "What holds", TEXT["claims"].format(
                count=f"{len(rows):,}", grid=NO_GRID, pattern=f"{NO_PATTERN:g}",
                uncounted=measure.uncounted(rows)),
            rows=[("the paper, or this page, says", "measured", ""), *claims]))
    return [*sections, page.Section("The pictures", "\n\n".join(words))]


def _classifier(classifier):
    """The paragraph about the classifier."""
    names = classifier.classes
    known = texts.listed(names)
    if len(names) > FEW_NAMED:
        known = f"{len(names):,} classes, such as {texts.listed(names[::len(names) // 4], 4)}"
    return TEXT["classifier"].format(name=classifier.name, known=known, seen=classifier.side)


def _last(found):
    """The sections below the pictures."""
    rows = _table(found)
    scales = " or ".join(map(str, found.rows))
    sections = [page.Section("The paper's table, and ours beside it",
                             TEXT["table"].format(crop=scales), rows=rows)]
    sections.append(page.Section("What differs from the paper", TEXT["differs"]))
    if any(found.networks.values()):
        matched = any(getattr(network, "match", False)
                      for own in found.networks.values() for network in own.values())
        words = TEXT["networks"] + f" {TEXT['matched']}" * matched
        sections.append(page.Section("The networks", words,
                                     rows=_network_table(found.networks)))
    if found.made:
        sections.append(page.Section("The checkerboard, made and removed",
                                     TEXT["grids"].format(steps=found.steps),
                                     draw.draw_grids(found.made), alt=TEXT["alt: grids"]))
        sections.append(page.Section("How much of a grid", TEXT["grids table"],
                                     rows=_grid_table(found.made), level=3))
    if found.pulls:
        sections.append(page.Section("What of the grid comes from the judge", TEXT["pulls"],
                                     draw.draw_pulls(found.pulls), _pull_table(found.pulls),
                                     TEXT["alt: pulls"]))
    if found.recognized:
        sections.append(_recognition(found))
    return sections


def _network_table(networks):
    """Rows of all networks: what is known of each."""
    table = [("network", "scale", "loss", "parameters", "steps")]
    for scale, own in networks.items():
        for name, network in own.items():
            told, count = about(network), 0
            if told:
                count = sum(value.size for value in network.net.parameters.values())
            table.append((name, f"×{scale}", _loss(name, network), f"{count:,}" if count else "",
                          f"{told['steps']:,}" if "steps" in told else ""))
    return table


def _loss(name, network):
    """What a network was trained by, "pixel" or "feature"; its own name if it doesn't say."""
    return about(network).get("loss", name)


def _table(found):
    """Rows of every set, scale and method: ours, and the paper's."""
    table = [("set", "scale", "method", "PSNR (dB)", "SSIM", "sharpness", "grid", "pattern",
              "PSNR in the paper", "SSIM in the paper")]
    for scale, rows in found.rows.items():
        networks = found.networks.get(scale, {})
        for name, own in measure.groups(rows).items():
            paper = measure.PAPER.get(((name or found.source).lower(), scale), {})
            for method, scores in measure.means(own).items():
                psnr, ssim = paper.get(_loss(method, networks.get(method)), (None, None))
                table.append((name or f"all {len(own):,}", f"×{scale}", method,
                              _psnr(scores.psnr), _ssim(scores.ssim),
                              measure.share(scores.sharpness), measure.times(scores.grid),
                              measure.times(scores.pattern),
                              f"{psnr:.2f}" if psnr else "", _ssim(ssim) if ssim else ""))
    return table


def _claims(found):
    """Statements, tested on the means over all pictures: rows (statement, measured, verdict)."""
    means = measure.means(found.rows[found.scale])
    networks, claims = found.networks[found.scale], []
    by_loss = {_loss(name, network): name for name, network in networks.items()}
    if {"pixel", "feature"} <= by_loss.keys():
        pixel, feature = (means[by_loss[loss]] for loss in ("pixel", "feature"))
        if np.isfinite([feature.psnr, pixel.psnr]).all():
            claims.append(_claim("The feature loss has a lower PSNR than the pixel loss.",
                                 f"{feature.psnr:.2f} against {pixel.psnr:.2f} dB",
                                 feature.psnr < pixel.psnr))
        if np.isfinite([feature.sharpness, pixel.sharpness]).all():
            claims.append(_claim("The feature loss draws sharper edges than the pixel loss.",
                                 f"{feature.sharpness:.0%} against {pixel.sharpness:.0%} of the "
                                 "original's gradient energy",
                                 feature.sharpness > pixel.sharpness))
    for name in networks:
        gain = means[name].psnr - means[BICUBIC].psnr
        if np.isfinite(gain):
            claims.append(_claim(f"{name}: a higher PSNR than bicubic enlargement.",
                                 f"{gain:+.2f} dB", gain > 0))
        for what, times, most in (("grid", means[name].grid, NO_GRID),
                                  ("pattern of its own", means[name].pattern, NO_PATTERN)):
            if np.isfinite(times):
                claims.append(_claim(f"{name}: no {what}.", f"{times:.2f} times the original's",
                                     times <= most))
    if found.recognized:
        claims += [(f"{name}: recognized more often than bicubic.", _gain(compared),
                    _verdict(compared)) for name, compared in _compared(found)]
    return claims


def _claim(statement, measured, holds):
    return statement, measured, HOLDS if holds else DOES_NOT


# ---- grids and recognition ----------------------------------------------------------------------

def _grid_table(made):
    rows = [("ending", "untrained, 2 pixels", "untrained, 4", "trained, 2", "trained, 4")]
    return rows + [(own.ending, *(f"{value:.1f}" for value in (*own.untrained, *own.trained)))
                   for own in made]


def _pull_table(pulls):
    rows = [("gradient of the loss at", "period, pixels", "peak", "peak, random weights",
             "strongest by weakest pixels", "the same, random weights")]
    for pull in pulls:
        cells = [f"{values[kind]:.1f}" if kind in values else ""
                 for values in (pull.peaks, pull.uneven) for kind in ("trained", "random")]
        rows.append((pull.layer, "" if pull.layer == grid.PIXELS else pull.period, *cells))
    return rows


def _recognition(found):
    """The section about what is recognized."""
    right = found.recognized.right
    text = TEXT["recognition"].format(
        nets=len(right[ORIGINAL]), classes=len(found.recognized.classes),
        source=found.recognized.source, side=found.recognized.side,
        count=right[ORIGINAL].shape[1], scale=found.scale)
    compared = dict(_compared(found))
    rows = [("images", "named rightly", "against bicubic", "more often?")]
    for method, answers in right.items():
        shares = 100 * answers.mean(axis=1)
        spread = f" ± {shares.std(ddof=1):.1f}" if len(shares) > 1 else ""
        own = compared.get(method)
        rows.append((method, f"{shares.mean():.1f}{spread} %", _gain(own) if own else "",
                     _verdict(own) if own else ""))
    return page.Section("Is it recognized?", text, rows=rows)


def _compared(found):
    return [(name, recognize.compare(found.recognized, name)) for name in found.recognized.right
            if name not in (ORIGINAL, BICUBIC)]


def _gain(compared):
    return f"{100 * compared.difference:+.1f} points ± {100 * compared.error:.1f} (standard error)"


def _verdict(compared):
    """More often: with every seed, and by two standard errors of the mean over images."""
    if compared.surely_more:
        return HOLDS
    return UNSURE if compared.difference > 0 else DOES_NOT
