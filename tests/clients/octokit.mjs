// octokit against the simulated forge: BASE TOKEN FOLDER, where FOLDER has node_modules.
// Anything unexpected throws.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [base, auth, folder] = process.argv.slice(2);
const resolve = createRequire(`${folder}/here.js`);
const { Octokit } = await import(pathToFileURL(resolve.resolve("octokit")).href);
const octokit = new Octokit({ baseUrl: `${base}/api/v3`, auth, throttle: { enabled: false } });
const at = { owner: "acme", repo: "notify" };

const { data: user } = await octokit.rest.users.getAuthenticated();
assert.equal(user.login, "alice");
const repositories = await octokit.paginate(octokit.rest.repos.listForOrg, { org: "acme", per_page: 5 });
assert.equal(repositories.length, 12);
const runs = await octokit.paginate(octokit.rest.actions.listWorkflowRunsForRepo, { ...at, per_page: 7 });
assert.ok(runs.length > 7);
const { data: gated } = await octokit.rest.actions.listWorkflowRunsForRepo({ ...at, status: "waiting" });
assert.equal(gated.total_count, 1);
const run_id = gated.workflow_runs[0].id;
const deployments = await octokit.paginate(octokit.rest.repos.listDeployments, at);
assert.ok(deployments.length > 5);
const deployment_id = deployments[0].id;
const { data: statuses } = await octokit.rest.repos.listDeploymentStatuses({ ...at, deployment_id });
assert.ok(Array.isArray(statuses));

const graph = await octokit.graphql(
    `query ($owner: String!, $repo: String!) {
       repository(owner: $owner, name: $repo) {
         nameWithOwner owner { login }
         deployments(first: 3, orderBy: { field: CREATED_AT, direction: DESC }) {
           nodes { environment state latestStatus { state } }
         }
       }
     }`,
    at,
);
assert.equal(graph.repository.nameWithOwner, "acme/notify");
assert.equal(graph.repository.deployments.nodes.length, 3);

const { data: pending } = await octokit.rest.actions.getPendingDeploymentsForRun({ ...at, run_id });
assert.deepEqual(pending.map((it) => it.environment.name), ["production"]);
assert.ok(pending[0].current_user_can_approve);
const answer = await octokit.rest.actions.reviewPendingDeploymentsForRun({
    ...at,
    run_id,
    environment_ids: pending.map((it) => it.environment.id),
    state: "approved",
    comment: "by octokit",
});
assert.equal(answer.status, 200);
const { data: after } = await octokit.rest.actions.getPendingDeploymentsForRun({ ...at, run_id });
assert.equal(after.length, 0);
await assert.rejects(octokit.rest.repos.get({ owner: "acme", repo: "nothing" }), { status: 404 });
console.log(`octokit: ${repositories.length} repositories, ${runs.length} runs, ${deployments.length} deployments`);
