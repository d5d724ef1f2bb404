"""Scores computed by the formulas of the notebooks published with the HDVAE."""

import numpy as np

from vaecourse.metrics.dci import disentanglement


def as_published(information: np.ndarray, importance: np.ndarray) -> dict:
    """Return the scores of the notebooks published with the HDVAE, under names that describe the formulas.

    The gap is divided by the largest mutual information instead of the entropy of the factor. Disentanglement and
    completeness are unweighted means over units and over factors.
    """
    second, top = np.sort(information, axis=0)[-2:] if len(information) > 1 else (0.0, information[0])
    gaps = np.divide(top - second, top, out=np.zeros_like(top), where=top > 0)
    return {
        "mig_over_top_information": float(gaps.mean()),
        "dci_disentanglement_unweighted": _mean_concentration(importance),
        "dci_completeness_unweighted": _mean_concentration(importance.T),
    }


def _mean_concentration(importance: np.ndarray) -> float:
    return float(np.mean([disentanglement(row[None]) for row in importance]))
