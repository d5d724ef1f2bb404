"""Training: the loop, its history, and checkpoints to resume from."""

from vaecourse.training.crowding import CrowdedWarning
from vaecourse.training.fit import fit, step
from vaecourse.training.history import History, Snapshots
from vaecourse.training.terms import TrainingDiverged

__all__ = ["CrowdedWarning", "History", "Snapshots", "TrainingDiverged", "fit", "step"]
