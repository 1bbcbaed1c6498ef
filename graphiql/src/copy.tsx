import { useState } from "react";

/** A button that copies a text and says so. */
export function Copy({ text, label }: { text: string; label: string }) {
    const [isDone, setDone] = useState(false);
    const copy = async () => {
        await navigator.clipboard.writeText(text);
        setDone(true);
        setTimeout(() => setDone(false), 1500);
    };
    // Browsers have no clipboard on plain HTTP, loopback aside.
    if (!navigator.clipboard) return null;
    return (
        <button type="button" className="copy" onClick={() => void copy()} aria-label={`Copy ${label}`}>
            {isDone ? "copied" : "copy"}
        </button>
    );
}
