#!/usr/bin/env bash
# Installs what some tests talk to into .cache/services: MiniStack (S3 and more, on loopback) and cfn-lint. Does nothing
# where it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=test/services/requirements.txt
folder=.cache/services
if cmp -s "$requirements" "$folder/installed.txt"; then exit 0; fi

if ! command -v python3 >/dev/null; then
  echo 'python3 is missing: install Python 3.10 or later' >&2
  exit 1
fi
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
# Last: an installation that was interrupted starts over.
cp "$requirements" "$folder/installed.txt"
