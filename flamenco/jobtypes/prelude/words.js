// Command lines.

// The words of a command line, as a POSIX shell takes quotes and backslashes.
function shellSplit(line = "") {
    const text = String(line);
    const words = [];
    let word = null;
    let quote = "";
    for (let i = 0; i < text.length; i++) {
        const c = text[i];
        if (quote === "'" ? c === "'" : quote && c === quote) {
            quote = "";
        } else if (c === "\\" && quote !== "'") {
            if (++i === text.length) throw new Error("No escaped character");
            const kept = quote && text[i] !== quote && text[i] !== "\\";
            word = (word ?? "") + (kept ? "\\" : "") + text[i];
        } else if (quote) {
            word += c;
        } else if (c === "'" || c === '"') {
            quote = c;
            word ??= "";
        } else if (" \t\r\n".includes(c)) {
            if (word !== null) words.push(word);
            word = null;
        } else {
            word = (word ?? "") + c;
        }
    }
    if (quote) throw new Error("No closing quotation");
    if (word !== null) words.push(word);
    return words;
}
