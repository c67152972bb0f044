"""The least that FastAPI does for a request: what `serve.py` compares the service with."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/")
async def empty() -> dict[str, str]:
    """Nothing."""
    return {}
