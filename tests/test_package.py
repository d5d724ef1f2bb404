"""The public interface: complete, light to import; the switch of scale; evaluation over splits."""

import subprocess
import sys

import pytest
import torch

import vaecourse as vc
from vaecourse.randomness import seeded


def test_every_public_name_can_be_loaded():
    for name in vc.__all__:
        assert getattr(vc, name) is not None


@pytest.mark.parametrize(("names", "needed"), [("vc.fit, vc.VAE, vc.load", []), ("vc.plots", ["matplotlib"])])
def test_no_part_needs_the_heavy_imports_of_another(names, needed):
    """Plots, data sets and exercises load their libraries when they are used, not before."""
    heavy = ["matplotlib", "torchvision", "sklearn", "scipy", "umap", "mlxtend", "skimage", "pandas"]
    program = f"import sys, vaecourse as vc; {names}; print([m for m in {heavy} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(needed)


@pytest.mark.parametrize(("name", "expected"), [("smoke", 1), ("quick", 2), ("full", 3)])
def test_scale_follows_the_environment(monkeypatch, name, expected):
    monkeypatch.setenv("VAECOURSE_SCALE", name)
    assert vc.scale(smoke=1, quick=2, full=3) == expected


@pytest.mark.parametrize(("gpu", "expected"), [(True, "full"), (False, "quick")])
def test_scale_follows_the_hardware_by_default(monkeypatch, gpu, expected):
    monkeypatch.delenv("VAECOURSE_SCALE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert vc.scale(smoke="smoke", quick="quick", full="full") == expected


def test_unknown_scale_is_refused(monkeypatch):
    monkeypatch.setenv("VAECOURSE_SCALE", "fast")
    with pytest.raises(ValueError, match="VAECOURSE_SCALE is 'fast': set it to one of smoke, quick, full"):
        vc.scale(smoke=1, quick=2, full=3)


def test_seeded_blocks_are_repeatable_and_leave_no_trace():
    before = torch.get_rng_state()
    with seeded(4):
        first = torch.randn(3)
    with seeded(4):
        second = torch.randn(3)
    assert torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_evaluation_keeps_the_order_and_the_mode_of_the_model(random_split):
    model = vc.VAE((1, 12, 12), 3).train()
    split = random_split[torch.arange(199, -1, -1)]
    pictures = split.as_floats()
    assert torch.equal(vc.encode(model, split), model.encode(pictures).mean)
    assert torch.allclose(vc.reconstruct(model, split), model(pictures, sample=False).reconstruction.mean)
    assert model.training


def test_codes_are_means_unless_samples_are_asked_for(random_split):
    model = vc.VAE((1, 12, 12), 3)
    means, samples = vc.encode(model, random_split), vc.encode(model, random_split, sample=True)
    assert not torch.allclose(means, samples)
    assert torch.equal(samples, vc.encode(model, random_split, sample=True))


def test_terms_of_a_split_are_averages_over_its_images():
    """1,100 images are three evaluation batches of unequal size."""
    generator = torch.Generator().manual_seed(0)
    split = vc.Split(torch.randint(0, 256, (1100, 1, 4, 4), dtype=torch.uint8, generator=generator))
    model = vc.Autoencoder((1, 4, 4), 2)
    nll = model(split.as_floats()).reconstruction.negative_log_likelihood(split.as_floats())
    assert vc.evaluate(model, split, vc.losses.Reconstruction())["loss"] == pytest.approx(nll.mean().item())


def test_the_old_name_of_nll_still_works_and_says_so(random_split):
    model, split = vc.VAE((1, 12, 12), 2, hidden=(8,)), random_split[:5].binarized("static")
    with pytest.warns(DeprecationWarning, match=r"vc\.metrics\.nll is vc\.nll now"):
        old = vc.metrics.nll(model, split, samples=2)
    assert torch.equal(old, vc.nll(model, split, samples=2))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        vc.metrics.nonsense  # noqa: B018
