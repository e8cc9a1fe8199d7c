// Paths of any platform, as flamenco/jobtypes/path.py has them.

function slashes(given, place) {
    const path = textOf(given, place);
    return path.includes("\\") ? path.replaceAll("\\", "/") : path;
}

const UNCLEAN = /\/(?:\/|\.|$)|^\.\.?(?:\/|$)|^$/;

function cleaned(path) {
    if (!UNCLEAN.test(path)) return path;
    const root = /^\/*/.exec(path)[0].length;
    const start = root === 2 ? "//" : root ? "/" : "";
    const parts = [];
    for (const part of path.split("/")) {
        if (part === "" || part === ".") continue;
        if (part !== ".." || (!start && !parts.length) || parts.at(-1) === "..") parts.push(part);
        else parts.pop();
    }
    return start + parts.join("/") || ".";
}

const path = Object.freeze({
    basename(...given) {
        const text = slashes(given, 0).replace(/\/+$/, "");
        return text.slice(text.lastIndexOf("/") + 1);
    },
    dirname(...given) {
        const text = slashes(given, 0);
        return cleaned(text.slice(0, text.lastIndexOf("/") + 1));
    },
    join(...parts) {
        const given = [];
        for (let i = 0; i < parts.length; i++) {
            const part = slashes(parts, i);
            if (part !== "") given.push(part);
        }
        return given.length ? cleaned(given.join("/")) : "";
    },
    stem(...given) {
        const base = path.basename(...given);
        const dot = base.lastIndexOf(".");
        return dot > /^\.*/.exec(base)[0].length - 1 ? base.slice(0, dot) : base;
    },
});
