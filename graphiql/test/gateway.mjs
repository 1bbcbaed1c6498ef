// A gateway in a process of its own, on a new SQLite database, for tests of the page.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const OPSGATE = process.env.OPSGATE ?? path.resolve(import.meta.dirname, "../../target/debug/opsgate");

export class Gateway {
    #dir = mkdtempSync(path.join(tmpdir(), "opsgate-page-"));
    #process = null;
    #address = "127.0.0.1:0";
    /** The owner's. */
    token = "";

    static async start() {
        const gateway = new Gateway();
        await gateway.start();
        return gateway;
    }

    get url() {
        return `http://${this.#address}/graphql`;
    }

    /** Starts it, again at the address that it had. */
    async start() {
        this.#process = this.#run(["serve"]);
        for await (const line of createInterface({ input: this.#process.stdout })) {
            if (line.trim().startsWith("opsk_")) this.token = line.trim();
            const address = line.match(/http:\/\/([^/]+)\/graphql/)?.[1];
            if (address) {
                this.#address = address;
                return;
            }
        }
        throw new Error("the gateway didn't start");
    }

    /** Ends it: as an operator does by SIGTERM, as a power cut by SIGKILL. */
    async stop(signal) {
        const ended = once(this.#process, "exit");
        this.#process.kill(signal);
        await ended;
    }

    async remove() {
        await this.stop("SIGKILL");
        rmSync(this.#dir, { recursive: true });
    }

    /** A token with these permissions, by more arguments of `opsgate token create` where there are. */
    async createToken(permissions, ...more) {
        const scopes = permissions.flatMap((permission) => ["--permission", permission]);
        const command = this.#run(["token", "create", "--name", "page", ...scopes, ...more]);
        let token = "";
        for await (const line of createInterface({ input: command.stdout })) token ||= line.trim();
        await this.#knows(token);
        return token;
    }

    /** Waits until the running gateway has heard of the token: it asks for such news a few times a second. */
    async #knows(token) {
        while (!(await this.ask("{ viewer { permissions } }", {}, token)).data) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    async ask(query, variables = {}, token = this.token) {
        const response = await fetch(this.url, {
            method: "POST",
            headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
            body: JSON.stringify({ query, variables }),
        });
        return response.json();
    }

    async openIncident(title, severity = "HIGH", services = []) {
        const query = `mutation Open($input: IncidentCreateInput!) {
            incidentCreate(input: $input) { incident { id number } userErrors { message } }
        }`;
        const affectedServices = services.map((name) => ({ name }));
        const { data, errors } = await this.ask(query, { input: { title, severity, affectedServices } });
        if (!data?.incidentCreate.incident) throw new Error(JSON.stringify(errors ?? data));
        return data.incidentCreate.incident;
    }

    #run(args) {
        const env = {
            PATH: process.env.PATH,
            OPSGATE_DATA_DIR: this.#dir,
            OPSGATE_LISTEN: this.#address,
            OPSGATE_METRICS_LISTEN: "127.0.0.1:0",
            OPSGATE_LOG: "warn",
        };
        return spawn(OPSGATE, args, { cwd: this.#dir, env, stdio: ["ignore", "pipe", "inherit"] });
    }
}
