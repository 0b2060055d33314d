// @gitbeaker/rest against the simulated forge: URL TOKEN FOLDER, where FOLDER has node_modules.
// Anything unexpected throws.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [host, token, folder] = process.argv.slice(2);
const resolve = createRequire(`${folder}/here.js`);
const { Gitlab } = await import(pathToFileURL(resolve.resolve("@gitbeaker/rest")).href);
// No second try of anything: what comes first is what counts.
const lab = new Gitlab({ host, token, rateLimits: {}, queryTimeout: 10_000 });
const orders = "acme-gl/shop/orders";

const user = await lab.Users.showCurrentUser();
assert.equal(user.username, "alice");
const projects = await lab.Projects.all({ pagination: "keyset", orderBy: "id", sort: "asc", perPage: 2 });
assert.equal(projects.length, 5);
const project = await lab.Projects.show(orders);
assert.equal(project.default_branch, "main");
const pipelines = await lab.Pipelines.all(orders, { ref: "main", perPage: 3 });
assert.equal(pipelines[0].status, "manual");
assert.ok(pipelines.length > 3);
const jobs = await lab.Jobs.all(orders, { pipelineId: pipelines[0].id, scope: ["manual"] });
assert.deepEqual(jobs.map((it) => it.name), ["deploy production"]);
const environments = await lab.Environments.all(orders);
assert.deepEqual(environments.map((it) => it.name), ["dev", "staging", "production"]);
const requests = await lab.MergeRequests.all({ projectId: orders, state: "opened" });
assert.equal(requests.length, 2);
const releases = await lab.ProjectReleases.all(orders);
assert.equal(releases[0].tag_name, "v8.2.0");
const between = await lab.Repositories.compare(orders, "v8.1.0", "v8.2.0");
assert.ok(between.commits.length > 0 && between.diffs.length > 0);

const [blocked] = await lab.Deployments.all(orders, { environment: "production", status: "blocked", orderBy: "id", sort: "desc" });
assert.equal(blocked.status, "blocked");
const refused = (status) => (error) => error.cause?.response?.status === status;
await assert.rejects(lab.Jobs.play(orders, blocked.deployable.id), refused(400));
const given = await lab.Deployments.setApproval(orders, blocked.id, "approved", { comment: "by gitbeaker" });
assert.equal(given.status, "approved");
await lab.Jobs.play(orders, blocked.deployable.id);
const job = await lab.Jobs.show(orders, blocked.deployable.id);
assert.ok(["pending", "running"].includes(job.status), job.status);
const placed = await lab.FreezePeriods.create(orders, "0 23 * * 5", "0 7 * * 1", { cronTimezone: "UTC" });
assert.equal(placed.freeze_start, "0 23 * * 5");
const freezes = await lab.FreezePeriods.all(orders);
assert.ok(freezes.some((it) => it.id === placed.id));
await lab.FreezePeriods.remove(orders, placed.id);
await assert.rejects(lab.Projects.show("acme-gl/nothing"), refused(404));
await assert.rejects(
    lab.MergeRequests.merge(orders, requests[0].iid, { sha: "0".repeat(40) }),
    (error) => [405, 409].includes(error.cause?.response?.status),
);
const status = await lab.Commits.editStatus(orders, blocked.sha, "failed", { name: "hold/production" });
assert.equal(status.status, "failed");
console.log(`gitbeaker: ${projects.length} projects, ${pipelines.length} pipelines`);
