"""Errors whose text is a sentence for the user."""


class UserError(ValueError):
    """Bad input: the text says what was given, what is allowed, and which file or key it came from."""


class WriteError(UserError, OSError):
    """A file cannot be written: the text says which, and why."""
