"""The command line: ``python -m coffee_shop.serve FOLDER``."""

from __future__ import annotations

import argparse
import contextlib
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a model's folder until interrupted; exit with a sentence if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m coffee_shop.serve",
        description="Answer churn predictions over HTTP, as TensorFlow Serving's REST API does. "
        "New versions that appear in the folder are loaded while the server runs.",
    )
    parser.add_argument("folder", help="the model's folder, e.g. models/churn, with its versions in folders 1, 2, ...")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on, 0 for any free one (default: 8501)")
    options = parser.parse_args(arguments)
    if not Path(options.folder).is_dir():
        parser.error(f"{options.folder} is no folder")
    try:
        _serve(options.folder, options.host, options.port)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"{parser.prog}: {error}")


def _serve(folder: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)

    # Not before the command has proved right: TensorFlow takes seconds to import.
    import uvicorn

    from coffee_shop.serve.app import create_app
    from coffee_shop.serve.versions import ServedModel

    model = ServedModel(folder)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
    address = f"[{host}]" if family == socket.AF_INET6 else host
    versions = ", ".join(map(str, sorted(model.versions)))
    logging.info("Serving %s, version %s, on http://%s:%d", model.name, versions, address, listening.getsockname()[1])
    config = uvicorn.Config(create_app(model), log_config=None, log_level="warning", access_log=False)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
