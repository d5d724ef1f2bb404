"""Where a unit acts: known in closed form for a decoder that is linear."""

import pytest
import torch

import vaecourse as vc
from vaecourse.evaluation import change_of, codes_of, measure_units, reach


def test_the_change_is_that_of_the_two_ends(random_split):
    model = vc.VAE((1, 12, 12), 3, hidden=(8,))
    codes = codes_of(model, random_split[:1])
    units = measure_units(model, random_split)[0]
    ends = codes[0].repeat(2, 1)
    ends[:, 1] = torch.tensor([-3.0, 3.0])  # the prior is N(0, I)
    with torch.no_grad():
        low, high = model.decode(ends).mean
    torch.testing.assert_close(change_of(model, codes, 1, 1, units), (high - low).abs()[0])


def test_a_unit_of_a_map_reaches_less_of_the_image_than_one_of_a_vector(striped_split):
    model = vc.SpatialHDVAE((1, 12, 12), [(2, 6, 6), (4,)], hidden=(8, 8))
    units = measure_units(model, striped_split[:50])
    codes = codes_of(model, striped_split[:1])
    in_map, in_vector = (change_of(model, codes, k, units[k - 1].order[0], units[k - 1]) for k in (1, 2))
    assert reach(in_map) < reach(in_vector)


@pytest.mark.parametrize(("share", "pixels"), [(0.5, 1), (0.6, 2), (0.9, 4), (1.0, 5)])
def test_reach_counts_the_pixels_that_hold_the_share(share, pixels):
    change = torch.tensor([[0.1, 0.5, 0.0], [0.15, 0.1, 0.15]])  # 0.5, 0.65, 0.8, 0.9, 1
    assert reach(change, share) == pytest.approx(pixels / 6)


def test_an_even_change_reaches_its_share_of_the_pixels():
    assert reach(torch.ones(10, 10)) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="nothing changes"):
        reach(torch.zeros(2, 2))
