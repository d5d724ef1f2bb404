"""The shapes of the toy faces: each function gives the coverage, from 0 to 1, at points (x, y) of the drawing.

The drawing goes from −1 to 1, x to the right and y down. Classes of factors are counted from 0.
"""

import numpy as np

CENTRE = 0.02  # y of the middle of the head
HEIGHT = 0.62  # height of the head from its middle to the chin
ROUNDNESS = 0.5  # radius of the cylinder on which the features are drawn
EYES = 0.25, -0.02  # x of the right eye, y of both
MOUTH = 0.36  # y
TURNS = np.radians((-17, -8.5, 0, 8.5, 17))


def _width(face_width: int) -> float:
    """Half the width of the head."""
    return 0.45 + 0.04 * face_width


def _on_face(x, head_turn: int, radius: float = ROUNDNESS):
    """x along the surface of the turned head, 0 in the middle of the face; far away where there is no surface."""
    along = radius * (np.arcsin(np.clip(x / radius, -1, 1)) - TURNS[head_turn])
    return np.where(np.abs(x) < radius, along, np.sign(x) * 9)


def _ellipse(x, y, centre, radii):
    """Negative inside, 0 on the outline."""
    return ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 - 1


def _soft(x, y, centre, radii):
    """A Gaussian spot."""
    return np.exp(-((x - centre[0]) ** 2 / radii[0] ** 2 + (y - centre[1]) ** 2 / radii[1] ** 2))


def _head(x, y, face_width, larger: float = 0.0):
    """Negative inside the head, which is narrower towards the chin."""
    below = np.clip((y - CENTRE) / HEIGHT, 0, 1.2)
    width = (_width(face_width) + larger) * (1 - 0.24 * below**2)
    return (np.abs(x) / width) ** 2.2 + (np.abs(y - CENTRE) / (HEIGHT + larger)) ** 2.2 - 1


def everywhere(x, y):
    return np.ones_like(x + y)


def light_behind(x, y):
    return 0.55 * _soft(x, y, (-0.5, -0.7), (1.1, 1.1))


def shirt(x, y):
    shoulders = (np.abs(x) / 0.86) ** 2.4 + (np.abs(y - 1.14) / 0.38) ** 2.4 - 1
    return (shoulders < 0) & (_ellipse(x, y, (0, 0.72), (0.25, 0.17)) > 0)


def neck(x, y):
    return ((np.abs(x) < 0.2) & (y > 0.3) & (y < 0.8)) | (_ellipse(x, y, (0, 0.74), (0.24, 0.14)) < 0)


def shadow_of_chin(x, y, face_width):
    return neck(x, y) * (_head(x, y - 0.08, face_width) < 0) * 0.8


def ears(x, y, face_width, head_turn):
    found = np.zeros(np.broadcast(x, y).shape, bool)
    for side in (-1, 1):
        hidden = max(0.0, side * TURNS[head_turn]) * 0.3
        found |= _ellipse(x, y, (side * (_width(face_width) + 0.005 - hidden), 0.04), (0.085, 0.13)) < 0
    return found


def head(x, y, face_width):
    return _head(x, y, face_width) < 0


def shade_of_head(x, y, face_width):
    """Darker towards the right and lower edge."""
    lit = _head(x + 0.13, y + 0.1, face_width)
    return head(x, y, face_width) * np.clip(0.42 * (lit + 0.75), 0, 0.4)


def cheeks(x, y, face_width, head_turn):
    u = _on_face(x, head_turn)
    return (
        0.5
        * head(x, y, face_width)
        * (_soft(u, y, (-0.29, 0.2), (0.12, 0.09)) + _soft(u, y, (0.29, 0.2), (0.12, 0.09)))
    )


def nose_shade(x, y, head_turn):
    u = _on_face(x, head_turn, 0.8)
    tip = (_ellipse(u, y, (0.012, 0.165), (0.088, 0.05)) < 0) & (_ellipse(u, y, (-0.005, 0.145), (0.085, 0.05)) > 0)
    bridge = 0.5 * _soft(u, y, (0.045, 0.06), (0.025, 0.1))
    return np.maximum(0.85 * tip, bridge)


