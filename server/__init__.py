"""What thinks: the broker, the workers and one engine per capability. Importing this package imports no torch."""
