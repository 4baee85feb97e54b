#!/bin/sh
# For CI: builds the images, runs one acquisition, and removes the containers. The exit status is 0 only if the acquisition succeeded.
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
