"""What the scenes show: ten kinds of objects, each a list of colored polygons, many of them named as a part.

A kind is a function of a random generator (for its proportions) and a palette of four colors: body, second, third, light.
It draws in units of its own, x to the right and y down, about -1 … 1; whoever draws a scene scales, turns and places it.
"""
from typing import NamedTuple

import numpy as np

DARK, WHITE = (25, 22, 30), (245, 245, 240)
_ANGLES = np.linspace(0, 2 * np.pi, 32, endpoint=False)
_CIRCLE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


class Shape(NamedTuple):
    """One polygon: points (n, 2) of x, y; its RGB color; the part it belongs to, if any."""
    points: np.ndarray
    color: tuple
    part: str = ""


def ellipse(x, y, rx, ry=None):
    """An ellipse's outline, or a circle's of radius rx, around (x, y)."""
    return _CIRCLE * (rx, rx if ry is None else ry) + (x, y)


def band(outer, inner):
    """A ring around (0, 0): once around its outer edge, and back along the inner one."""
    closed = np.vstack([_CIRCLE, _CIRCLE[:1]])
    return np.vstack([outer * closed, inner * closed[::-1]])


def box(left, top, right, bottom):
    """The four corners of a rectangle, clockwise on the screen."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def line(x0, y0, x1, y1, width):
    """A thin bar from (x0, y0) to (x1, y1)."""
    dx, dy = x1 - x0, y1 - y0
    across = np.array((-dy, dx)) * width / 2 / np.hypot(dx, dy)
    return np.array([(x0, y0) + across, (x1, y1) + across, (x1, y1) - across, (x0, y0) - across])


def arc(x, y, rx, ry, start, end, count=16):
    """Points on an ellipse around (x, y), from one angle to another, in degrees: 0 to the right, 90 down."""
    angles = np.radians(np.linspace(start, end, count))
    return np.column_stack([x + rx * np.cos(angles), y + ry * np.sin(angles)])


def turned(points, angle):
    """Points (n, 2), x and y, turned around (0, 0) by an angle in radians; clockwise on the screen, where y points down."""
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([(c, s), (-s, c)])


def shade(color, amount=0.3):
    """A darker tone of a color, or of a dark one a lighter tone."""
    if sum(color) < 300:
        return tuple(int(v + (255 - v) * amount) for v in color)
    return tuple(int(v * (1 - amount)) for v in color)


def face(rng, palette):
    """From the front: two eyes, nose, mouth, ears and hair. Left and right are the viewer's."""
    skin, second, third, light = palette
    w, h = rng.uniform(0.68, 0.82), rng.uniform(0.88, 1.0)
    ex, ey, er = w * rng.uniform(0.4, 0.5), rng.uniform(-0.22, -0.08), rng.uniform(0.15, 0.2)
    shapes = [Shape(ellipse(side * w, 0.02, 0.13, 0.2), shade(skin, 0.2)) for side in (-1, 1)]
    shapes.append(Shape(ellipse(0, 0, w, h), skin))
    cut = rng.uniform(25, 50)       # where the hair ends, as an angle
    shapes.append(Shape(np.vstack([arc(0, 0, w * 1.04, h * 1.04, 180 + cut, 360 - cut),
                                   [(rng.uniform(-0.3, 0.3), -h * rng.uniform(0.5, 0.7))]]), third))
    for side, part in ((-1, "left eye"), (1, "right eye")):
        shapes += [Shape(ellipse(side * ex, ey, er, er * 0.85), WHITE, part),
                   Shape(ellipse(side * ex, ey, er * 0.6), DARK, part),
                   Shape(line(side * ex * 0.6, ey - er * 1.4, side * ex * 1.4, ey - er * 1.5, 0.07), third)]
    nose, tip = rng.uniform(0.1, 0.16), rng.uniform(0.22, 0.32)
    shapes.append(Shape(np.array([(0, ey + 0.05), (nose, tip), (0, tip + 0.06), (-nose, tip)]), shade(skin), "nose"))
    mw, my = rng.uniform(0.25, 0.4), rng.uniform(0.48, 0.55)
    smile = np.vstack([arc(0, my, mw, rng.uniform(0.15, 0.28), 0, 180), arc(0, my, mw, rng.uniform(-0.02, 0.1), 180, 0)])
    shapes.append(Shape(smile, second, "mouth"))
    return shapes


