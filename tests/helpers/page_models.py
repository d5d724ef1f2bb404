"""Small models of every kind, with random weights and vivid pictures, and what can be explored of them."""

import torch

import vaecourse as vc
from vaecourse.explorers import Exploration
from vaecourse.models.quantisation import dequantised, quantised

GAUSSIAN = {"likelihood": "gaussian"}


def awake(model):
    """The same model with random numbers where weights begin at 0, so that every part of it does something."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if not weights.any() and name != "decoder.log_sigma":
                weights.copy_(0.1 * torch.randn(weights.shape, generator=generator))
        return in_halves(model)


def in_halves(model):
    """The same model with weights that half precision holds exactly."""
    model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    return model


MODELS = {
    "autoencoder": lambda: vc.Autoencoder((1, 12, 12), 3),
    "vae-colour": lambda: vc.VAE((3, 12, 10), 5, hidden=(20, 12), likelihood="gaussian"),
    "vae-conv-odd": lambda: vc.VAE((1, 29, 23), 4, network="conv", hidden=(6, 10)),
    "vae-conv-colour": lambda: vc.VAE((3, 32, 32), 4, network="conv"),
    "ph-vae-concat": lambda: vc.PHVAE((1, 12, 12), 3),
    "ph-vae-sum": lambda: vc.PHVAE((1, 12, 12), 3, mixing="sum"),
    "hdvae-bottom-up": lambda: vc.HDVAE((1, 12, 12), (6, 5, 3)),
    "hdvae-top-down": lambda: vc.HDVAE((1, 12, 12), (6, 3), inference="top_down", level_hidden=(20, 9)),
    "hdvae-all": lambda: vc.HDVAE((3, 12, 12), (6, 5, 3), decoder_reads="all"),
    "spatial": lambda: awake(
        vc.SpatialHDVAE((3, 16, 16), ((2, 4, 4), (3, 4, 4), (4,)), hidden=(10, 16), sigma=0.1, **GAUSSIAN)
    ),
    "spatial-odd": lambda: awake(vc.SpatialHDVAE((1, 29, 23), ((2, 14, 11), (1, 7, 5), (2, 7, 5)), hidden=(6, 10))),
    "spatial-deep": lambda: awake(
        vc.SpatialHDVAE(
            (3, 32, 32), (*[(2, 16, 16)] * 3, *[(3, 8, 8)] * 2, (6, 4, 4), (8,)), hidden=(16, 24, 32), **GAUSSIAN
        )
    ),
    "spatial-one": lambda: awake(vc.SpatialHDVAE((1, 12, 12), ((5,),), hidden=(6,))),
}
IN_BYTES = "-in-bytes"
NAMES = [*MODELS, *(name + IN_BYTES for name in ("ph-vae-concat", "vae-conv-odd", "hdvae-all", "spatial"))]
SHAPED = [name for name in NAMES if name.startswith("spatial")]


def vivid(model):
    """The same model with a last layer that makes pictures of all values, as training would."""
    codes = [torch.randn(100, dim, generator=torch.Generator().manual_seed(0)) for dim in model.latent_dims]
    last = [layer for layer in model.decoder.layers if hasattr(layer, "weight")][-1]
    with torch.no_grad():
        logits = model.decode(*codes).mean.logit()
        last.weight.mul_(3 / logits.std())
        last.bias.sub_(logits.mean()).mul_(3 / logits.std())
    return model.eval()


def noise_split(shape, count=60):
    generator = torch.Generator().manual_seed(1)
    return vc.Split(torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=generator))


def explored(name, starts=3):
    """Explorations of a model; of one that was stored in bytes if its name says so."""
    model = vivid(MODELS[name.removesuffix(IN_BYTES)]())
    if name.endswith(IN_BYTES):
        model.load_state_dict(dequantised(quantised(model.state_dict())))
    return Exploration(model, noise_split(model.image_shape), starts=starts)
