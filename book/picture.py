"""Draw the picture of the README and the first page: what a VAE with two latent units learns of MNIST.

    python book/picture.py

Needs the whole of MNIST (see ``python -m vaecourse data``) and a few minutes on a CPU.
"""

from pathlib import Path

import vaecourse as vc

mnist = vc.load("mnist", offline="error")
model = vc.VAE(mnist.image_shape, latent_dim=2, hidden=(512, 256))
vc.fit(model, mnist.train, vc.losses.BetaVAE(), epochs=30)
vc.plots.manifold(model, steps=21).savefig(Path(__file__).parent / "manifold.png", dpi=100)
