"""The part of the widget explorer that chooses where to start: an image, the prior, or two images."""

from collections.abc import Callable

import ipywidgets as widgets
from torch import Tensor

from vaecourse.explorers.controls import ImagePicker
from vaecourse.explorers.exploration import Codes, Exploration

IMAGE, PRIOR, MIX, LEVELS = "a test image", "the prior", "a mix of two", "levels of two"
HIGHEST_TEMPERATURE = 1.2


class StartPicker(widgets.VBox):
    """Buttons for the kind of start, and below them what belongs to that kind.

    Parameters
    ----------
    exploration : Exploration
    on_change : called with whether the two images are still the same ones, and only the mix of them changed
    reset : widget beside the kinds
    """

    def __init__(self, exploration: Exploration, on_change: Callable[[bool], None], reset: widgets.Widget):
        self._on_change, self._switching, self._seed = on_change, False, 0
        names = [str(index) for index in exploration.indices]
        self.source = widgets.ToggleButtons(options=[IMAGE])
        self.first = ImagePicker(exploration.images, names, 0, self._changed)
        self.second = ImagePicker(exploration.images, names, len(names) - 1, self._changed)
        self.share = widgets.FloatSlider(0.5, min=0, max=1, step=0.02, readout=False)
        self._share_box = widgets.HBox([widgets.HTML("first"), self.share, widgets.HTML("second")])
        self.kept = widgets.IntSlider(2, min=1, max=2, readout=False)
        self._kept_text = widgets.HTML()
        self._kept_box = widgets.HBox([self.kept, self._kept_text], layout={"flex_flow": "row wrap"})
        self.draw = widgets.Button(description="new draw", icon="random")
        self.draw.layout.width, self.draw.layout.align_self = "auto", "flex-start"
        self.temperature = widgets.FloatSlider(1, min=0, max=HIGHEST_TEMPERATURE, step=0.05, description="temperature")
        self.temperature.style.description_width = "initial"
        self.source.style.button_width = "auto"
        self.source.layout.margin = "2px 16px 2px 8px"
        self.source.observe(self._switch, "value")
        self.share.observe(lambda _: on_change(True), "value")
        self.kept.observe(lambda _: on_change(True), "value")
        self.draw.on_click(self._draw)
        row = widgets.HBox([widgets.HTML("start from"), self.source, reset], layout={"flex_flow": "row wrap"})
        self._box = widgets.VBox()
        super().__init__([row, self._box])

    def use(self, exploration: Exploration) -> None:
        """Offer what a model has; a kind of start that it lacks becomes a test image."""
        self.exploration = exploration
        model = exploration.model
        wanted = self.source.value
        possible = [IMAGE, *([PRIOR] if model.has_prior else []), MIX, *([LEVELS] if model.is_hierarchy else [])]
        self._switching = True
        self.kept.max = len(exploration.levels) + 1
        if tuple(possible) != tuple(self.source.options):
            self.source.options = possible
            self.source.value = wanted if wanted in possible else IMAGE
        self._switching = False
        self._show()

    @property
    def mixes(self) -> bool:
        """Whether the start is made of two images."""
        return self.source.value in (MIX, LEVELS)

    def _show(self) -> None:
        shown = {
            IMAGE: [self.first],
            PRIOR: [self.draw, self.temperature],
            MIX: [self.first, self._share_box, self.second],
            LEVELS: [self.first, self._kept_box, self.second],
        }
        self._box.children = shown[self.source.value]

    def _changed(self) -> None:
        self._on_change(False)

    def _switch(self, _) -> None:
        if not self._switching:
            self._show()
            self._on_change(False)

    def _draw(self, _) -> None:
        self._seed += 1
        self._on_change(False)

    def codes(self) -> tuple[Codes, list[Tensor | None]]:
        """The codes chosen, and the widths of their posterior, None where there is none."""
        kind, none = self.source.value, [None] * len(self.exploration.levels)
        if kind == IMAGE:
            return self.exploration.start(self.first.value)
        if kind == PRIOR:
            return self.exploration.prior(self._seed, self.temperature.value), none
        if kind == MIX:
            return self.path([self.share.value])[0], none
        self._kept_text.value = self._describe(self.kept.value)
        return self.path([self.kept.value])[0], none

    def path(self, places: list[float]) -> list[Codes]:
        """Codes of several mixes of the two images."""
        ends = self.first.value, self.second.value
        mix = self.exploration.mix if self.source.value == MIX else self.exploration.mix_levels
        return [mix(*ends, place) for place in places]

    def _describe(self, kept: int) -> str:
        count = len(self.exploration.levels)
        if kept in (1, count + 1):
            return f"all levels from the {'first' if kept == 1 else 'second'} image"
        upper = f"levels {kept} to {count}" if kept < count else f"level {count}"
        lower = f"levels 1 to {kept - 1}" if kept > 2 else "level 1"
        return f"{upper} from the first image, {lower} from the second"

    def describe(self) -> tuple[str, str]:
        """A title and a text for the picture of the start."""
        kind = self.source.value
        if kind == IMAGE:
            formats = {"MSE": "{:.4f}", "PSNR": "{:.1f} dB", "SSIM": "{:.3f}"}
            scores = self.exploration.scores(self.first.value)
            title, lines = "reconstruction", [f"{name} {formats[name].format(score)}" for name, score in scores.items()]
        elif kind == PRIOR:
            title, lines = "start", [f"draw {self._seed + 1} from the prior"]
        elif kind == MIX:
            title, lines = "start", [f"{1 - self.share.value:.0%} first, {self.share.value:.0%} second image"]
        else:
            title, lines = "start", [self._describe(self.kept.value)]
        sigma = self.exploration.sigma
        return title, "<br>".join(lines + ([] if sigma is None else [f"σ of the pixels {sigma:.2g}"]))
