#!/usr/bin/env bash
# Installs what some tests talk to into .cache/services: MiniStack (S3 and more, on loopback), cfn-lint and Lambda's
# runtime interface emulator. Does nothing where it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=test/services/requirements.txt
emulator=test/services/lambda-emulator.txt
folder=.cache/services

bash infra/install-python-tool.sh "$requirements" "$folder"
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
