"""Averages of a loss's terms over an epoch, and the error that is raised if one of them is not finite."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from tqdm import tqdm

from vaecourse.training.checkpoints import copy_of_weights, state_of
from vaecourse.training.history import History

# Terms are read from the device, checked and shown once in 50 steps, because each reading makes a GPU wait.
STEPS_BETWEEN_READINGS = 50
# This is far below any moment that changes a weight (Adam adds 1e-8 to its denominator), and far above denormals.
NEGLIGIBLE_MOMENT = 1e-30


class TrainingDiverged(ArithmeticError):
    """A term was not finite. ``history`` holds the epochs before, and the model has the weights of the last of them."""

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history


class RunningTerms:
    """The averages of the terms over one epoch. Terms stay on the device until they are read.

    Parameters
    ----------
    model : nn.Module
        Model, which is reset to its present weights if a term is not finite.
    loss : callable
        Loss, whose state is reset too if it learns.
    optimizer : Optimizer
        Adam, whose negligible moments are set to zero.
    history : History
        History that :class:`TrainingDiverged` holds.
    bar : tqdm
        Progress bar, which shows the terms of the last step read.
    first_step : int
        Number of steps taken before this epoch.
    """

    def __init__(self, model: nn.Module, loss, optimizer: Optimizer, history: History, bar: tqdm, first_step: int):
        self.model, self.loss, self.optimizer, self.history, self.bar = model, loss, optimizer, history, bar
        self.at_start = copy_of_weights(model)
        self.loss_at_start = copy.deepcopy(state_of(loss))
        self.steps_read = first_step
        self.images = 0
        self.totals: dict[str, float] = {}
        self.pending: list[tuple[int, dict[str, Tensor]]] = []

    def add(self, size: int, terms: dict[str, Tensor]) -> None:
        """Add the terms of one step on a batch of ``size`` images.

        Raises
        ------
        TrainingDiverged
            If a term was not finite in one of the last 50 steps.
        """
        self.pending.append((size, terms))
        if len(self.pending) == STEPS_BETWEEN_READINGS:
            self._read()

    def averages(self) -> dict[str, float]:
        """Return the average of each term over the images.

        Raises
        ------
        TrainingDiverged
            If a term was not finite in one of the last steps.
        """
        if self.pending:
            self._read()
        return {name: total / self.images for name, total in self.totals.items()}

    def confirm(self, terms: dict[str, float]) -> None:
        """Check what will be kept: terms that were computed with the last weights, the weights, and all moments.

        Raises
        ------
        TrainingDiverged
            If a value is not finite.
        """
        broken = [f"{name} is {value:g}" for name, value in terms.items() if not math.isfinite(value)]
        kept = {"model": self.model.state_dict(), "optimiser": self.optimizer.state_dict(), "loss": state_of(self.loss)}
        broken += [f"the state of the {name} is not finite" for name, state in kept.items() if not _finite(state)]
        if broken:
            self._give_up(", ".join(broken), self.steps_read)

    def _read(self) -> None:
        names = list(self.pending[0][1])
        sizes = torch.tensor([size for size, _ in self.pending], dtype=torch.float64)
        values = torch.stack([torch.stack(list(terms.values())) for _, terms in self.pending]).cpu().double()
        broken = ~values.isfinite()
        if broken.any():
            first = broken.any(1).nonzero()[0].item()
            shown = ", ".join(f"{names[term]} is {values[first, term]:g}" for term in broken[first].nonzero()[:, 0])
            self._give_up(shown, self.steps_read + first + 1)
        for name, column in zip(names, values.unbind(1), strict=True):
            self.totals[name] = self.totals.get(name, 0.0) + (column * sizes).sum().item()
        shown = zip(names, values[-1].tolist(), strict=True)
        self.bar.set_postfix({name: f"{value:.1f}" for name, value in shown}, False)
        self.bar.update(len(self.pending))
        self.images += int(sizes.sum())
        self.steps_read += len(self.pending)
        self.pending.clear()
        _clear_negligible_moments(self.optimizer)

    def _give_up(self, reason: str, step: int) -> None:
        epoch = len(self.history)  # row 0 is the untrained model
        self.model.load_state_dict(self.at_start)
        if self.loss_at_start or state_of(self.loss):
            self.loss.load_state_dict(self.loss_at_start, next(iter(self.at_start.values())).device)
        raise TrainingDiverged(
            f"{reason} at step {step} (epoch {epoch}), learning rate {self.optimizer.param_groups[0]['lr']:g}. "
            f"The model is back where epoch {epoch} began: train on with a lower learning rate",
            self.history,
        )


def _finite(state) -> bool:
    """Return whether all tensors in nested dicts and lists are finite."""
    if torch.is_tensor(state):
        return bool(state.isfinite().all())
    values = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return all(_finite(value) for value in values)


@torch.no_grad()
def _clear_negligible_moments(optimizer: Optimizer) -> None:
    """Set vanishing moments of Adam to zero.

    Weights of pixels that are always black get no gradient, so their moments shrink step by step into float32's
    denormal range, where a CPU computes many times slower.
    """
    for state in optimizer.state.values():
        for moment in (state["exp_avg"], state["exp_avg_sq"]):
            moment.copy_(functional.hardshrink(moment, NEGLIGIBLE_MOMENT))
