"""The one error of this part of the package."""


class DataError(ValueError):
    """A data set cannot be loaded; the message names the file or setting, and says what to do."""
