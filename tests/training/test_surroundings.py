"""Whatever the caller has set in torch, and whatever is frozen, training does the same or says what is wrong."""

import pytest
import torch

import vaecourse as vc


def small(seed=0, **settings):
    return vc.VAE((1, 12, 12), latent_dim=2, hidden=[16], seed=seed, **settings)


def fit(model, split, epochs=1, loss=None, **settings):
    return vc.fit(model, split, loss or vc.losses.BetaVAE(), epochs, progress=False, **settings)


def weights(model):
    return torch.cat([value.detach().flatten() for value in model.parameters()])


@pytest.mark.parametrize("surroundings", [torch.no_grad, torch.inference_mode])
def test_training_does_not_need_the_callers_gradients(surroundings, random_split):
    expected, model = small(), small()
    fit(expected, random_split, test=random_split[:50])
    with surroundings():
        fit(model, random_split, test=random_split[:50])
    assert torch.equal(weights(model), weights(expected))


def test_models_that_cannot_learn_are_refused_in_words(random_split):
    with torch.inference_mode():
        model = small()
    with pytest.raises(ValueError, match=r"made under torch\.inference_mode"):
        fit(model, random_split)
    with pytest.raises(ValueError, match=r"frozen: model.requires_grad_\(\) frees them"):
        fit(small().requires_grad_(False), random_split)


def frozen_encoder(seed):
    model = small(seed)
    model.encoder.requires_grad_(False)
    return model, vc.losses.BetaVAE()


def priors_without_gradient(seed):
    return vc.HDVAE((1, 12, 12), (4, 2), hidden=[16], seed=seed), vc.losses.Reconstruction()


@pytest.mark.parametrize("make", [frozen_encoder, priors_without_gradient])
def test_a_run_whose_weights_do_not_all_learn_is_resumed_exactly(make, random_split, tmp_path):
    expected, loss = make(0)
    fit(expected, random_split, 2, loss)
    path = tmp_path / "run.checkpoint"
    fit(make(0)[0], random_split, 1, loss, checkpoint=path)
    resumed, loss = make(0)
    fit(resumed, random_split, 2, loss, checkpoint=path)
    assert torch.equal(weights(resumed), weights(expected))


def test_tensors_that_are_made_elsewhere_by_default_are_told(random_split):
    model = small()
    calls = (
        lambda: fit(model, random_split),
        lambda: vc.encode(model, random_split),
        lambda: vc.explore(model, random_split),
        lambda: vc.load("mnist"),
    )
    for call in calls:
        with torch.device("meta"), pytest.raises(ValueError, match=r"call torch.set_default_device\(None\)"):
            call()
