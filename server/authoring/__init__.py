"""How the default animal is made: from the dog skin of `dm_control` to `animal/data/open_animal.npz` (see build.py)."""
