// GraphiQL in Debian's Chromium, against a gateway that was built: `OPSGATE_BINARY=… CHROMIUM=… npm test`.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";

import { heard, indicator, launch, open, run, runExample, signIn } from "./browser.mjs";
import { Gateway } from "../../tests/clients/gateway.js";

let gateway, browser, page;

before(async () => {
    gateway = await Gateway.start();
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await gateway?.stop();
});

/** Complaints that belong to what a test does; all others fail it. */
let expected = [];

afterEach(async () => {
    const { elsewhere, complaints } = page;
    await page.context().close();
    const unexpected = complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)));
    expected = [];
    assert.deepEqual(elsewhere, [], "everything comes from the gateway");
    assert.deepEqual(unexpected, [], "nothing goes wrong, and the policy refuses nothing");
});

/** Waits for what the page comes to show. */
async function until(what, isSo) {
    const deadline = Date.now() + 30_000;
    while (!(await isSo())) {
        assert.ok(Date.now() < deadline, `${what}: not within 30 s`);
        await page.waitForTimeout(50);
    }
}

const shows = (text) => indicator(page).filter({ hasText: text }).waitFor();
const hears = (titles) => until(titles.join(", "), async () => (await heard(page)).join() === titles.join());

test("a wrong token is refused in words, with a code and the request's id", async () => {
    expected = [/401/];
    page = await open(browser, gateway.url);
    for (const wrong of ["opsk_nobodyhasthistokenatallatallatall0000", "tell me"]) {
        await page.getByLabel("Your token").fill(wrong);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").waitFor();
    }
    assert.match(await page.getByRole("alert").textContent(), /This isn't a token/);
    await page.getByLabel("Your token").fill("eyJhbGciOiJub25lIn0.e30.");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "UNAUTHENTICATED" }).waitFor();
    assert.match(await page.getByRole("alert").textContent(), /not signed in.*request [0-9a-f]{32}/s);
    assert.ok(await page.getByText("opsgate token create").isVisible(), "it says where a token comes from");
});

test("the owner is invited, enrols a second factor, and signs in again by a recovery code", async () => {
    const next = () => page.getByRole("button", { name: "Continue" }).click();
    page = await open(browser, gateway.invitation);
    await page.clock.install();
    assert.ok(!page.url().includes("opsi_"), "the invitation has left the address");
    await page.getByLabel("A password").fill("password1234!");
    await next();
    assert.match(await page.getByRole("alert").textContent(), /words that are tried first/);
    await page.getByLabel("A password").fill("correct 17 gazelles");
    await next();
    await page.getByAltText("The secret as a QR code").waitFor();
    await page
        .getByLabel("The code that it shows")
        .fill(codeOf(await page.locator(".about code").textContent()));
    await next();
    await page.getByText("These are your recovery codes").waitFor();
    const [recovery] = (await page.locator(".about code").textContent()).split("\n");
    await next();
    await page.locator(".bar").getByText("Owner").waitFor();

    // What they go on by is exchanged in time, and shown when they come back.
    const says = (mutation) => (request) => Boolean(request.postData()?.includes(mutation));
    const refreshed = page.waitForResponse((response) => says("sessionRefresh")(response.request()));
    await page.clock.fastForward("14:00");
    const { tokens } = (await (await refreshed).json()).data.sessionRefresh;
    await page.getByRole("button", { name: "Sign out" }).click();
    const back = page.waitForRequest(says("sessionCreate"));
    await page.getByLabel("Your address").fill("owner@localhost");
    await page.getByLabel("Your password").fill("correct 17 gazelles");
    await next();
    assert.equal((await back).postDataJSON().variables.input.lastRefreshToken, tokens.refreshToken);
    await page.getByLabel("Your code").fill(recovery);
    await next();
    await page.locator(".bar").getByText("Owner").waitFor();
});

/** What an authenticator app shows for this secret now (RFC 6238). */
function codeOf(secret) {
    const bits = [...secret].map((digit) =>
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(digit).toString(2).padStart(5, "0"),
    );
    const key = Buffer.from(
        bits
            .join("")
            .match(/.{8}/g)
            .map((byte) => parseInt(byte, 2)),
    );
    const counter = Buffer.alloc(8);
    counter.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
    const mac = createHmac("sha1", key).update(counter).digest();
    const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
}

