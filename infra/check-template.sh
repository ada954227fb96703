#!/usr/bin/env bash
# Static checks of a synthesised template by tools that are not CDK's: cfn-lint where test/services/install.sh has put it,
# and Checkov, which is installed into .cache/checkov the first time. Needs Python 3.10 or later with pip.
#
#   infra/check-template.sh cdk.out/Stepwise.template.json
set -euo pipefail
template="$(realpath "${1:?usage: infra/check-template.sh TEMPLATE}")"
cd "$(dirname "$0")/.."

folder=.cache/checkov
bash infra/install-python-tool.sh infra/checkov-requirements.txt "$folder"

if [ -x .cache/services/bin/cfn-lint ]; then
  # W3005 finds the DependsOn that CDK writes for the order of deletion superfluous.
  .cache/services/bin/cfn-lint --regions eu-west-1 --ignore-checks W3005 -- "$template"
  echo 'cfn-lint: no finding'
fi
"$folder/bin/checkov" --config-file infra/checkov.yaml --file "$template"
echo 'checkov: no finding that is not acknowledged with a reason'
