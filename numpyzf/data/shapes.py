"""What the scenes show: ten kinds of objects, each a list of colored polygons.

KINDS, at the end, names the ten functions face, cat, fish, bird, car, house, boat, wheel, flower
and ring. Each takes a random generator, for the object's proportions, and a palette of four colors:
body, second, third, light. It returns a list of Shapes, the backmost first. A Shape may name the
part of the object that it belongs to.

An object has units of its own: x to the right and y down, about -1 … 1. Whoever draws a scene
scales, turns and places it.
"""
from typing import NamedTuple

import numpy as np

DARK, WHITE = (25, 22, 30), (245, 245, 240)
SYMMETRIC = ("wheel", "flower", "ring")     # the kinds that look the same when turned
SIDES = ((-1, "left"), (1, "right"))        # the sign of x on either side, as the viewer sees it

_ANGLES = np.linspace(0, 2 * np.pi, 32, endpoint=False)
_CIRCLE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


class Shape(NamedTuple):
    """One polygon."""
    points: np.ndarray      # (n, 2): x and y of its corners
    color: tuple            # red, green, blue, 0 … 255
    part: str = ""          # the part of the object that it belongs to, if any


def mirrored_part(part):
    """The name of a part in a mirror, where left is right.

    >>> mirrored_part("left eye"), mirrored_part("nose")
    ('right eye', 'nose')
    """
    side, _, rest = part.partition(" ")
    if side == "left":
        return f"right {rest}"
    if side == "right":
        return f"left {rest}"
    return part


# ---- outlines: arrays (n, 2) of x and y ------------------------------------------------------

def polygon(*corners):
    """The outline through these corners (x, y)."""
    return np.array(corners)


def ellipse(x, y, rx, ry=None):
    """An ellipse around (x, y) with radii rx and ry, or a circle of radius rx."""
    return _CIRCLE * (rx, rx if ry is None else ry) + (x, y)


def band(outer, inner):
    """A ring around (0, 0): once around its outer edge, and back along the inner one."""
    closed = np.vstack([_CIRCLE, _CIRCLE[:1]])
    return np.vstack([outer * closed, inner * closed[::-1]])


