"""The Python interface to networks and activity that were made elsewhere: neither a stage nor a kind of plug-in.

`degeneracy/__init__.py` exports its functions and loads this folder when one of them is first used.
"""
