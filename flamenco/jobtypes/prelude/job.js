// `job`: what was submitted, and what the script makes of it.

let job = null;

function openJob(given) {
    const { settings, metadata, created, idBeginning: beginning, ...fixed } = given;
    idBeginning = beginning;
    job = { settings, metadata };
    fixed.created = new Time(created.local, created.iso);
    fixed.storage = Object.freeze(fixed.storage);
    fixed.addTask = (task) => Task.add(task);
    for (const key of Object.keys(fixed)) {
        Object.defineProperty(job, key, { value: fixed[key], enumerable: true });
    }
    return job;
}

function outcome() {
    const { settings = {}, metadata = {} } = job;
    expectFit(settings, "settings");
    const texts = Object.entries(metadata).map(([key, value]) => [key, String(value)]);
    return { settings, metadata: Object.fromEntries(texts) };
}
