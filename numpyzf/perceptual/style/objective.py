"""What is made small: the content of one picture, the style of another, and little noise.

Each term is relative: the content loss of a layer to that of a picture that leaves it silent, and
so the style loss. So weights mean the same for every layer and every judge. The paper's own terms
are in ../losses.py; it adds them as they are, and chooses weights for its net.
"""
from typing import NamedTuple

import numpy as np

from ... import checks
from .. import losses, pictures
from ..judge import judge_of

# Of SqueezeNet; the paper's are of VGG-16: content relu3_3, style relu1_2, 2_2, 3_3, 4_3.
CONTENT, STYLE = ("fire3",), ("relu1", "fire2", "fire3", "fire4", "fire5")


class Plan(NamedTuple):
    """Which judge, and how much each term counts."""
    judge: str = "squeezenet"       # see judge.judge_of
    content_layers: tuple = CONTENT
    style_layers: tuple = STYLE
    content: float = 1.0            # weight of each layer's relative content loss
    style: float = 60.0             # of each layer's relative style loss
    variation: float = 10.0         # of the mean squared step between neighboring pixels


class Objective:
    """The weighted sum of three losses, for pictures of any size.

    plan: a Plan.
    style: the style's picture, uint8 (C, H, W).
    Raises ValueError for layers that the judge hasn't, or a picture that they don't fit.
    """

    def __init__(self, plan, style):
        for name in ("content", "style", "variation"):
            checks.weight(name, getattr(plan, name))
        self.plan = plan
        self.judge = judge_of(plan.judge, [*dict.fromkeys([*plan.content_layers,
                                                           *plan.style_layers])])
        seen = self.judge.targets(pictures.from_bytes(style)[None])
        flat = [layer for layer in plan.style_layers if seen[layer].ndim != 4]
        if flat:
            raise ValueError(f"{', '.join(flat)}: it has no maps any more, and so no style; choose "
                             "style layers below")
        self.grams = {layer: losses.gram(seen[layer][self._inside(layer, style)])
                      for layer in plan.style_layers}
        silent = [layer for layer, gram in self.grams.items() if not gram.any()]
        if silent:
            raise ValueError(f"{', '.join(silent)}: silent on the style's picture, so there is no "
                             "style to take from it")

    def _inside(self, layer, x, margin=0):
        """The place of the units that see no padding: it has no style."""
        return ..., *self.judge.inside(layer, x.shape, margin)

    def content(self, x):
        """What is kept of pictures (N, C, H, W): {layer: maps}."""
        seen = self.judge.targets(x)
        return {layer: seen[layer] for layer in self.plan.content_layers}

    def __call__(self, y, content, margin=0):
        """Value, {"content": …, "style": …, "variation": …} without weights, and gradient.

        y: floats (N, C, H, W), 0 … 1.
        content: pictures of the same shape, or what `content` made of them.
        margin: of how many pixels at each side the style doesn't count, see Judge.inside.
        """
        if not isinstance(content, dict):
            content = self.content(content)
        plan, number, trace = self.plan, y.dtype.type, self.judge.features(y)
        terms, signals = {"content": 0.0, "style": 0.0}, {}
        for layer, seen in content.items():
            value, signal = losses.feature(trace[layer], seen)
            size = max(np.square(seen).mean(dtype=np.float64), np.finfo(np.float32).tiny)
            terms["content"] += float(value / size)
            signals[layer] = signal * number(plan.content / size)
        for layer, gram in self.grams.items():
            inside = self._inside(layer, y, margin)
            value, signal = losses.style(np.ascontiguousarray(trace[layer][inside]), gram)
            size = np.square(gram).sum()
            terms["style"] += float(value / size)
            signal *= number(plan.style / size)
            if layer not in signals:
                signals[layer] = np.zeros_like(trace[layer])
            signals[layer][inside] += signal
        dy = self.judge.pull(trace, signals, y.shape[1])
        terms["variation"], gradient = losses.total_variation(y)
        per_number = len(y) / y.size
        terms["variation"] *= per_number
        dy += gradient * number(plan.variation * per_number)
        return sum(getattr(plan, name) * value for name, value in terms.items()), terms, dy
