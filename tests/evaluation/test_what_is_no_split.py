"""Images that are not a split are refused in words, by whatever passes a model over them."""

import pytest
import torch

import vaecourse as vc

IMAGES = torch.zeros(4, 1, 12, 12, dtype=torch.uint8)
SPLIT = vc.Split(IMAGES)
PASSES = {
    "encode": vc.encode,
    "reconstruct": vc.reconstruct,
    "evaluate": lambda model, images: vc.evaluate(model, images, vc.losses.BetaVAE()),
}


@pytest.mark.parametrize("images", [IMAGES, IMAGES.numpy(), vc.data.ImageSet("a", SPLIT, SPLIT, "source", (), ())])
@pytest.mark.parametrize("name", PASSES)
def test_images_that_are_no_split_are_refused_in_words(name, images):
    with pytest.raises(TypeError, match=f"images come as a Split, .*got {type(images).__name__}"):
        PASSES[name](vc.VAE((1, 12, 12), latent_dim=2, hidden=[4]), images)
