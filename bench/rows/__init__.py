"""What a record costs once there are many: `__main__` says what is measured and how to run it."""
