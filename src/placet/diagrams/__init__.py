"""Drawings of the lifecycle and of what happened in it: Mermaid, DOT and SVG, drawn from the table and from trails.

They know the lifecycle and the model only, so that governance can use them. `python -m placet.diagrams FOLDER` writes
the files that are committed in `diagrams/`.
"""

from placet.diagrams.flow import mermaid
from placet.diagrams.graph import dot
from placet.diagrams.rendering import svg
from placet.diagrams.road import Form, request_diagram
from placet.diagrams.sequence import Call, sequence_diagram

__all__ = ["Call", "Form", "dot", "mermaid", "request_diagram", "sequence_diagram", "svg"]
