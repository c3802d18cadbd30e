#!/bin/sh
# Renew requirements.lock after a change in pyproject.toml; what needs no change stays as it is.
# No index address gets in: a lock must not carry where somebody happened to download from.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .build/uv/bin/uv)
"$uv" pip compile --quiet pyproject.toml --group dev --group wall --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock
