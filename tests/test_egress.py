"""The guard of conftest.py works: nothing leaves this machine, whichever way it tries."""

import asyncio
import socket

import pytest

from harness.models.transport import HttpClient

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody is there


def test_a_plain_connection_is_refused():
    with socket.socket() as plain, pytest.raises(AssertionError, match="tried to connect"):
        plain.connect((ELSEWHERE, 80))


def test_the_client_of_hosted_models_is_refused():
    async def ask():
        client = HttpClient(f"http://{ELSEWHERE}")
        try:
            await client.post_json("/v1/chat/completions", {}, deadline=5)
        finally:
            await client.close()

    with pytest.raises(AssertionError, match="tried to connect"):
        asyncio.run(ask())


def test_the_loopback_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