def cat(rng, palette):
    """The head, from the front: pointed ears, eyes with slits, nose and whiskers."""
    fur, second, third, light = palette
    w, h = rng.uniform(0.8, 0.95), rng.uniform(0.66, 0.8)
    ex, ey, er = w * rng.uniform(0.38, 0.48), rng.uniform(-0.02, 0.1), rng.uniform(0.16, 0.22)
    tip, top = rng.uniform(0.6, 0.85), rng.uniform(-1.0, -0.85)
    shapes = [Shape(ellipse(0, 0.2, w, h), fur)]
    for side, part in ((-1, "left ear"), (1, "right ear")):
        ear = np.array([(side * w * 0.9, -0.1), (side * tip, top), (side * w * 0.25, -0.45)])
        shapes += [Shape(ear, fur, part), Shape(ear.mean(axis=0) + 0.55 * (ear - ear.mean(axis=0)), second, part)]
    shapes += [Shape(ellipse(side * 0.17, 0.58, 0.22, 0.17), shade(fur, 0.25)) for side in (-1, 1)]
    slit = rng.uniform(0.2, 0.4)
    for side, part in ((-1, "left eye"), (1, "right eye")):
        shapes += [Shape(ellipse(side * ex, ey, er, er * 0.9), light, part),
                   Shape(ellipse(side * ex, ey, er * slit, er * 0.85), DARK, part)]
        for y, end in ((0.52, 0.44), (0.6, 0.66)):
            shapes.append(Shape(line(side * 0.2, y, side * w * 1.1, end, 0.045), third))
    nose = rng.uniform(0.1, 0.16)
    shapes.append(Shape(np.array([(-nose, 0.34), (nose, 0.34), (0, 0.5)]), second, "nose"))
    return shapes


def fish(rng, palette):
    """From the side, swimming to the left."""
    body, second, third, light = palette
    w, h, tail = rng.uniform(0.6, 0.7), rng.uniform(0.32, 0.5), rng.uniform(0.32, 0.5)
    shapes = [Shape(ellipse(-0.25, 0, w, h), body)]
    for x in np.arange(-0.1, 0.3, 0.16)[:rng.integers(0, 4)]:
        reach = 0.8 * h * np.sqrt(1 - ((x + 0.25) / w) ** 2)
        shapes.append(Shape(box(x, -reach, x + 0.07, reach), third))
    fin = np.array([(-0.5, -h * 0.8), (rng.uniform(-0.1, 0.2), -h - rng.uniform(0.15, 0.3)), (0.2, -h * 0.65)])
    shapes += [Shape(np.array([(0.3, 0), (0.9, -tail), (rng.uniform(0.65, 0.85), 0), (0.9, tail)]), second, "tail"),
               Shape(fin, second, "back fin"),
               Shape(np.array([(-0.3, h * 0.85), (0.1, h + rng.uniform(0.05, 0.2)), (0.1, h * 0.75)]), second)]
    x, y, r = -0.25 - w * rng.uniform(0.5, 0.62), -h * rng.uniform(0.15, 0.3), rng.uniform(0.1, 0.13)
    return shapes + [Shape(arc(-0.45, 0, 0.2, h * 0.7, -60, 60, 8), shade(body)),
                     Shape(ellipse(x, y, r), WHITE, "eye"), Shape(ellipse(x, y, r * 0.55), DARK, "eye"),
                     Shape(line(-0.25 - w, h * 0.25, -0.12 - w, h * 0.3, 0.05), DARK)]


