"""pmctl: the command line for people who run their own email infrastructure."""

# A literal: importlib.metadata would cost 47 ms at every start.
__version__ = "0.1.0"
