"""What plug-ins exist, their options, contracts and code, read from source files without importing them.

Neither a stage nor a kind of plug-in. It imports the standard library alone, except for the validator, so that the
workflow starts fast.
"""
