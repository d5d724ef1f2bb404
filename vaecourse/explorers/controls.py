"""The parts of the widget explorer: a picker of images, the sliders of a level, a picture.

They are core widgets of ipywidgets 7.7 and 8. A style sheet adds images to buttons and makes buttons look like text;
without it everything still works, with plainer buttons.
"""

import base64
import math
from collections.abc import Callable

import ipywidgets as widgets
from torch import Tensor

from vaecourse.evaluation import Units
from vaecourse.explorers.folding import fold_title
from vaecourse.explorers.pictures import png

THUMBNAIL = 44  # screen pixels
SHOWN_AT_FIRST = 24
FOLDED_TOGETHER = 40
STEPS = (64, 80, 100, 128)  # possible numbers of steps of a slider: 100 over each is a short binary fraction

STYLE = """<style>
.vaecourse-starts .widget-toggle-button {
  width: SIZE; height: SIZE; margin: 2px; padding: 0; border: 0; font-size: 0; color: transparent;
  background-size: 100% 100%; image-rendering: pixelated; border-radius: 3px; opacity: 0.75; }
.vaecourse-starts .widget-toggle-button.mod-active {
  opacity: 1; box-shadow: 0 0 0 3px #0072b2; }
.vaecourse-starts .widget-toggle-button:hover, .vaecourse-starts .widget-toggle-button:focus { opacity: 1; }
.vaecourse-unit .jupyter-button, .vaecourse-unit .jupyter-button:hover {
  background: none; border: 0; box-shadow: none; color: inherit; text-align: right; padding: 0; }
.vaecourse-unit .jupyter-button:hover { text-decoration: underline; }
.vaecourse-unit.vaecourse-in-hand .jupyter-button { color: var(--jp-brand-color1, #1976d2); font-weight: bold; }
.vaecourse-unit .widget-readout { min-width: 44px; width: 44px; }
.vaecourse-folds, .vaecourse-folds .p-Collapse, .vaecourse-folds .lm-Collapse { border: 0; background: none; }
</style>""".replace("SIZE", f"{THUMBNAIL}px")


class ImagePicker(widgets.VBox):
    """A row of images from which the reader chooses one.

    Parameters
    ----------
    images : Tensor (n, C, H, W)
    names : list of n texts
    chosen : int
    on_change : called without arguments
    """

    def __init__(self, images: Tensor, names: list[str], chosen: int, on_change: Callable[[], None]):
        options = [(name, index) for index, name in enumerate(names)]
        self.buttons = widgets.ToggleButtons(
            options=options, value=chosen, tooltips=[f"image {name}" for name in names]
        )
        self.buttons.style.button_width = f"{THUMBNAIL}px"
        own = f"vaecourse-starts-{self.buttons.model_id}"
        self.buttons.add_class("vaecourse-starts").add_class(own)
        rules = [
            f".{own} .widget-toggle-button:nth-of-type({place}) {{ background-image: url({_data_address(image)}); }}"
            for place, image in enumerate(images, start=1)
        ]
        self.buttons.observe(lambda _: on_change(), "value")
        super().__init__([widgets.HTML("<style>" + "\n".join(rules) + "</style>"), self.buttons])

    @property
    def value(self) -> int:
        return self.buttons.value


def _data_address(image: Tensor) -> str:
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


class UnitSlider(widgets.HBox):
    """The name of a unit, a slider for its value, and a bar below it: mean ± 1 sd of the start's posterior."""

    def __init__(self, name: str, low: float, high: float, on_move: Callable[[float], None], on_take: Callable):
        self.name = widgets.Button(description=name, tooltip=f"show what {name} does")
        self.name.layout.width = "132px"
        low, high, self._step = _grid_range(low, high)
        self._shown = self._nearest(0.5 * (low + high))
        self.slider = widgets.FloatSlider(self._shown, min=low, max=high, step=self._step, readout_format=".2f")
        self.slider.layout.width = "auto"
        self.posterior = widgets.HTML()
        self.posterior.layout.margin = "-8px 2px 0 2px"
        self._on_move = on_move
        self.slider.observe(self._moved, "value")
        self.name.on_click(lambda _: on_take())
        right = widgets.VBox([self.slider, self.posterior], layout={"flex": "1 1 auto", "overflow": "hidden"})
        super().__init__([self.name, right])
        self.add_class("vaecourse-unit")

    def _nearest(self, value: float) -> float:
        return self._step * round(value / self._step)

    def _moved(self, change) -> None:
        if change["new"] != self._shown:
            self._shown = change["new"]
            self._on_move(self._shown)

    def show(self, value: float) -> None:
        """Set the slider to the step nearest to a value, without calling ``on_move``; its range grows if needed."""
        with self.slider.hold_sync():
            if not self.slider.min <= value <= self.slider.max:
                low, high, self._step = _grid_range(min(self.slider.min, value), max(self.slider.max, value))
                self._shown = self.slider.value  # kept: a new range must not count as a move
                self.slider.min, self.slider.max, self.slider.step = low, high, self._step
            self._shown = self._nearest(value)
            self.slider.value = self._shown

    def show_posterior(self, mean: float, width: float | None) -> None:
        low, high = self.slider.min, self.slider.max
        if width is None:
            self.posterior.value = ""
            return
        left, right = (min(max((at - low) / (high - low), 0), 1) for at in (mean - width, mean + width))
        self.posterior.value = (
            '<div style="display:flex;align-items:center;font-size:10px;line-height:12px">'
            '<div style="flex:1;position:relative;height:4px;margin:0 10px">'
            f'<div style="position:absolute;left:{100 * left:.1f}%;width:{100 * (right - left):.1f}%;min-width:3px;'
            'height:4px;border-radius:2px;background:var(--jp-brand-color1,#1976d2)"></div></div>'
            f'<div style="width:44px;opacity:.65;white-space:nowrap">± {width:.2f}</div></div>'
        )