def bird(rng, palette):
    """From the side, looking to the left."""
    body, second, third, light = palette
    w, h, tilt = rng.uniform(0.5, 0.6), rng.uniform(0.3, 0.4), rng.uniform(0.1, 0.4)
    x, y, r = rng.uniform(-0.62, -0.5), rng.uniform(-0.55, -0.4), rng.uniform(0.23, 0.29)
    beak, tail = rng.uniform(0.22, 0.34), rng.uniform(0.1, 0.2)
    shapes = [Shape(line(lx, 0.2, lx - 0.06, 0.78, 0.06), third) for lx in (-0.02, 0.17)]
    feathers = np.array([(w * 0.85, -0.1), (w + 0.42, -tail), (w + 0.42, tail), (w * 0.85, 0.12)])
    wing = np.vstack([arc(0, 0, 0.3, 0.2, 90, 270), [(rng.uniform(0.32, 0.4), 0.02)]])
    return shapes + [Shape(turned(ellipse(0, 0, w, h), tilt), body),
                     Shape(np.array([(x - r * 0.9, y + 0.1), (x + r * 0.8, y - 0.1), (0.1, -0.2), (-0.35, 0.2)]), body),
                     Shape(ellipse(x, y, r), body),
                     Shape(np.array([(x - r * 0.85, y - 0.1), (x - r - beak, y + 0.05), (x - r * 0.85, y + 0.14)]), third, "beak"),
                     Shape(turned(feathers, tilt), second, "tail"),
                     Shape(turned(wing, tilt + rng.uniform(-0.15, 0.1)) + (0.04, -0.02), second, "wing"),
                     Shape(ellipse(x - 0.05, y - 0.03, 0.1), WHITE, "eye"), Shape(ellipse(x - 0.05, y - 0.03, 0.055), DARK, "eye")]


def car(rng, palette):
    """From the side, driving to the left."""
    body, second, third, light = palette
    deck, floor, top = rng.uniform(-0.12, 0.0), 0.36, rng.uniform(-0.55, -0.38)
    front, back = rng.uniform(-0.55, -0.4), rng.uniform(0.5, 0.85)
    slope, middle = rng.uniform(0.12, 0.28), rng.uniform(0.0, 0.15)
    roof, end = front + slope, back - rng.uniform(0.05, 0.15)
    shapes = [Shape(np.array([(front, deck), (roof, top), (end, top), (back, deck + 0.05)]), body),
              Shape(np.array([(-1, deck + 0.14), (-0.9, deck), (0.92, deck), (1, deck + 0.1), (1, floor), (-1, floor)]), body),
              Shape(box(-1, floor - 0.1, 1, floor), shade(body))]
    glass = top + 0.08
    left = np.array([(front + 0.13, deck), (roof + 0.04, glass), (middle - 0.04, glass), (middle - 0.04, deck)])
    right = np.array([(middle + 0.04, deck), (middle + 0.04, glass), (end - 0.05, glass), (back - 0.1, deck)])
    shapes += [Shape(left, light, "left window"), Shape(right, light, "right window"),
               Shape(ellipse(-0.94, deck + 0.18, 0.06), second)]
    r = rng.uniform(0.2, 0.27)
    for x, part in ((rng.uniform(-0.62, -0.52), "left wheel"), (rng.uniform(0.5, 0.62), "right wheel")):
        shapes += [Shape(ellipse(x, floor, r), DARK, part), Shape(ellipse(x, floor, r * 0.5), second, part)]
    return shapes


def house(rng, palette):
    """From the front: walls, a roof, perhaps a chimney, a door and two windows."""
    wall, second, third, light = palette
    w, eaves, ridge = rng.uniform(0.7, 0.85), rng.uniform(-0.25, -0.05), rng.uniform(-1.0, -0.75)
    flat = rng.choice((0.0, rng.uniform(0.2, 0.5)))
    shapes = []
    if rng.random() < 0.6:
        x = rng.uniform(0.35, 0.5)
        shapes.append(Shape(box(x, ridge * 0.95, x + 0.17, eaves), third))
    shapes += [Shape(box(-w, eaves, w, 0.9), wall),
               Shape(np.array([(-w - 0.15, eaves), (-flat, ridge), (flat, ridge), (w + 0.15, eaves)]), second, "roof")]
    x, dw, dh = rng.uniform(-0.1, 0.1), rng.uniform(0.13, 0.18), rng.uniform(0.5, 0.62)
    shapes += [Shape(box(x - dw, 0.9 - dh, x + dw, 0.9), third, "door"),
               Shape(ellipse(x + dw * 0.5, 0.9 - dh * 0.45, 0.035), light)]
    ww, wh, wy = rng.uniform(0.13, 0.17), rng.uniform(0.14, 0.2), rng.uniform(0.3, 0.4)
    for side, part in ((-1, "left window"), (1, "right window")):
        wx = side * (w + dw) / 2 * rng.uniform(1.02, 1.1)
        shapes += [Shape(box(wx - ww, wy - wh, wx + ww, wy + wh), light, part),
                   Shape(box(wx - 0.02, wy - wh, wx + 0.02, wy + wh), DARK, part),
                   Shape(box(wx - ww, wy - 0.02, wx + ww, wy + 0.02), DARK, part)]
    return shapes


