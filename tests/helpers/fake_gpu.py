"""A GPU that is not there: tensors on "cuda" whose values lie in memory, and errors where a real one would raise them.

Each tensor that is moved to "cuda", made there or computed from such a tensor carries a tag. A function that gets
tensors of both devices raises, but for single numbers (tensors without axes) beside tensors on the GPU, as in torch.
Random numbers on the GPU come from a generator of their own.
"""

from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

GPU, CPU = torch.device("cuda", 0), torch.device("cpu")
DRAWS = ("rand", "normal_", "bernoulli", "multinomial", "uniform_", "dropout")
# Attributes that are no tensors: many are asked for.
PLAIN = ("dtype", "shape", "ndim", "requires_grad", "is_sparse", "is_quantized", "is_nested", "layout")
# These take tensors of two devices, or only look at one.
MIXING = ("copy_", "__set__", "type_as", "backward", "_has_compatible", "is_same_size")


class FakeGPU(TorchFunctionMode):
    """Inside ``with FakeGPU():`` there seems to be a GPU named "cuda"."""

    def __init__(self):
        super().__init__()
        self.on_gpu = WeakTensorKeyDictionary()
        self.generator = torch.Generator()

    def device_of(self, tensor) -> torch.device:
        return GPU if tensor in self.on_gpu else CPU

    def tag(self, result, device):
        for tensor in _tensors(result):
            if device == GPU:
                self.on_gpu[tensor] = True
            else:
                self.on_gpu.pop(tensor, None)
        return result

    def __torch_function__(self, function, types, given=(), named=None):
        name = getattr(function, "__name__", "")
        owner = getattr(getattr(function, "__self__", None), "__name__", "")
        if name == "__get__" and owner in PLAIN:
            return function(*given)
        named = dict(named or {})
        tensors = _tensors((given, named))
        if owner in ("device", "is_cuda") and name == "__get__":
            device = self.device_of(given[0])
            return device if owner == "device" else device == GPU
        if owner in ("grad", "data") and name == "__get__":
            found = function(*given, **named)
            return found if found is None else self.tag(found, self.device_of(given[0]))
        if owner == "data" and name == "__set__":
            function(*given, **named)
            self.tag(given[0], self.device_of(given[1]))
            return None
        if name in ("numpy", "__array__") and self.device_of(given[0]) == GPU:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")
        if name in ("cpu", "cuda", "to"):
            return self.moved(function, name, given, named)
        device = self.common_device(function, name, tensors)
        wanted = named.pop("device", None)
        if wanted is not None:
            device = torch.device(wanted)
            named["device"] = CPU if device.type == "cuda" else device
        on_gpu = device.type == "cuda"
        with self.drawing() if on_gpu and any(draw in name for draw in DRAWS) else _nothing():
            result = function(*given, **named)
        return self.tag(result, GPU if on_gpu else CPU) if not name.startswith(MIXING) else result

    def moved(self, function, name, given, named):
        """The result of ``to``, ``cpu`` and ``cuda``: the values in memory, under another tag."""
        before = self.device_of(given[0])
        places = [each for each in (*given[1:], *named.values()) if isinstance(each, str | torch.device)]
        like = [each for each in given[1:] if torch.is_tensor(each)]
        if name == "cpu":
            after = CPU
        elif name == "cuda":
            after = GPU
        else:
            after = torch.device(places[0]) if places else self.device_of(like[0]) if like else before
        after = GPU if after.type == "cuda" else after
        if name == "to":
            unplaced = [CPU if isinstance(each, str | torch.device) else each for each in given[1:]]
            named = {key: CPU if isinstance(value, str | torch.device) else value for key, value in named.items()}
            result = function(given[0], *unplaced, **named)
        else:
            result = given[0]
        if after == before:
            return self.tag(result, before)
        result = result.clone() if result is given[0] else result
        return self.tag(result, after)

    def common_device(self, function, name: str, tensors: list) -> torch.device:
        """The device of a result, or RuntimeError if a real GPU would raise it."""
        devices = {self.device_of(tensor) for tensor in tensors if tensor.ndim}
        if len(devices) > 1 and not name.startswith(MIXING) and not self.indexes(name, tensors):
            raise RuntimeError(f"Expected all tensors to be on the same device, but found cuda:0 and cpu! ({name})")
        if not devices and tensors:
            devices = {self.device_of(tensor) for tensor in tensors}
            return GPU if GPU in devices else CPU
        return GPU if GPU in devices else CPU

    def indexes(self, name: str, tensors: list) -> bool:
        """Whether a tensor on the GPU is indexed by one in memory, which torch allows (and not the reverse)."""
        return name in ("__getitem__", "__setitem__", "index") and self.device_of(tensors[0]) == GPU

    @contextmanager
    def drawing(self):
        """Draw from the generator of the GPU."""
        before = torch.default_generator.get_state()
        torch.default_generator.set_state(self.generator.get_state())
        try:
            yield
        finally:
            self.generator.set_state(torch.default_generator.get_state())
            torch.default_generator.set_state(before)

    def install(self, monkeypatch) -> None:
        """Replace the functions of torch that the package calls and that ask for a real GPU."""
        load = torch.load

        def everywhere(seed):
            self.generator.manual_seed(seed)

        def load_to(file, map_location=None, **settings):
            found = load(file, map_location="cpu", **settings)
            return self.tag(found, GPU) if str(map_location).startswith("cuda") else found

        monkeypatch.setattr(torch, "load", load_to)
        monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device=None: self.generator.get_state())
        monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device=None: self.generator.set_state(state))
        monkeypatch.setattr(torch.cuda, "manual_seed", everywhere)
        monkeypatch.setattr(torch.cuda, "manual_seed_all", everywhere)
        monkeypatch.setattr(torch.cuda, "device", lambda device: _nothing())


@contextmanager
def _nothing():
    yield


def _tensors(values) -> list:
    """All tensors in nested sequences and dicts."""
    if isinstance(values, torch.Tensor):
        return [values]
    if isinstance(values, dict):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return []
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple | dict):
            found += _tensors(value)
    return found
