"""Receive what a request sends, within limits of size and time that hold whatever its headers say."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.types import Message

from autograder.service.records import Records
from autograder.service.settings import Service

_FORM = 10_000  # bytes of a form besides its file


@asynccontextmanager
async def received_notebook(request: Request, records: Records, settings: Service) -> AsyncIterator[tuple[Path, str]]:
    """Give the notebook that a request sends, as a file in `Records.incoming`, and its name there and then.

    A form sends it in the field ``notebook``; any other request sends it as its body, and its name in the query. The
    file is deleted afterwards, unless it was moved.

    Raises
    ------
    HTTPException
        If it is too large, takes too long, or if the form has no such file.
    """
    file = records.incoming / f"{secrets.token_hex(8)}.ipynb"
    try:
        async with _patience(settings):
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                name = await _receive_form(limited(request, settings.largest_upload + _FORM), file)
            else:
                name = request.query_params.get("name", "")
                with file.open("wb") as target:
                    async for chunk in limited(request, settings.largest_upload).stream():
                        target.write(chunk)
        if file.stat().st_size > settings.largest_upload:
            raise too_large(settings.largest_upload)
        yield file, name
    finally:
        file.unlink(missing_ok=True)


async def read_form(request: Request, settings: Service, limit: int) -> dict[str, str]:
    """Return the fields of a form that holds no file.

    Raises
    ------
    HTTPException
        If the form has more bytes than ``limit``, or takes too long.
    """
    async with _patience(settings):
        form = await limited(request, limit).form(max_files=0, max_fields=20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def limited(request: Request, limit: int) -> Request:
    """Return a request whose body may have so many bytes: reading more of it raises `HTTPException`."""
    if int(request.headers.get("content-length") or 0) > limit:  # the server has made sure that it is a number
        raise too_large(limit)
    count = 0

    async def receive() -> Message:
        nonlocal count
        message = await request.receive()
        count += len(message.get("body", b""))
        if count > limit:
            raise too_large(limit)
        return message

    return Request(request.scope, receive)


def too_large(limit: int) -> HTTPException:
    """Return the error for what has more bytes than it may."""
    return HTTPException(413, f"This is larger than {limit / 1e6:g} MB, the most that can be handed in.")


@asynccontextmanager
async def _patience(settings: Service) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(settings.upload_time):
            yield
    except TimeoutError:
        raise HTTPException(408, f"Sending this took longer than {settings.upload_time} s.") from None


async def _receive_form(request: Request, file: Path) -> str:
    """Write the file of a form to a file, and return its name."""
    async with request.form(max_files=1, max_fields=1) as form:
        upload = form.get("notebook")
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise HTTPException(422, "Choose a file first.")
        with file.open("wb") as target:
            await run_in_threadpool(shutil.copyfileobj, upload.file, target)
        return upload.filename
