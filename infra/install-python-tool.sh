#!/usr/bin/env bash
# install-python-tool.sh REQUIREMENTS FOLDER: an environment of Python with what the file pins, in a folder below .cache; nothing where it
# is there already. Each tool has its own, for they pin versions that others do not want. Needs Python 3.10 or later with pip.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements="$1"
folder="$2"

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
