"""All the files of `diagrams/`, by name."""

from placet.diagrams.example import play
from placet.diagrams.flow import mermaid
from placet.diagrams.graph import dot
from placet.diagrams.page import page
from placet.diagrams.rendering import svg
from placet.diagrams.road import Form, request_diagram


def gallery() -> dict[str, str]:
    """Draw everything; the same bytes each time.

    Returns:
        The text of each file, by its name.

    Raises:
        ConfigurationError: what renders SVG is not installed.
    """
    example, lifecycle = play(), dot()
    request, decisions, waits = example.request, example.decisions, example.waits
    road = request_diagram(request, decisions, waits=waits, form=Form.DOT)
    return {
        "README.md": page(example.sequence),
        "execution.mmd": example.sequence,
        "lifecycle.dot": lifecycle,
        "lifecycle.mmd": mermaid(),
        "lifecycle.svg": svg(lifecycle),
        "request.dot": road,
        "request.mmd": request_diagram(request, decisions, waits=waits),
        "request.svg": svg(road),
    }
