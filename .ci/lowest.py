"""Print the lowest versions that pyproject.toml allows, as constraints for pip: what is promised is tested."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *(line for lines in extras.values() for line in lines)]
bounds = dict(found.groups() for line in wanted if (found := re.match(r"([\w.-]+)>=([\w.]+)", line)))
sys.stdout.write("".join(f"{name}=={version}\n" for name, version in sorted(bounds.items())))
