#!/usr/bin/env bash
# run_compare.sh ENCODE: with the project's own Node, or any other that is new enough. Ends with 77 if there is none.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$here/../../.deps/node/bin/node
[[ -x $node ]] || node=$(command -v node) || { echo "skipped: there is no node"; exit 77; }
exec "$node" "$here/compare.mjs" "$@"
