"""Distance between square matrices up to an orthogonal change of basis.

`conjugation` is the entry point. For each pair it takes several `starts`, minimises the `objective` from all of them by
`descent` in single precision, refines the best by `newton` in double precision, and compares the result with a proven
lower `bound`.
"""

from degeneracy.solvers.orthogonal.conjugation import Conjugation, Stop, conjugation_distance

__all__ = ["Conjugation", "Stop", "conjugation_distance"]
