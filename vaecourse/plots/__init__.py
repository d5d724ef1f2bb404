"""The figures of the course: each takes a model and a split, or numbers, and returns a matplotlib ``Figure``.

All share one style, which is legible on white and on dark pages. ``use_style`` sets it for a reader's own figures.
"""

from vaecourse.evaluation import linear_path, spherical_path
from vaecourse.plots import animations
from vaecourse.plots.curves import history, rate_distortion
from vaecourse.plots.hierarchies import held_levels, level_reconstructions, mixing, unit_reach
from vaecourse.plots.image_grids import images, interpolation, manifold, reconstructions, samples, traversal
from vaecourse.plots.latent import latent_scatter, posteriors, umap, unit_rates
from vaecourse.plots.score_plots import score_bars, score_matrix, score_table
from vaecourse.plots.style import panels, style, use_style

__all__ = [
    "animations",
    "held_levels",
    "history",
    "images",
    "interpolation",
    "latent_scatter",
    "level_reconstructions",
    "linear_path",
    "manifold",
    "mixing",
    "panels",
    "posteriors",
    "rate_distortion",
    "reconstructions",
    "samples",
    "score_bars",
    "score_matrix",
    "score_table",
    "spherical_path",
    "style",
    "traversal",
    "umap",
    "unit_rates",
    "unit_reach",
    "use_style",
]
