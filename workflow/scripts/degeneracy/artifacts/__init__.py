"""NetCDF files between stages: one writer, one reader, tables of variables.

Neither a stage nor a kind of plug-in, and knows none.
"""
