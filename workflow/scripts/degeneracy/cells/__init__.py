"""Cells, a kind of plug-in: recurrences, one cell a file.

A file has a dataclass `Cell` whose fields are its options, and which has

    parameter_dims()                     name: dimensions of each parameter
    initialise(generator, inputs, outputs)  parameters of one network before training
    states(parameters, inputs)           states (network, time, trial, unit), differentiable
    readout(parameters, states)          outputs (network, …, output)
    step(parameters, state, inputs)      the state one step later, differentiable
    jacobian(parameters, state, inputs)  the Jacobian of `step`
    bounded                              whether `step` maps some ball of states into itself

and, where its parametrisation asks for it, `learning_rate_scale` (what the learning rate is multiplied with, 1 if
absent) and `gradient_scales()` (name: typical size of a gradient's entry, which Adam's ε is measured in, 1 if absent).
A cell of rates r = φ(a) may also give `affine(parameters)` and `keep` (see `networks/backends/compiled.py`); it is then
trained by compiled code (`networks/backends`) where that knows its `activation`, with the same result to rounding.
Every parameter may carry leading dimensions. Square parameters (unit, source_unit) are what regularisers act on.
"""
