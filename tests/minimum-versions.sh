#!/bin/sh
# Installs the lowest version of each direct dependency that pyproject.toml allows into a temporary
# environment, and runs the demo and the unit tests with it. Needs uv.
set -eu
cd "$(dirname "$0")/.."
UV=${UV:-uv}
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$UV" venv --quiet --python "$PYTHON" "$folder/venv"
# The program's own dependencies have their lowest versions, the tools of the tests their newest.
"$UV" pip compile --quiet --python "$folder/venv/bin/python" --resolution lowest-direct \
    --extra keyring --extra s3 --extra azure --extra gcs pyproject.toml -o "$folder/lowest.txt"
"$UV" pip compile --quiet --python "$folder/venv/bin/python" --extra dev --constraint "$folder/lowest.txt" \
    pyproject.toml -o "$folder/all.txt"
"$UV" pip install --quiet --python "$folder/venv/bin/python" -r "$folder/all.txt"
"$UV" pip install --quiet --python "$folder/venv/bin/python" --no-deps -e .
cd "$folder" && "$folder/venv/bin/batch-import" demo
cd "$OLDPWD" && "$folder/venv/bin/python" -m pytest -q -n "${JOBS:-2}" tests/unit tests/hostile
