#!/usr/bin/env bash
# Static checks of a synthesised template by tools that are not CDK's: cfn-lint where test/services/install.sh has put it,
# and Checkov, which is installed into .cache/checkov the first time. Needs Python 3.10 or later with pip.
#
#   infra/check-template.sh cdk.out/Stepwise.template.json
set -euo pipefail
template="$(realpath "${1:?usage: infra/check-template.sh TEMPLATE}")"
cd "$(dirname "$0")/.."

requirements=infra/checkov-requirements.txt
folder=.cache/checkov
if ! cmp -s "$requirements" "$folder/installed.txt"; then
  if ! command -v python3 >/dev/null; then
    echo 'python3 is missing: install Python 3.10 or later' >&2
    exit 1
  fi
  rm -rf "$folder"
  # An environment of its own: Checkov pins versions that the other tools do not want.
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  # Last: an installation that was interrupted starts over.
  cp "$requirements" "$folder/installed.txt"
fi

if [ -x .cache/services/bin/cfn-lint ]; then
  # W3005 finds the DependsOn that CDK writes for the order of deletion superfluous.
  .cache/services/bin/cfn-lint --regions eu-west-1 --ignore-checks W3005 -- "$template"
  echo 'cfn-lint: no finding'
fi
"$folder/bin/checkov" --config-file infra/checkov.yaml --file "$template"
echo 'checkov: no finding that is not acknowledged with a reason'
