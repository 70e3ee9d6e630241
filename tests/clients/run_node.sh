#!/usr/bin/env bash
# run_node.sh FILE.test.mjs: with the project's own Node, or any other that is new enough. Ends with 77 if there is none.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
skip() {
    echo "skipped: $1"
    exit 77
}
node=$here/../../.deps/node/bin/node
[[ -x $node ]] || node=$(command -v node) || skip "there is no node"
"$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' || skip "$node is older than Node 22"
[[ -d $here/node_modules/openai ]] || skip "tests/clients/node_modules is not installed (npm --prefix tests/clients ci)"
cd "$here"
exec "$node" --test --test-reporter=spec "$@"
