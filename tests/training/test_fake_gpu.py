"""Every model, loss, evaluation and figure on a GPU that is not there: nothing mixes devices, and draws stay apart."""

import json

import pytest
import torch
from explored_models import MODELS, SHAPE, lively, shaped
from fake_gpu import GPU, FakeGPU

import vaecourse as vc
from vaecourse import losses
from vaecourse.evaluation import change_of, codes_of, measure_units, traverse

ALL = MODELS | {
    "shaped": shaped,
    "convolutions": lambda: vc.VAE(SHAPE, 3, network="conv", hidden=(4,), likelihood="gaussian"),
    "diffusion": lambda: vc.DiffusionModel(SHAPE, 3, hidden=(16,)),
    "ph_vae_sum": lambda: vc.PHVAE(SHAPE, 3, degree=2, basis="legendre", mixing="sum", hidden=(16,)),
}
SINGLE = {
    "β-VAE": lambda: losses.BetaVAE(2.0, losses.Linear(2)),
    "capacity": lambda: losses.Capacity(5.0, 10.0, 1.0),
    "FactorVAE": lambda: losses.FactorVAE(2.0, (8,)),
    "β-TCVAE": lambda: losses.BetaTCVAE(2.0, 200),
    "DIP-VAE-I": losses.DIPVAE,
    "DIP-VAE-II": lambda: losses.DIPVAE("ii"),
}
SEVERAL = {
    "HELBO": lambda: losses.HELBO(schedule=losses.Cyclical(2)),
    "product": lambda: losses.HELBO(bound="product"),
    "dependence": lambda: losses.HELBO(intra=1.0, inter=1.0, dataset_size=200),
    "polynomial": losses.PolynomialDivergence,
    "β-VAE": losses.BetaVAE,
}
PAIRS = [("autoencoder", losses.Reconstruction, "reconstruction")]
PAIRS += [(name, loss, text) for name in ("vae", "convolutions") for text, loss in SINGLE.items()]
PAIRS += [
    (name, loss, text)
    for name in ALL
    if name not in ("autoencoder", "vae", "convolutions")
    for text, loss in SEVERAL.items()
]


@pytest.fixture
def gpu(monkeypatch):
    found = FakeGPU()
    found.install(monkeypatch)
    with found:
        yield found


def fit(model, split, loss, epochs=1, **settings):
    settings = {"device": "cuda", "batch_size": 100, "progress": False} | settings
    return vc.fit(model, split, loss, epochs, **settings)


def devices(model):
    return {parameter.device for parameter in model.parameters()}


def test_the_gpu_that_is_not_there_refuses_what_a_real_one_refuses(gpu):
    here, there = torch.randn(3, 4), torch.randn(3, 4, device="cuda")
    assert there.device == (there + 1).device == there.sum().device == torch.randn_like(there).device == GPU
    assert (there * here.sum()).device == GPU  # a single number
    assert there.cpu().device.type == here.device.type == "cpu"
    assert there[torch.tensor([0])].device == GPU
    layer = torch.nn.Linear(4, 2).to("cuda")
    layer(there).sum().backward()
    assert layer.weight.grad.device == GPU
    for refused in (lambda: here + there, lambda: layer(here), lambda: here[there[:, 0] > 0]):
        with pytest.raises(RuntimeError, match="same device"):
            refused()
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()


@pytest.mark.filterwarnings("ignore::vaecourse.notices.CourseWarning")
@pytest.mark.parametrize(("name", "loss", "text"), PAIRS, ids=[f"{name}, {text}" for name, _, text in PAIRS])
def test_training_and_resuming(gpu, random_split, tmp_path, name, loss, text):
    split, path = random_split.with_flips().binarized(), tmp_path / "run.checkpoint"
    model, again = (lively(ALL[name](), 0.2) for _ in range(2))  # with small weights, so that no training diverges
    settings = {"test": random_split[:60], "metrics": ("mse", "psnr", "ssim"), "checkpoint": path}
    fit(model, split, loss(), callbacks=vc.Snapshots(random_split[:5]), largest_gradient=5.0, **settings)
    assert devices(model) == {GPU}
    history = fit(again, split, loss(), 2, largest_gradient=5.0, **settings)
    assert len(history) == 3
    json.dumps(history.rows)


