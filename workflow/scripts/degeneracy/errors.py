"""The error whose text is a sentence for the user."""


class UserError(ValueError):
    """Bad input: says what was given, what is allowed, and which file or key it came from."""
