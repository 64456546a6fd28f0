"""How help looks: arguments as they are called, and no type where an option takes no value; and how mistakes look."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption

from placet.model.visible import visible


class Command(TyperCommand):
    """A command whose help names REQUEST and STATE without braces, and gives flags no type."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer's own
        """Give options and arguments."""
        return _plain(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own
        """Give what the usage line is made of."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Group(TyperGroup):
    """The same for the program itself."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer's own
        """Give options and arguments."""
        return _plain(super().get_params(ctx))

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - typer's own
        """Read the options of the program itself."""
        with _harmless():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own
        """Read the command and its options, and run it."""
        with _harmless():
            return super().invoke(ctx)


@contextmanager
def _harmless() -> Iterator[None]:
    """Clean what is said of an argument that cannot be: it quotes the argument."""
    try:
        yield
    except Exception as error:
        said = getattr(error, "format_message", None)
        if said is not None:
            text = visible(said())
            vars(error)["format_message"] = lambda: text
        raise


def _plain(params: list[Any]) -> list[Any]:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
    return params
