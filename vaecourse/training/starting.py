"""What ``fit`` refuses before it begins."""

import math

from torch import nn

from vaecourse.checks import new_tensors_on_cpu
from vaecourse.data import Split
from vaecourse.evaluation.passes import check_enough_images
from vaecourse.metrics import mse, psnr, ssim

IMAGE_METRICS = {"mse": mse, "psnr": psnr, "ssim": ssim}


def check_settings(images, test, loss, epochs, batch_size, learning_rate, largest_gradient, metrics) -> None:
    """Raise ValueError or TypeError if the arguments of ``fit`` do not go together."""
    new_tensors_on_cpu()
    for split in (images,) if test is None else (images, test):
        if not isinstance(split, Split):
            raise TypeError(f"fit takes a Split, as vc.load(name).train, got {type(split).__name__}")
    if not len(images):
        raise ValueError("there are no images to train on")
    if epochs < 1 or batch_size < 1:
        raise ValueError(f"epochs and batch_size must be at least 1, got {epochs} and {batch_size}")
    smallest, needed = len(images) % batch_size or min(batch_size, len(images)), getattr(loss, "smallest_batch", 1)
    if smallest < needed:
        raise ValueError(
            f"{type(loss).__name__} needs at least {needed} images in every batch, but {len(images)} images in "
            f"batches of {batch_size} leave one of {smallest}: choose another batch_size"
        )
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate}")
    if largest_gradient is not None and not largest_gradient > 0:
        raise ValueError(f"largest_gradient must be positive, got {largest_gradient}: leave it out for no limit")
    if test is not None:
        check_enough_images(test, loss)
    unknown = set(metrics) - set(IMAGE_METRICS)
    if unknown:
        raise ValueError(f"unknown metrics {sorted(unknown)}: choose among {', '.join(IMAGE_METRICS)}")


def check_trainable(model: nn.Module) -> None:
    """Raise ValueError if no weight of the model can learn."""
    parameters = list(model.parameters())
    if any(parameter.is_inference() for parameter in parameters):
        raise ValueError("the model was made under torch.inference_mode, where nothing learns: make it outside")
    if not any(parameter.requires_grad for parameter in parameters):
        raise ValueError("all weights of the model are frozen: model.requires_grad_() frees them")
