#!/usr/bin/env bash
# Installs the peers in Python of `npm run bench` into .cache/bench-peers, about 6 GB. Does nothing where they are there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=bench/peers/requirements.txt
folder=.cache/bench-peers
if ! cmp -s "$requirements" "$folder/installed.txt" && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo 'python3 of version 3.11 or later is missing' >&2
  exit 1
fi
# The wheels are gigabytes, and this is their only use.
export PIP_NO_CACHE_DIR=1
bash infra/install-python-tool.sh "$requirements" "$folder"
