// `author`: tasks and their commands.
//
// What is in the job is kept as JSON: a copy that nothing changes any more but a script that asks for
// it, and little for QuickJS's garbage collection to go through again and again in a job of many tasks.

let idBeginning = ""; // of the uUIDs of this run's tasks
let idsWereRead = false; // then the Manager must give the tasks these
let drafted = 0; // tasks made so far
const added = []; // of the tasks that are in the job: {text, name, number, prerequisites}
const opened = new Map(); // {place in the job: task}, of those that a script asked the job for

class Command {
    #parameters; // in JSON
    #opened = null; // the same, from when the script asked for them
    constructor(name, parameters, totalStepCount) {
        if (!name) throw new Error("a command needs a name");
        expectFit(parameters, `command '${name}'`);
        this.name = name;
        this.totalStepCount = totalStepCount;
        this.#parameters = stringify(parameters ?? {});
    }
    get parameters() {
        this.#opened ??= parse(this.#parameters);
        return this.#opened;
    }
    set parameters(parameters) {
        this.#opened = parameters;
    }
    static text(command) {
        const { name, totalStepCount } = command;
        const what = `command '${name}'`;
        if (command.#opened !== null) {
            expectFit(command.#opened, what);
            command.#parameters = stringify(command.#opened);
        }
        const expected = `${what}: expected a number of steps from 0`;
        const steps = wholeOf(totalStepCount, expected);
        if (steps < 0) throw new TypeError(`${expected}, got ${steps}`);
        const head = `{"name":${stringify(String(name))},"parameters":${command.#parameters}`;
        return `${head},"total_step_count":${steps}}`;
    }
    static of({ name, parameters, total_step_count: steps }) {
        return new Command(name, parameters, steps);
    }
}

class Task {
    #number;
    #place = -1; // in the job
    #commands = [];
    #prerequisites = [];
    priority = 50;
    constructor(name, type, number) {
        this.name = name.trim();
        this.type = type.trim();
        this.#number = number;
        if (!this.name || !this.type) {
            const got = `'${this.name}' and '${this.type}'`;
            throw new Error(`a task needs a name and a type, got ${got}`);
        }
    }
    get uUID() {
        idsWereRead = true;
        return idOf(this.#number);
    }
    get commands() {
        return Object.freeze(this.#commands.slice());
    }
    get dependencies() {
        return Object.freeze(this.#prerequisites.slice());
    }
    addCommand(command) {
        if (!(command instanceof Command)) {
            throw new TypeError(`expected an author.Command, got ${shown(command)}`);
        }
        this.#commands.push(command);
    }
    addDependency(task) {
        this.#prerequisites.push(expectTask(task));
    }
    // Put a copy into the job.
    static add(task) {
        if (expectTask(task).#place >= 0) throw new Error(`task '${task.name}' was added twice`);
        const written = Task.written(task);
        task.#place = added.length;
        added.push(written);
    }
    static written(task) {
        const name = String(task.name);
        const priority = wholeOf(task.priority, `task '${name}': expected a whole priority`);
        const commands = task.#commands.map(Command.text).join(",");
        const type = stringify(String(task.type));
        return {
            text: `"name":${stringify(name)},"type":${type},"priority":${priority},"commands":[${commands}]`,
            name,
            number: task.#number,
            prerequisites: task.#prerequisites.length ? task.#prerequisites.slice() : none,
        };
    }
    static place(task, dependent) {
        if (task.#place >= 0) return task.#place;
        throw new Error(`task '${dependent}' depends on '${task.name}', which is not in the job`);
    }
    // The tasks that are in the job. What a script changes of these counts.
    static all() {
        for (let place = opened.size; place < added.length; place++) {
            const { text, number, prerequisites } = added[place];
            const { name, type, priority, commands } = parse(`{${text}}`);
            const task = new Task(name, type, number);
            task.#place = place;
            task.priority = priority;
            task.#commands = commands.map(Command.of);
            task.#prerequisites = prerequisites.slice();
            opened.set(place, task);
        }
        return Object.freeze([...opened.values()]);
    }
}

const none = Object.freeze([]);

function expectTask(task) {
    if (task instanceof Task) return task;
    throw new TypeError(`expected an author.Task, got ${shown(task)}`);
}

function idOf(number) {
    return idBeginning + number.toString(16).padStart(8, "0");
}

// Some of the job's tasks, as JSON.
function wiredTasks(start, end) {
    const texts = [];
    for (let at = start; at < Math.min(end, added.length); at++) {
        const entry = opened.has(at) ? Task.written(opened.get(at)) : added[at];
        const { text, name, number, prerequisites } = entry;
        const id = idsWereRead ? `"id":"${idOf(number)}",` : "";
        let places = prerequisites.map((each) => Task.place(each, name));
        if (places.length > 1) places = [...new Set(places)];
        texts.push(`{${id}${text},"depends_on":[${places.join(",")}]}`);
    }
    return ["[", texts.join(","), "]"].join("");
}

const author = Object.freeze({
    Task: function (...given) {
        return new Task(textOf(given, 0), textOf(given, 1), drafted++);
    },
    Command: function (...given) {
        return new Command(textOf(given, 0), given[1], given[2] ?? 0);
    },
});
