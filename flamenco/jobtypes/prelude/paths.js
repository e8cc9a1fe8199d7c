// Paths of any platform, as flamenco/jobtypes/path.py has them.

function slashes(path) {
    return expectText(path, "a path").includes("\\") ? path.replaceAll("\\", "/") : path;
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

const path = {
    basename(name) {
        const text = slashes(name).replace(/\/+$/, "");
        return text.slice(text.lastIndexOf("/") + 1);
    },
    dirname(name) {
        const text = slashes(name);
        return cleaned(text.slice(0, text.lastIndexOf("/") + 1));
    },
    join(...parts) {
        const given = [];
        for (let i = 0; i < parts.length; i++) {
            const part = slashes(parts[i]);
            if (part !== "") given.push(part);
        }
        return given.length ? cleaned(given.join("/")) : "";
    },
    stem(name) {
        const base = path.basename(name);
        const dot = base.lastIndexOf(".");
        return dot > /^\.*/.exec(base)[0].length - 1 ? base.slice(0, dot) : base;
    },
};
