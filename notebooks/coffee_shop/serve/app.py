"""TensorFlow Serving's REST API over HTTP: predict, status and metadata of one model, and its health.

Left out: labels, gRPC, ``classify`` and ``regress``, and binary values.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from coffee_shop.serve.requests import RequestError
from coffee_shop.serve.versions import ServedModel

POLL_SECONDS = 1.0  # as TensorFlow Serving does
MAX_BYTES = 16 * 2**20  # of a request: some 30,000 customers

router = APIRouter()
logger = logging.getLogger(__name__)


def create_app(model: ServedModel) -> FastAPI:
    """Return the application that serves ``model`` and watches its folder while it runs."""

    @contextlib.asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(_watch(model))
        yield
        watch.cancel()

    # The pages of documentation that FastAPI offers fetch their scripts from elsewhere.
    app = FastAPI(lifespan=watching, openapi_url=None)
    app.state.model = model
    app.include_router(router)
    app.add_exception_handler(RequestError, lambda _, error: _error(error.status, str(error)))
    app.add_exception_handler(HTTPException, _malformed)
    app.add_exception_handler(Exception, lambda *_: _error(500, "the server failed; its log says why"))
    return app


async def _watch(model: ServedModel) -> None:
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            for change in await run_in_threadpool(model.refresh):
                logger.info(change)
        except OSError as error:  # a folder that is being moved; look again
            logger.warning("cannot look for versions: %s", error)


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


def _malformed(request: Request, error: HTTPException) -> JSONResponse:
    return _error(error.status_code, f"Malformed request: {request.method} {request.url.path}")


def _asked(request: Request) -> tuple[ServedModel, int | None]:
    """Return the model, if it is the one asked for, and the number of the version, if one is asked for."""
    model, name = request.app.state.model, request.path_params["name"]
    if name != model.name:
        raise RequestError(404, f"Servable not found for request: Latest({name}); this server has {model.name}")
    return model, request.path_params.get("version")


Asked = Annotated[tuple[ServedModel, int | None], Depends(_asked)]


async def _body(request: Request) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():  # to its end: who is still sending does not hear the answer
        size += len(chunk)
        if size <= MAX_BYTES:
            body += chunk
    if size > MAX_BYTES:
        raise RequestError(413, f"the request is larger than {MAX_BYTES:,} bytes; send fewer rows at a time")
    return bytes(body)


@router.post("/v1/models/{name}:predict")
@router.post("/v1/models/{name}/versions/{version:int}:predict")
async def predict(asked: Asked, request: Request) -> dict[str, list[float]]:
    """Answer for raw customers, by row or by column."""
    model, number = asked
    return await run_in_threadpool(model.version(number).answer, await _body(request))


@router.get("/v1/models/{name}")
@router.get("/v1/models/{name}/versions/{version:int}")
async def status(asked: Asked) -> dict[str, Any]:
    """Say which versions there are and whether they can be asked."""
    model, number = asked
    return model.status(number)


@router.get("/v1/models/{name}/metadata")
@router.get("/v1/models/{name}/versions/{version:int}/metadata")
async def metadata(asked: Asked) -> dict[str, Any]:
    """Describe inputs and outputs."""
    model, number = asked
    signatures = model.version(number).signatures
    shown = model.newest() if number is None else number
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": str(shown)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """Say whether there is a version that can answer: status 200, or 503."""
    newest = request.app.state.model.newest()
    return JSONResponse({"status": "ok" if newest else "no version"}, 200 if newest else 503)
