// Takes docs/graphiql.png: `OPSGATE_BINARY=… npm run screenshot`.

import path from "node:path";

import { Gateway } from "../../tests/clients/gateway.js";
import { heard, launch, open, runExample, signIn } from "./browser.mjs";

const gateway = await Gateway.start();
const browser = await launch();

const change = async (name, input) => {
    const type = `${name[0].toUpperCase()}${name.slice(1)}Input!`;
    const query = `mutation($input: ${type}) { ${name}(input: $input) { incident { id } userErrors { message } } }`;
    return (await gateway.ask(query, { input }))[name].incident;
};

try {
    const invoices = await change("incidentCreate", {
        title: "Invoices show last month's address",
        severity: "LOW",
    });
    const page = await open(browser, gateway.url, { viewport: { width: 1280, height: 740 } });
    await signIn(page, gateway.token);
    await runExample(page, "Incidents, live");
    await page.locator(".indicator.is-live").waitFor();
    const checkout = await change("incidentCreate", { title: "Checkout answers slowly", severity: "HIGH" });
    await change("incidentCreate", { title: "Payments fail for every second card", severity: "CRITICAL" });
    await change("incidentAcknowledge", { id: checkout.id });
    await change("incidentResolve", {
        id: invoices.id,
        rootCause: "a stale cache",
        resolution: "emptied it",
    });
    await change("incidentCreate", { title: "Search misses new articles", severity: "MEDIUM" });
    while ((await heard(page)).length < 5) await page.waitForTimeout(50);
    await page.locator(".live summary").nth(3).click();
    await page.mouse.move(0, 0);
    // New results glow for a moment.
    await page.waitForTimeout(2_000);
    await page.screenshot({ path: path.resolve(import.meta.dirname, "../../docs/graphiql.png") });
} finally {
    await browser.close();
    await gateway.stop();
}
