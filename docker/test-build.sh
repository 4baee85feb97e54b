#!/bin/sh
# Builds the images of the agent and the bank on a machine without a container engine, as root: with buildah in a chroot, on a base
# that debootstrap makes. Then runs agent and bank from their images, in network and process namespaces of their own, and runs one
# acquisition with this machine's Chromium. Needs buildah, debootstrap, chromium and a built checkout. Without Chromium or a build, it
# only makes the images.
#   docker/test-build.sh [MIRROR]
set -eu
cd "$(dirname "$0")/.."
uid=10001
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
# If a company's network has its own CA, npm must know it.
set --
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  set -- --volume "$NODE_EXTRA_CA_CERTS:/run/extra-ca.pem:ro" --env NODE_EXTRA_CA_CERTS=/run/extra-ca.pem
fi
for target in agent bank; do
  buildah build -q --layers --format docker "$@" --build-arg BASE=localhost/inkan-base --target "$target" -t "inkan-$target" -f docker/Dockerfile .
done
buildah images --format '{{.Name}} {{.Size}}'

command -v chromium >/dev/null || { echo 'The journey in containers: not run (no Chromium here)'; exit 0; }
[ -e dist/test/docker/journey.js ] || { echo 'The journey in containers: not run (npm run build first)'; exit 0; }
bank=$(buildah from localhost/inkan-bank)
agent=$(buildah from localhost/inkan-agent)
mkdir "$scratch/shared" "$scratch/bank" "$scratch/home"
chown "$uid:$uid" "$scratch" "$scratch/shared" "$scratch/bank" "$scratch/home"
cat >"$scratch/journey.sh" <<END
ip link set lo up
buildah run --user inkan -v $scratch/shared:/shared -v $scratch/bank:/bank $bank -- \\
  node /inkan/dist/web-bridge/demo/main.js --state /bank --site-port 5410 --ca-port 5411 --est-port 5412 \\
  --profile /shared/profile.json >$scratch/bank.log 2>&1 &
buildah run --user inkan -v $scratch/shared:/shared $agent -- /bin/sh /inkan/docker/agent.sh >$scratch/agent.log 2>&1 &
for second in \$(seq 60); do node docker/healthy.mjs 17157 && break; sleep 1; done
node docker/healthy.mjs 5410
# Runs as the agent's user, because the bridge refuses all others.
setpriv --reuid $uid --regid $uid --clear-groups env HOME=$scratch/home \\
  node dist/test/docker/journey.js http://localhost:5410 $scratch/bank/passwords.json
END
status=0
# A program that buildah started would survive when buildah is killed. It ends when the first process of its namespace ends.
timeout 180 unshare -n --pid --fork --kill-child --mount-proc sh -e "$scratch/journey.sh" || status=$?
buildah rm "$bank" "$agent" >/dev/null
[ "$status" = 0 ] && echo 'The journey in containers: walked' || tail "$scratch"/*.log
exit "$status"
