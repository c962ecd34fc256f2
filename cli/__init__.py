"""The command `bestiary`: a thin file per verb, heavy imports inside, so that `bestiary --help` answers at once."""
