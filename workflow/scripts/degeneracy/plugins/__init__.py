"""What exists: the tasks, cells, metrics and figures, their options and their code, read from source, never imported.

Neither a stage nor a kind of plug-in; the standard library alone, so that the workflow learns what it needs at once.
"""
