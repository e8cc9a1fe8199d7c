// Checks of what scripts give.

const { stringify, parse } = JSON;
const DEEPEST = 100;

function expectText(value, what) {
    if (typeof value !== "string") throw new TypeError(`expected ${what}, got ${shown(value)}`);
    return value;
}

// An argument as a text, as JavaScript makes one of any value; one that is missing or undefined is empty.
function textOf(values, place) {
    return values[place] === undefined ? "" : String(values[place]);
}

// A value as a whole number, as JavaScript makes one of a text or a broken number.
function wholeOf(value, expected) {
    const number = Math.trunc(Number(value));
    if (Number.isFinite(number)) return number;
    throw new TypeError(`${expected}, got ${shown(value)}`);
}

function shown(value) {
    if (typeof value === "string") return `'${value}'`;
    if (typeof value === "function") return "a function";
    try {
        return stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
}

// Throws when JSON cannot hold a value. What does not fit is named, from `what` on.
function expectFit(value, what) {
    if (fits(value, 0)) return;
    const kinds = "texts, numbers, true and false, null, arrays and objects";
    const [path, found] = unfit(value, 0);
    throw new TypeError(`${what}${path}: expected ${kinds}, got ${found}`);
}

function fits(value, depth) {
    if (typeof value !== "object" || value === null) return fitsAlone(value);
    if (depth === DEEPEST) return false;
    const values = Array.isArray(value) ? value : Object.values(value);
    for (let i = 0; i < values.length; i++) {
        const each = values[i];
        // most values are texts, and calling a function for each takes half of the time
        if (typeof each !== "string" && !fits(each, depth + 1)) return false;
    }
    return true;
}

function fitsAlone(value) {
    switch (typeof value) {
        case "number":
            return Number.isFinite(value);
        case "string":
        case "boolean":
        case "undefined":
            return true;
        default:
            return value === null;
    }
}

// Where the first value lies that does not fit, and what it is.
function unfit(value, depth) {
    if (typeof value !== "object") return ["", shown(value)];
    if (depth === DEEPEST) return ["", "something too deep, or in itself"];
    const key = Object.keys(value).find((each) => !fits(value[each], depth + 1));
    const [path, found] = unfit(value[key], depth + 1);
    return [`${Array.isArray(value) ? `[${key}]` : `.${key}`}${path}`, found];
}
