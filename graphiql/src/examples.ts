// Working operations for each kind of user. They are files in ../examples, which the gateway's own tests run.

import { EXAMPLES as FILES, FACTS } from "opsgate:examples";

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

/** What can stand in the place of `"<words>"` in variables: what a query finds, and the permission that it takes. */
export interface Fact {
    words: string;
    needs: string;
    query: string;
    /** Where it is in the answer's data: a JSON pointer. */
    at: string;
}

/** Fills the placeholders with what is there now; what can't be known stays, and says what to put there. */
export async function fill(account: Account, examples: Example[]): Promise<Example[]> {
    const facts = await look(account, examples.map(({ variables }) => variables ?? "").join());
    const put = (whole: string, words: string) => {
        const fact = facts.get(words);
        return fact === undefined ? whole : JSON.stringify(fact);
    };
    return examples.map((example) => ({
        ...example,
        variables: example.variables?.replace(/"<([^>]+)>"/g, put) ?? null,
    }));
}

/** The facts that a text asks for, as far as this caller may know them. */
async function look({ token, value: { permissions } }: Account, text: string): Promise<Map<string, unknown>> {
    const asked = FACTS.filter(
        ({ words, needs }) => text.includes(`"<${words}>"`) && permissions.includes(needs),
    );
    const found = asked.map(async ({ words, query, at }) => {
        const [, ...keys] = at.split("/");
        const step = (value: unknown, key: string) =>
            (value as Record<string, unknown> | null | undefined)?.[key];
        const { data } = await post(token, { query });
        return [words, keys.reduce<unknown>(step, data ?? null)] as const;
    });
    const now = Date.now();
    return new Map<string, unknown>([
        ...(await Promise.all(found)),
        ["now", new Date(now).toISOString()],
        ["30 days ago", new Date(now - 30 * 86_400_000).toISOString()],
    ]);
}
