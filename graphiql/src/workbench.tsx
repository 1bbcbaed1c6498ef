// What somebody who is signed in works with: GraphiQL, and around it who they are and what comes back.

import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useEffect, useRef, useState } from "react";

import type { Account } from "./account";
import { Bar } from "./bar";
import { THEMES } from "./editor/monaco";
import type { Example } from "./examples";
import { examplesPlugin } from "./examples-pane";
import { createFetcher } from "./fetcher";
import { Results } from "./live/pane";
import { Streams } from "./live/streams";
import { PageStorage } from "./storage";

/** What variables of these scalars may hold; the others are strings. */
const SCALARS = { JSON: {}, Decimal: { type: "string" as const }, DateTime: { type: "string" as const } };

interface WorkbenchProps {
    account: Account;
    /** What the tabs begin with. */
    examples: Example[];
    onSignOut: () => void;
}

export function Workbench({ account, examples, onSignOut }: WorkbenchProps) {
    // Made once: GraphiQL begins anew where one of them changes.
    const [parts] = useState(() => {
        const streams = new Streams(account);
        const shown = examplesPlugin(account);
        return {
            streams,
            shown,
            fetcher: createFetcher(account, streams),
            storage: new PageStorage(),
            plugins: [shown, HISTORY_PLUGIN],
            tabs: examples.map(({ document: query, variables, headers }) => ({
                query,
                variables: variables ?? "",
                headers: headers ?? "",
            })),
        };
    });
    const signOut = () => {
        parts.streams.keep(() => false);
        parts.storage.close();
        onSignOut();
    };
    return (
        <div className="workbench">
            <Bar account={account} onSignOut={signOut} />
            <main>
                <GraphiQL
                    fetcher={parts.fetcher}
                    storage={parts.storage}
                    defaultTabs={parts.tabs}
                    plugins={parts.plugins}
                    visiblePlugin={parts.shown}
                    defaultEditorToolsVisibility
                    showPersistHeadersSettings={false}
                    inputValueDeprecation
                    customScalarSchemas={SCALARS}
                    editorTheme={THEMES}
                >
                    <GraphiQL.Logo>{null}</GraphiQL.Logo>
                    <GraphiQL.Footer>
                        <Results account={account} streams={parts.streams} />
                    </GraphiQL.Footer>
                    <FollowSystem />
                    <ShowTab />
                    <StopOther />
                    <ShowTop />
                </GraphiQL>
            </main>
        </div>
    );
}

/** Light or dark as the system says, also when it changes its mind. */
function FollowSystem() {
    const theme = useGraphiQL((state) => state.theme);
    const { setTheme } = useGraphiQLActions();
    useEffect(() => {
        if (theme !== null) return;
        const system = matchMedia("(prefers-color-scheme: dark)");
        const follow = () => setTheme(null);
        system.addEventListener("change", follow);
        return () => system.removeEventListener("change", follow);
    }, [theme, setTheme]);
    return null;
}

/** GraphiQL begins with the open tab's query and forgets its variables and headers: opening it again brings them. */
function ShowTab() {
    const areReady = useGraphiQL((state) =>
        Boolean(state.queryEditor && state.variableEditor && state.headerEditor),
    );
    const tab = useGraphiQL((state) => state.activeTabIndex);
    const { changeTab } = useGraphiQLActions();
    const isShown = useRef(false);
    useEffect(() => {
        if (!areReady || isShown.current) return;
        isShown.current = true;
        changeTab(tab);
    }, [areReady, changeTab, tab]);
    return null;
}

/** GraphiQL stops what runs when one goes to another tab, but not when one opens a new one: Run would be Stop there. */
function StopOther() {
    const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id);
    const { stop } = useGraphiQLActions();
    useEffect(() => stop, [stop, tab]);
    return null;
}

/** All panes at the side scroll as one; another one begins at its top. */
function ShowTop() {
    const shown = useGraphiQL((state) => state.visiblePlugin);
    useEffect(() => {
        const pane = document.querySelector(".graphiql-plugin");
        if (pane) pane.scrollTop = 0;
    }, [shown]);
    return null;
}
