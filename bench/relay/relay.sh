#!/bin/sh
# CPU per request of the bare relay and of nginx as a proxy, one after the other, in front of the same nginx upstream.
# usage: relay.sh [PATH_TO_RELAY [SECONDS] [CONNECTIONS] [BODY_BYTES]]
set -eu
relay=${1:-$(dirname "$0")/../../build/bench/bench/relay/relay} seconds=${2:-8} connections=${3:-32} bytes=${4:-1024}
dir=$(mktemp -d)
trap 'kill $upstream_pid $proxy_pid 2>/dev/null; rm -rf "$dir"' EXIT
head -c "$bytes" /dev/zero | tr '\0' 'x' > "$dir/body"
printf 'wrk.method="POST"\nwrk.body=string.rep("y",512)\nwrk.headers["Content-Type"]="application/json"\nwrk.headers["Authorization"]="Bearer 0123456789012345678901234567890123456789"\n' > "$dir/post.lua"

cat > "$dir/upstream.conf" <<CONF
worker_processes 1; daemon off; pid $dir/upstream.pid; error_log $dir/upstream.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000;
  server { listen 127.0.0.1:19000; location / { default_type application/json; return 200 "$(cat "$dir/body")"; } } }
CONF
cat > "$dir/proxy.conf" <<CONF
worker_processes 1; daemon off; pid $dir/proxy.pid; error_log $dir/proxy.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000;
  upstream up { server 127.0.0.1:19000; keepalive 64; keepalive_requests 100000000; }
  server { listen 127.0.0.1:19001; location / { proxy_pass http://up; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_buffering off; } } }
CONF
nginx -c "$dir/upstream.conf" & upstream_pid=$!
nginx -c "$dir/proxy.conf" & proxy_pid=$!
"$relay" 127.0.0.1:19002 http://127.0.0.1:19000 > "$dir/relay.out" & relay_pid=$!
sleep 1

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
worker() { cat "/proc/$1/task/$1/children" | tr -d ' '; }

measure() {  # NAME PORT PID
  wrk -c "$connections" -t 1 -d 1 -s "$dir/post.lua" "http://127.0.0.1:$2/v1/chat/completions" > /dev/null
  before=$(ticks "$3")
  wrk -c "$connections" -t 1 -d "$seconds" -s "$dir/post.lua" --latency "http://127.0.0.1:$2/v1/chat/completions" > "$dir/wrk"
  after=$(ticks "$3")
  requests=$(awk '/requests in/ {print $1}' "$dir/wrk")
  awk -v n="$1" -v t=$((after - before)) -v r="$requests" -v hz="$(getconf CLK_TCK)" \
    'BEGIN {printf "%-8s %8d requests  %6.2f us CPU a request", n, r, t / hz * 1e6 / r}'
  awk '/Requests\/sec/ {printf "  %8.0f/s", $2} /50%/ {printf "  p50 %s", $2} /99%/ {p = $2} /Non-2xx/ {bad = $NF} END {printf "  p99 %s%s\n", p, bad ? "  BAD " bad : ""}' "$dir/wrk"
}
measure relay 19002 "$relay_pid"
measure nginx 19001 "$(worker "$proxy_pid")"
measure relay 19002 "$relay_pid"
measure nginx 19001 "$(worker "$proxy_pid")"
kill -TERM "$relay_pid"; wait "$relay_pid" || true
