# Sourced by ./dev: `./dev up` builds, starts Steno and, where no provider key is in the environment, the simulated
# providers and a minute of demo traffic. Everything it starts ends with it.

up_usage="./dev up [--listen HOST:PORT] [--data DIR] [--no-demo]"
started=()

# In the reverse order of their start: the traffic, then Steno, which records what is under way, then the simulator.
# A second Ctrl-C waits for nothing.
stop_all() {
    local pid
    trap 'kill -KILL "${started[@]}" 2>/dev/null; exit 1' INT TERM HUP
    for ((pid = ${#started[@]} - 1; pid >= 0; pid--)); do
        kill -TERM "${started[pid]}" 2>/dev/null || continue
        wait "${started[pid]}" 2>/dev/null || true
    done
    started=()
}

# port_free HOST:PORT: nobody accepts connections there.
port_free() { ! (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# start <name> <command...>: in the background, its output in .deps/log/<name>.log. In a session of its own, so that
# Ctrl-C reaches ./dev alone, which ends them in order.
start() {
    local log=$deps/log/$1.log
    shift
    mkdir -p "$deps/log"
    setsid "$@" >"$log" 2>&1 </dev/null &
    started+=($!)
}

# ready <HOST:PORT> <path> <pid> <name> [status]: waits until GET answers with that (200), or says why it will not.
ready() {
    local begin=$SECONDS answer
    while true; do
        if exec 3<>"/dev/tcp/${1%:*}/${1##*:}"; then
            printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
            read -r -t 5 answer <&3 || answer=
            exec 3>&-
            [[ $answer =~ ^HTTP/1.1\ ${5:-200} ]] && return
        fi 2>/dev/null
        if ! kill -0 "$3" 2>/dev/null; then
            tail -n 20 "$deps/log/$4.log" >&2
            fail "$4 ended before it was ready; what it said is above (.deps/log/$4.log)."
        fi
        ((SECONDS - begin < 120)) || fail "$4 is not ready after 120 s; see .deps/log/$4.log."
        ((SECONDS - begin < 3 || (SECONDS - begin) % 10)) || say "Waiting for $4 ($((SECONDS - begin)) s): ${answer:-no answer}"
        sleep 0.05
    done
}

cmd_up() {
    local listen=127.0.0.1:8787 data=$root/steno-data demo=yes
    while (($# > 0)); do
        case $1 in
            --listen) listen=${2:?"$up_usage"}; shift 2 ;;
            --data) data=${2:?"$up_usage"}; shift 2 ;;
            --no-demo) demo=no; shift ;;
            *) fail "$up_usage: '$1' is not among these." ;;
        esac
    done
    [[ $listen =~ ^[^:]+:[0-9]+$ ]] || fail "--listen takes HOST:PORT, for example 127.0.0.1:8787 (this is '$listen')."
    port_free "$listen" || fail "Something already listens on $listen (another ./dev up?). Stop it, or: ./dev up --listen 127.0.0.1:8788"

    need_packages "${build_packages[@]}"
    build_release steno
    unlock
    local steno=$root/build/release/steno upstreams=() name simulator
    if [[ ${OPENAI_API_KEY:-}${ANTHROPIC_API_KEY:-}${GEMINI_API_KEY:-}${GOOGLE_API_KEY:-} ]]; then demo=no; fi
    trap 'stop_all; exit 0' INT TERM HUP
    trap stop_all EXIT
    if [[ $demo == yes ]]; then
        simulator=127.0.0.1:$((${listen##*:} + 1))
        port_free "$simulator" || fail "Something already listens on $simulator, where the simulated providers would. Stop it, or: ./dev up --listen 127.0.0.1:$((${listen##*:} + 10))"
        start sim "$steno" sim --listen "$simulator" --seed 1
        ready "$simulator" / "${started[-1]}" sim '...'
        for name in openai anthropic gemini; do upstreams+=(--upstream "$name=http://$simulator/$name"); done
    fi
    start serve "$steno" serve --data "$data" --listen "$listen" "${upstreams[@]}"
    local serve=${started[-1]}
    ready "$listen" /readyz "$serve" serve

    cat <<TEXT
Steno is ready. The page: http://$listen/

  OpenAI      base URL  http://$listen/openai/v1      (OPENAI_BASE_URL)
  Anthropic   base URL  http://$listen/anthropic      (ANTHROPIC_BASE_URL)
  Gemini      base URL  http://$listen/gemini         (GOOGLE_GEMINI_BASE_URL)

Calls are kept in ${data#"$PWD"/}. Ctrl-C stops everything.
TEXT
    if [[ $demo == yes ]]; then
        say "No provider key is set: the providers above are simulated, with a minute of demo traffic."
    fi
    say "The calls as they arrive:"
    setsid "$steno" calls tail --server "http://$listen" </dev/null &
    started+=($!)
    [[ $demo == no ]] || start demo "$steno" demo --server "http://$listen" --minutes 1
    local code=0
    wait "$serve" || code=$?
    tail -n 20 "$deps/log/serve.log" >&2
    fail "Steno ended by itself with exit code $code; what it said last is above (.deps/log/serve.log)."
}
