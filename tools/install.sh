#!/bin/sh
# Fill .venv with exactly what requirements.lock names, and with this project, editable.
# Needs Python 3.11 or later with pip or venv; uv is fetched into .build/uv when it is not on PATH.
set -eu
cd "$(dirname "$0")/.."

find_python() {
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "Python 3.11 or later is needed: install the Debian package python3 (or set PYTHON)." >&2
    return 1
}

# pip installs into a folder, so that neither venv nor write access to the system is needed.
private_uv() {
    if ! .build/uv/bin/uv --version >/dev/null 2>&1; then
        rm -rf .build/uv
        pip="$1 -m pip"
        if ! $pip --version >/dev/null 2>&1; then
            if ! "$1" -m venv .build/pip >&2; then
                echo "pip is needed: install the Debian package python3-pip (or python3-venv)." >&2
                return 1
            fi
            pip=".build/pip/bin/python -m pip"
        fi
        $pip install --quiet --root-user-action=ignore --no-deps --require-hashes \
            --target .build/uv -r tools/uv.lock >&2
    fi
    echo .build/uv/bin/uv
}

python=$(find_python)
uv=$(command -v uv) || uv=$(private_uv "$python")
export UV_PYTHON_DOWNLOADS=never

[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$python" .venv
export VIRTUAL_ENV="$PWD/.venv"
"$uv" pip sync --quiet --require-hashes requirements.lock
"$uv" pip install --quiet --no-deps --editable .
touch .venv/installed
echo "Installed into .venv: $(.venv/bin/python --version), $("$uv" --version)."
