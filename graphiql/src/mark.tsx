/** The gateway's mark: a gate, and what goes through it. */
export function Mark() {
    return (
        <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M6 27V13a10 10 0 0 1 20 0v14" />
            <path d="M12 27V14a4 4 0 0 1 8 0v13" />
            <circle cx="16" cy="21" r="1.5" />
        </svg>
    );
}