test("whoever signs in sees who they are, what they may do, and the schema", async () => {
    const token = await gateway.makeToken(["incidents.read", "events.read"], "--expires", "30d");
    page = await open(browser, gateway.url);
    // As people copy it.
    await signIn(page, ` Bearer ${token}\n`);
    const bar = page.locator(".bar");
    assert.match(await bar.textContent(), /client.*API token.*2 permissions.*ends in 30 days/s);
    await bar.getByText("2 permissions").click();
    assert.deepEqual(await bar.locator("dd").allTextContents(), ["events.read", "incidents.read"]);
    await page.keyboard.press("Escape");

    const raise = page.getByRole("button", { name: /^Raise an alert/ });
    assert.match(await raise.textContent(), /needs monitoring\.trigger/);
    assert.doesNotMatch(await page.getByRole("button", { name: /^Incidents, live/ }).textContent(), /needs/);
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.getByRole("link", { name: "IncidentConnection" }).first().waitFor();
});

test("a query, a mutation with headers, and an error show what came of them", async () => {
    await gateway.openIncident("A query shows it");
    page = await open(browser, gateway.url);
    await signIn(page, gateway.token);
    const answer = page.locator(".result-window .view-lines");

    await run(page);
    await answer.getByText("A query shows it").waitFor();

    await runExample(page, "Rehearse a change");
    await answer.getByText("isDryRun").waitFor();
    assert.match((await answer.textContent()).replaceAll("\u00a0", " "), /"isDryRun": true/);

    await page.getByRole("button", { name: "New tab" }).click();
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.insertText("{ nothingOfThisName }");
    await page.keyboard.press("Control+Enter");
    const fault = page.locator(".outcome .faults");
    await fault.waitFor();
    assert.match(
        await fault.textContent(),
        /GRAPHQL_VALIDATION_FAILED.*Unknown field.*in line 1, column 3.*request [0-9a-f]{32}/s,
    );
    expected = [/400/];
});

