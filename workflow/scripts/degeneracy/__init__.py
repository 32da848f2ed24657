"""Do recurrent networks trained on the same task solve it the same way, and what controls that?"""

__version__ = "0.1.0"
