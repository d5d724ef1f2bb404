"""The part of the widget explorer for a level that is a map of codes: heat maps, and sliders along its directions."""

from collections.abc import Callable

import ipywidgets as widgets
from torch import Tensor

from vaecourse.explorers.controls import UnitSlider, small
from vaecourse.explorers.directions import Directions
from vaecourse.explorers.pictures import signed, strip

HEAT_MAP = 120  # screen pixels, about
FULL_COLOUR_AT = 3  # standard deviations of the prior
TEXT = (
    "Colours: what this level adds to what those above expect, (z − μ)/σ; "
    '<span style="color:#d55e00">■</span> more <span style="color:#0072b2">■</span> less, opaque at 3 σ. '
    "Sliders: along the directions in which this differs most between images."
)


class MapPanel(widgets.VBox):
    """Heat maps of a level's noise, one for each channel, and sliders along its principal directions.

    Parameters
    ----------
    shape : (c, h, w)
    directions : Directions
    on_move : called with a direction and its new value
    on_take : called with a direction whose name was clicked
    header : widgets above the maps
    """

    def __init__(
        self, shape: tuple[int, int, int], directions: Directions, on_move: Callable, on_take: Callable, header: list
    ):
        self.shape, self.directions = shape, directions
        self.heat_map = widgets.Image(format="png")
        self.heat_map.layout.align_self = "flex-start"
        self.sliders = {
            k: UnitSlider(
                directions.label(k),
                -directions.reach[k].item(),
                directions.reach[k].item(),
                lambda value, k=k: on_move(k, value),
                lambda k=k: on_take(k),
            )
            for k in range(len(directions))
        }
        columns = {"grid_template_columns": "repeat(auto-fill, minmax(300px, 1fr))", "grid_gap": "2px 16px"}
        grid = widgets.GridBox(list(self.sliders.values()), layout=columns | {"flex": "none"})
        super().__init__([*header, self.heat_map, widgets.HTML(small(TEXT)), grid])

    def show_noise(self, noise: Tensor) -> None:
        """Draw the heat maps of noise (d,)."""
        maps = signed(noise.view(self.shape) / FULL_COLOUR_AT)
        self.heat_map.value = strip(maps, max(1, round(HEAT_MAP / max(self.shape[1:]))))

    def show(self, noise: Tensor) -> None:
        """Set the heat maps and all sliders to noise (d,)."""
        self.show_noise(noise)
        for slider, value in zip(self.sliders.values(), self.directions.coordinates(noise).tolist(), strict=True):
            slider.show(value)

    def show_posterior(self, mean: Tensor, width: Tensor | None) -> None:
        """Do nothing: the posterior of a map is not one of its directions."""

    def mark(self, direction: int | None) -> None:
        """Show which direction is in hand."""
        for number, slider in self.sliders.items():
            (slider.add_class if number == direction else slider.remove_class)("vaecourse-in-hand")
