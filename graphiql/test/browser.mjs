// The page in Chromium, with an ear on everything that it asks for and complains of.

import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
// A browser that talks to nobody by itself.
const QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
];

export function launch() {
    return chromium.launch({ executablePath: CHROMIUM, args: QUIET });
}

/** Opens the page, in a browser context of its own. */
export async function open(browser, url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.complaints = [];
    page.elsewhere = [];
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
    });
    page.on("pageerror", (error) => page.complaints.push(error.stack ?? error.message));
    context.on("request", (request) => {
        if (!request.url().startsWith(new URL("/graphql", url).href)) page.elsewhere.push(request.url());
    });
    page.on("websocket", (socket) => {
        if (new URL(socket.url()).host !== new URL(url).host) page.elsewhere.push(socket.url());
    });
    await page.addInitScript(() => {
        addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
            console.error(`the policy refuses ${blockedURI} by ${violatedDirective}`),
        );
    });
    await page.goto(url);
    return page;
}

export async function signIn(page, token) {
    await page.getByLabel("Your token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    // Drawn, and with the schema: examples then say what they need, and the docs know the roots.
    await page.locator(".graphiql-query-editor .view-line").first().waitFor();
    await page.locator(".graphiql-sidebar button[aria-label^='Re-fetch']:enabled").waitFor();
    // The editors' workers come when they are first needed, and not from a gateway that was stopped since.
    while (page.workers().length < 2) await page.waitForEvent("worker");
}

/** Opens an example and runs it. */
export async function runExample(page, title) {
    await page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
    await run(page);
}

export async function run(page) {
    await page.getByRole("button", { name: /^Execute query/ }).click();
}

/** The titles of the incidents that the stream shows, oldest first. */
export async function heard(page) {
    const texts = await page.locator(".live ol > li").allTextContents();
    return texts.map((text) => text.match(/"title": "([^"]+)"/)?.[1]).reverse();
}

export function indicator(page) {
    return page.locator(".live .indicator");
}
