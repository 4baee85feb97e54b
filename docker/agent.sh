#!/bin/sh
# A customer's PC in a container: a SoftHSM token, the bank's profile, a scripted human, and the agent.
set -eu
umask 077
cd /desk
PIN=${TOKEN_PIN:-246810}
if [ ! -d tokens ]; then
  mkdir -p tokens config/profiles state
  printf 'directories.tokendir = /desk/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' >softhsm2.conf
  SOFTHSM2_CONF=/desk/softhsm2.conf softhsm2-util --init-token --free --label desk --so-pin 12345678 --pin "$PIN"
  printf '%s' "$PIN" >pin
  printf '{"consent":"approve","pinFile":"/desk/pin"}' >human.json
  module=$(find /usr/lib -name libsofthsm2.so -path '*softhsm*' | head -n 1)
  printf '{"version":1,"modules":[{"path":"%s","environment":{"SOFTHSM2_CONF":"/desk/softhsm2.conf"}}]}' \
    "$(readlink -f "$module")" >config/agent.json
fi
# The bank writes its profile when it starts.
until [ -s /shared/profile.json ]; do sleep 0.2; done
cp /shared/profile.json config/profiles/bank.json
export INKAN_CONFIG_DIR=/desk/config INKAN_STATE_DIR=/desk/state
exec node /inkan/dist/bundle-scripted/agent/cli/index.js serve --scripted-human /desk/human.json
