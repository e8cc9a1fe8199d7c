// What scripts see, and what Python asks.

const shared = {
    alert: (...values) => say("warning", values),
    author,
    formatTimestampLocal: (time) => Time.local(time),
    frameChunker,
    frameCount,
    path,
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
        brought.process = Object.freeze({ cwd: () => cwd, platform });
        share("process", brought.process);
        return "null";
    },
    describe(jobType) {
        expectFit(jobType, "JOB_TYPE");
        return stringify(jobType);
    },
    compile(compileJob, text) {
        compileJob(openJob(parse(text)));
        return stringify({ tasks: added.length, ...outcome() });
    },
    tasks(start, end) {
        return wiredTasks(start, end);
    },
    wanted() {
        return stringify([...wanted]);
    },
    printed() {
        return stringify(takePrinted());
    },
};
return (question, ...values) => host[question](...values);
