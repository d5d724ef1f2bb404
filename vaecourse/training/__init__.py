"""Training: the loop, its history, and checkpoints to resume from."""

from vaecourse.training.fit import fit, step
from vaecourse.training.history import History, Snapshots
from vaecourse.training.terms import TrainingDiverged

__all__ = ["History", "Snapshots", "TrainingDiverged", "fit", "step"]
