"""Checks of everything in deploy/: `__main__` says how to run them."""
