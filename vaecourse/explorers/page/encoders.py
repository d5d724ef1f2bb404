"""The encoder of a model of digits for the page, where a reader draws: its networks, and what test images cost."""

from vaecourse.evaluation.units import posteriors_of
from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.own_pictures import are_digits
from vaecourse.explorers.page.layers import Packing
from vaecourse.explorers.typical import DRAWS, percentiles
from vaecourse.models import HDVAE, PHVAE, VAE, Autoencoder, ImageModel

COMPARED_WITH = 400  # test images in the plane of a model of two units


def encoder_of(exploration: Exploration) -> tuple[dict, bytes] | None:
    """The encoder in the manifest, and the bytes of its weights; None if the images are not digits, or codes are maps.

    ``encoder.js`` reads the networks in the same order.

    Raises
    ------
    ValueError
        If weights exceed the range of half precision.
    TypeError
        If the page does not support a layer of the encoder.
    """
    model = exploration.model
    if not (isinstance(model, Autoencoder | VAE | PHVAE | HDVAE) and are_digits(exploration.images)):
        return None
    encoders = list(model.encoders) if isinstance(model, PHVAE) else [model.encoder]
    upwards = list(model.posteriors) if isinstance(model, HDVAE) else []
    packing = Packing([*(encoder.layers for encoder in encoders), *upwards])
    networks = [packing.add(encoder.layers, model.image_shape)[0] for encoder in encoders]
    posteriors = [packing.add(network, (1, 1, 1))[0] for network in upwards]
    if not packing.is_finite:
        raise ValueError("weights of the encoder are beyond 65,504: half precision does not hold them, train it again")
    typical = percentiles(model, exploration.measured)
    part = {
        "inference": _inference(model),
        "networks": networks,
        "posteriors": posteriors,
        "type": "int8" if packing.in_bytes else "float16",
        "bytes": len(packing.data),
        "draws": DRAWS,
        "compared": len(exploration.measured),
        "percentiles": {name: [round(value, 2) for value in values.tolist()] for name, values in typical.items()},
        "rates": [[round(rate, 3) for rate in level.importance.tolist()] for level in exploration.levels],
    }
    return part, packing.data


def _inference(model: ImageModel) -> str:
    """How the codes are found: in ``encoder.js``, the name of a way to read them."""
    if isinstance(model, PHVAE):
        return model.basis
    if isinstance(model, HDVAE):
        return model.inference
    return "posterior" if isinstance(model, VAE) else "code"


def plane_of(exploration: Exploration) -> dict | None:
    """Codes and labels of some test images, for a model whose only level has two units; else None."""
    if exploration.model.latent_shapes != ((2,),):
        return None
    some = exploration.measured[:COMPARED_WITH]
    (codes,), _ = posteriors_of(exploration.model, some)
    labels = None if some.labels is None else some.labels.tolist()
    return {"codes": [[round(value, 3) for value in code] for code in codes.tolist()], "labels": labels}