/** The titles and names of the examples in a folder. */
function examples(folder) {
    const directory = path.resolve(import.meta.dirname, "../examples", folder);
    const files = readdirSync(directory).filter((file) => file.endsWith(".graphql"));
    return files.sort().map((file) => {
        const text = readFileSync(path.join(directory, file), "utf8");
        const [, title, name] = text.match(/^# (.*)$.*^(?:query|mutation|subscription) (\w+)/ms);
        return { title: title.split("\n")[0], name };
    });
}

test("each example shows something on the demo, to those whom it is for", async () => {
    const people = {
        support: "support",
        "on-call": "on call",
        "front-end": "super admin",
        partner: "partner",
    };
    const demo = await Gateway.start({}, ["--demo", "--demo-days", "3"]);
    try {
        page = await open(browser, demo.url);
        for (const [folder, role] of Object.entries(people)) {
            await signIn(page, demo.tokens[role]);
            for (const { title, name } of examples(folder)) {
                await page.locator(".examples").getByText(title, { exact: true }).click();
                const shown = page.locator(".graphiql-tab-active").filter({ hasText: name });
                await shown.waitFor();
                const variables = page.locator(".graphiql-editor-tool .view-lines").first();
                assert.doesNotMatch(
                    await variables.textContent(),
                    /"</,
                    `${title}: nothing is left to fill in`,
                );
                await run(page);
                await page.locator(".outcome .cost, .live .is-live").first().waitFor();
                assert.deepEqual(await page.locator(".faults").allTextContents(), [], title);
            }
            await page.getByRole("button", { name: "Sign out" }).click();
        }
    } finally {
        await demo.stop();
    }
});

test("what the caller can mend is shown beside the answer", async () => {
    page = await open(browser, gateway.url);
    await signIn(page, gateway.token);
    await page.getByRole("button", { name: "New tab" }).click();
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.insertText(
        'mutation { incidentAcknowledge(input: { id: "inc_00000000000000000000000000" }) { userErrors { code message field } } }',
    );
    await page.keyboard.press("Control+Enter");
    const errors = page.locator(".outcome .is-mendable");
    await errors.waitFor();
    assert.match(await errors.textContent(), /NOT_FOUND/);
});

test("what happens elsewhere appears as it happens", async () => {
    page = await open(browser, gateway.url);
    await signIn(page, gateway.token);
    await runExample(page, "Incidents, live");
    await shows("Live");
    await gateway.openIncident("First");
    await hears(["First"]);
    await gateway.openIncident("Second");
    await hears(["First", "Second"]);
    assert.match(await page.locator(".live ol > li").first().textContent(), /monitoring\.incident\.created/);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
    test(`a stream goes on after a restart by ${signal}`, async () => {
        // Chromium tells of each connection that nobody answers.
        expected = [/ERR_CONNECTION_REFUSED|Connection closed before|ERR_CONNECTION_RESET/];
        page = await open(browser, gateway.url);
        await signIn(page, gateway.token);
        await runExample(page, "Incidents, live");
        await shows("Live");
        // Before there is an event to go on from, too.
        for (const titles of [["At once"], ["At once", "And once more"]]) {
            await gateway.restart(signal, () => shows("Resuming"));
            await gateway.openIncident(titles.at(-1));
            await hears(titles);
        }
        await shows("Live");
    });
}

test("nothing is missed while a connection is away, and nothing comes twice", async () => {
    page = await open(browser, gateway.url);
    // The tests' hand on the line: cut it, and hold the next one.
    let cut;
    let isHeld = false;
    const held = [];
    await page.routeWebSocket(/\/graphql$/, async (socket) => {
        if (isHeld) await new Promise((resolve) => held.push(resolve));
        socket.connectToServer();
        cut = () => socket.close({ code: 1012, reason: "restarting" });
    });
    await page.reload();
    await signIn(page, gateway.token);
    await runExample(page, "Incidents, live");
    await shows("Live");
    await gateway.openIncident("Seen");
    await hears(["Seen"]);
    isHeld = true;
    await cut();
    await shows("the gateway is restarting");
    await gateway.openIncident("Missed 1");
    await gateway.openIncident("Missed 2");
    await until("the next connection", () => held.length > 0);
    isHeld = false;
    held.forEach((release) => release());
    await hears(["Seen", "Missed 1", "Missed 2"]);

    // Stopped by hand, it goes on from there at the next run.
    await page.getByRole("button", { name: /^Stop query/ }).click();
    await shows("Ended");
    await gateway.openIncident("Missed 3");
    await page.getByRole("button", { name: "Go on from here" }).click();
    await hears(["Seen", "Missed 1", "Missed 2", "Missed 3"]);
});

test("of a long replay the newest are shown, and all are counted", async () => {
    const { eventCursor } = await gateway.ask("{ eventCursor }");
    const field = (n) => `n${n}: incidentCreate(input: { title: "${n}", severity: LOW }) { incident { id } }`;
    for (let n = 0; n < 240; n += 10) {
        await gateway.ask(`mutation { ${Array.from({ length: 10 }, (_, i) => field(n + i)).join(" ")} }`);
    }
    page = await open(browser, gateway.url);
    await signIn(page, gateway.token);
    await page.getByRole("button", { name: "New tab" }).click();
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.insertText(
        `subscription { incidentChanged(after: "${eventCursor}") { type incident { title status } } }`,
    );
    await page.keyboard.press("Control+Enter");
    await page.locator(".live > header").filter({ hasText: "240 results, the newest 200 shown" }).waitFor();
    assert.deepEqual(
        await heard(page),
        Array.from({ length: 200 }, (_, n) => `${n + 40}`),
    );
});

test("a document without cursor and after is resumed all the same", async () => {
    page = await open(browser, gateway.url);
    let cut;
    await page.routeWebSocket(/\/graphql$/, (socket) => {
        socket.connectToServer();
        cut = () => socket.close({ code: 1012, reason: "restarting" });
    });
    await page.reload();
    await signIn(page, gateway.token);
    await page.getByRole("button", { name: "New tab" }).click();
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.insertText("subscription { changed: incidentChanged { incident { title } } }");
    await page.keyboard.press("Control+Enter");
    await shows("Live");
    await gateway.openIncident("Without");
    await hears(["Without"]);
    await cut();
    await gateway.openIncident("Anything");
    await hears(["Without", "Anything"]);
    assert.doesNotMatch(
        await page.locator(".live .results").textContent(),
        /cursor/i,
        "what was added isn't shown",
    );
});

test("an expired token is asked for again, and the stream goes on with the fresh one", async () => {
    const end = new Date(Date.now() + 6_000).toISOString();
    const token = await gateway.makeToken(["incidents.read"], "--expires", end);
    page = await open(browser, gateway.url);
    await signIn(page, token);
    await runExample(page, "Incidents, live");
    await shows("Live");
    await shows("Waiting for a fresh token");
    await shows("the token has expired");
    await gateway.openIncident("While nobody was signed in");
    await page.getByLabel("A fresh token").fill(gateway.token);
    await page.getByRole("button", { name: "Go on" }).click();
    await hears(["While nobody was signed in"]);
    assert.match(await page.locator(".bar").textContent(), /Owner/);
});

test("a revoked token ends its stream for good", async () => {
    page = await open(browser, gateway.url);
    let connections = 0;
    await page.routeWebSocket(/\/graphql$/, (socket) => {
        connections += 1;
        const server = socket.connectToServer();
        server.onMessage((message) => {
            socket.send(message);
            if (message.includes("connection_ack")) socket.close({ code: 4401, reason: "revoked" });
        });
    });
    await page.reload();
    await signIn(page, gateway.token);
    await runExample(page, "Incidents, live");
    await shows("the token was revoked");
    // Longer than any wait for another attempt.
    await page.waitForTimeout(1_000);
    assert.equal(connections, 1);
    await page.getByRole("button", { name: /^Execute query/ }).waitFor();
});

test("a subscription that the gateway refuses says why", async () => {
    const token = await gateway.makeToken(["incidents.read"]);
    page = await open(browser, gateway.url);
    await signIn(page, token);
    await runExample(page, "Alerts, live");
    await shows("the gateway refused it");
    assert.match(await page.locator(".live > .faults").textContent(), /FORBIDDEN.*monitoring\.read/s);
});

test("the token is nowhere but in memory, and signing out leaves nothing", async () => {
    page = await open(browser, gateway.url);
    await signIn(page, gateway.token);
    await page.getByRole("button", { name: /^Rehearse a change/ }).click();
    await run(page);
    await page.locator(".result-window .view-lines").getByText("isDryRun").waitFor();
    const kept = () =>
        page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    // GraphiQL keeps the tabs a while after a change.
    await until("the tabs are kept", async () => (await kept()).includes("RehearseIncident"));
    assert.ok(!(await kept()).includes(gateway.token.slice(5)));
    assert.ok(!(await kept()).includes("X-Dry-Run"), "headers may hold secrets");

    await page.reload();
    await page.getByLabel("Your token").waitFor();
    await signIn(page, gateway.token);
    await page.getByRole("tab", { name: "RehearseIncident" }).waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your token").waitFor();
    await page.waitForTimeout(1_000);
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
});

test("a keyboard alone is enough", async () => {
    page = await open(browser, gateway.url);
    const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
    const tabTo = async (locator, what) => {
        for (let steps = 0; !(await isFocused(locator)); steps++) {
            assert.ok(steps < 40, `Tab comes to ${what}`);
            await page.keyboard.press("Tab");
        }
    };
    assert.ok(await isFocused(page.getByLabel("Your address")), "the first field is where typing begins");
    await tabTo(page.getByLabel("Your token"), "the field for a token");
    await page.keyboard.insertText(gateway.token);
    await page.keyboard.press("Enter");
    await page.locator(".graphiql-query-editor .view-line").first().waitFor();
    await tabTo(page.getByRole("button", { name: /^Incidents, live/ }), "the examples");
    await page.keyboard.press("Enter");
    await until("the editor has the focus", () =>
        page.evaluate(() => !!document.activeElement.closest(".graphiql-query-editor")),
    );
    await page.keyboard.press("Control+Enter");
    await shows("Live");
});
