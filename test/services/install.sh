#!/usr/bin/env bash
# Installs what some tests talk to into .cache/services: MiniStack (S3 and more, on loopback), cfn-lint and Lambda's
# runtime interface emulator. Does nothing where it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=test/services/requirements.txt
emulator=test/services/lambda-emulator.txt
folder=.cache/services

if ! command -v python3 >/dev/null; then
  echo 'python3 is missing: install Python 3.10 or later' >&2
  exit 1
fi
if ! cmp -s "$requirements" "$folder/installed.txt"; then
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  # Last: an installation that was interrupted starts over.
  cp "$requirements" "$folder/installed.txt"
fi
if ! cmp -s "$emulator" "$folder/emulator-installed.txt"; then
  case "$(uname -m)" in
    x86_64) architecture=x86_64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) echo "no Lambda runtime emulator for $(uname -m): the tests that need it are skipped" >&2; exit 0 ;;
  esac
  download="$(mktemp -d)"
  trap 'rm -rf "$download"' EXIT
  "$folder/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes --dest "$download" \
    --requirement "$emulator"
  "$folder/bin/python" -m zipfile -e "$download"/aws_sam_cli-*.whl "$download/unpacked"
  install -m 755 "$download/unpacked/samcli/local/rapid/aws-lambda-rie-$architecture" "$folder/bin/aws-lambda-rie"
  cp "$emulator" "$folder/emulator-installed.txt"
fi
