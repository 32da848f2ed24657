"""Map of all networks of a sweep: multidimensional scaling of their distances, coloured by level.

Each point is one network; points that are close are similar networks. Open symbols are networks that did not converge.
The title gives the stress of the map (Kruskal's stress 1), which says how much the distances in the plane differ from
the measured ones.
"""

from degeneracy.drawing import style
from degeneracy.drawing.network_map import panel

SCOPE = "map"
READS = ("map",)


def draw(sweep):
    (data,) = sweep.maps.values()
    figure, axes = style.panels(1, 1)
    figure.set_size_inches(style.COLUMN, 2.8)
    panel(axes[0, 0], data)
    figure.legend(title=sweep.axis_label, loc="outside right center")
    return figure
