"""Scores as the notebooks published with the HDVAE compute them, under names that say what they are."""

import numpy as np

from vaecourse.metrics.dci import disentanglement


def as_published(information: np.ndarray, importance: np.ndarray) -> dict:
    """The formulas of the notebooks published with the HDVAE, under names that say what they compute.

    The gap divided by the top information, instead of by the entropy of the factor; and means of the concentrations
    over units and over factors, whatever their share of the importance.
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
