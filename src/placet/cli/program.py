"""The program behind a file: its `Governance`, and who its caller is, named by `--app` or in pyproject.toml."""

import getpass
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from placet.errors import ActorNotFoundError, CallbackRaisedError, ConfigurationError, InputError, PlacetError
from placet.governance.facade import Governance
from placet.model.answers import checked_function
from placet.model.names import checked_id, described, exact

SETTINGS = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Program:
    """What stands in `[tool.placet]`, or is given as an option instead.

    Attributes:
        app: `module:attribute` of the governance, or of a function without arguments that returns it; or None.
        actor: `module:function` of the function that says which actor an operating-system user is; or None.
        folder: where its modules are looked for first.
    """

    app: str | None
    actor: str | None
    folder: Path

    @classmethod
    def named(cls, app: str | None) -> "Program":
        """Read the settings of the working directory, or of the nearest folder above that has some.

        Args:
            app: what the option says; it goes before the settings.

        Raises:
            ConfigurationError: the settings cannot be read.
        """
        here = Path.cwd()
        for folder in (here, *here.parents):
            settings = _settings(folder / SETTINGS)
            if settings is not None:
                return cls(app or settings.get("app"), settings.get("actor"), folder)
        return cls(app, None, here)

    def governance(self) -> tuple[Governance | None, bool]:
        """Load the governance of the program, if it names one.

        Returns:
            The governance, and whether it was made for this call, so that it is to be closed.

        Raises:
            ConfigurationError: it cannot be loaded, or is something else.
        """
        if self.app is None:
            return None, False
        found = self._load("app", self.app)
        made = not isinstance(found, Governance) and callable(found)
        if made:
            checked_function("app", found)
            try:
                found = found()
            except PlacetError:
                raise
            except Exception as error:
                raise ConfigurationError(f"app {self.app!r} raised {described(error)} when it was called") from error
        if not isinstance(found, Governance):
            kind = type(found).__name__
            raise ConfigurationError(f"app {self.app!r} is a {kind}; name a Governance, or a function that returns one")
        return found, made

    def caller(self, by: str | None) -> tuple[str, bool]:
        """Say who acts, and whether that was established: by the program, or only claimed.

        Args:
            by: who the caller claims to be, if anybody.

        Raises:
            InputError: nobody says who acts, or the program says somebody else.
            ActorNotFoundError: the program does not know this user.
            CallbackRaisedError: the function of the program raised, or did not answer with an id.
        """
        if self.actor is None:
            if by is None:
                raise InputError("nobody says who acts: pass --by ACTOR, or name [tool.placet] actor")
            return by, False
        known = self._actor(_user())
        if by is not None and by != known:
            raise InputError(f"--by {by!r} is not who you are: the program says {known!r}; leave it out")
        return known, True

    def _actor(self, user: str) -> str:
        function: Callable[[str], object] = self._load("actor", str(self.actor))
        checked_function("actor", function)
        try:
            answer = function(user)
        except PlacetError:
            raise
        except Exception as error:
            raise CallbackRaisedError(f"actor {self.actor!r} raised {described(error)}", argument="actor") from error
        if answer is None:
            raise ActorNotFoundError(user)
        if not isinstance(answer, str):
            kind = type(answer).__name__
            raise CallbackRaisedError(f"actor {self.actor!r} answered a value of type {kind}", argument="actor")
        return checked_id("actor", exact(answer))

    def _load(self, setting: str, target: str) -> Any:  # noqa: ANN401 - whatever the program has there
        module, _, attribute = target.partition(":")
        if not (module and attribute):
            raise ConfigurationError(f"{setting} {target!r} names nothing; write module:attribute")
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        try:
            return attrgetter(attribute)(import_module(module))
        except PlacetError:
            raise
        except (Exception, SystemExit) as error:
            raise ConfigurationError(f"{setting} {target!r} cannot be loaded: {described(error)}") from error


def _settings(file: Path) -> dict[str, str] | None:
    """Read `[tool.placet]` of a file; None if there is no such file, or nothing of that in it."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{str(file)!r} cannot be read: {described(error)}") from error
    tools = document.get("tool", {})
    found = tools.get("placet") if isinstance(tools, dict) else tools
    if found is None:
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(key, ""), str) for key in ("app", "actor")):
        raise ConfigurationError(f"[tool.placet] of {str(file)!r}: app and actor are strings, as 'module:attribute'")
    return found


def _user() -> str:
    """Return the name of the operating-system user, not what the environment says it is."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd  # noqa: PLC0415 - only where there is one

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