@pytest.mark.filterwarnings("ignore::vaecourse.notices.CourseWarning")
@pytest.mark.parametrize("name", ALL)
def test_evaluation_and_figures(gpu, random_split, tmp_path, name):
    """Results are on the CPU, whether the split is on the GPU or not; figures take what is on either."""
    model = ALL[name]().to("cuda")
    for split in (random_split, random_split.to("cuda")):
        for result in (vc.encode(model, split, "all"), vc.reconstruct(model, split), *codes_of(model, split)):
            assert result.device.type == "cpu"
        vc.evaluate(model, split, losses.Reconstruction())
        units = measure_units(model, split)
        here = codes_of(model, split[:1])
        traverse(model, here, 1, 0, torch.tensor([-1.0, 1.0]))
        change_of(model, here, 1, 0, units[0])
        vc.plots.reconstructions(model, split, 4)
        vc.plots.traversal(model, split, units=[0], steps=3, index=0)
        vc.plots.interpolation(model, split, 0, 1, steps=3)
        vc.plots.latent_scatter(vc.encode(model, split)[:, :2], split.labels)
        if model.has_prior:
            assert vc.nll(model, split[:4].binarized("static"), 2).device.type == "cpu"
            assert vc.level_report(model, split).rate
            vc.plots.unit_rates(model, split)
        if model.is_hierarchy:
            vc.plots.level_reconstructions(model, split, 3)
            vc.plots.held_levels(model, split, 0, 2)
            vc.plots.mixing(model, split, (0, 1), (2,))
    if model.has_prior:
        assert model.generate(3).device.type == "cpu"
        vc.plots.samples(model, 3)
    vc.save(model, tmp_path / "model")
    assert devices(vc.load_model(tmp_path / "model")) == {torch.device("cpu")}


def test_two_units_and_snapshots(gpu, random_split):
    model, snapshots = vc.VAE(SHAPE, 2, hidden=(16,)), vc.Snapshots(random_split[:30], samples=2)
    history = fit(model, random_split, losses.BetaVAE(), callbacks=snapshots)
    vc.plots.manifold(model, 3)
    vc.plots.posteriors(model, random_split.to("cuda"), count=5)
    vc.plots.animations.latent_space(snapshots, random_split.labels[:30].to("cuda"))
    vc.plots.history(history)


def test_figures_of_numbers_take_tensors_of_the_gpu(gpu):
    numbers = torch.tensor([1.0, 2.0], device="cuda")
    vc.plots.rate_distortion({"one": (numbers, numbers + 1), "two": (numbers, numbers)})
    vc.plots.rate_distortion({"one": (numbers[0], numbers[1])})
    vc.plots.score_bars({"MIG": {"VAE": numbers, "β-VAE": numbers[0], "FactorVAE": [numbers[0], numbers[1]]}})
    vc.plots.score_table({"VAE": {"MIG": numbers[0], "SAP": 0.5}})
    vc.plots.images(torch.rand(2, 1, 8, 8, device="cuda"))
    codes, factors = torch.randn(60, 3, device="cuda"), torch.arange(60, device="cuda")[:, None] % 4
    vc.plots.score_matrix(vc.metrics.mig(codes, factors))
    vc.metrics.linear_cka(codes, codes)
    vc.metrics.wasserstein(codes, codes, 3)
    vc.plots.latent_scatter(codes[:, :2], factors[:, 0])


@pytest.mark.parametrize("draw", ["model", "pretrained", "encode", "binarise", "discriminator"])
def test_what_is_drawn_on_the_cpu_does_not_touch_the_generator_of_the_gpu(gpu, random_split, draw):
    """A callback that draws on the CPU once reset the GPU's generator: every epoch then had the order of the first."""
    other = vc.VAE(SHAPE, 2, hidden=(8,))

    def callback(model, history):
        if draw == "model":
            vc.VAE(SHAPE, 2, hidden=(8,))
        elif draw == "pretrained":
            vc.load_pretrained("vae2-mnist")
        elif draw == "encode":
            vc.encode(other, random_split, sample=True)
        elif draw == "binarise":
            random_split.binarized("static")
        else:
            losses.FactorVAE(1.0, (4,))._make_discriminator(2, "cpu")

    def weights(*callbacks):
        model = vc.VAE(SHAPE, 2, hidden=(8,))
        fit(model, random_split, losses.BetaVAE(), 3, callbacks=callbacks)
        return torch.cat([parameter.detach().cpu().flatten() for parameter in model.parameters()])

    assert torch.equal(weights(), weights(callback))


def test_a_training_on_the_gpu_restores_its_generator(gpu, random_split):
    before = gpu.generator.get_state()
    fit(vc.VAE(SHAPE, 2, hidden=(8,)), random_split, losses.BetaVAE())
    assert torch.equal(gpu.generator.get_state(), before)


def test_a_discriminator_follows_the_codes_from_device_to_device(gpu, random_split):
    model, loss = vc.VAE(SHAPE, 2, hidden=(8,)), losses.FactorVAE(1.0, (4,))
    vc.evaluate(model, random_split, loss)
    fit(model, random_split, loss)
    assert devices(loss.discriminator) == {GPU}
    assert all(state["exp_avg"].device == GPU for state in loss.optimizer.state.values())
    vc.evaluate(model.cpu(), random_split, loss)
    assert devices(loss.discriminator) == {torch.device("cpu")}
    fit(model, random_split, loss, 2)
