// `require`, as CommonJS has it: what the Manager brings, and the folder of the scripts.

const evaluate = eval; // called by another name it runs in the global scope

let files = {}; // {path in the scripts folder: {text, line} or null: no such file}
const wanted = new Set(); // paths that must be read before the script can go on
const brought = { author, path }; // {name: what `require` gives}, before any file
const modules = {}; // {path: module}, those under way too, as CommonJS has it

function requireFrom(folder) {
    return function require(name) {
        expectText(name, "the name of a module");
        if (Object.hasOwn(brought, name)) return brought[name];
        for (const candidate of candidates(folder, name)) {
            if (!Object.hasOwn(files, candidate)) {
                wanted.add(candidate);
                throw new Error(`module '${name}' is not read yet`);
            }
            if (files[candidate] !== null) return loaded(candidate).exports;
        }
        throw new Error(`there is no module '${name}' in the folder of the scripts`);
    };
}

function candidates(folder, name) {
    const relative = /^\.{1,2}(\/|$)/.test(name);
    const found = cleaned(relative && folder ? `${folder}/${name}` : name);
    if (/^(\/|\.\.(\/|$))/.test(found) || /[\\:\0]/.test(found)) {
        throw new Error(`module '${name}' lies outside of the folder of the scripts`);
    }
    const file = [found, `${found}.js`, `${found}.json`, `${found}/index.js`, `${found}/index.json`];
    return found === "." ? ["index.js", "index.json"] : file;
}

function loaded(file) {
    if (Object.hasOwn(modules, file)) return modules[file];
    const module = (modules[file] = { id: file, exports: {} });
    const { text, line } = files[file];
    try {
        if (file.endsWith(".json")) {
            module.exports = parseFile(file, text);
        } else {
            const folder = file.slice(0, Math.max(0, file.lastIndexOf("/")));
            const names = "exports, require, module, __filename, __dirname";
            const head = `(function (${names}) { "use strict";`;
            const body = evaluate(`${head}${"\n".repeat(line)}${text}\n})`);
            body.call(module.exports, module.exports, requireFrom(folder), module, file, folder);
        }
    } catch (error) {
        delete modules[file];
        throw error;
    }
    return module;
}

function parseFile(file, text) {
    try {
        return parse(text);
    } catch (error) {
        throw new SyntaxError(`${file}: ${error.message}`);
    }
}
