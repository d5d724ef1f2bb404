"""Units: rates, activity, centres and ranges against values computed by hand."""

import pytest
import torch

import vaecourse as vc
from vaecourse.evaluation import measure_units, traverse

SHAPE = (1, 12, 12)


def linear_codes(model, means, widths):
    """The model, with posteriors that do not depend on the image but for the first unit: mean = first pixel · means."""
    final = model.encoder.layers[-1]
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.zero_()
        final.bias.copy_(torch.cat([torch.tensor(means), 2 * torch.tensor(widths).log()]))
    return model


def test_of_equal_posteriors_the_rate_is_the_closed_form_and_no_unit_is_active(random_split):
    model = linear_codes(vc.VAE(SHAPE, 3, hidden=(4,)), [0.0, 2.0, -1.0], [1.0, 1.0, 0.5])
    (units,) = measure_units(model, random_split)
    expected = torch.tensor([0.0, 2.0, 0.5 * (1 + 0.25 - 1) - torch.tensor(0.5).log()])
    torch.testing.assert_close(units.importance, expected)
    assert units.active_count == 0
    assert (units.level, units.quantity, units.order) == ("level 1", "nats", [1, 2, 0])
    assert torch.equal(units.centre, torch.zeros(3))
    assert torch.equal(units.spread, torch.ones(3))
    assert units.label(1) == "unit 1 · 2.00 nats"


def test_below_the_top_centre_and_spread_are_those_of_the_aggregate_posterior(random_split):
    model = vc.HDVAE(SHAPE, (4, 2), hidden=(8,), level_hidden=(4,))
    lower, upper = measure_units(model, random_split)
    with torch.no_grad():
        posterior = model.infer(random_split.as_floats(), sample=False)[0].posterior
        draws = torch.cat([posterior.sample() for _ in range(400)])
    torch.testing.assert_close(lower.centre, draws.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(lower.spread, draws.std(0), atol=0.02, rtol=0)
    assert torch.equal(upper.spread, torch.ones(2))


def test_a_report_has_the_rates_of_the_units(random_split):
    model = vc.HDVAE(SHAPE, (4, 2), hidden=(8,), level_hidden=(4,))
    report, units = vc.level_report(model, random_split), measure_units(model, random_split)
    assert all(torch.equal(rate, level.importance) for rate, level in zip(report.unit_rates, units, strict=True))


def test_the_codes_of_a_traversal_keep_their_noise(random_split):
    model = vc.HDVAE(SHAPE, (4, 3, 2), hidden=(8,), level_hidden=(4,))
    with torch.no_grad():
        codes = [level.codes for level in model.infer(random_split[:1].as_floats())]
        moved = traverse(model, codes, 3, 1, torch.tensor([-2.0, 0.5, codes[2][0, 1].item()]))
        for below, above in ((1, codes[2:]), (0, codes[1:])):
            prior = model.prior(*above)
            after = model.prior(*(values for values in moved[below + 1 :]))
            noise = (codes[below] - prior.mean) / prior.std
            torch.testing.assert_close(
                (moved[below] - after.mean) / after.std, noise.expand(3, -1), rtol=1e-4, atol=1e-5
            )
    assert torch.equal(moved[2][2], codes[2][0])
    for values, code in zip(moved, codes, strict=True):
        torch.testing.assert_close(values[2], code[0])  # the last value is where the unit stood
    with pytest.raises(ValueError, match="there is no level 4"):
        traverse(model, codes, 4, 0, torch.zeros(1))
