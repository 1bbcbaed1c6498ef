// What the end of a connection means. The gateway's close codes stand in api/src/http/websocket/mod.rs.

export type Verdict =
    /** It passes: come back, with the last cursor. */
    | { then: "retry"; why: string }
    /** Come back with a fresh token. */
    | { then: "renew"; why: string }
    /** There is no coming back. */
    | { then: "end"; why: string };

/** Judges what ended a connection: a close event, or an error of the browser's. */
export function judge(event: unknown): Verdict {
    if (typeof event !== "object" || event === null || !("code" in event)) {
        return { then: "retry", why: "the connection broke" };
    }
    const { code, reason } = event as { code: number; reason?: string };
    switch (code) {
        case 1012:
            return { then: "retry", why: "the gateway is restarting" };
        case 1013:
            return { then: "retry", why: "the gateway can't answer right now" };
        case 4403:
            return reason === "expired"
                ? { then: "renew", why: "the token has expired" }
                : { then: "renew", why: "the gateway doesn't accept the token any more" };
        case 4401:
            return {
                then: "end",
                why:
                    reason === "revoked" ? "the token was revoked" : "the gateway doesn't know who is asking",
            };
        // No sign of life, seen from there and from here.
        case 4408:
        case 4499:
            return { then: "retry", why: "the connection went silent" };
        // Gone without a word: a network, a proxy, or a process that was killed.
        case 1000:
        case 1001:
        case 1005:
        case 1006:
        case 1014:
            return { then: "retry", why: "the connection broke" };
        default:
            return {
                then: "end",
                why: `the gateway closed the connection: ${reason || "no reason given"} (${code})`,
            };
    }
}
