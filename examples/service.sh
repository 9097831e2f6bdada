# Functions shared by the examples; each begins with `. "$(dirname "$0")/service.sh"`. For bash 3.2 (macOS) on, with curl.
#
#   TRAINYARD_URL   URL of the service; by default http://127.0.0.1:8000
#   TRAINYARD_KEY   API key, if the service requires one
# shellcheck shell=bash

set -euo pipefail

service=${TRAINYARD_URL:-http://127.0.0.1:8000}
service=${service%/}

# Status and body of the last response.
status=
answer=

say() { printf '\n# %s\n' "$*"; }

fail() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# curl configuration with the key: on a command line every user of the machine could read it.
key_settings() {
    if [ -n "${TRAINYARD_KEY:-}" ]; then
        printf 'header = "Authorization: Bearer %s"\n' "$TRAINYARD_KEY"
    fi
}

# request METHOD PATH [CURL'S ARGUMENTS]
request() {
    local method=$1 path=$2 output
    shift 2
    output=$(curl --silent --show-error --max-time 120 --request "$method" --config <(key_settings) \
        --write-out '\n%{http_code}' "$@" "$service$path") || fail "No answer from $service. Start one: make up"
    status=${output##*$'\n'}
    answer=${output%$'\n'*}
}

# ask METHOD PATH [CURL'S ARGUMENTS]: send a request; show it and the beginning of the response.
ask() {
    local method=$1 path=$2 argument
    shift 2
    printf '\n$ curl'
    [ "$method" = GET ] || printf ' -X %s' "$method"
    printf ' %s' "$service$path"
    for argument in "$@"; do
        case $argument in
        -*) printf ' %s' "$argument" ;;
        *) printf " '%s'" "${argument:0:200}" ;;
        esac
    done
    request "$method" "$path" "$@"
    printf '\nHTTP %s\n%s\n' "$status" "${answer:0:500}"
}

# expect STATUS [TEXT...]: check the status and the body of the last response.
expect() {
    [ "$status" = "$1" ] || fail "Expected status $1, got $status: $answer"
    shift
    local text
    for text in "$@"; do
        case $answer in
        *"$text"*) ;;
        *) fail "Expected $text in the response, got: $answer" ;;
        esac
    done
}

# field NAME: the first value of that name in the last response, without quotes.
field() {
    local found
    found=$(printf '%s' "$answer" | grep -oE "\"$1\":(\"[^\"]*\"|[-+0-9.a-zA-Z]*)" | head -n 1) || true
    found=${found#*:}
    found=${found#\"}
    printf '%s' "${found%\"}"
}

# expect_number NAME RELATION NUMBER: for example `expect_number loss '<' 0.1`.
expect_number() {
    local value
    value=$(field "$1")
    awk -v value="$value" -v wanted="$3" "BEGIN { exit !(value != \"\" && value + 0 $2 wanted + 0) }" ||
        fail "Expected $1 $2 $3, got '$value' in: $answer"
}

# wait_for_run ID [STATE]: poll until the run has reached the state, by default succeeded, for 5 minutes at most. The
# run is the last response.
wait_for_run() {
    local wanted=${2:-succeeded} tries=600 state
    while [ "$tries" -gt 0 ]; do
        request GET "/v1/runs/$1"
        expect 200
        state=$(field state)
        case $state in
        "$wanted") return ;;
        succeeded | failed | cancelled) fail "Expected the run $1 to be $wanted, it is $state: $answer" ;;
        esac
        sleep 0.5
        tries=$((tries - 1))
    done
    fail "The run $1 is not $wanted after 5 minutes; it is $state."
}

# train BODY: submit a run and wait until it has succeeded; the run is the last response.
train() {
    ask POST /v1/runs --data "$1"
    expect 202 '"state":"queued"'
    wait_for_run "$(field id)"
    printf 'It succeeded and is version %s of %s.\n' "$(field version)" "$(field model)"
}

# need_model NAME BODY: train a model unless the service has it already.
need_model() {
    ask GET "/v1/models/$1"
    [ "$status" = 200 ] || train "$2"
}
