// Takes docs/graphiql.png: `OPSGATE=… npm run screenshot`.

import path from "node:path";

import { heard, launch, open, runExample, signIn } from "./browser.mjs";
import { Gateway } from "./gateway.mjs";

const gateway = await Gateway.start();
const browser = await launch();
try {
    const { id: older } = await gateway.openIncident("Invoices show last month's address", "LOW", ["billing"]);
    const page = await open(browser, gateway.url, { viewport: { width: 1280, height: 740 } });
    await signIn(page, gateway.token);
    await runExample(page, "Incidents, live");
    await page.locator(".indicator.is-live").waitFor();
    const { id } = await gateway.openIncident("Checkout answers slowly", "HIGH", ["checkout"]);
    await gateway.openIncident("Payments fail for every second card", "CRITICAL", ["payments"]);
    await gateway.ask("mutation($id: ID!) { incidentAcknowledge(input: { id: $id }) { userErrors { message } } }", { id });
    const input = { id: older, rootCause: "a stale cache", resolution: "emptied it" };
    await gateway.ask(
        "mutation($input: IncidentResolveInput!) { incidentResolve(input: $input) { userErrors { message } } }",
        { input },
    );
    await gateway.openIncident("Search misses new articles", "MEDIUM", ["search"]);
    while ((await heard(page)).length < 5) await page.waitForTimeout(50);
    await page.locator(".live summary").nth(3).click();
    await page.mouse.move(0, 0);
    // New results glow for a moment.
    await page.waitForTimeout(2_000);
    await page.screenshot({ path: path.resolve(import.meta.dirname, "../../docs/graphiql.png") });
} finally {
    await browser.close();
    await gateway.remove();
}
