#!/bin/sh
# The server takes its password from the environment alone: put it there as late as possible.
set -eu
POSTGRES_PWD="$(cat /run/secrets/postgres-password)"
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
