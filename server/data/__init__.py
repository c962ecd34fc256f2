"""Data sets of herds: read (`records`), verified (`check`), counted (`statistics`), turned into others' formats (`merge`, `tars`).

docs/files.md, "Herds", says what a folder holds. Nothing here knows how it was rendered.
"""
