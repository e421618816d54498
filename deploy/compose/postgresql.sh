#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: the journal gets a user and a database of its own.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/journal-password)" --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE vcfm LOGIN PASSWORD :'password';
CREATE DATABASE vcfm OWNER vcfm;
SQL
