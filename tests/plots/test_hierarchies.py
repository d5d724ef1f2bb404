"""Figures of levels: which codes each picture is made of, and where a unit acts."""

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse import plots
from vaecourse.evaluation import change_of, codes_of, decode, measure_units
from vaecourse.randomness import seeded

SHAPE = (1, 12, 12)


@pytest.fixture
def hierarchy():
    """Three levels whose priors and decoder differ from the identity; the decoder reads all of them."""
    return vc.HDVAE(SHAPE, (4, 3, 2), "top_down", "all", hidden=(16,), level_hidden=(8,))


def shown(figure) -> torch.Tensor:
    return torch.stack([torch.as_tensor(np.asarray(image.get_array())) for image in figure.axes[0].images])


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_a_mixture_has_the_upper_codes_of_its_row_and_the_lower_ones_of_its_column(hierarchy, random_split):
    upper, lower = [3, 1], [0, 5, 7]
    figure = plots.mixing(hierarchy, random_split, upper, lower, level=2)
    codes = codes_of(hierarchy, random_split)
    own = vc.reconstruct(hierarchy, random_split)
    expected = [*own[lower]]
    for row in upper:
        expected.append(own[row])
        for column in lower:
            mixed = [codes[0][[column]], codes[1][[row]], codes[2][[row]]]
            expected.append(decode(hierarchy, mixed)[0])
    torch.testing.assert_close(shown(figure), torch.stack(expected)[:, 0])
    assert labels(figure) == ["level 1 of", "levels 2–3 of", "levels 2–3 of"]


def test_an_image_mixed_with_itself_is_its_reconstruction(hierarchy, random_split):
    figure = plots.mixing(hierarchy, random_split, [4], [4])
    expected = vc.reconstruct(hierarchy, random_split[[4]])[:, 0].expand(3, -1, -1)
    torch.testing.assert_close(shown(figure), expected)
    assert labels(figure) == ["levels 1–2 of", "level 3 of"]


def test_the_corner_of_a_mixing_table_is_empty(hierarchy, random_split):
    figure = plots.mixing(hierarchy, random_split, [0], [1])
    lefts = [image.get_extent()[0] for image in figure.axes[0].images]
    assert len(lefts) == 3
    assert lefts[0] == lefts[2] > lefts[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"upper": [], "lower": [0]}, "upper must be at least 1"),
        ({"upper": [0], "lower": [0], "level": 1}, "level must be at least 2"),
        ({"upper": [0], "lower": [0], "level": 4}, "no level 4"),
    ],
)
def test_mixing_refuses_what_it_cannot_do(hierarchy, random_split, settings, message):
    with pytest.raises(ValueError, match=message):
        plots.mixing(hierarchy, random_split, **settings)
    with pytest.raises(IndexError, match="image 200 is outside"):
        plots.mixing(hierarchy, random_split, [0], [200])


def test_rows_are_those_of_the_levels_asked_for(hierarchy, random_split):
    figure = plots.level_reconstructions(hierarchy, random_split, count=2, levels=[3, 1])
    rows = shown(figure).view(3, 2, 12, 12)
    for row, level in zip(rows[1:], (3, 1), strict=True):
        torch.testing.assert_close(row, vc.reconstruct(hierarchy, random_split[:2], level=level)[:, 0])
    with pytest.raises(ValueError, match="no level 4"):
        plots.held_levels(hierarchy, random_split, 0, levels=[4])


def test_draws_become_the_priors_means_as_the_temperature_falls(hierarchy, random_split):
    figure = plots.held_levels(hierarchy, random_split, 2, count=3, levels=[3], temperature=0.0)
    held, free = shown(figure).view(2, 4, 12, 12)
    torch.testing.assert_close(held[1:], vc.reconstruct(hierarchy, random_split[[2]], level=3)[:, 0].expand(3, -1, -1))
    with torch.no_grad():
        centre = hierarchy.decode(*hierarchy.descend(torch.zeros(1, 2))).mean[:, 0]
    torch.testing.assert_close(free[1:], centre.expand(3, -1, -1))


def test_the_temperature_multiplies_the_widths_of_all_priors(hierarchy, random_split):
    codes = [code[[2]] for code in codes_of(hierarchy, random_split)]
    with seeded(5):
        expected = hierarchy.decode(*hierarchy.descend(codes[2], sample=True, temperature=0.3)).mean
    torch.testing.assert_close(decode(hierarchy, codes, kept=3, sample=True, seed=5, temperature=0.3), expected)
    drawn = shown(plots.samples(hierarchy, count=4, temperature=0.3))
    torch.testing.assert_close(drawn, hierarchy.generate(4, temperature=0.3)[:, 0])


def test_reach_shows_the_changes_of_the_busiest_units_scaled_to_one(hierarchy, random_split):
    figure = plots.unit_reach(hierarchy, random_split, 3, levels=[3, 1], count=2)
    rows = shown(figure).view(2, 3, 12, 12)
    codes = [code[[3]] for code in codes_of(hierarchy, random_split)]
    units = measure_units(hierarchy, random_split)
    for row, level in zip(rows, (3, 1), strict=True):
        torch.testing.assert_close(row[0], decode(hierarchy, codes)[0, 0])
        for picture, unit in zip(row[1:], units[level - 1].order, strict=False):
            change = change_of(hierarchy, codes, level, unit, units[level - 1])
            torch.testing.assert_close(picture, change / change.max())