def nose_light(x, y, head_turn):
    return 0.7 * _soft(_on_face(x, head_turn, 0.8), y, (-0.01, 0.1), (0.03, 0.07))


def _mouth(x, y, mouth_curve, mouth_opening, head_turn):
    """Position along the mouth, from −1 to 1, and height above its middle line, both in the turned face."""
    u = _on_face(x, head_turn) / 0.21
    bend = 0.055 * (mouth_curve - 2)
    return u, y - MOUTH - bend * (0.5 - u**2), 0.042 * mouth_opening


def _between(u, height, up: float, down: float, width: float = 1.0):
    """Inside a lens shape about the middle line of the mouth."""
    room = np.clip(1 - (u / width) ** 2, 0, 1) ** 0.75
    return (height > -up * room) & (height < down * room) & (np.abs(u) < width)


def lips(x, y, mouth_curve, mouth_opening, head_turn):
    u, height, opening = _mouth(x, y, mouth_curve, mouth_opening, head_turn)
    return _between(u, height, 0.038 + 0.45 * opening, 0.05 + opening)


def inner_mouth(x, y, mouth_curve, mouth_opening, head_turn):
    u, height, opening = _mouth(x, y, mouth_curve, mouth_opening, head_turn)
    return _between(u, height, 0.008 + 0.45 * opening, 0.008 + opening, 0.86)


def teeth(x, y, mouth_curve, mouth_opening, head_turn):
    u, height, opening = _mouth(x, y, mouth_curve, mouth_opening, head_turn)
    inside = _between(u, height, 0.45 * opening, opening, 0.78)
    return inside & (height < -0.02 * opening) & (mouth_opening > 0)


def _eyes(x, y, head_turn):
    """Coordinates relative to the middle of each eye."""
    u = _on_face(x, head_turn)
    return [(u - side * EYES[0], y - EYES[1]) for side in (-1, 1)]


def _eye_radii(eye_size: int) -> tuple[float, float]:
    return 0.105 + 0.01 * eye_size, 0.05 + 0.016 * eye_size


def _white(u, v, eye_size, larger=0.0):
    width, height = _eye_radii(eye_size)
    return _ellipse(u, v, (0, 0), (width + larger, height + larger)) < 0


def eye_rims(x, y, eye_size, head_turn):
    """A rim, thicker above for the lashes."""
    found = [_white(u, v + 0.016, eye_size, 0.02) for u, v in _eyes(x, y, head_turn)]
    return found[0] | found[1]


def eye_whites(x, y, eye_size, head_turn):
    found = [_white(u, v, eye_size) for u, v in _eyes(x, y, head_turn)]
    return found[0] | found[1]


def _round_in_eyes(x, y, eye_size, gaze, head_turn, radius, shift=(0.0, 0.0)):
    """A disc around the point of gaze, within the whites."""
    look = 0.03 * (gaze - 2)
    radius = radius * (0.056 + 0.009 * eye_size)
    found = [
        _white(u, v, eye_size) & (_ellipse(u, v, (look + shift[0], shift[1]), (radius, radius)) < 0)
        for u, v in _eyes(x, y, head_turn)
    ]
    return found[0] | found[1]


def irises(x, y, eye_size, gaze, head_turn):
    return _round_in_eyes(x, y, eye_size, gaze, head_turn, 1.0)


def pupils(x, y, eye_size, gaze, head_turn):
    return _round_in_eyes(x, y, eye_size, gaze, head_turn, 0.58)


def glints(x, y, eye_size, gaze, head_turn):
    return _round_in_eyes(x, y, eye_size, gaze, head_turn, 0.3, (-0.025, -0.028))


def brows(x, y, eye_size, head_turn):
    height = _eye_radii(eye_size)[1]
    found = np.zeros(np.broadcast(x, y).shape, bool)
    for u, v in _eyes(x, y, head_turn):
        arc = v + height + 0.085 - 2.2 * u**2
        found |= (np.abs(arc) < 0.022) & (np.abs(u) < 0.145)
    return found
