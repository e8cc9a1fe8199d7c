// `author`: tasks and their commands.
//
// What is finished is kept as JSON: a copy that nothing changes any more, and nothing for QuickJS's
// garbage collection to go through again and again in a job of many tasks.

let idBeginning = ""; // of the uUIDs of this run's tasks
let idsWereRead = false; // then the Manager must give the tasks these
let drafted = 0; // tasks made so far
const added = []; // of the tasks that are in the job: {text, name, number, prerequisites}

class Command {
    #text;
    constructor(name, parameters, totalStepCount = 0) {
        expectText(name, "the name of a command");
        expectFit(parameters, `command '${name}'`);
        if (!Number.isInteger(totalStepCount) || totalStepCount < 0) {
            const got = shown(totalStepCount);
            throw new TypeError(`command '${name}': expected a number of steps from 0, got ${got}`);
        }
        const head = `{"name":${stringify(name)},"parameters":${stringify(parameters ?? {})}`;
        this.#text = `${head},"total_step_count":${totalStepCount}}`;
    }
    static text(command) {
        return command.#text;
    }
}

class Task {
    #number = drafted++;
    #place = -1; // in the job
    #commands = [];
    #prerequisites = [];
    priority = 50;
    constructor(name, type) {
        this.name = expectText(name, "the name of a task").trim();
        this.type = expectText(type, "the type of a task").trim();
        if (!this.name || !this.type) {
            const got = `'${this.name}' and '${this.type}'`;
            throw new Error(`a task needs a name and a type, got ${got}`);
        }
    }
    get uUID() {
        idsWereRead = true;
        return idOf(this.#number);
    }
    addCommand(command) {
        if (!(command instanceof Command)) {
            throw new TypeError(`expected an author.Command, got ${shown(command)}`);
        }
        this.#commands.push(Command.text(command));
    }
    addDependency(task) {
        this.#prerequisites.push(expectTask(task));
    }
    // Put a copy into the job.
    static add(task) {
        const { name, type, priority } = expectTask(task);
        if (task.#place >= 0) throw new Error(`task '${name}' was added twice`);
        if (!Number.isInteger(priority)) {
            const got = shown(priority);
            throw new TypeError(`task '${name}': expected a whole priority, got ${got}`);
        }
        expectText(name, "the name of a task");
        expectText(type, "the type of a task");
        const commands = task.#commands.join(",");
        const text = `"name":${stringify(name)},"type":${stringify(type)},"priority":${priority}`;
        task.#place = added.length;
        added.push({
            text: `${text},"commands":[${commands}]`,
            name,
            number: task.#number,
            prerequisites: task.#prerequisites.length ? task.#prerequisites.slice() : none,
        });
    }
    static place(task, dependent) {
        if (task.#place >= 0) return task.#place;
        throw new Error(`task '${dependent}' depends on '${task.name}', which is not in the job`);
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
    for (const { text, name, number, prerequisites } of added.slice(start, end)) {
        const id = idsWereRead ? `"id":"${idOf(number)}",` : "";
        let places = prerequisites.map((each) => Task.place(each, name));
        if (places.length > 1) places = [...new Set(places)];
        texts.push(`{${id}${text},"depends_on":[${places.join(",")}]}`);
    }
    return ["[", texts.join(","), "]"].join("");
}

const author = Object.freeze({
    Task: function (name, type) {
        return new Task(name, type);
    },
    Command: function (name, parameters, totalStepCount) {
        return new Command(name, parameters, totalStepCount);
    },
});
