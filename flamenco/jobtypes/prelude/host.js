// What scripts see, and what Python asks.

const shared = {
    alert: (...values) => say("warning", values),
    author,
    formatTimestampLocal: (time) => Time.local(time),
    frameChunker,
    frameCount,
    path: Object.freeze(path),
    print: (...values) => say("info", values),
    require: requireFrom(""),
    shellSplit,
};
for (const name of Object.keys(shared)) share(name, shared[name]);

function share(name, value) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

const host = {
    // Before the script is run.
    open(text) {
        const { cwd, platform, sources } = parse(text);
        files = sources;
        share("process", Object.freeze({ cwd: () => cwd, platform }));
        return "null";
    },
    describe(jobType) {
        return stringify(copied(jobType, "JOB_TYPE"));
    },
    compile(compileJob, text) {
        compileJob(openJob(parse(text)));
        return stringify(added.length);
    },
    tasks(start, end) {
        return stringify(added.slice(start, end).map(wired));
    },
    outcome() {
        return stringify(outcome());
    },
    required() {
        return stringify(Object.keys(modules));
    },
    wanted() {
        return stringify([...wanted]);
    },
    printed() {
        return stringify(takePrinted());
    },
};
return (question, ...values) => host[question](...values);
