#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: the journal gets a user and a database of its own.
set -eu
# Read by itself, so that a file that cannot be read ends this; and handed on where no list of processes shows it.
password="$(cat /run/secrets/journal-password)"
: "${password:?the file journal-password is empty}"
JOURNAL_PASSWORD="$password" psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<'SQL'
\getenv password JOURNAL_PASSWORD
CREATE ROLE vcfm LOGIN PASSWORD :'password';
CREATE DATABASE vcfm OWNER vcfm;
SQL
