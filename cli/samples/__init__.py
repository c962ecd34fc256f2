"""The animal of `make demo`, and how its file is made."""
