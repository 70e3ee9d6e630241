# Sourced by ./dev: what the user sees while something runs.

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# step <title> <log name> <command...>: runs the command with its output in .deps/log/<log name>.log. Prints one line
# that says how long it took, and while it runs the log's last line: in place on a terminal, every 15 s elsewhere.
# When the command fails, prints the end of its log and returns the command's exit code.
step() {
    local title=$1 log="$deps/log/$2.log"
    shift 2
    mkdir -p "$deps/log"
    local begin=$SECONDS code=0 ticks=0 last
    "$@" >"$log" 2>&1 </dev/null 9>&- &
    local pid=$!
    # bash starts what runs in the background deaf to Ctrl-C.
    trap 'kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fail "$title: stopped."' INT TERM HUP
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.1
        ticks=$((ticks + 1))
        if [[ -t 1 ]] && ((ticks % 5 == 0)); then
            last=$(tail -c 400 "$log" | tr '\r\t' '\n ' | tr -cd '[:print:]\n' | grep -v '^ *$' | tail -n 1)
            printf '\r\033[K%s' "$(printf '%s %ds  %s' "$title" $((SECONDS - begin)) "$last" | cut -c "-$((${COLUMNS:-80} - 1))")"
        elif ! [[ -t 1 ]] && ((ticks % 150 == 0)); then
            last=$(tail -c 400 "$log" | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c -100)
            say "$title: $((SECONDS - begin)) s  $last"
        fi
    done
    wait "$pid" || code=$?
    trap - INT TERM HUP
    [[ -t 1 ]] && printf '\r\033[K'
    if ((code != 0)); then
        say "$title: failed after $((SECONDS - begin)) s (whole output: ${log#"$root"/})"
        if grep -q '^FAILED:' "$log"; then
            sed -n '/^FAILED:/,$p' "$log" | grep -v '^\[[0-9]*/[0-9]*\] ' | head -n 80 >&2
        else
            tail -n 40 "$log" >&2
        fi
        return "$code"
    fi
    if ((SECONDS - begin >= 2)); then say "$title: done in $((SECONDS - begin)) s"; fi
}
