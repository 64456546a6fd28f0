"""Drawings of the lifecycle and of what happened in it: Mermaid, DOT and SVG, drawn from the table and from trails.

They know the lifecycle and the model only, so that governance can use them. `python -m signoff.diagrams FOLDER` writes
the files that are committed in `diagrams/`.
"""

from signoff.diagrams.flow import mermaid
from signoff.diagrams.graph import dot
from signoff.diagrams.rendering import svg
from signoff.diagrams.road import Form, request_diagram
from signoff.diagrams.sequence import Call, sequence_diagram

__all__ = ["Call", "Form", "dot", "mermaid", "request_diagram", "sequence_diagram", "svg"]
