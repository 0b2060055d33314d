#!/usr/bin/env bash
# GitHub's own command-line tool against the simulated forge: GH BASE TOKEN HOME.
#
# gh speaks plain HTTP to the host github.localhost alone, and to that one only: as a proxy, the
# simulator gets its requests as it would get them at that address.
set -euo pipefail
gh=$1 base=$2 token=$3 home=$4
hub() {
    env -i HOME="$home" PATH="$PATH" NO_COLOR=1 GH_NO_UPDATE_NOTIFIER=1 GH_PROMPT_DISABLED=1 \
        GH_HOST=github.localhost GH_TOKEN="$token" GH_ENTERPRISE_TOKEN="$token" \
        HTTP_PROXY="$base" http_proxy="$base" "$gh" "$@"
}
# has TEXT PATTERN: fails loudly unless a line of the text matches.
has() {
    grep -qE -- "$2" <<<"$1" || { printf 'gh: no line matches %s in:\n%s\n' "$2" "$1" >&2; exit 1; }
}
repo=acme/sessions

hub --version | head -1
has "$(hub api user --jq .login)" '^alice$'
has "$(hub api orgs/acme/repos --paginate --jq '.[].full_name')" '^acme/fraud-ml$'
has "$(hub repo view $repo)" 'Who is logged in'
has "$(hub run list -R $repo -L 50)" 'waiting.*Release'
has "$(hub workflow list -R $repo)" '^CI'
has "$(hub pr list -R acme/api-gateway)" 'quota-headers'
has "$(hub release list -R acme/web)" 'Draft.*v1\.9\.0'
run=$(hub api "repos/$repo/actions/runs?status=waiting" --jq '.workflow_runs[0].id')
seen=$(hub run view "$run" -R $repo)
has "$seen" 'deploy staging'
has "$(hub api "repos/$repo/deployments?environment=production" --jq '.[].environment')" '^production$'
has "$(hub api graphql -f query='{repository(owner:"acme",name:"sessions"){owner{login}}}' --jq .data.repository.owner.login)" '^acme$'
pending="repos/$repo/actions/runs/$run/pending_deployments"
environment=$(hub api "$pending" --jq '.[0].environment.id')
answer=$(printf '{"environment_ids":[%s],"state":"approved","comment":"by gh"}' "$environment" |
    hub api --method POST "$pending" --input - --jq '.[0].environment')
has "$answer" '^production$'
has "left: $(hub api "$pending" --jq length)" '^left: 0$'
if hub api repos/acme/nothing >/dev/null 2>&1; then echo "gh: a repository that is not there was found" >&2; exit 1; fi
echo "gh: reads, lists and approves"
