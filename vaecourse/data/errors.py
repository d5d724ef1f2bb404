"""The error that all parts of ``vaecourse.data`` raise."""


class DataError(ValueError):
    """A data set cannot be loaded; the message names the file or setting, and says what to do."""
