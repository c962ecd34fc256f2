"""Run one module of this package from a bare file: ``python server/launch.py server.worker [arguments]``.

The package is found by this file's own place, so that any Python with the dependencies can run it: from a checkout
of any name, from an installed package, from inside the Blender extension.
"""

import importlib.util
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Import the package that holds this file under the name ``bestiary`` and run the named module in it."""
    here = Path(__file__).resolve().parent
    root = here.parent
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != here]
    spec = importlib.util.spec_from_file_location(
        "bestiary", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"No package around {here}.")
    package = importlib.util.module_from_spec(spec)
    sys.modules["bestiary"] = package
    spec.loader.exec_module(package)
    module = sys.argv.pop(1)
    runpy.run_module(f"bestiary.{module}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
