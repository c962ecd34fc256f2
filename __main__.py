"""`python -m bestiary` is the command `bestiary`."""

from .cli.main import main

if __name__ == "__main__":
    main()
