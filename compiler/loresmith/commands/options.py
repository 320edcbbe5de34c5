"""The options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

RecipeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RECIPE]",
        help="A recipe's name or file; default: the largest of Gemma that this machine can run.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only the result.")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
