"""The answers of chapter 10."""

import torch

from vaecourse.answers.verdicts import Function, Holds, Value


def _price(w, delta):
    return (w.square() + delta.exp() - delta - 1) / 2


def _mixed(mixed, one, two) -> bool:
    wanted = [*two[:3], *one[3:]]
    return len(mixed) == len(wanted) and all(map(torch.equal, mixed, wanted))


ANSWERS = {
    "10.1": Value([50_688, 144]),
    "10.2": Function(_price, [(torch.tensor([0.0, 2.0, 0.0, 1.0]), torch.tensor([0.0, 0.0, -4.0, 0.7]))]),
    "10.3": Value([0.98, 0.897, 0.5, 0.825]),
    "10.4": Holds(_mixed),
}
