#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Create a read-only key; the complete key is shown only once"
ask POST /v1/keys --data '{"name": "tour", "scopes": ["read"], "lifetime_seconds": 600}'
expect 201 '"scopes":["read"]' '"state":"live"'
key=$(field key)
prefix=$(field prefix)
trap 'request DELETE "/v1/keys/$prefix"' EXIT

say "List the keys, without their secrets: only hashes are stored"
ask GET /v1/keys
expect 200 "\"prefix\":\"$prefix\""
case $answer in
*"$key"*) fail "The list shows a secret." ;;
esac

say "List runs with that key"
TRAINYARD_KEY=$key ask GET '/v1/runs?limit=1'
expect 200 '"items":'

# A service on loopback accepts requests without keys, unless it is configured to require them.
TRAINYARD_KEY='' request GET '/v1/runs?limit=1'
if [ "$status" = 401 ]; then
    asks_for_keys=yes
else
    asks_for_keys=no
fi

if [ "$asks_for_keys" = yes ]; then
    say "The key cannot submit runs"
    TRAINYARD_KEY=$key ask POST /v1/runs --data '{"preset": "perceptron-or"}'
    expect 403 submit
fi

say "Revoke it"
ask DELETE "/v1/keys/$prefix"
expect 204
ask GET /v1/keys
expect 200 '"state":"revoked"'

if [ "$asks_for_keys" = yes ]; then
    say "It is rejected by every API process within 5 seconds"
    sleep 5
    TRAINYARD_KEY=$key ask GET '/v1/runs?limit=1'
    expect 401 revoked
fi
