"""The answers of chapter 2."""

import copy

import torch
from torch import nn
from torch.nn import functional

from vaecourse.answers.verdicts import Exact, Function, Holds, Untouched, is_open


class _Encoder(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.hidden, self.heads = nn.Linear(784, 400), nn.Linear(400, 2 * units)

    def forward(self, images):
        return self.heads(self.hidden(images.flatten(1)).relu()).chunk(2, dim=1)


def _sizes_of_codes(encoder, units):
    """Shapes of means and log-variances, number of weights, and whether a log-variance may be negative."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = encoder(units)
        answer = network(torch.rand(64, 1, 28, 28))
    if is_open(answer):
        raise Untouched
    mean, log_variance = answer
    weights = sum(weight.numel() for weight in network.parameters())
    return [*mean.shape, *log_variance.shape, weights, float(log_variance.min() < 0)]


def _moments_and_gradients(sample, mean, log_variance):
    """Mean and standard deviation of draws, and the derivatives of their mean and mean square."""
    parameters = [torch.full((200_000, 1), value, requires_grad=True) for value in (mean, log_variance)]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        codes = sample(*parameters)
    by_mean, _ = torch.autograd.grad(codes.sum(), parameters, retain_graph=True, allow_unused=True)
    _, by_log_variance = torch.autograd.grad(codes.square().sum(), parameters, allow_unused=True)
    slopes = [0.0 if slope is None else slope.mean().item() for slope in (by_mean, by_log_variance)]
    return [codes.mean().item(), codes.std().item(), *slopes]


def _sample(mean, log_variance):
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def _loss_terms(images, logits, mean, log_variance):
    pixels = functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
    rate = (mean**2 + log_variance.exp() - 1 - log_variance) / 2
    return [pixels.flatten(1).sum(1).mean(), rate.sum(1).mean()]


def _averaged_terms(images, logits, mean, log_variance):
    distortion, rate = _loss_terms(images, logits, mean, log_variance)
    return [distortion / 784, rate]


def _batch():
    generator = torch.Generator().manual_seed(0)
    images, logits = torch.rand(2, 5, 1, 28, 28, generator=generator)
    mean, log_variance = torch.randn(2, 5, 3, generator=generator)
    return images, 4 * logits - 2, mean, log_variance


def _train_vae(encoder, decoder, images, epochs):
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    for _ in range(epochs):
        for batch in images.batches(128, shuffle=True):
            mean, log_variance = encoder(batch)
            logits = decoder(_sample(mean, log_variance))
            distortion, rate = _loss_terms(batch, logits, mean, log_variance)
            optimizer.zero_grad()
            (distortion + rate).backward()
            optimizer.step()
    return [distortion.item(), rate.item()]


def _what_training_changed(train_vae, encoder, decoder, images):
    """Whether each network changed, and whether reconstructions from the mean became better."""
    before, networks = (encoder, decoder), copy.deepcopy((encoder, decoder))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        terms = train_vae(*networks, images, 3)
    if is_open(terms):
        raise Untouched
    pictures, errors = images.as_floats(), []
    for encode, decode in (before, networks):
        with torch.no_grad():
            mean, log_variance = encode(pictures)
            errors.append(_loss_terms(pictures, decode(mean), mean, log_variance)[0].item())
    moved = [
        any((one != two).any().item() for one, two in zip(old.parameters(), new.parameters(), strict=True))
        for old, new in zip(before, networks, strict=True)
    ]
    return [*map(float, moved), float(errors[1] < 0.9 * errors[0])]


ANSWERS = {
    "2.1": Holds(lambda answer, gap: gap(*answer) < 0.1),
    "2.2": Function(_Encoder, [(2,), (16,)], view=_sizes_of_codes),
    "2.3": Function(_sample, [(1.0, -2.0), (-0.5, 0.6)], tolerance=0.03, view=_moments_and_gradients),
    "2.4": Function(_loss_terms, [_batch()]),
    "2.5": Function(
        _train_vae,
        lambda encoder, decoder, images: [(encoder, decoder, images)],
        view=_what_training_changed,
    ),
    "2.6": Function(_averaged_terms, [_batch()]),
    "2.7": Exact("e70dfd0ea2a49447"),
}
