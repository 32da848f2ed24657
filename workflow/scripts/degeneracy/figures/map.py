"""Map of all networks of a sweep: multidimensional scaling of their distances, coloured by level.

Each point is one network; the closer two points, the more alike the networks. Open symbols did not reach the
threshold. The title gives the stress of the map (Kruskal's stress 1): how far distances in the plane are from
those measured.
"""

from degeneracy.drawing import style
from degeneracy.drawing.network_map import panel

SCOPE = "map"
READS = ("map",)


def draw(sweep):
    (data,) = sweep.maps.values()
    figure, axes = style.panels(1, 1)
    figure.set_size_inches(3.6, 2.9)
    panel(axes[0, 0], data)
    figure.legend(title=sweep.axis_label, loc="outside right center")
    return figure
