"""Do recurrent networks trained on the same task solve it the same way, and what controls that?"""

from degeneracy.plugins import sources

__version__ = "0.1.0"

sources.install()
