"""Test folders hold modules of their own (cases, suites); each is importable from its folder's tests."""
