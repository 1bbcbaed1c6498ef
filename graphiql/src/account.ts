// Who is signed in. The token lives here, in this page's memory, and nowhere else.

import { type Answer, type Fault, post } from "./gateway";
import { Store } from "./store";

export interface Session {
    token: string;
    kind: "ADMIN_USER" | "API_TOKEN" | "EXTERNAL" | "SYSTEM";
    name: string;
    permissions: string[];
    /** The organization that the caller is limited to, where they may know it. */
    organization: string | null;
    expiresAt: Date | null;
}

interface Viewer {
    viewer: { actor: Pick<Session, "kind" | "name">; permissions: string[]; expiresAt: string | null };
}

/** The session of this page. A fresh token replaces the old one; whoever waits for it is told. */
export class Account extends Store<Session> {
    get token(): string {
        return this.value.token;
    }
}

/** What a pasted text holds: people copy `Bearer …`, quotes and line ends along. */
export function tokenOf(pasted: string): string {
    return pasted
        .trim()
        .replace(/^(authorization:\s*)?bearer\s+/i, "")
        .replace(/^(["'`])(.*)\1$/s, "$2")
        .trim();
}

/** Asks the gateway whom it knows by this token. */
export async function signIn(pasted: string): Promise<Session | Fault> {
    const token = tokenOf(pasted);
    if (!/^[\x21-\x7e]+$/.test(token)) {
        return { message: "This isn't a token: tokens are one word of plain letters, digits and signs." };
    }
    const query = "query WhoIsSigningIn { viewer { actor { kind name } permissions expiresAt } }";
    const answer = await post<Viewer>(token, { query });
    if (!answer.data) return firstFault(answer);
    const { actor, permissions, expiresAt } = answer.data.viewer;
    const organization = permissions.includes("directory.read") ? await organizationOf(token) : null;
    return { token, ...actor, permissions, organization, expiresAt: expiresAt ? new Date(expiresAt) : null };
}

// A question of its own: without the permission it would count as an attempt to see what one mustn't.
async function organizationOf(token: string): Promise<string | null> {
    const query = "query WhichOrganization { viewer { organization { name } } }";
    const { data } = await post<{ viewer: { organization: { name: string } | null } }>(token, { query });
    return data?.viewer.organization?.name ?? null;
}

function firstFault(answer: Answer<Viewer>): Fault {
    return answer.errors?.[0] ?? { message: "The gateway's answer says nothing of who this is." };
}
