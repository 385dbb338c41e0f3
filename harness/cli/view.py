"""`harness view`: the site from a server on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Results
from harness.cli.output import result, say
from harness.errors import UsageError


def view(
    results: Results = Path("results"),
    reports: Annotated[
        Path, typer.Option("--reports", help="Folder with decision reports in compare/.")
    ] = Path("reports"),
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Serve the report to this machine only, with every sample in full, until Ctrl-C."""
    from harness.report.view import Viewer, ViewServer

    say("reading the runs ...")
    viewer = Viewer(results, reports)
    for reason in viewer.left_out:
        say(f"left out: {reason}")
    try:
        server = ViewServer(viewer, port)
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used ({error}); name another with --port"
        ) from error
    with server:
        result(f"{server.address} is open to this machine; stop it with Ctrl-C")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")
