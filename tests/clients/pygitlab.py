"""python-gitlab against the simulated forge: URL TOKEN. Anything unexpected ends it with a traceback."""

import sys

import gitlab

url, token = sys.argv[1:3]
lab = gitlab.Gitlab(url, private_token=token, retry_transient_errors=False)
lab.auth()
assert lab.user.username == "alice"
assert lab.version()[0].startswith("18.")
projects = lab.projects.list(iterator=True, pagination="keyset", order_by="id", per_page=2)
paths = sorted(it.path_with_namespace for it in projects)
assert "acme-gl/shop/back-office/reports" in paths and len(paths) == 5, paths
project = lab.projects.get("acme-gl/shop/orders")
assert (project.default_branch, project.archived) == ("main", False)

pipelines = project.pipelines.list(get_all=True, per_page=3, ref="main")
assert pipelines[0].status == "manual" and len(pipelines) > 3
jobs = pipelines[0].jobs.list(scope=["manual"], get_all=True)
assert [it.name for it in jobs] == ["deploy production"]
assert [it.name for it in project.environments.list(get_all=True)] == ["dev", "staging", "production"]
requests = project.mergerequests.list(state="opened", get_all=True)
assert {it.detailed_merge_status for it in requests} == {"mergeable", "draft_status"}
assert project.releases.list(get_all=True)[0].tag_name == "v8.2.0"
between = project.repository_compare("v8.1.0", "v8.2.0")
assert between["commits"] and not between["compare_timeout"]

blocked = project.deployments.list(
    environment="production", status="blocked", order_by="id", sort="desc", get_all=True
)[0]
job = project.jobs.get(blocked.deployable["id"])
try:
    job.play()
    raise AssertionError("a blocked job was played")
except gitlab.exceptions.GitlabJobPlayError as no:
    assert no.response_code == 400 and "Unplayable" in no.error_message, no
given = blocked.approval("approved", comment="by python-gitlab")
assert given["status"] == "approved", given
job.play()
assert project.jobs.get(job.id).status in ("pending", "running")
# python-gitlab knows no freezes by name, so they are asked for by path.
freezes = f"/projects/{project.id}/freeze_periods"
times = {"freeze_start": "0 23 * * 5", "freeze_end": "0 7 * * 1", "cron_timezone": "UTC"}
placed = lab.http_post(freezes, post_data=times)
assert times.items() <= placed.items(), placed
assert placed["id"] in [it["id"] for it in lab.http_list(freezes, get_all=True)]
lab.http_delete(f"{freezes}/{placed['id']}")
assert placed["id"] not in [it["id"] for it in lab.http_list(freezes, get_all=True)]
try:
    requests[0].merge(sha="0" * 40)
    raise AssertionError("merged at a head that is not there")
except gitlab.exceptions.GitlabMRClosedError as no:
    assert no.response_code in (405, 409), no
except gitlab.exceptions.GitlabError as no:
    assert no.response_code == 409, no
query = "{ currentUser { username } }"
try:
    answer = gitlab.GraphQL(url, token=token).execute(query)
except ImportError:  # its GraphQL client needs an extra that may be missing
    answer = lab.http_post(f"{url}/api/graphql", post_data={"query": query})["data"]
assert answer["currentUser"]["username"] == "alice", answer
print(f"python-gitlab: {len(paths)} projects, {len(pipelines)} pipelines")
