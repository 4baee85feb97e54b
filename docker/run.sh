#!/bin/sh
# One command for CI: builds the images, walks the journey, takes everything down. Exit status 0 only if it was walked.
set -eu
cd "$(dirname "$0")/.."
if ! docker compose version >/dev/null 2>&1; then
  echo 'The journey in containers: not run (docker compose is not here). docker/test-build.sh builds without an engine.'
  exit 77
fi
status=0
docker compose -f docker/compose.yaml up --build --exit-code-from browser || status=$?
docker compose -f docker/compose.yaml down --volumes
exit "$status"
