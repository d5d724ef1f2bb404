"""Evaluation of a model on a split: codes, reconstructions, likelihoods, and the rates of units and levels."""

from vaecourse.evaluation.codes import central_codes, codes_of, decode
from vaecourse.evaluation.levels import CollapseWarning, LevelReport, level_report
from vaecourse.evaluation.likelihood import nll
from vaecourse.evaluation.passes import encode, evaluate, reconstruct
from vaecourse.evaluation.paths import follow, linear_path, spherical_path, traverse
from vaecourse.evaluation.reach import change_of, reach
from vaecourse.evaluation.units import Units, measure_units

__all__ = [
    "CollapseWarning",
    "LevelReport",
    "Units",
    "central_codes",
    "change_of",
    "codes_of",
    "decode",
    "encode",
    "evaluate",
    "follow",
    "level_report",
    "linear_path",
    "measure_units",
    "nll",
    "reach",
    "reconstruct",
    "spherical_path",
    "traverse",
]