def rectangle(left, top, right, bottom):
    """A rectangle's four corners, clockwise on the screen."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def line(x0, y0, x1, y1, width):
    """A thin bar from (x0, y0) to (x1, y1)."""
    dx, dy = x1 - x0, y1 - y0
    across = np.array((-dy, dx)) * width / 2 / np.hypot(dx, dy)
    return np.array([(x0, y0) + across, (x1, y1) + across, (x1, y1) - across, (x0, y0) - across])


def arc(x, y, rx, ry, start, stop, count=16):
    """Points on an ellipse around (x, y), between two angles in degrees: 0 is right, 90 is down."""
    angles = np.radians(np.linspace(start, stop, count))
    return np.column_stack([x + rx * np.cos(angles), y + ry * np.sin(angles)])


def turned(points, angle):
    """Points (n, 2) turned around (0, 0) by an angle in radians, clockwise on the screen."""
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([(c, s), (-s, c)])


def shade(color, amount=0.3):
    """A darker tone of a color; of a dark color, a lighter tone."""
    if sum(color) < 300:
        return tuple(int(v + (255 - v) * amount) for v in color)
    return tuple(int(v * (1 - amount)) for v in color)


# ---- the ten kinds ---------------------------------------------------------------------------
# The order in which rng is asked is part of each kind: another order is another set of scenes.

def face(rng, palette):
    """From the front: two eyes, nose, mouth, ears and hair."""
    skin, second, third, _ = palette
    w, h = rng.uniform(0.68, 0.82), rng.uniform(0.88, 1.0)
    ex, ey, er = w * rng.uniform(0.4, 0.5), rng.uniform(-0.22, -0.08), rng.uniform(0.15, 0.2)
    shapes = [Shape(ellipse(sign * w, 0.02, 0.13, 0.2), shade(skin, 0.2)) for sign, _ in SIDES]
    shapes.append(Shape(ellipse(0, 0, w, h), skin))

    cut = rng.uniform(25, 50)       # where the hair ends, as an angle
    parting = rng.uniform(-0.3, 0.3), -h * rng.uniform(0.5, 0.7)
    hair = np.vstack([arc(0, 0, w * 1.04, h * 1.04, 180 + cut, 360 - cut), [parting]])
    shapes.append(Shape(hair, third))

    for sign, side in SIDES:
        eye = f"{side} eye"
        brow = line(sign * ex * 0.6, ey - er * 1.4, sign * ex * 1.4, ey - er * 1.5, 0.07)
        shapes += [Shape(ellipse(sign * ex, ey, er, er * 0.85), WHITE, eye),
                   Shape(ellipse(sign * ex, ey, er * 0.6), DARK, eye),
                   Shape(brow, third)]

    nose, tip = rng.uniform(0.1, 0.16), rng.uniform(0.22, 0.32)
    shapes.append(Shape(polygon((0, ey + 0.05), (nose, tip), (0, tip + 0.06), (-nose, tip)),
                        shade(skin), "nose"))

    mw, my = rng.uniform(0.25, 0.4), rng.uniform(0.48, 0.55)
    lower = arc(0, my, mw, rng.uniform(0.15, 0.28), 0, 180)
    upper = arc(0, my, mw, rng.uniform(-0.02, 0.1), 180, 0)
    shapes.append(Shape(np.vstack([lower, upper]), second, "mouth"))
    return shapes


def cat(rng, palette):
    """The head, from the front: pointed ears, eyes with slits, nose and whiskers."""
    fur, second, third, light = palette
    w, h = rng.uniform(0.8, 0.95), rng.uniform(0.66, 0.8)
    ex, ey, er = w * rng.uniform(0.38, 0.48), rng.uniform(-0.02, 0.1), rng.uniform(0.16, 0.22)
    tip, top = rng.uniform(0.6, 0.85), rng.uniform(-1.0, -0.85)
    shapes = [Shape(ellipse(0, 0.2, w, h), fur)]

    for sign, side in SIDES:
        ear = polygon((sign * w * 0.9, -0.1), (sign * tip, top), (sign * w * 0.25, -0.45))
        inner = ear.mean(axis=0) + 0.55 * (ear - ear.mean(axis=0))
        shapes += [Shape(ear, fur, f"{side} ear"), Shape(inner, second, f"{side} ear")]
    for sign, _ in SIDES:
        shapes.append(Shape(ellipse(sign * 0.17, 0.58, 0.22, 0.17), shade(fur, 0.25)))

    slit = rng.uniform(0.2, 0.4)
    for sign, side in SIDES:
        shapes += [Shape(ellipse(sign * ex, ey, er, er * 0.9), light, f"{side} eye"),
                   Shape(ellipse(sign * ex, ey, er * slit, er * 0.85), DARK, f"{side} eye")]
        for y, end in ((0.52, 0.44), (0.6, 0.66)):      # whiskers
            shapes.append(Shape(line(sign * 0.2, y, sign * w * 1.1, end, 0.045), third))

    nose = rng.uniform(0.1, 0.16)
    shapes.append(Shape(polygon((-nose, 0.34), (nose, 0.34), (0, 0.5)), second, "nose"))
    return shapes


def fish(rng, palette):
    """From the side, swimming to the left."""
    body, second, third, _ = palette
    w, h, tail = rng.uniform(0.6, 0.7), rng.uniform(0.32, 0.5), rng.uniform(0.32, 0.5)
    shapes = [Shape(ellipse(-0.25, 0, w, h), body)]
    for x in np.arange(-0.1, 0.3, 0.16)[:rng.integers(0, 4)]:       # stripes
        reach = 0.8 * h * np.sqrt(1 - ((x + 0.25) / w) ** 2)
        shapes.append(Shape(rectangle(x, -reach, x + 0.07, reach), third))

    back = polygon((-0.5, -h * 0.8), (rng.uniform(-0.1, 0.2), -h - rng.uniform(0.15, 0.3)),
                   (0.2, -h * 0.65))
    fork = polygon((0.3, 0), (0.9, -tail), (rng.uniform(0.65, 0.85), 0), (0.9, tail))
    belly = polygon((-0.3, h * 0.85), (0.1, h + rng.uniform(0.05, 0.2)), (0.1, h * 0.75))
    shapes += [Shape(fork, second, "tail"), Shape(back, second, "back fin"), Shape(belly, second)]

    x, y = -0.25 - w * rng.uniform(0.5, 0.62), -h * rng.uniform(0.15, 0.3)
    r = rng.uniform(0.1, 0.13)
    shapes += [Shape(arc(-0.45, 0, 0.2, h * 0.7, -60, 60, 8), shade(body)),     # the gill
               Shape(ellipse(x, y, r), WHITE, "eye"),
               Shape(ellipse(x, y, r * 0.55), DARK, "eye"),
               Shape(line(-0.25 - w, h * 0.25, -0.12 - w, h * 0.3, 0.05), DARK)]
    return shapes


def bird(rng, palette):
    """From the side, looking to the left."""
    body, second, third, _ = palette
    w, h, tilt = rng.uniform(0.5, 0.6), rng.uniform(0.3, 0.4), rng.uniform(0.1, 0.4)
    x, y, r = rng.uniform(-0.62, -0.5), rng.uniform(-0.55, -0.4), rng.uniform(0.23, 0.29)
    length, tail = rng.uniform(0.22, 0.34), rng.uniform(0.1, 0.2)       # of the beak; of the tail

    feathers = polygon((w * 0.85, -0.1), (w + 0.42, -tail), (w + 0.42, tail), (w * 0.85, 0.12))
    wing = np.vstack([arc(0, 0, 0.3, 0.2, 90, 270), [(rng.uniform(0.32, 0.4), 0.02)]])
    wing = turned(wing, tilt + rng.uniform(-0.15, 0.1)) + (0.04, -0.02)
    neck = polygon((x - r * 0.9, y + 0.1), (x + r * 0.8, y - 0.1), (0.1, -0.2), (-0.35, 0.2))
    beak = polygon((x - r * 0.85, y - 0.1), (x - r - length, y + 0.05), (x - r * 0.85, y + 0.14))
    shapes = [Shape(line(leg, 0.2, leg - 0.06, 0.78, 0.06), third) for leg in (-0.02, 0.17)]
    shapes += [Shape(turned(ellipse(0, 0, w, h), tilt), body),
               Shape(neck, body),
               Shape(ellipse(x, y, r), body),
               Shape(beak, third, "beak"),
               Shape(turned(feathers, tilt), second, "tail"),
               Shape(wing, second, "wing"),
               Shape(ellipse(x - 0.05, y - 0.03, 0.1), WHITE, "eye"),
               Shape(ellipse(x - 0.05, y - 0.03, 0.055), DARK, "eye")]
    return shapes


def car(rng, palette):
    """From the side, driving to the left."""
    body, second, _, light = palette
    deck, floor, top = rng.uniform(-0.12, 0.0), 0.36, rng.uniform(-0.55, -0.38)
    front, back = rng.uniform(-0.55, -0.4), rng.uniform(0.5, 0.85)
    slope, middle = rng.uniform(0.12, 0.28), rng.uniform(0.0, 0.15)
    roof, end = front + slope, back - rng.uniform(0.05, 0.15)
    cabin = polygon((front, deck), (roof, top), (end, top), (back, deck + 0.05))
    chassis = polygon((-1, deck + 0.14), (-0.9, deck), (0.92, deck), (1, deck + 0.1), (1, floor),
                      (-1, floor))
    shapes = [Shape(cabin, body),
              Shape(chassis, body),
              Shape(rectangle(-1, floor - 0.1, 1, floor), shade(body))]

    glass = top + 0.08
    left = polygon((front + 0.13, deck), (roof + 0.04, glass), (middle - 0.04, glass),
                   (middle - 0.04, deck))
    right = polygon((middle + 0.04, deck), (middle + 0.04, glass), (end - 0.05, glass),
                    (back - 0.1, deck))
    shapes += [Shape(left, light, "left window"),
               Shape(right, light, "right window"),
               Shape(ellipse(-0.94, deck + 0.18, 0.06), second)]        # the headlight

    r = rng.uniform(0.2, 0.27)
    fore, rear = rng.uniform(-0.62, -0.52), rng.uniform(0.5, 0.62)
    for x, part in ((fore, "left wheel"), (rear, "right wheel")):
        shapes += [Shape(ellipse(x, floor, r), DARK, part),
                   Shape(ellipse(x, floor, r * 0.5), second, part)]
    return shapes


def house(rng, palette):
    """From the front: walls, a roof, perhaps a chimney, a door and two windows."""
    wall, second, third, light = palette
    w, eaves, ridge = rng.uniform(0.7, 0.85), rng.uniform(-0.25, -0.05), rng.uniform(-1.0, -0.75)
    flat = rng.choice((0.0, rng.uniform(0.2, 0.5)))     # half the ridge's length
    shapes = []
    if rng.random() < 0.6:
        x = rng.uniform(0.35, 0.5)
        shapes.append(Shape(rectangle(x, ridge * 0.95, x + 0.17, eaves), third))      # the chimney
    roof = polygon((-w - 0.15, eaves), (-flat, ridge), (flat, ridge), (w + 0.15, eaves))
    shapes += [Shape(rectangle(-w, eaves, w, 0.9), wall), Shape(roof, second, "roof")]

    x, dw, dh = rng.uniform(-0.1, 0.1), rng.uniform(0.13, 0.18), rng.uniform(0.5, 0.62)
    shapes += [Shape(rectangle(x - dw, 0.9 - dh, x + dw, 0.9), third, "door"),
               Shape(ellipse(x + dw * 0.5, 0.9 - dh * 0.45, 0.035), light)]     # its knob

    ww, wh, wy = rng.uniform(0.13, 0.17), rng.uniform(0.14, 0.2), rng.uniform(0.3, 0.4)
    for sign, side in SIDES:
        wx, window = sign * (w + dw) / 2 * rng.uniform(1.02, 1.1), f"{side} window"
        shapes += [Shape(rectangle(wx - ww, wy - wh, wx + ww, wy + wh), light, window),
                   Shape(rectangle(wx - 0.02, wy - wh, wx + 0.02, wy + wh), DARK, window),
                   Shape(rectangle(wx - ww, wy - 0.02, wx + ww, wy + 0.02), DARK, window)]
    return shapes


def boat(rng, palette):
    """A sailing boat from the side: hull, mast, two sails and a flag."""
    color, second, third, light = palette
    w, deck, keel = rng.uniform(0.75, 0.95), rng.uniform(0.4, 0.5), rng.uniform(0.8, 0.92)
    mast, top, foot = rng.uniform(-0.2, 0.0), rng.uniform(-0.95, -0.8), deck - 0.1
    hull = polygon((-w, deck), (w, deck), (w * rng.uniform(0.6, 0.75), keel),
                   (-w * rng.uniform(0.6, 0.75), keel))
    sail = polygon((mast + 0.06, top), (mast + 0.06, foot), (rng.uniform(0.5, 0.7), foot))
    jib = polygon((mast - 0.06, top + rng.uniform(0.1, 0.3)), (mast - 0.06, foot),
                  (rng.uniform(-0.75, -0.55), foot))
    flag = polygon((mast, top - 0.18), (mast + 0.3, top - 0.09), (mast, top))
    return [Shape(line(mast, top - 0.15, mast, deck + 0.05, 0.06), shade(color, 0.4)),
            Shape(hull, color, "hull"),
            Shape(rectangle(-w, deck - 0.08, w, deck), third),
            Shape(sail, second, "sail"),
            Shape(jib, light, "jib"),
            Shape(flag, third, "flag")]


def wheel(rng, palette):
    """A rim and a hub with 4 to 8 spokes between them; the gaps are holes."""
    color, second, third, _ = palette
    count, inner = rng.integers(4, 9), rng.uniform(0.7, 0.82)
    width, hub = rng.uniform(0.08, 0.14), rng.uniform(0.18, 0.28)
    spoke = line(0, 0, 0, -inner - 0.05, width)
    shapes = [Shape(turned(spoke, 2 * np.pi * k / count), second, "spokes") for k in range(count)]
    shapes += [Shape(band(1, inner), color, "rim"),
               Shape(ellipse(0, 0, hub), third, "hub"),
               Shape(ellipse(0, 0, hub * 0.4), DARK, "hub")]
    return shapes


def flower(rng, palette):
    """5 to 9 petals around a center."""
    color, second, third, _ = palette
    count, middle = rng.integers(5, 10), rng.uniform(0.24, 0.34)
    petal = ellipse(0, -0.6, min(0.36, 2.2 / count) * rng.uniform(0.85, 1.0), 0.4)
    vein = line(0, -0.3, 0, -0.8, 0.06)
    angles = [2 * np.pi * k / count for k in range(count)]
    shapes = [Shape(turned(petal, angle), color, "petals") for angle in angles]
    shapes += [Shape(turned(vein, angle), shade(color), "petals") for angle in angles]
    shapes += [Shape(ellipse(0, 0, middle), second, "center"),
               Shape(ellipse(0, 0, middle * 0.5), third, "center")]
    return shapes


def ring(rng, palette):
    """Two bands, one inside the other, around a hole."""
    color, second, _, _ = palette
    between, hole = rng.uniform(0.76, 0.86), rng.uniform(0.5, 0.64)
    return [Shape(band(1, between), color, "outer band"),
            Shape(band(between, hole), second, "inner band")]


KINDS = {"face": face, "cat": cat, "fish": fish, "bird": bird, "car": car,
         "house": house, "boat": boat, "wheel": wheel, "flower": flower, "ring": ring}
