// `author`: tasks and their commands.

let idBeginning = ""; // of the uUIDs of this run's tasks
let idsWereRead = false; // then the Manager must give the tasks these
let drafted = 0; // tasks made so far
const added = []; // the copies that job.addTask took
const places = new Map(); // {number of a task: its place in the job}

class Command {
    constructor(name, parameters, totalStepCount) {
        this.name = expectText(name, "the name of a command");
        this.parameters = copied(parameters, `command '${name}'`);
        this.totalStepCount = totalStepCount ?? 0;
    }
}

class Task {
    #number = drafted++;
    #prerequisites = [];
    commands = [];
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
        return Task.id(this);
    }
    static id(task) {
        return idBeginning + task.#number.toString(16).padStart(8, "0");
    }
    addCommand(command) {
        if (!(command instanceof Command)) {
            throw new TypeError(`expected an author.Command, got ${shown(command)}`);
        }
        this.commands.push(command);
    }
    addDependency(task) {
        expectTask(task);
        this.#prerequisites.push(task);
    }
    // Put a copy into the job.
    static add(task) {
        expectTask(task);
        if (places.has(task.#number)) throw new Error(`task '${task.name}' was added twice`);
        if (!Number.isInteger(task.priority)) {
            const got = shown(task.priority);
            throw new TypeError(`task '${task.name}': expected a whole priority, got ${got}`);
        }
        places.set(task.#number, added.length);
        added.push({
            id: Task.id(task),
            name: expectText(task.name, "the name of a task"),
            type: expectText(task.type, "the type of a task"),
            priority: task.priority,
            commands: task.commands.map(outgoing),
            prerequisites: task.#prerequisites.slice(),
        });
    }
    static place(task, dependent) {
        const place = places.get(task.#number);
        if (place === undefined) {
            const what = `'${task.name}', which is not in the job`;
            throw new Error(`task '${dependent}' depends on ${what}`);
        }
        return place;
    }
}

function expectTask(task) {
    if (!(task instanceof Task)) {
        throw new TypeError(`expected an author.Task, got ${shown(task)}`);
    }
}

function outgoing(command) {
    const { name, parameters, totalStepCount } = command;
    if (!Number.isInteger(totalStepCount) || totalStepCount < 0) {
        const got = shown(totalStepCount);
        throw new TypeError(`command '${name}': expected a number of steps from 0, got ${got}`);
    }
    return { name, parameters, total_step_count: totalStepCount };
}

function wired(task) {
    const { id, name, type, priority, commands, prerequisites } = task;
    const depends_on = [...new Set(prerequisites.map((each) => Task.place(each, name)))];
    const fields = { name, type, priority, commands, depends_on };
    return idsWereRead ? { id, ...fields } : fields;
}

const author = Object.freeze({
    Task: function (name, type) {
        return new Task(name, type);
    },
    Command: function (name, parameters, totalStepCount) {
        return new Command(name, parameters, totalStepCount);
    },
});
