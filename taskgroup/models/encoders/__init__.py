"""The encoders that ship, one a file."""
