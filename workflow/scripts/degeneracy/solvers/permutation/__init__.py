"""Distance between two recurrent networks up to a relabelling, and where wanted a sign flip, of their units.

With Q = Pᵀ, ‖W₁ − PᵀW₂P‖² + ‖F₁ − PᵀF₂‖² = constants − 2·overlap(Q), where

    overlap(Q) = ⟨W₁, Q W₂ Qᵀ⟩ + ⟨Q, F₁F₂ᵀ⟩,    gradient(Q) = W₁QW₂ᵀ + W₁ᵀQW₂ + F₁F₂ᵀ.

This quadratic assignment problem is NP-hard, so the distance is an upper bound and comes with a proven lower `bound`.
`matching` is the entry point. It solves the `problem` of a few units by `exact` branch and bound. Otherwise it takes
starts from mean-field `annealing` to local minima, and the best of them on by `tabu` search, until the best is found
again.

The mean distance of flip-flop networks of 64 units with 4 bits is 0.18% above the best of ten times as many searches
(less with fewer bits), and more than 1% below the best of 40 annealed starts alone. A pair takes 0.4 s of processor
time.

In all modules p (unit,) and s (unit,) are a matching: Q[i, p[i]] = s[i].
"""

from degeneracy.solvers.permutation.matching import Matching, joint_matching_distance, matching_distance

__all__ = ["Matching", "joint_matching_distance", "matching_distance"]
