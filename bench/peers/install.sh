#!/usr/bin/env bash
# Installs the peers in Python of `npm run bench` into .cache/bench-peers, about 6 GB. Does nothing where they are there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=bench/peers/requirements.txt
folder=.cache/bench-peers
if cmp -s "$requirements" "$folder/installed.txt"; then exit 0; fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo 'python3 of version 3.11 or later is missing' >&2
  exit 1
fi
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check --requirement "$requirements"
# Last: an installation that was interrupted starts over.
cp "$requirements" "$folder/installed.txt"
