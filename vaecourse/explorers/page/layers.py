"""Layers of torch as the page's list of layers, and their weights in the order in which ``network.js`` reads them.

Each weight takes one byte, with scales, if that changes nothing, as for most pretrained models; else it has half
precision. Each layer has the scales of its bytes first, then its matrices, then its bias.
"""

import itertools

import torch
from torch import Tensor, nn

from vaecourse.models.quantisation import SCALE, dequantised, quantised
from vaecourse.models.residual_networks import ResidualBlock

PANEL = 8  # columns of a product in kernel.wat
# Rows of a 4×4 kernel of stride 2 that contribute to an even and to an odd output row, ordered as TAPS in network.js.
TAPS = ((1, 3), (0, 2))
# Kernel, stride and padding of the convolutions that network.js computes, by the size of their kernels.
CONVOLUTIONS = {(1, 1): (1, 1, 0), (3, 3): (3, 1, 1), (4, 4): (4, 2, 1)}

Shape = tuple[int, ...]


class Packing:
    """Networks, one after the other, as lists of layers for the manifest and as one file of weights.

    Parameters
    ----------
    networks : list of nn.Module
        All that will be added. Their weights are packed in bytes if none of them changes by it.
    """

    def __init__(self, networks: list[nn.Module]):
        self.in_bytes = all(map(_survives_quantisation, networks))
        self._parts: list[Tensor] = []

    @property
    def is_finite(self) -> bool:
        """Whether half precision holds all weights."""
        return all(part.isfinite().all() for part in self._parts)

    @property
    def data(self) -> bytes:
        """The file of weights."""
        return b"".join(part.numpy().tobytes() for part in self._parts)

    def add(self, network: nn.Module, shape: Shape, makes_picture: bool = False) -> tuple[list[dict], Shape]:
        """Pack a network's weights, and return its layers and the shape of its output.

        Parameters
        ----------
        network : nn.Module
        shape : (channels, height, width), or (units,)
            Of the input.
        makes_picture : bool
            Whether a dense last layer makes the picture: its pixels then lie without gaps.

        Raises
        ------
        TypeError
            If there is a layer that the page cannot compute.
        """
        layers: list[dict] = []
        modules = list(network) if isinstance(network, nn.Sequential) else [network]
        reads = None  # the shape of a map whose values a dense layer reads
        for place, module in enumerate(modules):
            if isinstance(module, nn.Flatten):
                if layers:  # else the page's input is a vector already
                    reads = shape
                    layers.append({"kind": "vector"})
            elif isinstance(module, nn.Linear):
                after = next((later for later in modules[place + 1 :] if not isinstance(later, nn.ReLU)), None)
                becomes = tuple(after.unflattened_size) if isinstance(after, nn.Unflatten) else None
                gaps = not (makes_picture and after is modules[-1])
                layers.append(self._dense(module, reads, becomes, gaps))
                reads = None
            elif isinstance(module, nn.Unflatten):
                shape = tuple(module.unflattened_size)
                if not (makes_picture and module is modules[-1]):
                    layers.append({"kind": "map"} | dict(zip(("channels", "height", "width"), shape, strict=True)))
            elif isinstance(module, nn.Conv2d):
                layers.append(self._convolution(module))
                stride = module.stride[0]
                shape = (module.out_channels, *(side // stride for side in shape[1:]))
            elif isinstance(module, nn.ConvTranspose2d):
                layers.append(self._doubling(module, shape))
                shape = (module.out_channels, layers[-1]["height"], layers[-1]["width"])
            elif isinstance(module, nn.ReLU | nn.SiLU):
                layers.append({"kind": type(module).__name__.lower()})
            elif isinstance(module, ResidualBlock):
                inner = nn.Sequential(nn.SiLU(), module.first, nn.SiLU(), module.second)
                layers.append({"kind": "residual", "layers": self.add(inner, shape)[0]})
            elif isinstance(module, nn.Sequential):
                inner, shape = self.add(module, shape)
                layers += inner
            else:
                raise TypeError(f"the page explorer does not know the layer {type(module).__name__}")
        return layers, shape

    def _weights(self, module: nn.Module) -> tuple[Tensor, Tensor, Tensor | None]:
        """Weight, bias and, of bytes, scales, as they are stored."""
        if module.bias is None:
            raise TypeError(f"the page explorer does not know a {type(module).__name__} without a bias")
        state = {name: value.detach().cpu() for name, value in module.state_dict().items()}
        if not self.in_bytes:
            return state["weight"].half(), state["bias"].half(), None
        stored = quantised(state)
        return stored["weight"], stored["bias"], stored["weight" + SCALE]

    def _dense(self, module: nn.Linear, reads: Shape | None, becomes: Shape | None, gaps: bool) -> dict:
        """``reads`` and ``becomes`` are the shapes of maps, pixels channel last, that the inputs and outputs are.

        Those of the inputs have gaps, in which the weights are 0; those of the outputs have them if ``gaps``.
        """
        weight, bias, scale = self._weights(module)
        matrix = weight.T
        if reads is not None:
            rows = matrix.reshape(*reads, -1).permute(1, 2, 0, 3)
            matrix = nn.functional.pad(rows, (0, 0, 0, -reads[0] % PANEL)).flatten(0, 2)
        columns = [matrix, bias[None], *([] if scale is None else [scale[None]])]
        if becomes is not None:
            width = -becomes[0] % PANEL if gaps else 0
            columns = [
                nn.functional.pad(each.reshape(len(each), *becomes).permute(0, 2, 3, 1), (0, width)).flatten(1)
                for each in columns
            ]
        matrix, bias, *scales = map(_panels, columns)
        self._parts += [*scales, matrix, bias]
        return {"kind": "dense", "outputs": columns[0].shape[1]}

    def _convolution(self, module: nn.Conv2d) -> dict:
        kernel, stride, padding = CONVOLUTIONS.get(module.kernel_size, CONVOLUTIONS[3, 3])
        _refuse_unless(module, kernel_size=(kernel, kernel), stride=(stride, stride), padding=(padding, padding))
        weight, bias, scale = self._weights(module)
        self._parts += [] if scale is None else [_panels(scale[None])]  # one scale for each output channel
        self._parts += [_panels(weight.permute(2, 3, 1, 0).flatten(0, 2)), _panels(bias[None])]
        return {"kind": "convolution", "outputs": module.out_channels, "kernel": kernel, "stride": stride}

    def _doubling(self, module: nn.ConvTranspose2d, shape: Shape) -> dict:
        _refuse_unless(module, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))
        weight, bias, scale = self._weights(module)
        self._parts += [] if scale is None else [scale]  # one scale for each input channel
        kernel = weight.permute(2, 3, 0, 1)  # row, column, channel in, channel out
        for rows, columns in itertools.product(TAPS, TAPS):
            taps = [kernel[row, column] for row in rows for column in columns]
            self._parts.append(_panels(torch.cat(taps)))
        self._parts.append(_panels(bias[None]))
        height, width = (2 * side + odd for side, odd in zip(shape[1:], module.output_padding, strict=True))
        return {"kind": "doubling", "outputs": module.out_channels, "height": height, "width": width}


def _survives_quantisation(network: nn.Module) -> bool:
    state = network.state_dict()
    return all(state[name].equal(value) for name, value in dequantised(quantised(state)).items())


def _refuse_unless(module: nn.Module, **settings) -> None:
    settings |= {"dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
    for name, expected in settings.items():
        if getattr(module, name) != expected:
            kind, found = type(module).__name__, getattr(module, name)
            raise TypeError(f"the page explorer does not know a {kind} with {name} {found}, only {expected}")


def _panels(matrix: Tensor) -> Tensor:
    """A matrix (K, n) as panels (⌈n/8⌉, K, 8) of eight columns, the last padded with zeros."""
    rows, columns = matrix.shape
    padded = nn.functional.pad(matrix, (0, -columns % PANEL))
    return padded.reshape(rows, -1, PANEL).transpose(0, 1).contiguous()
