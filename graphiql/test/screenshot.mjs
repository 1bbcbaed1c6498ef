// Takes docs/graphiql.png of the demo at work: `OPSGATE_BINARY=… npm run screenshot`.

import path from "node:path";

import { Gateway } from "../../tests/clients/gateway.js";
import { heard, launch, open, runExample, signIn } from "./browser.mjs";

/** As many changes as there is room for. */
const CHANGES = 6;

const gateway = await Gateway.start({}, ["--demo", "--demo-speed", "4"]);
const browser = await launch();
try {
    const page = await open(browser, gateway.url, { viewport: { width: 1280, height: 740 } });
    await signIn(page, gateway.tokens["on call"]);
    await runExample(page, "Incidents, live");
    while ((await heard(page)).length < CHANGES) await page.waitForTimeout(50);
    await page
        .locator(".live summary")
        .nth(CHANGES - 3)
        .click();
    await page.mouse.move(0, 0);
    // New results glow for a moment.
    await page.waitForTimeout(2_000);
    await page.screenshot({ path: path.resolve(import.meta.dirname, "../../docs/graphiql.png") });
} finally {
    await browser.close();
    await gateway.stop();
}
