// Working operations for each kind of user. They are files in ../examples, which the gateway's own tests run.

import { EXAMPLES as FILES } from "opsgate:examples";

import type { Account } from "./account";
import { post } from "./gateway";

export interface Example {
    id: string;
    title: string;
    about: string;
    document: string;
    variables: string | null;
    headers: string | null;
}

export interface Group {
    title: string;
    examples: Example[];
}

const GROUPS = {
    support: "Support staff",
    "on-call": "On call",
    "front-end": "Front-end developers",
    partner: "Partners",
};

export const EXAMPLES: Group[] = Object.entries(GROUPS).map(([folder, title]) => ({
    title,
    examples: FILES.filter((example) => example.id.startsWith(`${folder}/`)),
}));

/** The first of each group: what the tabs begin with. */
export const FIRST: Example[] = EXAMPLES.flatMap((group) => group.examples.slice(0, 1));

/** What stands for the placeholders of variables: `<number of the newest incident>`. */
type Facts = Record<string, string | null>;

/** Fills the placeholders with what is there now; what can't be known stays, and says what to put there. */
export async function fill(account: Account, examples: Example[]): Promise<Example[]> {
    const facts = examples.some((example) => example.variables?.includes('"<')) ? await look(account) : {};
    const put = (whole: string, words: string) => (words in facts ? JSON.stringify(facts[words]) : whole);
    return examples.map((example) => ({
        ...example,
        variables: example.variables?.replace(/"<([^>]+)>"/g, put) ?? null,
    }));
}

async function look(account: Account): Promise<Facts> {
    const { permissions } = account.value;
    const facts: Facts = {};
    if (permissions.includes("incidents.read")) {
        const query = "query NewestIncident { incidents(first: 1) { nodes { id number } } }";
        type Newest = { incidents: { nodes: { id: string; number: string }[] } };
        const newest = (await post<Newest>(account.token, { query })).data?.incidents.nodes[0];
        if (newest) {
            facts["id of the newest incident"] = newest.id;
            facts["number of the newest incident"] = newest.number;
        }
    }
    if (permissions.includes("events.read")) {
        const query = "query EarlierEvent { events(first: 10) { nodes { cursor } } }";
        type Earlier = { events: { nodes: { cursor: string | null }[] } };
        const nodes = (await post<Earlier>(account.token, { query })).data?.events.nodes;
        facts["cursor of an earlier event"] = nodes?.at(-1)?.cursor ?? null;
    }
    return facts;
}
