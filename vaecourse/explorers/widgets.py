"""The explorer for a running kernel, made of ipywidgets."""

import ipywidgets as widgets
import torch
from torch import Tensor

from vaecourse.explorers.controls import STYLE, ImagePicker, LevelPanel, PictureBox, small
from vaecourse.explorers.exploration import Codes, Exploration
from vaecourse.explorers.pictures import GAP, difference, png, strip, zoom_for

PICTURE = 170  # approximate side in screen pixels
STRIP_PICTURE = 84
STEPS = 9
IMAGE, PRIOR, MIX = "a test image", "the prior", "a mix of two"
LEGEND = '<span style="color:#0072b2">■</span> darker <span style="color:#d55e00">■</span> brighter'
BAR_TEXT = "Blue bars: where the posterior of the image lies, mean ± one standard deviation."


class Explorer(widgets.VBox):
    """Sliders for the codes of one or several models of the same images, and the decoded pictures.

    While the reader drags a slider, only the picture and its difference are updated: the strip of the selected unit
    does not depend on its value.

    Parameters
    ----------
    explorations : dict of name -> Exploration
        Explorations with the same start images, by model name.
    """

    def __init__(self, explorations: dict[str, Exploration]):
        self.explorations = explorations
        first = next(iter(explorations.values()))
        self.exploration = first
        self.zoom = zoom_for(first.images.shape[1:], PICTURE)
        self.strip_zoom = zoom_for(first.images.shape[1:], STRIP_PICTURE)
        self._prior_seed, self._resampling_seed, self._switching = 0, 0, False
        self._panels: dict[str, list[LevelPanel]] = {}

        self.model = widgets.ToggleButtons(options=list(explorations))
        self.source = widgets.ToggleButtons(options=self._sources())
        names = [str(index) for index in first.indices]
        self.first = ImagePicker(first.images, names, 0, self._begin)
        self.second = ImagePicker(first.images, names, len(names) - 1, self._begin)
        self.share = widgets.FloatSlider(0.5, min=0, max=1, step=0.02, readout=False)
        self._share_box = widgets.HBox([widgets.HTML("first"), self.share, widgets.HTML("second")])
        self.draw = widgets.Button(description="new draw", icon="random")
        self.reset = widgets.Button(description="reset", icon="undo", tooltip="back to the start")
        self.reset.layout.width = self.draw.layout.width = "auto"
        self.draw.layout.align_self = "flex-start"
        self.original, self.start, self.now, self.change = (PictureBox() for _ in range(4))
        self.strip, self.strip_title, self.strip_values = widgets.Image(format="png"), widgets.HTML(), widgets.HTML()
        self._start_box, self._level_box = widgets.VBox(), widgets.VBox()

        self.strip.layout.align_self = "flex-start"
        for picker in (self.model, self.source):
            picker.style.button_width = "auto"
            picker.layout.margin = "2px 16px 2px 8px"
        self.original.title.value = "<b>original</b>"
        self.now.title.value = "<b>now</b>"
        self.change.title.value, self.change.text.value = "<b>now − start</b>", small(LEGEND)
        self.model.observe(self._switch_model, "value")
        self.source.observe(self._switch_source, "value")
        self.share.observe(self._mix, "value")
        self.draw.on_click(self._draw)
        self.reset.on_click(lambda _: self._go(self._start_codes))
        pictures = widgets.HBox([self.original, self.start, self.now, self.change])
        pictures.layout.flex_flow = "row wrap"
        switch = [widgets.HBox([widgets.HTML("model"), self.model])] if len(explorations) > 1 else []
        strip_box = widgets.VBox([self.strip_title, self.strip, self.strip_values])
        source = widgets.HBox([widgets.HTML("start from"), self.source, self.reset], layout={"flex_flow": "row wrap"})
        self._bar_text = widgets.HTML(small(BAR_TEXT))
        parts = [source, self._start_box, pictures, strip_box, self._level_box, self._bar_text]
        super().__init__([widgets.HTML(STYLE), *switch, *parts])
        self.layout.max_width = "860px"
        self._show_model()

    def __repr__(self) -> str:
        return f"<Explorer of {', '.join(self.explorations)}>"

    @property
    def panels(self) -> list[LevelPanel]:
        """Sliders of each level of the current model, level 1 first."""
        return self._panels[self.model.value]

    # Choosing a model and a start

    def _sources(self) -> list[str]:
        return [IMAGE, *([PRIOR] if self.exploration.model.has_prior else []), MIX]

    def _switch_model(self, _) -> None:
        self.exploration = self.explorations[self.model.value]
        wanted, possible = self.source.value, self._sources()
        if tuple(possible) != tuple(self.source.options):
            self._switching = True
            self.source.options = possible
            self.source.value = wanted if wanted in possible else IMAGE
            self._switching = False
        self._show_model()

    def _show_model(self) -> None:
        levels = self.exploration.levels
        if self.model.value not in self._panels:
            self._panels[self.model.value] = [self._panel(number) for number in range(1, len(levels) + 1)]
        self._level_box.children = self.panels
        self.tabs = None
        if len(levels) > 1:
            self.tabs = widgets.Tab(self.panels, selected_index=0)
            for place, level in enumerate(levels):
                self.tabs.set_title(place, level.level)
            self.tabs.observe(self._switch_level, "selected_index")
            self._level_box.children = [self.tabs]
        self._hand = self._first_unit()
        self._show_source()

    def _panel(self, number: int) -> LevelPanel:
        header = []
        if self.exploration.model.is_hierarchy and number > 1:
            button = widgets.Button(description=f"hold level {number}, resample below", icon="random")
            button.tooltip = "a new draw of the levels below from their priors, given this one"
            button.layout.width = "auto"
            button.on_click(lambda _: self._resample(number))
            header = [widgets.HBox([button])]
        return LevelPanel(
            self.exploration.levels[number - 1],
            lambda unit, value: self._move(number, unit, value),
            lambda unit: self._take((number, unit)),
            header,
        )

    def _switch_source(self, _) -> None:
        if not self._switching:
            self._show_source()

    def _show_source(self) -> None:
        shown = {IMAGE: [self.first], PRIOR: [self.draw], MIX: [self.first, self._share_box, self.second]}
        self._start_box.children = shown[self.source.value]
        self._begin()

    def _draw(self, _) -> None:
        self._prior_seed += 1
        self._begin()

    def _mix(self, _) -> None:
        # The strip of a mix leads from one image to the other and does not depend on the share.
        self._begin(same_strip=self._hand is None)

    def _begin(self, same_strip: bool = False) -> None:
        """Set codes and pictures to the chosen start."""
        source, widths = self.source.value, [None] * len(self.exploration.levels)
        if source == IMAGE:
            codes, widths = self.exploration.start(self.first.value)
            title, scores = "reconstruction", self.exploration.scores(self.first.value)
            formats = {"MSE": "{:.4f}", "PSNR": "{:.1f} dB", "SSIM": "{:.3f}"}
            text = "<br>".join(f"{name} {formats[name].format(score)}" for name, score in scores.items())
            self.original.image.value = png(self.exploration.images[self.first.value], self.zoom)
        elif source == PRIOR:
            codes = self.exploration.prior(self._prior_seed)
            title, text = "start", f"draw {self._prior_seed + 1} from the prior"
        else:
            codes = self.exploration.mix(self.first.value, self.second.value, self.share.value)
            title, text = "start", f"{1 - self.share.value:.0%} first, {self.share.value:.0%} second image"
        self.original.layout.display = None if source == IMAGE else "none"
        self.start.title.value, self.start.text.value = f"<b>{title}</b>", small(text)
        if source == MIX:
            self._hand = None
        elif self._hand is None:
            self._hand = self._first_unit()
        self._start_codes, self._start_widths = codes, widths
        self._bar_text.layout.display = "none" if widths[0] is None else None
        self._start_picture = self.exploration.decode(codes)
        self.start.image.value = png(self._start_picture, self.zoom)
        self._go(codes, same_strip)

    # Changing codes

    @property
    def level(self) -> int:
        """Number of the level whose sliders are visible."""
        return self.tabs.selected_index + 1 if self.tabs else 1

    def _first_unit(self) -> tuple[int, int]:
        return self.level, self.exploration.levels[self.level - 1].order[0]

    def _move(self, level: int, unit: int, value: float) -> None:
        codes = self.exploration.move(self.codes, level, unit, value)
        picture = self.exploration.decode(codes)
        if not picture.isfinite().all():  # the standard deviation of a prior below overflowed
            self.now.text.value = small("too far: this is where you were before")
            return
        self.codes = codes
        self._show_now(picture)
        if self._hand != (level, unit):
            self._take((level, unit))

    def _resample(self, level: int) -> None:
        self._resampling_seed += 1
        self._go(self.exploration.resample_below(self.codes, level, self._resampling_seed))

    def _go(self, codes: Codes, same_strip: bool = False) -> None:
        """Show new codes in the picture, on the visible sliders and in the strip."""
        self.codes = codes
        self._show_now(self.exploration.decode(codes))
        self._show_sliders()
        if not same_strip:
            self._take(self._hand)

    def _switch_level(self, change) -> None:
        if change["new"] is not None:
            self._show_sliders()
            self._take(self._first_unit())

    def _show_now(self, picture: Tensor) -> None:
        self.now.text.value = ""
        self.now.image.value = png(picture, self.zoom)
        self.change.image.value = png(difference(picture, self._start_picture), self.zoom)

    def _show_sliders(self) -> None:
        place = self.level - 1
        self.panels[place].show(self.codes[place])
        self.panels[place].show_posterior(self._start_codes[place], self._start_widths[place])

    def _take(self, hand: tuple[int, int] | None) -> None:
        """Select a (level, unit), or the mix (None), and show its effect in the strip."""
        self._hand = hand
        if hand is None:
            values = torch.linspace(0, 1, STEPS)
            ends = self.first.value, self.second.value
            path = [self.exploration.mix(*ends, share) for share in values.tolist()]
            pictures = self.exploration.decode([torch.stack(codes) for codes in zip(*path, strict=True)])
            title = "from the first image to the second"
        else:
            level, unit = hand
            values, pictures = self.exploration.traversal(self.codes, level, unit, STEPS)
            title = self.exploration.levels[level - 1].label(unit)
            title += f" of {self.exploration.levels[level - 1].level}" if self.tabs else ""
        self.panels[self.level - 1].mark(hand[1] if hand else None)
        self.strip.value = strip(pictures, self.strip_zoom)
        self.strip_title.value = f"<b>{title}</b>"
        self.strip_values.value = self._ticks(values)

    def _ticks(self, values: Tensor) -> str:
        cells = "".join(f"<span>{value:.2g}</span>".replace("-", "−") for value in values.tolist())
        width = STEPS * (self.strip_zoom * self.exploration.images.shape[3] + GAP) - GAP
        return (
            f'<div style="display:grid;grid-template-columns:repeat({STEPS},1fr);width:{width}px;max-width:100%;'
            f'text-align:center;font-size:11px;line-height:14px;opacity:.7">{cells}</div>'
        )
