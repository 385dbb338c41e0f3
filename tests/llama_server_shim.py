#!/usr/bin/env python3
"""Stands in for a `llama-server` binary: takes its flags, serves through xllamacpp.

Understands the flags harness passes and nothing else, as the real one would. SHIM_LOG names a
file that gets one line for each start.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

import xllamacpp


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("model", "host", "cache-type-k", "cache-type-v", "flash-attn", "fit"):
        parser.add_argument(f"--{flag}")
    for flag in ("port", "ctx-size", "parallel", "threads", "threads-batch", "cache-ram"):
        parser.add_argument(f"--{flag}", type=int)
    for flag in ("swa-full", "no-webui", "jinja"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--chat-template", default="")
    arguments = parser.parse_args()
    print("llama-server shim: served by xllamacpp", file=sys.stderr)
    log = os.environ.get("SHIM_LOG")
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {' '.join(sys.argv[1:])}\n")
    params = xllamacpp.CommonParams()
    params.model.path = arguments.model
    params.hostnames = [arguments.host]
    params.port = arguments.port
    params.n_ctx = arguments.ctx_size
    params.n_parallel = arguments.parallel
    params.cpuparams.n_threads = arguments.threads
    params.cpuparams_batch.n_threads = arguments.threads_batch
    params.cache_type_k = getattr(
        xllamacpp.ggml_type, f"GGML_TYPE_{arguments.cache_type_k.upper()}"
    )
    params.cache_type_v = getattr(
        xllamacpp.ggml_type, f"GGML_TYPE_{arguments.cache_type_v.upper()}"
    )
    flash = {"auto": "AUTO", "on": "ENABLED", "off": "DISABLED"}[arguments.flash_attn]
    params.flash_attn_type = getattr(
        xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{flash}"
    )
    params.cache_ram_mib = arguments.cache_ram
    params.fit_params = arguments.fit != "off"
    params.swa_full = arguments.swa_full
    params.chat_template = arguments.chat_template
    params.api_keys = [os.environ["LLAMA_API_KEY"]]
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", file=sys.stderr)
    threading.Event().wait()


if __name__ == "__main__":
    main()
