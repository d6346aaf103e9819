// VS Code's own DAP test client against `fn dev --debug --debug-single`: node vscode_client.mjs MODULES PORT FILE LINE URL
import { createRequire } from "node:module";
import assert from "node:assert";

const [modules, port, file, line, url] = process.argv.slice(2);
const { DebugClient } = createRequire(modules + "/node_modules/")("@vscode/debugadapter-testsupport");
const client = new DebugClient("none", "none", "python");
await client.start(Number(port));
const initialized = client.waitForEvent("initialized");
const capabilities = await client.initializeRequest();
assert.equal(capabilities.body.supportsConfigurationDoneRequest, true);
const attached = client.attachRequest({ justMyCode: true });
await initialized;
const bound = await client.setBreakpointsRequest({ source: { path: file }, breakpoints: [{ line: Number(line) }] });
assert.equal(bound.body.breakpoints[0].verified, true);
await client.setExceptionBreakpointsRequest({ filters: [] });
await client.configurationDoneRequest();
await attached;
await client.waitForEvent("thread");

const answer = fetch(url + "/ice", { method: "POST", body: "{}" });
const stack = await client.assertStoppedLocation("breakpoint", { path: file, line: Number(line) });
const scopes = await client.scopesRequest({ frameId: stack.body.stackFrames[0].id });
const found = await client.variablesRequest({ variablesReference: scopes.body.scopes[0].variablesReference });
assert.equal(found.body.variables.find((each) => each.name === "x").value, "1");
const threads = await client.threadsRequest();
await client.continueRequest({ threadId: threads.body.threads[0].id });
assert.equal((await (await answer).json()).instructions[0].text, "42");
await client.disconnectRequest({});
client.stopAdapter();
console.log("well");
