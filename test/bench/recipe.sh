#!/bin/sh
# An enrollment as an administrator would do it by hand: pkcs11-tool, openssl, curl. For the bench.
#   recipe.sh MODULE LABEL FOLDER      FOLDER: see floor.c. The PIN comes by the environment (TOKEN_PIN).
set -eu
module=$1 label=$2
cd "$3"
id=$(printf '%04x%04x' $$ "$(date +%N | tail -c 5 | sed 's/^0*//;s/^$/0/')")

token() { pkcs11-tool --module "$module" --token-label "$label" --login --pin env:TOKEN_PIN "$@" 2>tool.log >tool.out; }
byte() { printf "\\$(printf '%03o' "$1")"; }
# A DER element of tag $1 (octal) around file $2.
element() {
  length=$(wc -c <"$2")
  printf "\\$1"
  if [ "$length" -gt 255 ]; then printf '\202'; byte $((length / 256)); byte $((length % 256))
  elif [ "$length" -gt 127 ]; then printf '\201'; byte "$length"
  else byte "$length"; fi
  cat "$2"
}

token --keypairgen --key-type EC:prime256v1 --id "$id" --label recipe --usage-sign
token --read-object --type pubkey --id "$id" --output-file key.der
{ printf '\002\001\000'; cat subject.der key.der; printf '\240\000'; } >info.content
element 060 info.content >info.der
openssl dgst -sha256 -binary info.der >info.hash
token --sign --mechanism ECDSA --signature-format openssl --id "$id" --input-file info.hash --output-file signature.der
{ printf '\000'; cat signature.der; } >signature.bits
{ cat info.der; printf '\060\012\006\010\052\206\110\316\075\004\003\002'; element 003 signature.bits; } >request.content
element 060 request.content >request.der
openssl req -inform DER -in request.der -verify -noout 2>verify.log
openssl base64 -in request.der -out request.b64
curl -q -K curl.conf --data-binary @request.b64 -o answer.b64
openssl base64 -d -in answer.b64 -out answer.der
openssl pkcs7 -inform DER -in answer.der -print_certs -out chain.pem
openssl x509 -in chain.pem -outform DER -out certificate.der
token --write-object certificate.der --type cert --id "$id" --label recipe
printf 'challenge' | openssl dgst -sha256 -binary >challenge.hash
token --sign --mechanism ECDSA --signature-format openssl --id "$id" --input-file challenge.hash --output-file proof.der
openssl x509 -in chain.pem -pubkey -noout >public.pem
openssl pkeyutl -verify -pubin -inkey public.pem -sigfile proof.der -in challenge.hash >/dev/null
