"""Training reads values from the device once in many steps, and not in each: every reading makes a GPU wait.

Tensors on the device "meta" have no values: whatever reads one fails there.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import vaecourse as vc
from vaecourse.models import base
from vaecourse.models.output import check_images
from vaecourse.training.terms import STEPS_BETWEEN_READINGS

SHAPE = (1, 12, 12)


def vae(**settings):
    return vc.VAE(SHAPE, 3, **{"hidden": (16,), **settings})


def hdvae(**settings):
    return vc.HDVAE(SHAPE, (4, 3), hidden=(16,), level_hidden=(8,), **settings)


STEPS = {
    "AE": (lambda: vc.Autoencoder(SHAPE, 3, hidden=(16,)), vc.losses.Reconstruction),
    "VAE": (vae, vc.losses.BetaVAE),
    "convolutions, Gaussian": (lambda: vae(network="conv", likelihood="gaussian", hidden=(4,)), vc.losses.BetaVAE),
    "warm-up": (vae, lambda: vc.losses.BetaVAE(4.0, vc.losses.Linear(5))),
    "capacity": (vae, lambda: vc.losses.Capacity(5.0, gamma=10.0, epochs=1.0)),
    "FactorVAE": (vae, lambda: vc.losses.FactorVAE(gamma=5.0, hidden=(16,))),
    "β-TCVAE": (vae, lambda: vc.losses.BetaTCVAE(2.0, dataset_size=200)),
    "DIP-VAE-I": (vae, vc.losses.DIPVAE),
    "DIP-VAE-II": (vae, lambda: vc.losses.DIPVAE("ii")),
    "PH-VAE": (lambda: vc.PHVAE(SHAPE, 3, hidden=(16,)), vc.losses.PolynomialDivergence),
    "HDVAE, bottom-up": (lambda: hdvae(inference="bottom_up"), lambda: vc.losses.HELBO(bound="product")),
    "HDVAE, top-down": (lambda: hdvae(inference="top_down", decoder_reads="all"), vc.losses.HELBO),
    "HDVAE, dependence": (hdvae, lambda: vc.losses.HELBO(intra=1.0, inter=1.0)),
}


@pytest.mark.parametrize(("make_model", "make_loss"), STEPS.values(), ids=STEPS)
def test_no_step_reads_a_value_from_the_device(make_model, make_loss, random_split, monkeypatch):
    adam = torch.optim.Adam
    # The fused Adam, which reads nothing, does not know the device.
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, **more: adam(*given, **{**more, "fused": False}))
    model, loss = make_model().to("meta").train(), make_loss()
    for split in (random_split, random_split.binarized("dynamic")):
        for images in split.to("meta").batches(64, shuffle=True):
            terms = loss(images, model(images), 0.5)
            terms["loss"].backward()
            assert {value.device.type for value in terms.values()} == {"meta"}


def test_a_reading_on_such_a_device_would_be_noticed(random_split):
    model = vae().to("meta").eval()  # then the range of the images is checked
    with pytest.raises(RuntimeError, match="meta"):
        model(random_split.to("meta").as_floats())


class Readings(TorchDispatchMode):
    """Counts the operations whose result depends on values, as item, bool, equal and nonzero."""

    TAGS = frozenset({torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape})

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, given=(), named=None):
        self.count += bool(self.TAGS & set(function.tags))
        return function(*given, **(named or {}))


def test_fit_reads_once_in_many_steps(random_split, monkeypatch):
    """The number of readings is the same for fewer or more steps between them."""
    # The range of the images is checked on a CPU only, where that makes nothing wait.
    monkeypatch.setattr(base, "check_images", lambda images, shape, read_values: check_images(images, shape, False))

    def readings(steps: int, calls: list) -> int:
        monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: calls.append("cpu") or tensor)
        split = random_split[torch.arange(4 * steps) % len(random_split)]
        with Readings() as found:
            vc.fit(vae(), split, vc.losses.BetaVAE(), 1, batch_size=4, progress=False)
        return found.count

    few, more, twice = [], [], []
    assert readings(5, few) == readings(STEPS_BETWEEN_READINGS, more) > 0
    assert len(few) == len(more) == 2  # one of some images before the first step, which a checkpoint remembers
    assert readings(2 * STEPS_BETWEEN_READINGS, twice) < 2 * STEPS_BETWEEN_READINGS
    assert len(twice) == 3
