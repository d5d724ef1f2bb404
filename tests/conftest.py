"""Offers the fixtures of ``helpers/shared_fixtures.py`` to all tests."""


def pytest_configure(config):
    # Where other processes run the tests, this one starts them sooner without PyTorch.
    if not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("shared_fixtures")