def _more(count: int) -> str:
    return f"{count} more unit{'s' if count > 1 else ''}"


def _grid_range(low: float, high: float) -> tuple[float, float, float]:
    """A range that contains [low, high], and a step, for which a browser's slider computes without rounding.

    The sliders of ipywidgets 8 convert values to percentages and back, and report a difference in the last digit as a
    move of the reader. So the step is a power of two, and the number of steps makes each of them a percentage with a
    short binary fraction.
    """
    step = 2.0 ** math.ceil(math.log2((high - low) / max(STEPS)))
    while True:
        first, last = math.floor(low / step), math.ceil(high / step)
        enough = [steps for steps in STEPS if steps >= last - first]
        if enough:
            first -= (enough[0] - (last - first)) // 2
            return first * step, (first + enough[0]) * step, step
        step *= 2


class LevelPanel(widgets.VBox):
    """Sliders of a level: those of the most important units, and below them the others, made when unfolded.

    Parameters
    ----------
    level : Units
    is_hierarchy : bool
    on_move : called with a unit and its new value
    on_take : called with a unit whose name was clicked
    header : list of widgets above the sliders
    """

    def __init__(self, level: Units, is_hierarchy: bool, on_move: Callable, on_take: Callable, header: list):
        self.level = level
        self._is_hierarchy = is_hierarchy
        self.sliders: dict[int, UnitSlider] = {}
        self._on_move, self._on_take = on_move, on_take
        self._values = self._mean = self._width = None
        first = level.order[: min(level.active_count, SHOWN_AT_FIRST)]
        folds = self._folds(len(first))
        self._folded = [units for _, units in folds]
        self.accordion = widgets.Accordion([widgets.VBox() for _ in folds], selected_index=None)
        for place, (title, _) in enumerate(folds):
            self.accordion.set_title(place, title)
        self.accordion.observe(self._unfold, "selected_index")
        self.accordion.add_class("vaecourse-folds")
        self.accordion.layout.flex = "none"
        nothing = f"No unit is in use here: {self._title(len(level.order))}."
        body = [self._grid(first)] if first else [widgets.HTML(nothing)]
        scrolled = widgets.VBox([*body, *([self.accordion] if folds else [])])
        scrolled.layout.max_height, scrolled.layout.overflow = "380px", "hidden auto"
        super().__init__([*header, scrolled])

    def _title(self, count: int) -> str:
        return fold_title(self.level, count, self._is_hierarchy)

    def _folds(self, shown: int) -> list[tuple[str, list[int]]]:
        order, active = self.level.order, self.level.active_count
        groups = [(_more, order[shown:active]), (self._title, order[active:])]
        folds = []
        for title, units in groups:
            for begin in range(0, len(units), FOLDED_TOGETHER):
                part = units[begin : begin + FOLDED_TOGETHER]
                folds.append((title(len(part)), part))
        return folds

    def _unfold(self, change) -> None:
        place = change["new"]
        if place is not None and not self.accordion.children[place].children:
            self.accordion.children[place].children = [self._grid(self._folded[place])]
            self.show(self._values)
            self.show_posterior(self._mean, self._width)

    def _grid(self, units: list[int]) -> widgets.GridBox:
        for unit in units:
            self.sliders[unit] = UnitSlider(
                self.level.label(unit),
                self.level.low[unit].item(),
                self.level.high[unit].item(),
                lambda value, unit=unit: self._on_move(unit, value),
                lambda unit=unit: self._on_take(unit),
            )
        columns = {"grid_template_columns": "repeat(auto-fill, minmax(300px, 1fr))", "grid_gap": "2px 16px"}
        return widgets.GridBox([self.sliders[unit] for unit in units], layout=columns | {"flex": "none"})

    def show(self, values: Tensor) -> None:
        """Set all sliders to the codes (d,) of this level."""
        self._values, numbers = values, values.tolist()
        for unit, slider in self.sliders.items():
            slider.show(numbers[unit])

    def show_posterior(self, mean: Tensor, width: Tensor | None) -> None:
        """Show mean and standard deviations (d,) of the start's posterior; None if the start is not an image."""
        self._mean, self._width = mean, width
        for unit, slider in self.sliders.items():
            slider.show_posterior(mean[unit].item(), None if width is None else width[unit].item())

    def mark(self, unit: int | None) -> None:
        """Highlight the selected unit, if there is one."""
        for number, slider in self.sliders.items():
            (slider.add_class if number == unit else slider.remove_class)("vaecourse-in-hand")


class PictureBox(widgets.VBox):
    """A title, an image and a small text."""

    def __init__(self):
        self.title, self.image, self.text = widgets.HTML(), widgets.Image(format="png"), widgets.HTML()
        self.image.layout.align_self = "flex-start"  # or a long text below would stretch it
        super().__init__([self.title, self.image, self.text], layout={"margin": "4px 16px 4px 0"})


def small(text: str) -> str:
    """A caption as HTML."""
    return f'<div style="font-size:11px;line-height:15px;opacity:.7">{text}</div>'
