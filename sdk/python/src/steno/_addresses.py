"""Whose language is spoken at an address that is no provider's own: by the environment, and by the library that asks."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any, Iterable, List, Optional, Tuple, Union

from . import _core

# Where the official libraries, and what is built on them, ask when they are not told another address.
_VARIABLES = {
    "OPENAI_BASE_URL": "openai",
    "OPENAI_API_BASE": "openai",
    "AZURE_OPENAI_ENDPOINT": "azure",
    "ANTHROPIC_BASE_URL": "anthropic",
    "ANTHROPIC_BEDROCK_BASE_URL": "bedrock",
    "ANTHROPIC_VERTEX_BASE_URL": "vertex",
    "GOOGLE_GEMINI_BASE_URL": "gemini",
    "GOOGLE_VERTEX_BASE_URL": "vertex",
    "CO_API_URL": "cohere",
    "OLLAMA_HOST": "ollama",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "bedrock",
}
# How they name themselves to whomever they ask (User-Agent, without "Async"): what a request to an address that nobody
# knows is written in.
_LIBRARIES = (
    ("openai/", "openai"),
    ("azureopenai/", "azure"),
    ("anthropicbedrock", "bedrock"),
    ("anthropicvertex", "vertex"),
    ("anthropic", "anthropic"),
    ("google-genai-sdk/", "gemini"),
    ("cohere/", "cohere"),
    ("mistral-client-python/", "mistral"),
    ("ollama-python/", "ollama"),
    ("boto3/", "bedrock"),
)


def of_the_environment() -> List[Tuple[str, str]]:
    """As instrument's `hosts`: (host and begin of the path, provider)."""
    named = []
    for variable, provider in _VARIABLES.items():
        try:
            url = urllib.parse.urlsplit(os.environ.get(variable, ""))
            host, port = url.hostname or "", url.port
        except ValueError:
            continue  # no URL
        if not host or (port in (None, 443) and _core.is_providers_own(host)):
            continue
        if port is not None and port != {"http": 80, "https": 443}.get(url.scheme):
            host = f"{host}:{port}"
        named.append((host + url.path.rstrip("/").removesuffix("/v1") + "/", provider))
    return named


def of_the_library(headers: Iterable[Tuple[Union[str, bytes], Any]], target: str) -> Optional[str]:
    """The provider whose official library makes a request with these headers."""
    for name, value in headers:
        if len(name) == 10 and name.lower() in ("user-agent", b"user-agent"):
            agent = (value.decode("latin-1") if isinstance(value, bytes) else str(value)).lower().removeprefix("async")
            provider = next((provider for begin, provider in _LIBRARIES if agent.startswith(begin)), None)
            return "vertex" if provider == "gemini" and "/projects/" in target else provider
    return None
