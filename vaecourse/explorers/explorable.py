"""What explorers refuse."""

from torch import nn

from vaecourse.data import Split
from vaecourse.models import ImageModel


def check_explorable(model: nn.Module, split: Split) -> None:
    """Raise TypeError or ValueError for a model or a split that cannot be explored, with one line that says why."""
    if not isinstance(model, ImageModel):
        raise TypeError(f"explore a model of this package, as vc.VAE, not {type(model).__name__}")
    if not isinstance(split, Split):
        raise TypeError(f"explore on a split of images, as mnist.test, not {type(split).__name__}")
    if split.image_shape != model.image_shape:
        shapes = ["×".join(map(str, shape)) for shape in (split.image_shape, model.image_shape)]
        raise ValueError(f"the split has images of {shapes[0]}, the model is made for {shapes[1]}: load the other data")
    if model.image_shape[0] not in (1, 3):
        raise ValueError(
            f"explorers show images of 1 channel or 3, not of {model.image_shape[0]}: they are no pictures"
        )
    if len(split) < 2:
        raise ValueError(f"units are measured on at least 2 images, the split has {len(split)}: give more")
    for name, values in model.named_parameters():
        if not values.isfinite().all():
            raise ValueError(f"weights of the model are NaN or infinite, first {name}: it has diverged, train it again")
