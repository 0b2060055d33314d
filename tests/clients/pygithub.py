"""PyGithub against the simulated forge: BASE TOKEN. Anything unexpected ends it with a traceback."""

import sys

from github import Auth, Github

base, token = sys.argv[1:3]
hub = Github(base_url=base + "/api/v3", auth=Auth.Token(token), retry=None)

assert hub.get_user().login == "alice"
repositories = sorted(repo.full_name for repo in hub.get_organization("acme").get_repos())
assert len(repositories) == 12, repositories
repo = hub.get_repo("acme/api-gateway")
assert (repo.default_branch, repo.permissions.push, repo.permissions.admin) == ("main", True, False)

runs = list(repo.get_workflow_runs())
assert len(runs) == repo.get_workflow_runs().totalCount > 10
assert {run.status for run in runs} >= {"completed", "waiting"}
waiting = next(run for run in runs if run.status == "waiting")
assert [job.name for job in waiting.jobs()][-1] == "deploy production"

deployments = list(repo.get_deployments(environment="production"))
assert deployments and all(it.environment == "production" for it in deployments)
states = [status.state for status in deployments[-1].get_statuses()]
assert "success" in states or "inactive" in states, states
assert [it.name for it in repo.get_environments()] == ["dev", "staging", "production"]

# PyGithub has no calls of its own for these; its requester sends them all the same.
def pending_deployments():
    return repo.requester.requestJsonAndCheck("GET", waiting.url + "/pending_deployments")[1]


pending = pending_deployments()
assert [it["environment"]["name"] for it in pending] == ["production"]
assert pending[0]["current_user_can_approve"] and pending[0]["reviewers"][0]["type"] == "Team"
pull = next(it for it in repo.get_pulls(state="open") if it.head.ref == "quota-headers")
assert [review.state for review in pull.get_reviews()] == ["APPROVED"]
ahead = repo.compare("v2.40.3", "v2.41.0")
assert (ahead.status, ahead.ahead_by) == ("ahead", len(list(ahead.commits)))

_, answer = repo.requester.requestJsonAndCheck(
    "POST",
    waiting.url + "/pending_deployments",
    input={
        "environment_ids": [it["environment"]["id"] for it in pending],
        "state": "approved",
        "comment": "by PyGithub",
    },
)
assert answer[0]["environment"] == "production", answer
assert not pending_deployments()
print(f"PyGithub: {len(repositories)} repositories, {len(runs)} runs, {len(deployments)} deployments")
