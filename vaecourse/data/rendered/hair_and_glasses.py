"""Hair and glasses of the toy faces: functions of coordinates in the drawing, as in ``face_shapes``."""

import numpy as np

from vaecourse.data.rendered.face_shapes import CENTRE, HEIGHT, TURNS, _eyes, _head, _on_face, _soft, _width


def _hairline(x, head_turn):
    """y of the edge of the hair on the forehead: parted on one side."""
    u = 0.75 * (np.arcsin(np.clip(x / 0.75, -1, 1)) - TURNS[head_turn]) + 0.16
    return -0.36 + np.where(u > 0, 0.55 * np.clip(u, 0, None) ** 1.5, 1.6 * u**2)


def _thickness(hair_length: int) -> float:
    return (0.035, 0.075, 0.1, 0.1)[hair_length]


def _hair_cap(x, y, hair_length, face_width):
    """The hair about the skull."""
    return _head(x, y + 0.03, face_width, _thickness(hair_length)) < 0


def hair_behind(x, y, hair_length, face_width, head_turn):
    cap = _hair_cap(x, y, hair_length, face_width) & (y < 0.1)
    if hair_length < 2:
        return cap & (y < 0)
    end = (0.4, 0.84)[hair_length - 2]
    width = _width(face_width) + _thickness(hair_length) + 0.07 * np.clip(y, 0, 1) ** 0.5
    x = x + 0.15 * TURNS[head_turn] * np.clip(y + 0.1, 0, 0.3) / 0.3
    rounding = 12 * np.clip(np.abs(x) - width + 0.16, 0, 1) ** 2
    return cap | ((np.abs(x) < width) & (y >= 0) & (y < end - rounding))


def hair_in_front(x, y, hair_length, face_width, head_turn):
    """The fringe, and the hair at the sides of the turned head."""
    cap = _hair_cap(x, y, hair_length, face_width)
    lift = (0.03, 0, 0, 0)[hair_length]
    low = (-0.08, 0.04, 0.3, 0.5)[hair_length]
    angle = np.arcsin(np.clip(x / (_width(face_width) + 0.03), -1, 1)) - TURNS[head_turn]
    side = np.abs(angle) > np.radians((72, 68, 64, 62)[hair_length]) - 0.3 * np.clip(-y, 0, 1)
    return cap & ((y < _hairline(x, head_turn) - lift) | (side & (y < low)))


def hair_sheen(x, y, hair_length, face_width, head_turn):
    """A band of light over the hair, brighter on the left."""
    radius = np.sqrt((x / (_width(face_width) + 0.1)) ** 2 + ((y - CENTRE) / (HEIGHT + 0.1)) ** 2)
    band = np.exp(-(((radius - 0.84) / 0.07) ** 2)) * _soft(x, y, (-0.25, -0.55), (0.38, 0.35))
    return 0.7 * band * hair_in_front(x, y, hair_length, face_width, head_turn)


def _spectacles(x, y, glasses, head_turn):
    """Negative inside a lens: round or nearly square."""
    power = (2, 2, 5)[glasses]
    found = [
        (np.abs(u) / 0.185) ** power + (np.abs(v - 0.01) / (0.185, 0.185, 0.15)[glasses]) ** power
        for u, v in _eyes(x, y, head_turn)
    ]
    return np.minimum(*found) ** (1 / power) - 1


def lenses(x, y, glasses, head_turn):
    if glasses == 0:
        return np.zeros_like(x + y)
    inside = _spectacles(x, y, glasses, head_turn) < 0
    streak = np.abs(x + 0.6 * y - 0.05 + np.where(x > 0, -0.2, 0.35)) < 0.04
    return inside * (0.1 + 0.2 * streak)


def frames(x, y, glasses, head_turn):
    if glasses == 0:
        return np.zeros_like(x + y)
    u = _on_face(x, head_turn)
    rim = np.abs(_spectacles(x, y, glasses, head_turn)) < 0.1
    bridge = (np.abs(u) < 0.08) & (np.abs(y + 0.04 + 0.03 * np.cos(u * 20)) < 0.022)
    arms = (np.abs(u) > 0.43) & (np.abs(u) < 0.62) & (np.abs(y + 0.05) < 0.02)
    return rim | bridge | arms
