// The list of examples, beside GraphiQL's docs and history.

import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { type GraphQLSchema, Kind, getOperationAST, parse } from "graphql";
import { useMemo } from "react";

import type { Account } from "./account";
import { EXAMPLES, type Example, fill } from "./examples";
import { useStore } from "./store";

export function examplesPlugin(account: Account): GraphiQLPlugin {
    return { title: "Examples", icon: Icon, content: () => <Examples account={account} /> };
}

function Examples({ account }: { account: Account }) {
    const { permissions } = useStore(account);
    const schema = useGraphiQL((state) => state.schema) ?? null;
    const missing = useMemo(
        () => new Map(all().map((example) => [example, lacking(example, schema, permissions)])),
        [schema, permissions],
    );
    const open = useOpen(account);
    return (
        <section className="examples" aria-label="Examples">
            <h2>Examples</h2>
            {EXAMPLES.map((group) => (
                <section key={group.title}>
                    <h3>{group.title}</h3>
                    <ul>
                        {group.examples.map((example) => (
                            <li key={example.id}>
                                <button type="button" onClick={() => void open(example)}>
                                    <b>{example.title}</b>
                                    <span>{withCode(example.about)}</span>
                                    {missing.get(example)?.map((permission) => (
                                        <em key={permission}>
                                            needs <code>{permission}</code>
                                        </em>
                                    ))}
                                </button>
                            </li>
                        ))}
                    </ul>
                </section>
            ))}
        </section>
    );
}

/** Opens an example: in the tab that shows it already, else in a new one. */
function useOpen(account: Account) {
    const { addTab, changeTab } = useGraphiQLActions();
    const { tabs, queryEditor, variableEditor, headerEditor } = useGraphiQL((state) => ({
        tabs: state.tabs,
        queryEditor: state.queryEditor,
        variableEditor: state.variableEditor,
        headerEditor: state.headerEditor,
    }));
    return async (example: Example) => {
        const shown = tabs.findIndex((tab) => tab.query === example.document);
        if (shown >= 0) {
            changeTab(shown);
        } else {
            const [filled] = await fill(account, [example]);
            addTab();
            queryEditor?.setValue(example.document);
            variableEditor?.setValue(filled?.variables ?? "");
            headerEditor?.setValue(example.headers ?? "");
        }
        queryEditor?.focus();
    };
}

function all(): Example[] {
    return EXAMPLES.flatMap((group) => group.examples);
}

/** The permissions that an example takes and this caller hasn't; the schema's descriptions say which they are. */
function lacking({ document }: Example, schema: GraphQLSchema | null, permissions: string[]): string[] {
    const operation = getOperationAST(parse(document));
    const fields = operation && schema?.getRootType(operation.operation)?.getFields();
    if (!fields) return [];
    const needed = operation.selectionSet.selections.flatMap((selected) => {
        const description = selected.kind === Kind.FIELD ? fields[selected.name.value]?.description : null;
        const permission = description?.match(/^Requires: ([\w.]+)$/m)?.[1];
        return permission && permission !== "authentication" ? [permission] : [];
    });
    return [...new Set(needed)].filter((permission) => !permissions.includes(permission));
}

/** Text in which `…` is code. */
function withCode(text: string) {
    return text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}

function Icon() {
    return (
        <svg
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinecap="round"
            aria-hidden="true"
        >
            <path d="M9 4.5h11M9 12h11M9 19.5h11" />
            <path d="m3 3 2 1.5L3 6m0 4.5L5 12l-2 1.5M3 18l2 1.5L3 21" strokeLinejoin="round" />
        </svg>
    );
}