def boat(rng, palette):
    """A sailing boat from the side: hull, mast, two sails and a flag."""
    hull, second, third, light = palette
    w, deck, keel = rng.uniform(0.75, 0.95), rng.uniform(0.4, 0.5), rng.uniform(0.8, 0.92)
    mast, top, foot = rng.uniform(-0.2, 0.0), rng.uniform(-0.95, -0.8), deck - 0.1
    return [Shape(line(mast, top - 0.15, mast, deck + 0.05, 0.06), shade(hull, 0.4)),
            Shape(np.array([(-w, deck), (w, deck), (w * rng.uniform(0.6, 0.75), keel), (-w * rng.uniform(0.6, 0.75), keel)]),
                  hull, "hull"),
            Shape(box(-w, deck - 0.08, w, deck), third),
            Shape(np.array([(mast + 0.06, top), (mast + 0.06, foot), (rng.uniform(0.5, 0.7), foot)]), second, "sail"),
            Shape(np.array([(mast - 0.06, top + rng.uniform(0.1, 0.3)), (mast - 0.06, foot), (rng.uniform(-0.75, -0.55), foot)]),
                  light, "jib"),
            Shape(np.array([(mast, top - 0.18), (mast + 0.3, top - 0.09), (mast, top)]), third, "flag")]


def wheel(rng, palette):
    """A rim and a hub with 4 to 8 spokes between them, through which one sees."""
    rim, second, third, light = palette
    count, inner, width, hub = rng.integers(4, 9), rng.uniform(0.7, 0.82), rng.uniform(0.08, 0.14), rng.uniform(0.18, 0.28)
    shapes = [Shape(turned(line(0, 0, 0, -inner - 0.05, width), 2 * np.pi * k / count), second, "spokes") for k in range(count)]
    return shapes + [Shape(band(1, inner), rim, "rim"),
                     Shape(ellipse(0, 0, hub), third, "hub"), Shape(ellipse(0, 0, hub * 0.4), DARK, "hub")]


def flower(rng, palette):
    """5 to 9 petals around a center."""
    petals, second, third, light = palette
    count, middle = rng.integers(5, 10), rng.uniform(0.24, 0.34)
    petal = ellipse(0, -0.6, min(0.36, 2.2 / count) * rng.uniform(0.85, 1.0), 0.4)
    shapes = [Shape(turned(petal, 2 * np.pi * k / count), petals, "petals") for k in range(count)]
    vein = line(0, -0.3, 0, -0.8, 0.06)
    shapes += [Shape(turned(vein, 2 * np.pi * k / count), shade(petals), "petals") for k in range(count)]
    return shapes + [Shape(ellipse(0, 0, middle), second, "center"), Shape(ellipse(0, 0, middle * 0.5), third, "center")]


def ring(rng, palette):
    """Two bands, one inside the other, around a hole."""
    outer, second, third, light = palette
    between, hole = rng.uniform(0.76, 0.86), rng.uniform(0.5, 0.64)
    return [Shape(band(1, between), outer, "outer band"), Shape(band(between, hole), second, "inner band")]


KINDS = {kind.__name__: kind for kind in (face, cat, fish, bird, car, house, boat, wheel, flower, ring)}
SYMMETRIC = ("wheel", "flower", "ring")
