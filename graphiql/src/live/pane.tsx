// The results of a stream as they come, newest on top, and how the stream is doing.

import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { memo, useEffect, useState } from "react";

import type { Account } from "../account";
import { Faults } from "../faults";
import { Json } from "../json";
import { Outcome } from "../outcome";
import { TokenField } from "../sign-in";
import { useStore } from "../store";
import { type Headline, headline } from "./headline";
import { KEPT, type Phase, type Result, type Stream } from "./stream";
import type { Streams } from "./streams";

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
    const [isOpen, setOpen] = useState(false);
    const resume = () => {
        streams.resumeNext();
        run();
    };
    return (
        <section className="live" aria-label="Live results">
            <header>
                <Indicator phase={phase} />
                <span className="hint">
                    {total === 0
                        ? "nothing yet"
                        : `${total.toLocaleString("en")} ${total === 1 ? "result" : "results"}`}
                    {total > KEPT && `, the newest ${KEPT} shown`}
                </span>
                <span className="actions">
                    {total > 0 && (
                        <button type="button" className="button" onClick={() => setOpen(!isOpen)}>
                            {isOpen ? "Close all" : "Open all"}
                        </button>
                    )}
                    {phase.is === "ended" && stream.canResume && (
                        <button type="button" className="button" onClick={resume}>
                            Go on from here
                        </button>
                    )}
                </span>
            </header>
            {phase.is === "ended" && <Faults faults={phase.faults} />}
            {phase.is === "waiting" && (
                <TokenField
                    label="A fresh token"
                    action="Go on"
                    onSession={(session) => account.set(session)}
                />
            )}
            {/* Focusable, so that a keyboard scrolls it. */}
            <div className="results" role="log" aria-label="Results, newest first" tabIndex={0}>
                <ol>
                    {results.map((result) => (
                        <Entry key={result.number} result={result} isOpen={isOpen} />
                    ))}
                </ol>
            </div>
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

const Entry = memo(function Entry({
    result: { number, at, answer },
    isOpen,
}: {
    result: Result;
    isOpen: boolean;
}) {
    const fields = Object.values(answer.data ?? {});
    // One field a subscription: what it says is the result.
    const shown = fields.length === 1 ? fields[0] : answer.data;
    const type = typeof shown === "object" && shown !== null && "type" in shown ? shown.type : null;
    const about = headline(shown);
    return (
        <li>
            <details open={isOpen || !about}>
                <summary>
                    <span className="number">{number}</span>
                    {typeof type === "string" && <code className="type">{type}</code>}
                    <time dateTime={at.toISOString()}>{at.toLocaleTimeString("en-GB")}</time>
                    {about && <About about={about} />}
                </summary>
                <Json value={shown} />
            </details>
            <Faults faults={answer.errors ?? []} />
        </li>
    );
});

function About({ about: { number, title, marks, by } }: { about: Headline }) {
    return (
        <span className="about">
            <span>
                {number && <code>{number}</code>} <b>{title}</b>
            </span>
            <span className="marks">
                {marks.map((mark) => (
                    <span key={mark} className={`mark-${mark.toLowerCase()}`}>
                        {mark}
                    </span>
                ))}
                {by && <span className="hint">by {by}</span>}
            </span>
        </span>
    );
}
