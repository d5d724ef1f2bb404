"""What explorers refuse: models, splits and starts."""

from collections.abc import Sequence

from torch import Tensor, nn

from vaecourse.checks import new_tensors_on_cpu
from vaecourse.data import Split
from vaecourse.models import ImageModel


def check_model(model: nn.Module) -> None:
    """Raise TypeError unless the model is one of this package, and ValueError where torch makes tensors elsewhere."""
    new_tensors_on_cpu()
    if not isinstance(model, ImageModel):
        raise TypeError(f"explore a model of this package, as vc.VAE, not {type(model).__name__}")


def check_explorable(model: nn.Module, split: Split) -> None:
    """Raise TypeError or ValueError for a model or a split that cannot be explored, with one line that says why."""
    check_model(model)
    if not isinstance(split, Split):
        raise TypeError(f"explore on a split of images, as mnist.test, or on your pictures, not {type(split).__name__}")
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


def chosen_starts(starts: int | Sequence[int], order: Tensor, count: int) -> list[int]:
    """Return the indices of the images to start from: the first of an order, or those that the reader names.

    Raises
    ------
    ValueError, IndexError
        If there is no start, or a named image does not exist.
    """
    if isinstance(starts, int):
        if starts < 1:
            raise ValueError(f"starts must be at least 1, got {starts}")
        return order[:starts].tolist()
    missing = [index for index in starts if not 0 <= index < count]
    if missing or not len(starts):
        raise IndexError(f"starts {missing or 'is empty'}: name images 0 to {count - 1} of the split")
    return list(starts)
