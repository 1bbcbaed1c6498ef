// The results of a stream as they come, newest on top, and how the stream is doing.

import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { memo, useEffect } from "react";

import { Faults } from "../faults";
import { Json } from "../json";
import { Outcome } from "../outcome";
import { TokenField } from "../sign-in";
import { useStore } from "../store";
import { KEPT, type Phase, type Result, type Stream } from "./stream";
import type { Streams } from "./streams";
import type { Account } from "../account";

/** What stands under (or, for a stream, in the place of) the answer of the open tab. */
export function Results({ account, streams }: { account: Account; streams: Streams }) {
    const tabs = useGraphiQL((state) => state.tabs);
    const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id ?? "");
    const stream = useStore(streams).get(tab);
    useEffect(() => {
        streams.tab = tab;
        streams.keep((id) => tabs.some((open) => open.id === id));
    }, [streams, tab, tabs]);
    return stream ? <Live key={tab} account={account} streams={streams} stream={stream} /> : <Outcome />;
}

function Live({ account, streams, stream }: { account: Account; streams: Streams; stream: Stream }) {
    const { phase, results, total } = useStore(stream);
    const { run } = useGraphiQLActions();
    const resume = () => {
        streams.resumeNext();
        run();
    };
    return (
        <section className="live" aria-label="Live results">
            <header>
                <Indicator phase={phase} />
                <span className="hint">
                    {total === 0 ? "nothing yet" : `${total.toLocaleString("en")} ${total === 1 ? "result" : "results"}`}
                    {total > KEPT && `, the newest ${KEPT} shown`}
                </span>
                {phase.is === "ended" && stream.canResume && (
                    <button type="button" className="button" onClick={resume}>
                        Go on from here
                    </button>
                )}
            </header>
            {phase.is === "ended" && <Faults faults={phase.faults} />}
            {phase.is === "waiting" && (
                <TokenField label="A fresh token" action="Go on" onSession={(session) => account.set(session)} />
            )}
            {/* Focusable, so that a keyboard scrolls it. */}
            <ol className="results" role="log" aria-label="Results, newest first" tabIndex={0}>
                {results.map((result) => (
                    <Entry key={result.number} result={result} />
                ))}
            </ol>
            {total === 0 && phase.is === "live" && (
                <p className="empty">Listening. What happens from now on appears here.</p>
            )}
        </section>
    );
}

const PHASES: Record<Phase["is"], string> = {
    connecting: "Connecting",
    live: "Live",
    resuming: "Resuming",
    waiting: "Waiting for a fresh token",
    ended: "Ended",
};

function Indicator({ phase }: { phase: Phase }) {
    return (
        <span className={`indicator is-${phase.is}`} role="status">
            <i aria-hidden="true" />
            <b>{PHASES[phase.is]}</b>
            {"why" in phase && <span className="why">{phase.why}</span>}
        </span>
    );
}

const Entry = memo(function Entry({ result: { number, at, answer } }: { result: Result }) {
    const fields = Object.values(answer.data ?? {});
    // One field a subscription: what it says is the result.
    const shown = fields.length === 1 ? fields[0] : answer.data;
    const type = typeof shown === "object" && shown !== null && "type" in shown ? shown.type : null;
    return (
        <li>
            <header>
                <span className="number">{number}</span>
                {typeof type === "string" && <code className="type">{type}</code>}
                <time dateTime={at.toISOString()}>{at.toLocaleTimeString("en-GB")}</time>
            </header>
            <Faults faults={answer.errors ?? []} />
            <Json value={shown} />
        </li>
    );
});
