#!/bin/sh
# Builds the agent's and the bank's image where no container engine is: buildah in a chroot on a base made by debootstrap,
# as root. Then the agent in its image enrolls with the bank in its image. Needs: buildah debootstrap.
#   docker/test-build.sh [MIRROR]
set -eu
cd "$(dirname "$0")/.."
mirror=${1:-http://deb.debian.org/debian}
for program in buildah debootstrap; do
  command -v "$program" >/dev/null || { echo "Not run: apt-get install $program"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo 'Not run: debootstrap needs root'; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
if ! buildah inspect --type image localhost/inkan-base >/dev/null 2>&1; then
  debootstrap --variant=minbase trixie "$scratch/base" "$mirror" >"$scratch/log" 2>&1 || { tail "$scratch/log"; exit 1; }
  rm -rf "$scratch"/base/var/cache/apt/archives/*.deb
  container=$(buildah from scratch)
  buildah add -q "$container" "$scratch/base" / >/dev/null
  buildah commit -q --rm "$container" localhost/inkan-base >/dev/null
fi
# A company's network may have a CA of its own, which npm must know.
set --
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  set -- --volume "$NODE_EXTRA_CA_CERTS:/run/extra-ca.pem:ro" --env NODE_EXTRA_CA_CERTS=/run/extra-ca.pem
fi
for target in agent bank; do
  buildah build -q --format docker "$@" --build-arg BASE=localhost/inkan-base --target "$target" -t "inkan-$target" -f docker/Dockerfile .
done
buildah images --format '{{.Name}} {{.Size}}'
