"""Measured ratios against what one would use instead, each in one run on one machine."""
