"""What the lab computes in the page, against PyTorch and closed forms: random numbers, gradients, runs, evidence."""

import math

import numpy as np
import pytest
import torch
from browsing import watched_tab
from lab_twin import Random, Twin, mixture

from vaecourse.explorers.lab import save_page

SETTINGS = {
    "data": "mixture", "units": 1, "levels": 1, "beta": 1, "beta2": 1, "rate": 0.005, "sigma": 0.2, "learned": True,
    "batch": 128, "seed": 3, "points": [],
}  # fmt: skip
SHAPES = [(1, 1), (2, 1), (1, 2), (2, 2)]  # units and levels


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A page with the scripts of the lab, opened from disk."""
    path = tmp_path_factory.mktemp("lab") / "lab.html"
    save_page(path)
    with watched_tab(browser, path.as_uri(), 800) as tab:
        tab.goto(path.as_uri())
        yield tab
        assert not tab.problems, "\n".join(tab.problems)


def test_random_numbers_are_those_of_the_twin(page):
    found = page.evaluate(
        "() => { const r = new vaeLab.Random(5, 2); return [r.uniform(), r.index(512), ...r.normals(999)]; }"
    )
    twin = Random(5, 2)
    first, second = twin.uniforms(2)
    assert found[:2] == [first, int(second * 512)]
    assert np.allclose(found[2:], twin.normals(999), rtol=0, atol=1e-12)


def test_normal_numbers_are_normal():
    values = Random(1, 1).normals(100_000)
    assert abs(values.mean()) < 0.015
    assert abs(values.std() - 1) < 0.01
    assert abs(np.mean(np.abs(values) > 1.959964) - 0.05) < 0.003
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.015
    assert abs(np.corrcoef(values, Random(1, 2).normals(100_000))[0, 1]) < 0.015


def test_the_mixture_is_that_of_the_twin(page):
    found = page.evaluate("() => Array.from(vaeLab.drawPoints('mixture', new vaeLab.Random(3, 1)))")
    assert np.allclose(np.reshape(found, (-1, 2)), mixture(3), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["ring", "moons", "mixture", "spiral"])
def test_data_lie_within_the_plane(page, name):
    points = page.evaluate("(name) => Array.from(vaeLab.drawPoints(name, new vaeLab.Random(1, 1)))", name)
    assert len(points) == 1024
    assert max(map(abs, points)) < 2.5


@pytest.mark.parametrize(("units", "levels"), SHAPES)
def test_gradients_are_those_of_torch(page, units, levels):
    found = page.evaluate(
        """([units, levels]) => {
          const model = new vaeLab.Model({ units, levels });
          model.parameters.initialise(new vaeLab.Random(4, 2));
          model.logSigma = Math.log(0.3);
          const random = new vaeLab.Random(4, 9);
          const x = random.normals(2 * 50);
          const noise = Array.from({ length: levels }, () => random.normals(50 * units));
          const { loss, distortion, rates } = model.loss(x, 50, noise, [2, 0.5]);
          return { terms: [loss, distortion, ...rates], gradients: Array.from(model.parameters.gradients) };
        }""",
        [units, levels],
    )
    random = Random(4, 9)
    x = torch.from_numpy(random.normals(100).reshape(50, 2))
    noise = [torch.from_numpy(random.normals(50 * units).reshape(50, units)) for _ in range(levels)]
    twin = Twin(units, levels, seed=4, sigma=0.3)
    distortion, rates = twin.terms(x, noise)
    loss = distortion.mean() + sum(beta * rate.mean() for beta, rate in zip((2, 0.5), rates, strict=False))
    loss.backward()
    terms = [value.item() for value in (loss, distortion.mean(), *(rate.mean() for rate in rates))]
    assert found["terms"] == pytest.approx(terms, rel=1e-10)
    expected = torch.cat([part.grad.flatten() for part in twin.parameters]).numpy()
    assert np.linalg.norm(np.array(found["gradients"]) - expected) <= 1e-10 * np.linalg.norm(expected)


def test_a_thousand_steps_end_where_torch_ends(page):
    """The same random numbers, so that the whole run is the same: batches, noise, Adam and a learned σ."""
    found = page.evaluate(
        """(settings) => {
          const run = new vaeLab.Run(settings);
          run.every = 1000;
          for (let step = 0; step < 1000; step++) run.step();
          return { ...vaeLab.evaluate(run.model, run.data), steps: run.latest.step };
        }""",
        SETTINGS,
    )
    twin = Twin(1, 1, seed=3, sigma=0.2)
    data = mixture(3)
    start = twin.negative_elbo(data)
    twin.train(data, steps=1000, seed=3, rate=0.005, batch=128)
    assert found["steps"] == 1000
    assert twin.negative_elbo(data) < start - 10
    assert found["negativeElbo"] == pytest.approx(twin.negative_elbo(data), abs=0.02)
    assert found["negativeLogP"] == pytest.approx(twin.negative_log_p(data), abs=0.02)
    assert found["sigma"] == pytest.approx(twin.log_sigma.exp().item(), rel=0.02)


def test_nodes_are_those_of_numpy(page):
    for count in (5, 10, 20):
        found = page.evaluate("(count) => vaeLab.hermite(count)", count)
        nodes, weights = np.polynomial.hermite_e.hermegauss(count)
        assert np.allclose(found["nodes"], nodes, rtol=0, atol=1e-9)
        assert np.allclose(found["weights"], weights / weights.sum(), rtol=1e-6)


# Sets the layers of a network to an affine map: tanh of a small number is that number, to a relative 1e-8.
AFFINE = """
const affine = (network, matrix, bias) => {
  const small = 1e-4;
  network.layers.forEach((layer, place) => {
    const last = place === network.layers.length - 1;
    layer.weight.fill(0);
    layer.bias.fill(0);
    const size = network.layers[0].inputs;
    for (let i = 0; i < size; i++) {
      if (!last) layer.weight[i * layer.outputs + i] = place ? 1 : small;
      else for (let o = 0; o < layer.outputs; o++) layer.weight[i * layer.outputs + o] = matrix[i][o] / small;
    }
    if (last) layer.bias.set(bias);
  });
};
"""


@pytest.mark.parametrize(("units", "levels"), SHAPES)
def test_evidence_and_bound_of_a_linear_gaussian_model(page, units, levels):
    """p(x) = N(b, σ² I + W C Wᵀ), where C is the covariance of z₁; −ELBO − (−log p) = KL(q‖p(z|x)) ≥ 0."""
    weight = np.array([[0.9, -0.4], [0.3, 0.7]])[:units]
    upper = np.array([[0.8, 0.1], [-0.2, 0.6]])[:units, :units]
    bias, sigma, log_variance = np.array([0.3, -0.2]), 0.4, -1.0
    found = page.evaluate(
        "([units, levels, weight, upper, bias, sigma, logVariance]) => {"
        + AFFINE
        + """
          const model = new vaeLab.Model({ units, levels });
          model.logSigma = Math.log(sigma);
          const zeros = Array(2).fill(Array(2 * units).fill(0));
          affine(model.encoder, zeros, [...Array(units).fill(0.2), ...Array(units).fill(-1.5)]);
          affine(model.decoder, weight, bias);
          if (levels > 1) {
            affine(model.upper, zeros.slice(0, units), [...Array(units).fill(0.1), ...Array(units).fill(-0.5)]);
            const wide = upper.map((row) => [...row, ...Array(units).fill(0)]);
            affine(model.prior, wide, [...Array(units).fill(0), ...Array(units).fill(logVariance)]);
          }
          const points = new vaeLab.Random(1, 1).normals(40);
          return { ...vaeLab.evaluate(model, points), points: Array.from(points) };
        }""",
        [units, levels, weight.tolist(), upper.tolist(), bias.tolist(), sigma, log_variance],
    )
    x = np.reshape(found["points"], (-1, 2))
    prior = np.eye(units) if levels == 1 else upper.T @ upper + math.exp(log_variance) * np.eye(units)
    covariance = sigma**2 * np.eye(2) + weight.T @ prior @ weight
    normal = torch.distributions.MultivariateNormal(torch.from_numpy(bias), torch.from_numpy(covariance))
    assert found["negativeLogP"] == pytest.approx(-normal.log_prob(torch.from_numpy(x)).mean().item(), abs=1e-4)
    # The terms of the bound: expectations of squares under Gaussians.
    mean, variance = np.full(units, 0.2), math.exp(-1.5)
    squares = ((x - bias - mean @ weight) ** 2).sum(1).mean() + variance * (weight**2).sum()
    distortion = squares / (2 * sigma**2) + math.log(2 * math.pi * sigma**2)
    assert found["distortion"] == pytest.approx(distortion, rel=1e-5)
    if levels == 1:
        rates = [units * 0.5 * (0.04 + variance - 1 + 1.5)]
    else:
        upper_variance = math.exp(-0.5)
        square = (
            units * variance + ((mean - np.full(units, 0.1) @ upper) ** 2).sum() + upper_variance * (upper**2).sum()
        )
        lower = 0.5 * (square / math.exp(log_variance) + units * (log_variance - 1 + 1.5))
        rates = [lower, units * 0.5 * (0.01 + upper_variance - 1 + 0.5)]
    assert found["rates"] == pytest.approx(rates, rel=1e-5)
    assert found["negativeElbo"] > found["negativeLogP"]


@pytest.mark.parametrize(("units", "levels"), SHAPES)
def test_evidence_is_never_above_the_bound(page, units, levels):
    """Along a run with a small β, which makes posteriors narrow and the gap wide, and then with a large one."""
    history = page.evaluate(
        """(settings) => {
          const run = new vaeLab.Run(settings);
          run.every = 40;
          for (let step = 0; step < 160; step++) {
            if (step === 80) run.set("beta", 6);
            run.step();
          }
          return run.history;
        }""",
        SETTINGS | {"units": units, "levels": levels, "beta": 0.5},
    )
    assert len(history) == 5
    for one in history:
        assert one["negativeLogP"] <= one["negativeElbo"] + 0.005
        assert one["negativeElbo"] == pytest.approx(one["distortion"] + sum(one["rates"]))
        assert [sum(rates) for rates in one["unitRates"]] == pytest.approx(one["rates"])


RUN_WITH_CHANGES = """([settings, changes]) => {
  const run = new vaeLab.Run({ ...vaeLab.DEFAULTS, ...settings });
  run.every = Infinity;
  return changes.map(([name, value]) => {
    run.set(name, value);
    for (let step = 0; step < 1000; step++) run.step();
    run.measure();
    return run.latest;
  });
}"""


def test_chapter_2_tells_what_its_lab_shows(page):
    changes = [["beta", 1], ["beta", 0], ["beta", 16], ["beta", 1]]
    both, no_rate, heavy, again = page.evaluate(RUN_WITH_CHANGES, [{"data": "ring", "sigma": 0.6}, changes])
    assert no_rate["distortion"] < 0.6 * both["distortion"]
    assert no_rate["rates"][0] > 3 * both["rates"][0]
    assert no_rate["negativeElbo"] > both["negativeElbo"] + 1
    assert heavy["rates"][0] < 0.01
    assert heavy["collapsed"] == [[True]]
    assert again["negativeElbo"] < both["negativeElbo"] + 0.1


def test_chapter_6_tells_what_its_lab_shows(page):
    changes = [["beta2", 4], ["beta2", 1], ["beta2", 0.5]]
    settings = {"data": "ring", "levels": 2, "beta2": 4}
    silent, still, copying = page.evaluate(RUN_WITH_CHANGES, [settings, changes])
    assert silent["collapsed"] == [[False], [True]]
    assert abs(silent["rates"][1]) < 0.01
    assert abs(still["rates"][1]) < 0.05
    assert copying["rates"][0] < -1
    assert copying["rates"][1] > 4
    assert copying["negativeElbo"] > still["negativeElbo"] + 0.3
    assert abs(copying["negativeLogP"] - still["negativeLogP"]) < 0.1


def test_an_address_repeats_a_run_with_its_changes(page):
    found = page.evaluate(
        """(settings) => {
          const run = new vaeLab.Run(settings);
          for (let step = 0; step < 30; step++) {
            if (step === 10) run.set("beta", 4);
            if (step === 20) run.set("sigma", 0.217);
            if (step === 20) run.set("learned", false);
            run.step();
          }
          const { settings: again, changes, steps } = vaeLab.readAddress(vaeLab.writeAddress(run));
          const other = new vaeLab.Run(again, changes);
          for (let step = 0; step < steps; step++) other.step();
          return [run, other].map(({ model, changes }) => [Array.from(model.parameters.values), changes]);
        }""",
        SETTINGS | {"data": "own", "points": [[0.5, 1.25], [-1, 0.1], [0.7, -2]]},
    )
    assert found[0] == found[1]
    assert [change[1] for change in found[0][1]] == ["beta", "sigma", "learned"]


@pytest.mark.parametrize("hash_", ["", "#a-heading", "#lab"])
def test_other_addresses_describe_no_run(page, hash_):
    assert page.evaluate("(hash) => vaeLab.readAddress(hash)", hash_) is None


def test_nonsense_in_an_address_is_left_out(page):
    nonsense = "data=cat&units=7&beta=-1&sigma=NaN&points=1_2.x_3.900_0&changes=5!cat!1~x&steps=1e99"
    read = page.evaluate("(text) => vaeLab.readAddress(text)", f"#lab?seed=2&{nonsense}")
    assert read["settings"]["seed"] == 2
    assert read["settings"]["points"] == [[0.01, 0.02]]
    assert {**read["settings"], "seed": 1, "points": []} == page.evaluate("() => vaeLab.DEFAULTS")
    assert read["changes"] == []
    assert read["steps"] == 100_000
