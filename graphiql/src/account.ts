// Who is signed in. The token lives here, in this page's memory, and nowhere else.

import { type Answer, type Fault, post } from "./gateway";
import { endSession, isFault, refresh, stepUp } from "./password";
import { Store } from "./store";

/** How long before its end an access token is exchanged. */
const REFRESH_BEFORE_MS = 60_000;
/** How long it is kept at least: by a clock that is ahead each would end at once. */
const KEEP_MS = 30_000;

export interface Session {
    token: string;
    kind: "ADMIN_USER" | "API_TOKEN" | "USER" | "EXTERNAL" | "SYSTEM";
    name: string;
    /** Who acts in their place, where somebody does. */
    impersonatedBy: { name: string } | null;
    permissions: string[];
    /** The organization that the caller is limited to, where they may know it. */
    organization: string | null;
    expiresAt: Date | null;
    /** What the next token is had by, where somebody signed in by password. */
    refreshToken?: string | null;
}

interface Viewer {
    viewer: {
        actor: Pick<Session, "kind" | "name" | "impersonatedBy">;
        permissions: string[];
        expiresAt: string | null;
    };
}

/** The session of this page. A fresh token replaces the old one; whoever waits for it is told. */
export class Account extends Store<Session> {
    #next: ReturnType<typeof setTimeout> | undefined;

    constructor(session: Session) {
        super(session);
        this.#keepUp();
    }

    override set(session: Session) {
        super.set(session);
        this.#keepUp();
    }

    get token(): string {
        return this.value.token;
    }

    /** Proves the second factor again; what is wrong, if something is. */
    async stepUp(code: string): Promise<Fault | null> {
        const answer = await stepUp(this.token, code);
        if (isFault(answer)) return answer;
        const { accessToken: token, accessTokenExpiresAt } = answer.tokens;
        this.set({ ...this.value, token, expiresAt: new Date(accessTokenExpiresAt) });
        return null;
    }

    /** Ends the session, where it is one of the gateway's own. */
    signOut() {
        clearTimeout(this.#next);
        if (this.value.refreshToken) void endSession(this.token);
    }

    #keepUp() {
        clearTimeout(this.#next);
        const { refreshToken, expiresAt } = this.value;
        if (!refreshToken || !expiresAt) return;
        const wait = Math.max(expiresAt.getTime() - Date.now() - REFRESH_BEFORE_MS, KEEP_MS);
        this.#next = setTimeout(() => void this.#refresh(refreshToken), wait);
    }

    // Where it fails, the token ends, and the page asks for another: a refresh token isn't shown twice.
    async #refresh(refreshToken: string) {
        const answer = await refresh(refreshToken);
        if (isFault(answer)) return;
        const { accessToken: token, accessTokenExpiresAt, ...next } = answer.tokens;
        this.set({
            ...this.value,
            token,
            refreshToken: next.refreshToken,
            expiresAt: new Date(accessTokenExpiresAt),
        });
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
    const query =
        "query WhoIsSigningIn { viewer { actor { kind name impersonatedBy { name } } permissions expiresAt } }";
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
