"""NetCDF files between stages: one writer, one reader, tables of variables.

Neither a stage nor a kind of plug-in, and knows none.
"""

import os
import sys

# HDF5 fails on disks without locks. Artifacts need none: each appears once it is whole, and `obstacle` asks for writers
LOCKING = "HDF5_USE_FILE_LOCKING"
if "netCDF4" not in sys.modules:  # which reads it when it loads
    os.environ.setdefault(LOCKING, "FALSE")
