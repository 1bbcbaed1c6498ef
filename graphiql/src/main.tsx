// GraphiQL as the gateway serves it. First somebody signs in; what they see then is the workbench.

import "./style.css";
import "./editor/environment";

import { useState } from "react";
import { createRoot } from "react-dom/client";

import { Account, type Session } from "./account";
import { type Example, FIRST, fill } from "./examples";
import { SignIn } from "./sign-in";
import { Workbench } from "./workbench";

function App() {
    const [opened, setOpened] = useState<{ account: Account; examples: Example[] } | null>(null);
    const open = async (session: Session) => {
        const account = new Account(session);
        setOpened({ account, examples: await fill(account, FIRST) });
    };
    const signOut = (account: Account) => {
        account.signOut();
        setOpened(null);
    };
    if (!opened) return <SignIn onSession={(session) => void open(session)} />;
    return (
        <Workbench
            account={opened.account}
            examples={opened.examples}
            onSignOut={() => signOut(opened.account)}
        />
    );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
