// `job`: what was submitted, and what the script makes of it.

let job = null;

function openJob(given) {
    const { name, priority, settings, metadata, created, idBeginning: beginning, ...fixed } = given;
    idBeginning = beginning;
    job = { name, priority, settings, metadata };
    fixed.created = new Time(created);
    fixed.storage = Object.freeze(fixed.storage);
    fixed.addTask = (task) => Task.add(task);
    for (const key of Object.keys(fixed)) {
        Object.defineProperty(job, key, { value: fixed[key], enumerable: true });
    }
    // not enumerable: who prints the job does not ask for its tasks
    Object.defineProperty(job, "tasks", { get: () => Task.all() });
    return job;
}

function outcome() {
    const { settings = {}, metadata = {} } = job;
    expectFit(settings, "settings");
    const texts = Object.entries(metadata).map(([key, value]) => [key, String(value)]);
    return {
        name: String(job.name),
        priority: wholeOf(job.priority, "job.priority: expected a whole number"),
        settings,
        metadata: Object.fromEntries(texts),
    };
}
