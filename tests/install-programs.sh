#!/bin/sh
# Installs the programs that some tests need: Chromium for tests/browser, LibreOffice for
# tests/office, systemd-analyze for tests/docs, libfaketime for tests/crash. On other systems than Debian, or without root, it says what is missing.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v soffice >/dev/null || missing="$missing libreoffice-calc-nogui"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v faketime >/dev/null || missing="$missing faketime"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Missing, so some tests are skipped:$missing" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
apt-get install -qq -y --no-install-recommends $missing >/dev/null
