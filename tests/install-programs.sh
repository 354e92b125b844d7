#!/bin/sh
# Installs the programs that some tests need: Chromium for tests/browser, LibreOffice for
# tests/office, systemd-analyze for tests/docs, libfaketime for tests/crash, PostgreSQL for
# tests/database, Azurite (an npm package) for tests/end_to_end. On other systems than Debian, or
# without root, it prints which programs are missing.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v soffice >/dev/null || missing="$missing libreoffice-calc-nogui"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v faketime >/dev/null || missing="$missing faketime"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
command -v npm >/dev/null || command -v azurite-blob >/dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Missing, so some tests are skipped:$missing" >&2
        exit 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    # The tests start their own server. The package must not start another one.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
command -v azurite-blob >/dev/null || npm install --global --silent azurite@3 ||
    echo "Missing, so some tests are skipped: azurite" >&2
