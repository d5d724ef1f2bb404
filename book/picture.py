"""Draw the picture of the README: what a VAE with two latent units learns of MNIST.

    python book/picture.py

Needs the whole of MNIST (see ``python -m vaecourse data``) and a few minutes on a CPU.
"""

from pathlib import Path

import torch
from PIL import Image

import vaecourse as vc

COLUMNS, ROWS = 24, 12


def quantiles(count: int) -> torch.Tensor:
    """Points that cut the standard normal into slices of equal probability, at their middles."""
    return torch.special.ndtri((torch.arange(count) + 0.5) / count)


@torch.no_grad()
def draw(model: vc.VAE, path: Path) -> None:
    """The decoder's means over the plane of codes: unit 0 to the right, unit 1 upwards."""
    up, right = torch.meshgrid(quantiles(ROWS).flip(0), quantiles(COLUMNS), indexing="ij")
    tiles = model.decode(torch.stack([right, up], dim=-1).view(-1, 2)).mean
    _, _, height, width = tiles.shape
    picture = tiles.view(ROWS, COLUMNS, height, width).transpose(1, 2).reshape(ROWS * height, COLUMNS * width)
    Image.fromarray((picture * 255).byte().numpy()).save(path)


if __name__ == "__main__":
    mnist = vc.load("mnist", offline="error")
    vae = vc.VAE(mnist.image_shape, latent_dim=2, hidden=(400, 200))
    vc.fit(vae, mnist.train, vc.losses.BetaVAE(), epochs=15, device="cpu")
    draw(vae, Path(__file__).parent / "manifold.png")
