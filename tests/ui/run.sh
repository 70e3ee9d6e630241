#!/usr/bin/env bash
# run.sh units | page: the page's tests with the project's own Node, or any other that is new enough.
# Environment of `page`: STENO_BINARY (default build/release/steno), or STENO_TEST_URL for a server that already runs;
# STENO_TEST_SHOTS, a folder for the screenshots.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
skip() {
    echo "skipped: $1"
    exit 77
}

node=$root/.deps/node/bin/node
[[ -x $node ]] || node=$(command -v node) || skip "there is no node"
"$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' ||
    skip "$node is older than Node 22"
[[ -d $root/ui/node_modules/playwright-core ]] || skip "ui/node_modules is not installed (npm --prefix ui ci)"

case ${1:-} in
units)
    cd "$root/ui"
    exec "$node" node_modules/vitest/vitest.mjs run
    ;;
page)
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "there is no chromium"
    if [[ -z ${STENO_TEST_URL:-} ]]; then
        STENO_BINARY=${STENO_BINARY:-$root/build/release/steno}
        [[ -x $STENO_BINARY ]] || skip "$STENO_BINARY is not built"
        export STENO_BINARY
    fi
    STENO_CHROMIUM=$chromium exec "$node" --test --test-concurrency=1 \
        "$root"/tests/ui/*.test.mjs
    ;;
*)
    echo "usage: run.sh units | page" >&2
    exit 2
    ;;
esac
