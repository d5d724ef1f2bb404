"""The explorer for a running kernel, made of ipywidgets."""

import html

import ipywidgets as widgets
import torch
from torch import Tensor

from vaecourse.explorers import poster
from vaecourse.explorers.controls import STYLE, LevelPanel, PictureBox, small
from vaecourse.explorers.exploration import Codes, Exploration
from vaecourse.explorers.maps import MapPanel
from vaecourse.explorers.pictures import GAP, difference, png, strip, zoom_for
from vaecourse.explorers.starts import IMAGE, MIX, PRIOR, StartPicker

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURE = 170  # approximate side in screen pixels
STRIP_PICTURE = 84
STEPS = 9
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
    task : str
        What to try, above the controls.
    level : int
        Level at which the explorer opens; a model with fewer levels opens at its highest.
    """

    def __init__(self, explorations: dict[str, Exploration], task: str = "", level: int = 1):
        self.explorations, self._opens = explorations, level
        first = next(iter(explorations.values()))
        self.exploration = first
        self.zoom = zoom_for(first.images.shape[1:], PICTURE)
        self.strip_zoom = zoom_for(first.images.shape[1:], STRIP_PICTURE)
        self._resampling_seed, self._redraw = 0, None
        self._panels: dict[str, list[LevelPanel | MapPanel]] = {}

        self.model = widgets.ToggleButtons(options=list(explorations))
        self.reset = widgets.Button(description="reset", icon="undo", tooltip="back to the start")
        self.reset.layout.width = "auto"
        self.starts = StartPicker(first, self._begin, self.reset)
        self.source, self.first, self.second = self.starts.source, self.starts.first, self.starts.second
        self.share, self.kept, self.draw = self.starts.share, self.starts.kept, self.starts.draw
        self.temperature = self.starts.temperature
        self.original, self.start, self.now, self.change = (PictureBox() for _ in range(4))
        self.strip, self.strip_title, self.strip_values = widgets.Image(format="png"), widgets.HTML(), widgets.HTML()
        self._level_box = widgets.VBox()

        self.strip.layout.align_self = "flex-start"
        self.model.style.button_width, self.model.layout.margin = "auto", "2px 16px 2px 8px"
        self.original.title.value = "<b>original</b>"
        self.now.title.value = "<b>now</b>"
        self.change.title.value, self.change.text.value = "<b>now − start</b>", small(LEGEND)
        self.model.observe(self._switch_model, "value")
        self.temperature.observe(lambda _: self._redraw and self._redraw(), "value")
        self.reset.on_click(self._reset)
        pictures = widgets.HBox([self.original, self.start, self.now, self.change])
        pictures.layout.flex_flow = "row wrap"
        switch = [widgets.HBox([widgets.HTML("model"), self.model])] if len(explorations) > 1 else []
        strip_box = widgets.VBox([self.strip_title, self.strip, self.strip_values])
        self._bar_text = widgets.HTML(small(BAR_TEXT))
        parts = [self.starts, pictures, strip_box, self._level_box, self._bar_text]
        self.task = widgets.HTML(f"<b>Try this:</b> {html.escape(task)}")
        super().__init__([widgets.HTML(STYLE), *([self.task] if task else []), *switch, *parts])
        self.layout.max_width = "860px"
        self._show_model()

    def __repr__(self) -> str:
        return f"<Explorer of {', '.join(self.explorations)}>"

    # ipywidgets 7 displays itself if this is a method; IPython asks for the bundle if it is not.
    _ipython_display_ = None

    def _repr_mimebundle_(self, **_) -> dict:
        """The widget, and its picture for where no kernel runs: exported to HTML, or on GitHub."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.comm.comm_id} if self.comm else None
        still = poster.bundle(next(iter(self.explorations.values())), repr(self), self.strip_zoom)
        return still | ({WIDGET_VIEW: view} if view else {})

    @property
    def panels(self) -> list[LevelPanel]:
        """Sliders of each level of the current model, level 1 first."""
        return self._panels[self.model.value]

    # Choosing a model and a start

    def _switch_model(self, _) -> None:
        self.exploration = self.explorations[self.model.value]
        self._show_model()

    def _show_model(self) -> None:
        levels = self.exploration.levels
        if self.model.value not in self._panels:
            self._panels[self.model.value] = [self._panel(number) for number in range(1, len(levels) + 1)]
        self._level_box.children = self.panels
        self.tabs = None
        if len(levels) > 1:
            self.tabs = widgets.Tab(self.panels, selected_index=min(self._opens, len(levels)) - 1)
            for place, level in enumerate(levels):
                self.tabs.set_title(place, level.level)
            self.tabs.observe(self._switch_level, "selected_index")
            self._level_box.children = [self.tabs]
        self._hand = self._first_unit()
        self.starts.use(self.exploration)
        self._begin()

    def _is_map(self, level: int) -> bool:
        return len(self.exploration.model.latent_shapes[level - 1]) > 1

    def _panel(self, number: int) -> LevelPanel | MapPanel:
        header = []
        if self.exploration.model.is_hierarchy and number > 1:
            button = widgets.Button(description=f"hold level {number}, resample below", icon="random")
            button.tooltip = "a new draw of the levels below from their priors, given this one"
            button.layout.width = "auto"
            button.on_click(lambda _: self._resample(number))
            header = [widgets.HBox([button, self.temperature], layout={"flex_flow": "row wrap"})]
        acts = (lambda unit, value: self._move(number, unit, value), lambda unit: self._take((number, unit)))
        if self._is_map(number):
            shape, directions = self.exploration.model.latent_shapes[number - 1], self.exploration.directions(number)
            return MapPanel(shape, directions, *acts, header)
        is_hierarchy = self.exploration.model.is_hierarchy
        return LevelPanel(self.exploration.levels[number - 1], is_hierarchy, *acts, header)

    def _begin(self, same_strip: bool = False) -> None:
        """Set codes and pictures to the chosen start."""
        codes, widths = self.starts.codes()
        title, text = self.starts.describe()
        is_image = self.source.value == IMAGE
        if is_image:
            self.original.image.value = png(self.exploration.images[self.first.value], self.zoom)
        self.original.layout.display = None if is_image else "none"
        self.start.title.value, self.start.text.value = f"<b>{title}</b>", small(text)
        # The strip of a mix leads from one image to the other and does not depend on the share.
        same_strip = same_strip and self._hand is None
        if self.starts.mixes:
            self._hand = None
        elif self._hand is None:
            self._hand = self._first_unit()
        self._start_codes, self._start_widths = codes, widths
        self._start_picture = self.exploration.decode(codes)
        self.start.image.value = png(self._start_picture, self.zoom)
        self._go(codes, same_strip)
        self._redraw = self._begin if self.source.value == PRIOR else None

    def _reset(self, _) -> None:
        self._redraw = self._begin if self.source.value == PRIOR else None
        self._go(self._start_codes)

    # Changing codes

    @property
    def level(self) -> int:
        """Number of the level whose sliders are visible."""
        return self.tabs.selected_index + 1 if self.tabs else 1

    def _first_unit(self) -> tuple[int, int]:
        """The level shown, and its most important unit, or the first direction of a map."""
        return self.level, 0 if self._is_map(self.level) else self.exploration.levels[self.level - 1].order[0]

    def _move(self, level: int, unit: int, value: float) -> None:
        move = self.exploration.move_along if self._is_map(level) else self.exploration.move
        codes = move(self.codes, level, unit, value)
        picture = self.exploration.decode(codes)
        if not picture.isfinite().all():  # the standard deviation of a prior below overflowed
            self.now.text.value = small("too far: this is where you were before")
            return
        self.codes, self._redraw = codes, None
        self._show_now(picture)
        if self._is_map(level):
            self.panels[level - 1].show_noise(self.exploration.noise(codes, level))
        if self._hand != (level, unit):
            self._take((level, unit))

    def _resample(self, level: int) -> None:
        self._resampling_seed += 1
        base, seed = self.codes, self._resampling_seed
        self._redraw = lambda: self._go(self.exploration.resample_below(base, level, seed, self.temperature.value))
        self._redraw()

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
        is_map = self._is_map(self.level)
        self.panels[place].show(self.exploration.noise(self.codes, self.level) if is_map else self.codes[place])
        self.panels[place].show_posterior(self._start_codes[place], self._start_widths[place])
        self._bar_text.layout.display = "none" if is_map or self._start_widths[place] is None else None

    def _take(self, hand: tuple[int, int] | None) -> None:
        """Select a (level, unit), or the mix (None), and show its effect in the strip."""
        self._hand = hand
        if hand is None:
            path = self.starts.path(self._places().tolist())
            pictures = self.exploration.decode([torch.stack(codes) for codes in zip(*path, strict=True)])
            title, values = "from the first image to the second", self._places()
            title += "" if self.source.value == MIX else ": the lowest level that is still the first image's"
        else:
            level, unit = hand
            explored = self.exploration
            is_map = self._is_map(level)
            traversal = explored.traversal_along if is_map else explored.traversal
            values, pictures = traversal(self.codes, level, unit, STEPS)
            title = (explored.directions(level) if is_map else explored.levels[level - 1]).label(unit)
            title += f" of {explored.levels[level - 1].level}" if self.tabs else ""
        self.panels[self.level - 1].mark(hand[1] if hand else None)
        self.strip.value = strip(pictures, self.strip_zoom)
        self.strip_title.value = f"<b>{title}</b>"
        self.strip_values.value = self._ticks(values)

    def _places(self) -> Tensor:
        """Along a mix: shares of the second image; of levels, the lowest that the first image still gives."""
        if self.source.value == MIX:
            return torch.linspace(0, 1, STEPS)
        return torch.arange(1, len(self.exploration.levels) + 2)

    def _ticks(self, values: Tensor) -> str:
        cells = "".join(f"<span>{value:.2g}</span>".replace("-", "−") for value in values.tolist())
        width = len(values) * (self.strip_zoom * self.exploration.images.shape[3] + GAP) - GAP
        return (
            f'<div style="display:grid;grid-template-columns:repeat({len(values)},1fr);width:{width}px;max-width:100%;'
            f'text-align:center;font-size:11px;line-height:14px;opacity:.7">{cells}</div>'
        )
