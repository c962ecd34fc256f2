"""The command `bestiary`: a thin file per verb, heavy imports inside."""
