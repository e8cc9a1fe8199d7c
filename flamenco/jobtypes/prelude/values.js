// Copies and checks of what scripts give.

const { stringify, parse } = JSON;
const DEEPEST = 100;

function expectText(value, what) {
    if (typeof value !== "string") throw new TypeError(`expected ${what}, got ${shown(value)}`);
    return value;
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

class Unfit {
    path = "";
    constructor(value, reason = `got ${shown(value)}`) {
        this.reason = reason;
    }
    within(key) {
        this.path = `${typeof key === "number" ? `[${key}]` : `.${key}`}${this.path}`;
        return this;
    }
}

// A copy that JSON can hold. What does not fit is named in the error, from `what` on.
function copied(value, what) {
    try {
        return copy(value, 0);
    } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        const kinds = "texts, numbers, true and false, null, arrays and objects";
        throw new TypeError(`${what}${error.path}: expected ${kinds}, ${error.reason}`);
    }
}

function copy(value, depth) {
    switch (typeof value) {
        case "string":
        case "boolean":
            return value;
        case "number":
            if (Number.isFinite(value)) return value;
            throw new Unfit(value);
        case "undefined":
            return null;
        case "object":
            if (value === null) return null;
            if (value instanceof Date) return value.toJSON();
            if (depth === DEEPEST) throw new Unfit(value, "got something too deep, or in itself");
            return Array.isArray(value) ? copyOfArray(value, depth) : copyOfObject(value, depth);
        default:
            throw new Unfit(value);
    }
}

function copyOfArray(array, depth) {
    const list = [];
    for (let i = 0; i < array.length; i++) {
        try {
            list[i] = copy(array[i], depth + 1);
        } catch (error) {
            throw error instanceof Unfit ? error.within(i) : error;
        }
    }
    return list;
}

function copyOfObject(object, depth) {
    const fields = {};
    for (const key of Object.keys(object)) {
        try {
            fields[key] = copy(object[key], depth + 1);
        } catch (error) {
            throw error instanceof Unfit ? error.within(key) : error;
        }
    }
    return fields;
}
