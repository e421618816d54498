#!/bin/sh
# Temporal's two databases, made or brought up to this release's schema; safe to repeat.
set -eu
SQL_PASSWORD="$(cat /run/secrets/postgres-password)"
export SQL_PASSWORD
for database in temporal:temporal temporal_visibility:visibility; do
    tool="temporal-sql-tool --plugin postgres12_pgx --endpoint postgresql --port 5432 --user temporal --database ${database%:*}"
    $tool create-database
    $tool setup-schema --version 0.0
    $tool update-schema --schema-name "postgresql/v12/${database#*:}"
done
