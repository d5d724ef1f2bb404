"""Records of a training run: its numbers, and the codes and images of the model at several epochs."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation.passes import encode, reconstruct
from vaecourse.files import atomic_path


@dataclass
class History:
    """The numbers of a training run: one row per epoch, where row 0 (``epoch`` 0) describes the untrained model.

    ``history["rate"]`` is the column of that name, as a list. Terms of the training set are averages over the
    epoch, during training. Terms named ``test_…`` are those of the test set after the epoch. Terms of losses are
    in nats per image. ``seconds`` counts from the start.

    ``interrupted`` says whether Ctrl-C ended the training; figures then show it. If that was in the first epoch, every
    column that is not there yet is NaN.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    interrupted: bool = False

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.names and not self.ended_in_first_epoch:
            raise KeyError(f"history has no {name!r}: it has {', '.join(self.names)}")
        return [row.get(name, math.nan) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def ended_in_first_epoch(self) -> bool:
        return self.interrupted and len(self) == 1

    def save(self, path: str | Path) -> None:
        """Write the rows as JSON."""
        with atomic_path(path) as unfinished:
            unfinished.write_text(json.dumps(self.rows, indent=1), encoding="utf-8")


class Snapshots:
    """A callback of :func:`fit` that keeps codes, reconstructions and samples while the model learns.

    Parameters
    ----------
    split : Split
        Images to follow, for instance ``mnist.test[:1000]``.
    epochs : iterable of int, optional
        Epochs after which to record (0 is before training). Default: all.
    samples : int
        Number of images to generate each time, always from the same noise. Default: none.

    Attributes
    ----------
    epochs : list of int
    codes : list of Tensor (N, d)
        Posterior means of the first level.
    reconstructions, samples : list of Tensor (N, C, H, W)
    """

    def __init__(self, split: Split, epochs: Iterable[int] | None = None, samples: int = 0):
        self.split = split
        self.count = samples
        self.wanted = None if epochs is None else set(epochs)
        self.epochs: list[int] = []
        self.codes: list[Tensor] = []
        self.reconstructions: list[Tensor] = []
        self.samples: list[Tensor] = []

    def __call__(self, model: nn.Module, history: History) -> None:
        epoch = history.rows[-1]["epoch"]
        if self.wanted is None or epoch in self.wanted:
            self.epochs.append(epoch)
            self.codes.append(encode(model, self.split))
            self.reconstructions.append(reconstruct(model, self.split))
            if self.count:
                if not model.has_prior:
                    raise TypeError(f"{type(model).__name__} has no prior to draw from: leave samples out")
                self.samples.append(model.generate(self.count).cpu())
